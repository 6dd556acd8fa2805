/**
 * npm run bench: measures the sandbox against bare programs and against what it is compared with, and writes the raw
 * samples; with --write also docs/benchmarks.md, docs/benchmarks.svg and the figures of README.md.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { benchmarks, type Benchmark } from './benchmarks.js';
import { Deadline, measureAll, tripsOf, type Settings } from './measure.js';
import { makePlace, removePlace, TOP, type Place } from './place.js';
import { plot } from './plot.js';
import { headline, markdown } from './report.js';
import { defects, thisMachine, type Results, type RunnerFound, type Trips } from './results.js';
import { endRunning, isBuilt, probe, RUNNERS, runners, type Runner, type RunnerId } from './runners.js';

const FULL: Extent = { settings: { milliseconds: 40, repetitions: 5, rounds: 7 }, seconds: 570 };
const QUICK: Extent = { settings: { milliseconds: 5, repetitions: 2, rounds: 1 }, seconds: 115 };

interface Extent {
  readonly settings: Settings;
  readonly seconds: number;
}

interface Options {
  quick?: true;
  write?: true;
  only: readonly string[];
  with: readonly RunnerId[];
  results: string;
  from?: string;
}

const say = (line: string): void => console.log(`bench: ${line}`);

/** A list of names, each out of those that there are. */
const names =
  <T extends string>(known: readonly T[]) =>
  (value: string): T[] =>
    value.split(',').map((name) => {
      const found = known.find((one) => one === name);
      if (found === undefined) throw new InvalidArgumentError(`"${name}" must be one of ${known.join(', ')}.`);
      return found;
    });

const ids = benchmarks.map(({ id }) => id);
const options = new Command('npm run bench --')
  .option('--quick', 'at most two minutes, to see that it works; the figures mean little')
  .option('--write', 'write docs/benchmarks.md, docs/benchmarks.svg and the figures of README.md')
  .option('--only <names>', `some of ${ids.join(',')}`, names(ids), ids)
  .option('--with <names>', `some of ${RUNNERS.join(',')}`, names(RUNNERS), [...RUNNERS])
  .option('--results <directory>', 'where the raw samples go', join(TOP, 'bench/results'))
  .option('--from <file>', 'measure nothing: report on raw samples of before')
  .parse()
  .opts<Options>();

async function findRunners(place: Place): Promise<{ found: RunnerFound[]; usable: Runner[] }> {
  const found: RunnerFound[] = [];
  for (const runner of runners.filter(({ id }) => options.with.includes(id))) {
    const result = await probe(runner, place);
    if ('missing' in result) say(`${runner.label} is left out: ${result.missing}`);
    found.push({ id: runner.id, label: runner.label, ...result });
  }
  const usable = runners.filter(({ id }) => found.some((one) => one.id === id && one.missing === undefined));
  return { found, usable };
}

async function countAllTrips(chosen: readonly Benchmark[], place: Place, deadline: Deadline): Promise<Trips[]> {
  const trips: Trips[] = [];
  for (const benchmark of chosen) trips.push(await tripsOf(benchmark, place, Math.max(1000, deadline.left())));
  return trips;
}

async function measure(): Promise<Results> {
  const { settings, seconds } = options.quick ? QUICK : FULL;
  const machine = thisMachine();
  const deadline = new Deadline(seconds * 1000);
  const place = makePlace();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => {
      endRunning();
      removePlace(place);
      process.exit(128 + constants.signals[signal]);
    });
  try {
    const { found, usable } = await findRunners(place);
    const chosen = benchmarks.filter(({ id }) => options.only.includes(id));
    say('counting round trips');
    const counted = options.with.includes('ours') ? chosen.filter((one) => one.kind === 'call' || one.counted) : [];
    const trips = await countAllTrips(counted, place, deadline);
    const { measured, rounds } = await measureAll(chosen, usable, { place, settings, deadline, say });
    return {
      ...{ date: new Date().toISOString(), quick: options.quick === true, machine, runners: found },
      settings: { ...settings, rounds, seconds: deadline.spent() / 1000 },
      benchmarks: measured,
      trips,
    };
  } finally {
    removePlace(place);
  }
}

/** Replaces what stands between the marks of a document. */
function writePart(file: string, text: string): void {
  const path = join(TOP, file);
  const old = readFileSync(path, 'utf8');
  const part = /(?<=^<!-- bench:begin -->\n).*?(?=^<!-- bench:end -->$)/ms;
  if (!part.test(old)) throw new Error(`${file} has no place for the figures`);
  writeFileSync(
    path,
    old.replace(part, () => text),
  );
  say(`wrote ${file}`);
}

function keep(results: Results): void {
  mkdirSync(options.results, { recursive: true });
  const file = join(options.results, `${results.date.replaceAll(':', '')}.json`);
  writeFileSync(file, `${JSON.stringify(results, null, 1)}\n`);
  say(`raw samples: ${file}`);
}

/** Documents are not written from half a round, nor from some of the benchmarks. */
const isWhole = (results: Results): boolean =>
  results.settings.rounds > 0 && results.benchmarks.length === benchmarks.length;

/** What makes the run a failure: the sandbox or the bare program failed, or a call took too many round trips. */
const failures = (results: Results): string[] => [
  ...results.runners.flatMap(({ id, label, missing }) =>
    missing !== undefined && (id === 'native' || id.startsWith('ours')) ? [`${label}: ${missing}`] : [],
  ),
  ...results.benchmarks.flatMap(({ label, failures }) =>
    (['native', 'ours', 'ours-no-acl'] as const)
      .filter((id) => failures[id] !== undefined)
      .map((id) => `${label} under ${id}: ${failures[id]}`),
  ),
  ...(results.settings.rounds === 0 ? ['the time was over before the first round was; the machine may be busy'] : []),
  ...(options.write && !isWhole(results) ? ['--write needs a round of all benchmarks: nothing was written'] : []),
  ...defects(results.trips).map((defect) => `DEFECT: ${defect}`),
];

if (options.from === undefined && !isBuilt()) throw new Error('not built yet: run `npm run build`');
const results =
  options.from === undefined ? await measure() : (JSON.parse(readFileSync(options.from, 'utf8')) as Results);
if (options.from === undefined) keep(results);
console.log(`\n${markdown(results)}`);
if (options.write && isWhole(results)) {
  writePart('docs/benchmarks.md', markdown(results));
  writePart('README.md', headline(results));
  writeFileSync(join(TOP, 'docs/benchmarks.svg'), plot(results));
}
for (const failure of failures(results)) {
  console.error(`bench: ${failure}`);
  process.exitCode = 1;
}
