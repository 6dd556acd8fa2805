/** The values that options take: each parser gives what the run needs, or says the bad value and what it must be. */
import { accessSync, closeSync, constants, openSync, realpathSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { InvalidArgumentError } from 'commander';
import { handedOver } from './caller.js';
import { PROMISE_NAMES, unknownPromises } from '../policy/pledge/names.js';
import { veilOf } from '../policy/pledge/veil-text.js';
import type { Veil } from '../policy/pledge/veil.js';
import { Problem } from '../policy/problem.js';
import { LEVELS, type Level } from './levels.js';

export function descriptor(value: string, before: readonly number[]): readonly number[] {
  const fd = Number(value);
  if (!/^\d+$/.test(value) || fd > 1023)
    throw new InvalidArgumentError(`"${value}" must be a descriptor number from 0 to 1023.`);
  if (!handedOver(fd)) throw new InvalidArgumentError(`${fd} is not open in the caller.`);
  return fd < 3 ? before : [...before, fd];
}

export function directory(value: string): string {
  try {
    if (statSync(value).isDirectory()) return realpathSync(value);
  } catch {
    // said below
  }
  throw new InvalidArgumentError(`"${value}" must be a directory.`);
}

export function level(value: string): Level {
  const found = LEVELS.find((l) => l === value.toUpperCase());
  if (found === undefined) throw new InvalidArgumentError(`"${value}" must be one of ${LEVELS.join(', ')}.`);
  return found;
}

/** An absolute path, from the caller's directory. Nothing is made yet: another option may still be wrong. */
export function outputFile(value: string): string {
  if (value === '') throw new InvalidArgumentError('A file name must follow "=".');
  return resolve(value);
}

export function promises(value: string): string {
  const unknown = unknownPromises(value);
  if (unknown.length === 0) return value;
  throw new InvalidArgumentError(`"${unknown[0]}" must be a promise: ${PROMISE_NAMES.join(' ')}.`);
}

export function unveil(value: string, before: readonly Veil[] | undefined): readonly Veil[] {
  try {
    return [...(before ?? []), veilOf(value)];
  } catch (error) {
    if (error instanceof Problem) throw new InvalidArgumentError(`"${value}" ${error.must}.`);
    throw error;
  }
}

const reasonOf = (error: unknown): string =>
  /^\w+: (.*?), \w+/.exec((error as NodeJS.ErrnoException).message)?.[1] ?? String(error);

/** Makes the file when there is none, and leaves what is there alone (a FIFO may wait for its reader): why it cannot be written, or undefined. */
export function unwritable(file: string): string | undefined {
  try {
    const there = statSync(file, { throwIfNoEntry: false });
    if (there === undefined) closeSync(openSync(file, constants.O_WRONLY | constants.O_CREAT, 0o666));
    else if (there.isDirectory()) return 'it is a directory';
    else accessSync(file, constants.W_OK);
    return undefined;
  } catch (error) {
    return reasonOf(error);
  }
}

/** Two names of one file? */
export function sameFile(a: string, b: string): boolean {
  const [one, other] = [statSync(a), statSync(b)];
  return one.isFile() && one.dev === other.dev && one.ino === other.ino;
}
