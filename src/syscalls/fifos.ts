/** open(2) of a FIFO, which waits for the other end: opened without waiting, and given to the program when that is there. */
import { ERRNO } from '../abi/errno.js';
import { FCNTL, OPEN, PIPE } from '../abi/flags.js';
import { native } from '../native/index.js';
import type { Call, Doing, Order } from './dsl.js';
import { failed } from './support.js';
import { blindly, isReady, Looks, persist, POLLIN } from './waiting.js';

const { O_ACCMODE, O_NONBLOCK, O_PATH, O_RDWR, O_RDONLY } = OPEN.values;
const { F_GETFL, F_SETFL } = FCNTL.values;
const CLOSE = 6;

/** Both ends at once wait for nobody. */
export const waitsForPeer = (flags: number): boolean =>
  (flags & (O_NONBLOCK | O_PATH)) === 0 && (flags & O_ACCMODE) !== O_RDWR;

/** tee(2) of a pipe without writers is 0; with one, it would block or finds data. Nothing is taken from the pipe. */
function hasWriter(pin: number): boolean {
  if (isReady(pin, POLLIN)) return true; // or somebody came, and is gone
  const scratch = new Int32Array(2);
  if (native.pipe2(PIPE.values.O_CLOEXEC, scratch) < 0) return false;
  const found = native.tee(pin, scratch[1], 1);
  scratch.forEach((fd) => native.close(fd));
  return found !== 0;
}

function* withWriter(pin: number): Doing {
  return hasWriter(pin) ? 0 : -ERRNO.EAGAIN;
}

/** Until there is a reader a writer gets ENXIO; a reader is let in at once, and must look for a writer. */
export function* openFifo(call: Call, flags: number, order: (flags: number) => Order): Doing {
  const opening = order(flags | O_NONBLOCK);
  function* attempt(): Doing {
    return yield opening;
  }
  const reads = (flags & O_ACCMODE) === O_RDONLY;
  const fd = yield* reads ? attempt() : persist(attempt, blindly(), (result) => result === -ERRNO.ENXIO);
  if (failed(fd)) return fd;
  const pin = call.pin(fd);
  if (pin < 0) return pin;
  const end = reads ? yield* persist(() => withWriter(pin), lookingFor(pin)) : 0;
  if (end !== 0) {
    yield [CLOSE, fd];
    return end;
  }
  native.fcntl(pin, F_SETFL, native.fcntl(pin, F_GETFL, 0) & ~O_NONBLOCK);
  return fd;
}

/** A writer that is quiet is told by nothing, one that writes is. */
const WRITER_LOOK = 10;
const lookingFor = (pin: number): Looks =>
  new Looks(() => [{ fd: pin, events: POLLIN }], undefined, { again: WRITER_LOOK });
