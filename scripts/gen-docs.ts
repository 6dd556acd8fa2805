/**
 * Writes what documents say of calls, from the rows: the part of docs/acl.md between `<!-- calls:begin -->` and
 * `<!-- calls:end -->`, and docs/syscalls.md. `--check`: exit 1 when one is stale.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { markdownOfPathCalls } from '../src/syscalls/calls-table.js';
import { markdownOfCalls } from '../src/syscalls/describe-markdown.js';

const PART = /(?<=^<!-- calls:begin -->\n).*?(?=^<!-- calls:end -->$)/ms;

function aclPage(old: string): string {
  if (!PART.test(old)) throw new Error('docs/acl.md has no place for the table of calls');
  return old.replace(PART, () => markdownOfPathCalls());
}

/** Each generated page from what it was. */
const PAGES: Readonly<Record<string, (old: string) => string>> = {
  'docs/acl.md': aclPage,
  'docs/syscalls.md': markdownOfCalls,
};

for (const [name, make] of Object.entries(PAGES)) {
  const target = fileURLToPath(new URL(`../${name}`, import.meta.url));
  const old = existsSync(target) ? readFileSync(target, 'utf8') : '';
  const fresh = make(old);
  if (!process.argv.includes('--check')) writeFileSync(target, fresh);
  else if (fresh !== old) {
    console.error(`${name} is stale: run npm run gen`);
    process.exitCode = 1;
  }
}
