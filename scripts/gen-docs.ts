/**
 * Writes the part of docs/acl.md between `<!-- calls:begin -->` and `<!-- calls:end -->`: what each path-taking call
 * asks, from the rows. `--check`: exit 1 when it is stale.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { markdownOfPathCalls } from '../src/syscalls/calls-table.js';

const target = fileURLToPath(new URL('../docs/acl.md', import.meta.url));
const PART = /(?<=^<!-- calls:begin -->\n).*?(?=^<!-- calls:end -->$)/ms;

const old = readFileSync(target, 'utf8');
if (!PART.test(old)) throw new Error('docs/acl.md has no place for the table of calls');
const fresh = old.replace(PART, () => markdownOfPathCalls());
if (!process.argv.includes('--check')) writeFileSync(target, fresh);
else if (fresh !== old) {
  console.error('docs/acl.md is stale: run npm run gen');
  process.exit(1);
}
