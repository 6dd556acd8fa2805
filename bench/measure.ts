/** Runs the benchmarks: in every round each benchmark under every runner, one after the other, the first one changing. */
import { join } from 'node:path';
import type { Benchmark } from './benchmarks.js';
import { TOP, type Place } from './place.js';
import { mechanism, summary, type Measured, type Trips } from './results.js';
import { byPolicy, programCommand, run, type Runner } from './runners.js';
import { countTrips } from './trips.js';

export interface Settings {
  /** Of one repetition of a call benchmark. */
  readonly milliseconds: number;
  /** Of a call benchmark in one process. */
  readonly repetitions: number;
  readonly rounds: number;
}

export type Say = (line: string) => void;

/** The whole run ends in time; a single one gets at most so long. */
export class Deadline {
  private readonly start = Date.now();
  constructor(private readonly milliseconds: number) {}
  readonly spent = (): number => Date.now() - this.start;
  readonly left = (): number => this.milliseconds - this.spent();
}
const LONGEST = 60_000;

async function sample(
  benchmark: Benchmark,
  runner: Runner,
  place: Place,
  { milliseconds, repetitions }: Settings,
  limit: number,
): Promise<number[]> {
  if (benchmark.kind === 'program') {
    benchmark.prepare?.(place);
    const { command, env } = programCommand(runner, place, benchmark.program, benchmark.arguments(place));
    return [(await run(command, { env, limit })).took];
  }
  const measure = ['measure', milliseconds, repetitions].map(String);
  const { stdout } = await run(runner.wrap(place, [place.calls, benchmark.id, ...measure, place.file]), { limit });
  const samples = stdout.trim().split('\n').map(Number);
  if (samples.length !== repetitions || !samples.every((n) => n > 0))
    throw new Error(`${repetitions} repetitions gave "${stdout}"`);
  return samples;
}

/** Nanoseconds or milliseconds as one reads them: three digits and a unit. */
export function time(value: number, kind: Benchmark['kind']): string {
  const nanoseconds = kind === 'call' ? value : value * 1e6;
  const [unit, size] = (
    [
      ['s', 1e9],
      ['ms', 1e6],
      ['µs', 1e3],
    ] as const
  ).find(([, one]) => nanoseconds >= 0.9995 * one) ?? ['ns', 1];
  const number = nanoseconds / size;
  return `${number >= 99.95 ? number.toFixed(0) : number.toPrecision(3)} ${unit}`;
}

interface Course {
  readonly place: Place;
  readonly settings: Settings;
  readonly deadline: Deadline;
  readonly say: Say;
}

/** One benchmark in one round, `first` runs first; false when the time was over before all had run. */
async function measureOne(
  benchmark: Benchmark,
  { samples, failures }: Measured,
  runners: readonly Runner[],
  first: number,
  { place, settings, deadline, say }: Course,
  round: number,
): Promise<boolean> {
  const told: string[] = [];
  for (const k of runners.keys()) {
    const runner = runners[(k + first) % runners.length];
    if (failures[runner.id] !== undefined) continue;
    if (deadline.left() <= 0) return false;
    try {
      const found = await sample(benchmark, runner, place, settings, Math.min(LONGEST, deadline.left()));
      (samples[runner.id] ??= []).push(found);
      told.push(`${runner.label} ${time(summary([found])?.median ?? 0, benchmark.kind)}`);
    } catch (error) {
      if (deadline.left() <= 0) return false; // our doing, not the runner's
      failures[runner.id] = error instanceof Error ? error.message : String(error);
      told.push(`${runner.label} failed: ${failures[runner.id]}`);
    }
  }
  say(`round ${round} of ${settings.rounds}: ${benchmark.label}: ${told.join(', ')}`);
  return true;
}

/** All benchmarks, as many rounds as fit before the deadline. The number of rounds that every benchmark has. */
export async function measureAll(
  benchmarks: readonly Benchmark[],
  runners: readonly Runner[],
  course: Course,
): Promise<{ measured: Measured[]; rounds: number }> {
  const { settings, deadline, say } = course;
  const measured = benchmarks.map(({ id, kind, label }): Measured => ({ id, kind, label, samples: {}, failures: {} }));
  for (let round = 0; round < settings.rounds; round++) {
    const start = deadline.spent();
    for (const [i, benchmark] of benchmarks.entries())
      if (!(await measureOne(benchmark, measured[i], runners, round + i, course, round + 1))) {
        say(`the time is over in round ${round + 1}, at ${benchmark.label}`);
        return { measured, rounds: round };
      }
    const took = deadline.spent() - start;
    if (round + 1 < settings.rounds && took > deadline.left()) {
      say(`a further round of ${Math.round(took / 1000)} s would not end in time`);
      return { measured, rounds: round + 1 };
    }
  }
  return { measured, rounds: settings.rounds };
}

const ROUNDS_COUNTED = 20;

/** The round trips of a benchmark, in a run of its own that is not measured. Of a call benchmark those of its rounds. */
export async function tripsOf(benchmark: Benchmark, place: Place, limit: number): Promise<Trips> {
  const { id } = benchmark;
  const program =
    benchmark.kind === 'call'
      ? [place.calls, id, 'count', String(ROUNDS_COUNTED), place.file]
      : [benchmark.program, ...benchmark.arguments(place)];
  if (benchmark.kind === 'program') benchmark.prepare?.(place);
  const { stderr } = await run([join(TOP, 'sandbox'), '-d', 'DEBUG', ...byPolicy(place), '--', ...program], { limit });
  const seen = countTrips(stderr, benchmark.kind === 'call' ? 'marks' : undefined);
  const expected = benchmark.kind === 'call' ? benchmark.calls : [];
  const unseen = expected
    .filter((name) => !seen.some((trip) => trip.name === name))
    .map((name) => ({ name, requests: 0, trips: 0, most: 0 }));
  return { id, calls: [...seen, ...unseen].map((trip) => ({ ...trip, by: mechanism(trip.name, trip.requests) })) };
}
