/** npm run test:storms -- [--minutes M] [--seed N] [--only NAME] [--rounds R]: storms by hand, each with a seed of its own. */
import { chmodSync } from 'node:fs';
import { Command, InvalidArgumentError } from 'commander';
import { guestBuilder } from '../calls/build.js';
import { makeTemporary, remove } from '../support/run.js';
import { kindsOf, rage, STORMS } from './storm.js';

interface Options {
  readonly minutes: number;
  readonly seed: number;
  readonly rounds: number;
  readonly only?: string;
}
const BOUND = 600_000;

const positive = (text: string): number => {
  const number = Number(text);
  if (!(number > 0)) throw new InvalidArgumentError(`"${text}" must be a number above 0.`);
  return number;
};
const known = (text: string): string => {
  const names = STORMS.map(({ name }) => name);
  if (!names.includes(text)) throw new InvalidArgumentError(`"${text}" must be one of ${names.join(', ')}.`);
  return text;
};
const { minutes, seed, rounds, only } = new Command('npm run test:storms --')
  .option('--minutes <number>', 'begin no storm after so long', positive, 10)
  .option('--seed <number>', 'of the first one', positive, 1)
  .option('--rounds <number>', 'times as many rounds as in the tests', positive, 4)
  .option('--only <name>', 'one kind', known)
  .parse()
  .opts<Options>();

const directory = makeTemporary('storms');
chmodSync(directory, 0o755);
const build = guestBuilder('test/guests/storms', directory);
const chosen = STORMS.filter(({ name, root }) => (only ?? name) === name && (!root || process.getuid?.() === 0));
const deadline = Date.now() + minutes * 60_000;
let failed = 0;
let passed = 0;
for (let next = seed; Date.now() < deadline; next++)
  for (const storm of chosen) {
    if (Date.now() > deadline) break;
    const began = Date.now();
    const kinds = kindsOf(storm);
    const kind = kinds[next % kinds.length];
    const told = await rage(await build(storm.name, kind), next, Math.ceil(storm.rounds * rounds), BOUND).then(
      () => 'passed',
      (error: Error) => `FAILED: ${error.message}`,
    );
    if (told === 'passed') passed++;
    else failed++;
    console.log(`${storm.name} (${kind}), seed ${next}: ${told} (${Math.round((Date.now() - began) / 1000)} s)`);
  }
remove(directory);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
