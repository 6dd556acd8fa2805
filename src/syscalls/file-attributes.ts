/** file_getattr(2), Linux 6.17: the flags and the project of an inode. Source: fs/file_attr.c. */
import { ERRNO } from '../abi/errno.js';
import { AT, AT_FDCWD } from '../abi/flags.js';
import { PAGE } from '../abi/linux.js';
import { fileAttr } from '../abi/structs.js';
import type { Call, Resolved, Steps } from './dsl.js';
import { cString, heldBy, isHeld, throughHelper, within } from './support.js';

const { AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW } = AT.values;
const PATH_MAX = 4096;

/** What the call is about; like statx(2) it may look at what the program holds without a question. */
function target(call: Call): Resolved | number {
  const [at, path, , , how] = call.r;
  const empty = (how & AT_EMPTY_PATH) !== 0;
  const name = empty && path === 0 ? '' : call.getString(path, PATH_MAX);
  if (typeof name === 'number') return name;
  if (name === '' && empty && (at | 0) >= 0) {
    const held = heldBy(call.pin(at | 0)); // an O_PATH descriptor is none to this call
    if (typeof held === 'number') return held;
  }
  const where = call.resolve(at | 0, name, { follow: (how & AT_SYMLINK_NOFOLLOW) === 0, empty });
  if (typeof where === 'number' || isHeld(where)) return where;
  return call.ask({ ask: 'path', access: 'stat', path: where.guest }) || where;
}

/** The trustee makes it, on the object that was judged: by the helper's descriptor, which no rename moves. */
export function* fileGetattr(call: Call): Steps {
  const [, , out, size, how] = call.r;
  // An older kernel looks at nothing; this one, at a size that it refuses.
  if ((yield [call.nr, 0, 0, 0, 0, 0]) === -ERRNO.ENOSYS) return -ERRNO.ENOSYS;
  if ((how & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) !== 0) return -ERRNO.EINVAL;
  if (size > PAGE) return -ERRNO.E2BIG;
  if (size < fileAttr.size) return -ERRNO.EINVAL;
  const where = target(call);
  if (typeof where === 'number') return where;
  const refused = within(call, [out, size]);
  if (refused !== 0) return refused;
  return yield* throughHelper(call, where, function* (name) {
    return yield [call.nr, AT_FDCWD, call.arena(cString(name)), out, size, 0];
  });
}
