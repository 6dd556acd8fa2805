/**
 * The program's memory as the helper sees it. Everything read may change at once; read what is judged once. Two ways:
 * process_vm_readv and process_vm_writev, or (where those are forbidden) peek and poke through the waiting hook.
 */
import { fromBytes, type ByteString } from '../abi/bytes.js';
import { ERRNO } from '../abi/errno.js';
import { MSG_DONTWAIT } from '../abi/linux.js';
import { native } from '../native/index.js';
import { CANCEL_SIZE, KIND, REPLY, REPLY_SIZE } from '../wire/layout.js';

export interface GuestMemory {
  /** Bytes read: `size`, fewer where memory ends, or -EFAULT. */
  read(address: number, out: Uint8Array, size: number): number;
  /** `size`, or -EFAULT (also for memory that the program could not write). */
  write(address: number, from: Uint8Array, size: number): number;
  /** Without its NUL; -EFAULT; -ENAMETOOLONG when no NUL stands in the first `max` bytes. */
  readString(address: number, max: number): ByteString | number;
}

const scratch = new Uint8Array(0x10000);

/** Of a process that is gone: its pid may be another's by now. */
export const NO_MEMORY: GuestMemory = {
  read: () => -ERRNO.EFAULT,
  write: () => -ERRNO.EFAULT,
  readString: () => -ERRNO.EFAULT,
};

export class ProcessMemory implements GuestMemory {
  constructor(private readonly pid: number) {}
  read(address: number, out: Uint8Array, size: number): number {
    if (size > out.length) throw new RangeError(`${size} bytes do not fit into ${out.length}`);
    return size === 0 ? 0 : native.vmRead(this.pid, address, out, size);
  }
  write(address: number, from: Uint8Array, size: number): number {
    if (size === 0) return 0;
    const n = native.vmWrite(this.pid, address, from, size);
    return n === size ? size : -ERRNO.EFAULT;
  }
  readString(address: number, max: number): ByteString | number {
    const n = native.vmReadString(this.pid, address, scratch, Math.min(max, scratch.length));
    return n < 0 ? n : fromBytes(scratch.subarray(0, n));
  }
}

/** Raised when the hook does not answer as it must: the thread is hostile or dead, the sandbox ends. */
export class HookSilent extends Error {}

const PAGE = 0x1000;
const PIECE = 0x8000;
const received = new Uint8Array(PIECE + PAGE);
const words = new Uint32Array(received.buffer, 0, CANCEL_SIZE / 4);

/** Peek and poke through one thread's hook while it waits for its reply. Answers are the program's word, no more. */
export class SocketMemory implements GuestMemory {
  private readonly command = new Uint32Array(REPLY_SIZE / 4);
  private readonly word = new Int32Array(1);

  constructor(
    private readonly socket: number,
    private readonly timeout = 10_000,
    /** Told of a signal (CANCEL_FIELDS) that came while the hook was asked. */
    private readonly signalled: (message: Uint32Array) => void = () => {},
  ) {}

  private ask(command: number, address: number, size: number): void {
    this.command.set([command, address, size, 0]);
    if (native.send(this.socket, this.command, REPLY_SIZE, MSG_DONTWAIT) !== REPLY_SIZE)
      throw new HookSilent('the hook takes no order');
  }

  private answer(out: Uint8Array | Int32Array, size: number, signals = 1): number {
    if (native.poll(this.socket, 1, this.timeout) <= 0) throw new HookSilent('the hook does not answer a peek or poke');
    const n = native.receive(this.socket, received, received.length, MSG_DONTWAIT);
    if (n === CANCEL_SIZE && words[0] === KIND.cancel && signals > 0) {
      this.signalled(words);
      return this.answer(out, size, signals - 1); // a request has one at most
    }
    if (n < 0 || n > size) throw new HookSilent(`the hook answered ${n} bytes where ${size} were asked`);
    new Uint8Array(out.buffer, out.byteOffset, out.byteLength).set(received.subarray(0, n));
    return n;
  }

  read(address: number, out: Uint8Array, size: number): number {
    let done = 0;
    let unit = PIECE; // pages one by one as soon as one of a piece cannot be read
    while (done < size) {
      const at = address + done;
      const piece = Math.min(size - done, unit - (at % PAGE));
      this.ask(REPLY.peek, at, piece);
      const n = this.answer(out.subarray(done), piece);
      if (n === 0 && unit === PAGE) return done > 0 ? done : -ERRNO.EFAULT;
      if (n === 0) unit = PAGE;
      done += n;
    }
    return done;
  }

  write(address: number, from: Uint8Array, size: number): number {
    for (let done = 0; done < size; done += PIECE) {
      const piece = Math.min(size - done, PIECE);
      this.ask(REPLY.poke, address + done, piece);
      if (native.send(this.socket, from.subarray(done), piece, MSG_DONTWAIT) !== piece)
        throw new HookSilent('the hook takes no data');
      this.answer(this.word, 4);
      if (this.word[0] !== piece) return -ERRNO.EFAULT;
    }
    return size;
  }

  readString(address: number, max: number): ByteString | number {
    const size = Math.min(max, PIECE);
    this.ask(REPLY.peekString, address, size);
    const n = this.answer(scratch, size);
    if (n === 0) return -ERRNO.EFAULT;
    if (scratch[n - 1] !== 0) return n === size ? -ERRNO.ENAMETOOLONG : -ERRNO.EFAULT;
    return fromBytes(scratch.subarray(0, n - 1));
  }
}
