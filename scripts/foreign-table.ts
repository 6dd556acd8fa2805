/** The table of test/foreign, for docs/compatibility.md. */
import { knownDifferences, modules } from '../test/foreign/differences.js';

export function markdownOfForeign(): string {
  const names = modules().map(({ module }) => `\`${module}\``);
  const rows = knownDifferences().map(
    ({ test, inside, reason }) => `| ${test.replace(/^test\./, '')} | ${inside} | ${reason} |\n`,
  );
  return [
    '\n',
    `Modules: ${names.join(', ')}.\n\n`,
    '| test | inside | reason |\n| --- | --- | --- |\n',
    ...rows,
    '\n',
  ].join('');
}
