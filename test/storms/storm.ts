/**
 * A storm: a program that does much at once, checks itself, and rests twice: to be warm, and at the end. What is left of
 * what came and went is then looked at from outside. No time decides: the bound only finds what is stuck.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { SHARED_MEMORY_PREFIX } from '../../src/launch/channels.js';
import { eventually, Running, threadStates } from '../support/running.js';

export interface Storm {
  /** Its source in test/guests/storms. */
  readonly name: string;
  /** Before each rest, in a run of the tests. */
  readonly rounds: number;
  readonly root?: true;
  /** It runs with glibc only. */
  readonly glibc?: true;
}
export const kindsOf = ({ glibc }: Storm): readonly string[] => ['glibc-static', ...(glibc ? [] : ['musl-static'])];

export const STORMS: readonly Storm[] = [
  { name: 'births', rounds: 8 },
  { name: 'leaves', rounds: 12, glibc: true }, // musl's main thread leaves with a lock when it is a fork's: bare too
  { name: 'words', rounds: 4 },
  { name: 'streams', rounds: 8 },
  { name: 'kills', rounds: 10 },
  { name: 'signals', rounds: 4 },
  { name: 'ids', rounds: 4, root: true },
];

/** What the helper has of a sandbox at rest. */
interface Held {
  readonly descriptors: number;
  /** KiB */
  readonly memory: number;
}

/** The program keeps the slots that it needed at once, which differ from round to round; each has a few descriptors. */
const MORE_DESCRIPTORS = 24;
/** What the collector of garbage may leave. */
const MORE_MEMORY = 48 * 1024;
const REST = 'at rest\n';

function held(helper: number): Held {
  const memory = /^VmRSS:\s*(\d+) kB/m.exec(readFileSync(`/proc/${helper}/status`, 'latin1'))?.[1];
  return { descriptors: readdirSync(`/proc/${helper}/fd`).length, memory: Number(memory) };
}

/** Those of others that run at the same time are not looked for. */
const sharedMemories = (): string[] => readdirSync('/dev/shm').filter((name) => name.startsWith(SHARED_MEMORY_PREFIX));

/** @throws Error with what the program said, or where each thread is after `bound` milliseconds */
async function until(run: Running, what: string, bound: number, over: () => boolean): Promise<void> {
  const deadline = Date.now() + bound;
  let status: number | undefined;
  void run.status.then((found) => (status = found));
  while (!over()) {
    if (status !== undefined) throw new Error(`it ended with status ${status} before: ${what}; ${run.stderr}`);
    if (Date.now() > deadline)
      throw new Error(`not within ${bound} ms: ${what}; ${run.stderr}\n${threadStates(run.living())}`);
    await pause(5);
  }
}

/** Nothing but the program itself is left. */
const alone = (run: Running): Promise<boolean> =>
  eventually('all other processes gone', () => run.living().length === 2);

/** Runs a storm. @throws Error when something is not as it must be */
export async function rage(program: string, seed: number, rounds: number, bound: number): Promise<void> {
  const old = sharedMemories();
  const run = new Running([program, String(seed), String(rounds)]);
  try {
    const rest = async (time: number): Promise<Held> => {
      await until(run, `rest ${time}`, bound, () => run.stdout === REST.repeat(time));
      await alone(run);
      return held(run.helper);
    };
    const before = await rest(1);
    run.child.stdin?.write('x');
    const after = await rest(2);
    if (after.descriptors > before.descriptors + MORE_DESCRIPTORS || after.memory > before.memory + MORE_MEMORY)
      throw new Error(`the helper held ${JSON.stringify(before)} and now holds ${JSON.stringify(after)}`);
    run.child.stdin?.write('x');
    const status = await run.status;
    if (status !== 0 || run.stderr !== '') throw new Error(`it ended with status ${status}: ${run.stderr}`);
    await run.gone();
    const left = sharedMemories().filter((name) => !old.includes(name));
    if (left.length > 0) throw new Error(`left in /dev/shm: ${left.join(', ')}`);
  } finally {
    await run.destroy();
  }
}
