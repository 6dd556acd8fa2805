/** What a run of the bench leaves behind: raw samples and all it takes to read them. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { medianSorted, quantileSorted } from 'simple-statistics';
import { describeCalls } from '../src/syscalls/describe-call.js';
import type { Benchmark } from './benchmarks.js';
import type { RunnerId } from './runners.js';
import { mostOf, type CallTrips } from './trips.js';

export interface Machine {
  readonly cpu: string;
  readonly processors: number;
  /** GiB. */
  readonly memory: number;
  readonly virtual: boolean;
  readonly system: string;
  readonly kernel: string;
  readonly node: string;
  /** Load averages of the minute before the start. Above 0.5 the figures are not to be quoted. */
  readonly load: number;
}

export interface RunnerFound {
  readonly id: RunnerId;
  readonly label: string;
  readonly version?: string;
  /** Why it was left out. */
  readonly missing?: string;
}

export interface Measured {
  readonly id: string;
  readonly kind: Benchmark['kind'];
  readonly label: string;
  /** Nanoseconds a round for calls, milliseconds for programs: by runner, a list per round of the run. */
  readonly samples: Partial<Record<RunnerId, number[][]>>;
  /** Why a runner has no samples, or fewer. */
  readonly failures: Partial<Record<RunnerId, string>>;
}

export interface Trips {
  readonly id: string;
  readonly calls: readonly (CallTrips & { readonly by: string })[];
}

export interface Results {
  readonly date: string;
  readonly quick: boolean;
  readonly machine: Machine;
  readonly runners: readonly RunnerFound[];
  /** Milliseconds of a repetition, repetitions of a process, rounds that were finished, seconds in all. */
  readonly settings: { readonly milliseconds: number; readonly repetitions: number; rounds: number; seconds: number };
  readonly benchmarks: readonly Measured[];
  readonly trips: readonly Trips[];
}

const fieldOf = (file: string, field: RegExp): string | undefined => {
  try {
    return field.exec(readFileSync(file, 'latin1'))?.[1];
  } catch {
    return undefined;
  }
};

export const thisMachine = (): Machine => ({
  cpu: cpus()[0]?.model.trim() ?? 'of unknown model',
  processors: cpus().length,
  memory: Math.round(totalmem() / 2 ** 30),
  virtual: fieldOf('/proc/cpuinfo', /^flags.*\b(hypervisor)\b/m) !== undefined,
  system: fieldOf('/etc/os-release', /^PRETTY_NAME="?(.*?)"?$/m) ?? 'Linux',
  kernel: `${release()} ${execFileSync('uname', ['-m'], { encoding: 'latin1' }).trim()}`,
  node: process.version,
  load: loadavg()[0],
});

/** How the sandbox has a call done, as `./sandbox syscalls` tells it; but the hook may know an answer by itself. */
export function mechanism(name: string, requests: number): string {
  const by = describeCalls().find((call) => call.name === name)?.mechanism ?? 'unknown';
  return requests === 0 && by !== 'native' ? 'hook' : by;
}

/** Calls that took more round trips than they may. */
export const defects = (trips: readonly Trips[]): string[] =>
  trips.flatMap(({ id, calls }) =>
    calls
      .filter(({ name, most }) => most > mostOf(name))
      .map(({ name, most }) => `${name} (${id}) took ${most} round trips, it may take ${mostOf(name)}`),
  );

export interface Summary {
  readonly median: number;
  /** First and third quartile. */
  readonly low: number;
  readonly high: number;
  readonly count: number;
}

export function summary(samples: readonly (readonly number[])[] | undefined): Summary | undefined {
  const sorted = (samples ?? []).flat().sort((a, b) => a - b);
  if (sorted.length === 0) return undefined;
  const [low, high] = [0.25, 0.75].map((share) => quantileSorted(sorted, share));
  return { median: medianSorted(sorted), low, high, count: sorted.length };
}
