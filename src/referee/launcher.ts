/** What the referee needs to bring processes and programs into being; src/launch has it. */
import type { ByteString } from '../abi/bytes.js';
import type { Call, Execution } from '../syscalls/dsl.js';
import type { Door } from './door.js';
import type { ProcessState, Starting } from './process.js';

/** A program that was found, judged and opened, to be executed. */
export interface Prepared {
  /** What stands in place of argv[0] when the file is a script: interpreter, its argument if there is one, the script. */
  readonly prefix: readonly ByteString[];
  close(): void;
}

/** Shared memory of a new address space, and the helper's ends of result channels 0 and 1. */
export interface SpaceChannels {
  /** The helper's descriptor, for writing. */
  readonly memory: number;
  /** Descriptor for the process; to be closed when it was sent. */
  readonly readOnly: number;
  readonly results: readonly [number, number];
}

export interface Launcher {
  readonly door: Door;
  /** The helper's end of the pipe in which trustees hint at results. */
  readonly hint: number;
  /** @throws SetupError */
  openSpace(): SpaceChannels;
  /** @throws SetupError */
  openResultChannel(): number;
  /** Lets a process use the reserved numbers for a moment, and no longer: false when that is not possible. */
  openLimit(process: ProcessState): boolean;
  closeLimit(process: ProcessState): void;
  /** Finds, judges and opens a program, or a negative errno. */
  prepare(call: Call, execution: Execution): Prepared | number;
  /** The process has executed the loader, whose socket this is the other end of. */
  start(process: ProcessState, prepared: Prepared, socket: number): Starting;
}
