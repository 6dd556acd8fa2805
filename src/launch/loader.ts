/** The loader's side of the start: its hello, and batches of system calls that it makes on order. */
import { errnoName } from '../abi/errno.js';
import * as L from '../abi/linux.js';
import { native } from '../native/index.js';
import { HELLO, HELLO_FIELDS, HELLO_MAGIC, LOADER, LOADER_BUFFER_SIZE, LOADER_CALL_WORDS } from '../wire/layout.js';
import { SetupError } from './channels.js';

/** Milliseconds in which a message of the loader must come: it runs nothing but our own code. */
const PATIENCE = 10_000;

export type Hello = Readonly<Record<(typeof HELLO_FIELDS)[number], number>>;

/** A call: number, arguments; an argument that is bytes goes along with the message and is passed by address. */
export interface LoaderCall {
  readonly what: string;
  readonly call: readonly (number | Uint8Array)[];
  /** Results to be taken for success beside non-errors, such as -ENOSYS of a call that only hardens. */
  readonly mayFail?: boolean;
}

export class Loader {
  private buffer = 0;

  constructor(private readonly socket: number) {}

  private receive(words: Uint32Array, what: string): void {
    if (native.poll(this.socket, L.POLLIN, PATIENCE) <= 0) throw new SetupError(`${what}: no answer from the loader`);
    const n = native.receive(this.socket, words, words.byteLength, L.MSG_DONTWAIT);
    if (n !== words.byteLength)
      throw new SetupError(`${what}: the loader ended or answered ${n} bytes, not ${words.byteLength}`);
  }

  hello(): Hello {
    const words = new Uint32Array(HELLO_FIELDS.length);
    this.receive(words, 'hello');
    if (words[HELLO.magic] !== HELLO_MAGIC) throw new SetupError('the loader is of another build');
    this.buffer = words[HELLO.buffer];
    return Object.fromEntries(HELLO_FIELDS.map((name, i) => [name, words[i]])) as Hello;
  }

  /** Runs one call and returns its result; a failure is a SetupError unless it may fail. */
  run(order: LoaderCall): number {
    this.send(order.call);
    const answer = new Int32Array(2);
    this.receive(new Uint32Array(answer.buffer), order.what);
    if (L.isError(answer[1]) && !order.mayFail) throw new SetupError(`${order.what}: ${errnoName(-answer[1])}`);
    return answer[1] >>> 0;
  }

  /** The last order: the loader's thread goes on at eip and is the loader no more. */
  become(eip: number, esp: number): void {
    this.send([LOADER.become, eip, esp]);
  }

  private send(call: readonly (number | Uint8Array)[]): void {
    const message = new Uint8Array(LOADER_BUFFER_SIZE);
    const words = new Uint32Array(message.buffer);
    words[0] = 1;
    let end = 4 * (1 + LOADER_CALL_WORDS);
    call.forEach((argument, i) => {
      if (typeof argument === 'number') words[1 + i] = argument;
      else {
        words[1 + i] = this.buffer + end;
        message.set(argument, end);
        end += Math.ceil(argument.length / 4) * 4;
      }
    });
    native.send(this.socket, message, end, 0);
  }
}
