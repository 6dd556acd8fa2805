/**
 * Writes what documents say of calls, from the rows, and of programs and the tests of others, from tables of the tests:
 * the parts of docs/acl.md, docs/pledge.md and docs/compatibility.md between `<!-- NAME:begin -->` and
 * `<!-- NAME:end -->`, and docs/syscalls.md; the fields of receipts in docs/policy-tools.md; acl/schema.json. `--check`: exit 1 when one is stale.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { schemaText } from '../src/cli/policy.js';
import { receiptTable } from '../src/observe/receipt-schema.js';
import { markdownOfPathCalls } from '../src/syscalls/calls-table.js';
import { markdownOfCalls } from '../src/syscalls/describe-markdown.js';
import { markdownOfPromises } from '../src/policy/pledge/describe.js';
import { markdownOfForeign } from './foreign-table.js';
import { markdownOfPrograms } from './programs-table.js';

/** A page of which only the part with that name is made. */
const partOf =
  (name: string, markdown: () => string) =>
  (old: string): string => {
    const part = new RegExp(`(?<=^<!-- ${name}:begin -->\n).*?(?=^<!-- ${name}:end -->$)`, 'ms');
    if (!part.test(old)) throw new Error(`no document has a place for the table of ${name}`);
    return old.replace(part, markdown);
  };

/** Each generated page from what it was. */
const PAGES: Readonly<Record<string, (old: string) => string>> = {
  'acl/schema.json': schemaText,
  'docs/acl.md': partOf('calls', markdownOfPathCalls),
  'docs/compatibility.md': (old) => partOf('foreign', markdownOfForeign)(partOf('programs', markdownOfPrograms)(old)),
  'docs/policy-tools.md': partOf('receipts', receiptTable),
  'docs/pledge.md': partOf('promises', markdownOfPromises),
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
