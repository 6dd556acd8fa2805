/**
 * Where trusted code that has just come into being reports to the helper: an abstract address that no program may name,
 * and that says nothing to whoever connects uninvited. Who comes is told by the kernel (SO_PEERCRED); each process that
 * is expected is let in once.
 */
import { randomBytes } from 'node:crypto';
import * as L from '../abi/linux.js';
import { native } from '../native/index.js';
import { DOOR_PREFIX } from '../wire/layout.js';

export class Door {
  readonly name = `${DOOR_PREFIX}${randomBytes(16).toString('hex')}`;
  readonly socket: number;
  private readonly expected = new Map<number, (socket: number) => void>();

  constructor() {
    this.socket = native.listenAt(this.name);
  }

  /** struct sockaddr_un of the door. */
  get address(): Uint8Array {
    return Buffer.from(`\u0001\0\0${this.name}`, 'latin1');
  }

  /** `admit` gets the helper's end of the connection that this process makes. */
  expect(pid: number, admit: (socket: number) => void): void {
    this.expected.set(pid, admit);
  }
  forget(pid: number): void {
    this.expected.delete(pid);
  }

  /** Lets in who waits outside. */
  open(): void {
    for (;;) {
      const socket = native.accept(this.socket);
      if (socket < 0) return;
      const pid = native.peerPid(socket);
      const admit = this.expected.get(pid);
      this.expected.delete(pid);
      if (admit === undefined) native.close(socket);
      else admit(socket);
    }
  }

  /** Waits for one process, at most so many milliseconds: for the start, when nothing else can happen. */
  awaitNow(pid: number, milliseconds: number): number | undefined {
    let found: number | undefined;
    this.expect(pid, (socket) => (found = socket));
    const until = Date.now() + milliseconds;
    while (found === undefined && Date.now() < until)
      if (native.poll(this.socket, L.POLLIN, until - Date.now()) > 0) this.open();
    this.forget(pid);
    return found;
  }

  close(): void {
    native.close(this.socket);
  }
}
