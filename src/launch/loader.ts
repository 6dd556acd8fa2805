/** The loader's side of the start: its hello, and batches of system calls that it makes on order. */
import { errnoName } from '../abi/errno.js';
import * as L from '../abi/linux.js';
import { native } from '../native/index.js';
import {
  HELLO,
  HELLO_FIELDS,
  HELLO_MAGIC,
  LOADER,
  LOADER_BUFFER_SIZE,
  LOADER_CALL_WORDS,
  LOADER_DESCRIPTORS,
} from '../wire/layout.js';
import { SetupError } from './channels.js';

export type Hello = Readonly<Record<(typeof HELLO_FIELDS)[number], number>>;

/** A call: number, arguments; an argument that is bytes goes along with the message and is passed by address. */
export interface LoaderCall {
  readonly what: string;
  readonly call: readonly (number | Uint8Array)[];
  /** A failure is no failure of the set-up: a call that only hardens. */
  readonly mayFail?: boolean;
}

/** One message to the loader, and descriptors that go with it (LOADER.place gives them numbers). */
export interface Turn {
  readonly calls: readonly LoaderCall[];
  readonly descriptors?: readonly number[];
}
/** What yields messages for the loader and is resumed with the results of their calls, unsigned. */
export type Conversation<T> = Generator<Turn, T, Uint32Array>;

const MAX_RESULTS = Math.floor(LOADER_BUFFER_SIZE / 4 / LOADER_CALL_WORDS);

/** The helper's end of a loader's socket. Nothing here waits. */
export class Loader {
  private buffer = 0;
  private readonly message = new Uint8Array(LOADER_BUFFER_SIZE);
  private readonly answerWords = new Uint32Array(MAX_RESULTS);

  constructor(private readonly socket: number) {}

  /** @throws SetupError */
  hello(): Hello {
    const words = new Uint32Array(HELLO_FIELDS.length);
    const n = native.receive(this.socket, words, words.byteLength, L.MSG_DONTWAIT);
    if (n !== words.byteLength) throw new SetupError(`the loader ended or said ${n} bytes, not ${words.byteLength}`);
    if (words[HELLO.magic] !== HELLO_MAGIC) throw new SetupError('the loader is of another build');
    this.buffer = words[HELLO.buffer];
    return Object.fromEntries(HELLO_FIELDS.map((name, i) => [name, words[i]])) as Hello;
  }

  /** @throws SetupError when it takes no message */
  send({ calls, descriptors = [] }: Turn): void {
    const words = new Uint32Array(this.message.buffer);
    let end = 4 * (1 + LOADER_CALL_WORDS * calls.length);
    const append = (bytes: Uint8Array): number => {
      const at = end;
      end += Math.ceil(bytes.length / 4) * 4;
      if (end > LOADER_BUFFER_SIZE)
        throw new SetupError(`a message to the loader of more than ${LOADER_BUFFER_SIZE} bytes`);
      this.message.set(bytes, at);
      return this.buffer + at;
    };
    if (end > LOADER_BUFFER_SIZE || descriptors.length > LOADER_DESCRIPTORS)
      throw new SetupError(`${calls.length} calls and ${descriptors.length} descriptors for the loader are too many`);
    words[0] = calls.length;
    calls.forEach(({ call, mayFail }, i) => {
      const at = 1 + LOADER_CALL_WORDS * i;
      words.fill(0, at, at + LOADER_CALL_WORDS);
      call.forEach((argument, k) => (words[at + k] = typeof argument === 'number' ? argument : append(argument)));
      if (mayFail) words[at] |= LOADER.mayFail;
    });
    const fds = Int32Array.from(descriptors);
    const n =
      fds.length > 0
        ? native.sendDescriptors(this.socket, this.message, end, fds, fds.length)
        : native.send(this.socket, this.message, end, L.MSG_DONTWAIT);
    if (n !== end) throw new SetupError(`the loader takes no message: ${errnoName(-n)}`);
  }

  /** The results of a message that was answered. @throws SetupError when a call failed that must not */
  answer({ calls }: Turn): Uint32Array {
    const words = this.answerWords;
    const n = native.receive(this.socket, words, words.byteLength, L.MSG_DONTWAIT);
    if (n <= 0 || n % 4 !== 0 || n / 4 > calls.length) throw new SetupError(`the loader ended or answered ${n} bytes`);
    for (let i = 0; i < n / 4; i++)
      if (L.isError(words[i] | 0) && !calls[i].mayFail)
        throw new SetupError(`${calls[i].what}: ${errnoName(-(words[i] | 0))}`);
    if (n / 4 < calls.length) throw new SetupError(`${calls[n / 4].what}: not done`);
    return words;
  }

  /** The last order: the loader's thread goes on at eip and is the loader no more. */
  become(eip: number, esp: number): void {
    this.send({ calls: [{ what: 'becoming the trustee', call: [LOADER.become, eip, esp] }] });
  }
}
