/** All about one call in a line: what it is, by name and number, with what arguments, and from where. */
import { syscallName } from '../abi/numbers.js';
import type { Row } from '../syscalls/dsl.js';
import { showArguments, showBefore, type Sight } from '../syscalls/show.js';
import type { ThreadState } from './process.js';
import type { Request } from './request.js';

const sightOf = ({ guestMemory }: ThreadState): Sight => ({
  read(address, size) {
    if (size < 0) return undefined;
    const bytes = new Uint8Array(size);
    return guestMemory.read(address, bytes, size) === size ? bytes : undefined;
  },
  string(address, max) {
    const text = guestMemory.readString(address, max);
    return typeof text === 'string' ? text : undefined;
  },
});

/** `openat(AT_FDCWD, "/x", O_RDONLY), call 295 at 0xf7fc1549 of thread 71`, before anything of it is done. */
export function wholeCall(thread: ThreadState, { args, nr }: Row, { r, carried }: Request): string {
  const memory = sightOf(thread);
  const shown = showArguments({ args, r, memory, judged: memory, result: null }, showBefore(args, r, memory));
  const name = carried ?? syscallName(nr);
  return `${name}(${shown.join(', ')}), call ${nr} at 0x${thread.lastEip.toString(16)} of thread ${thread.tid}`;
}
