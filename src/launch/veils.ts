/** Names to be left by unveil, as the user wrote them. */
import { printable } from '../abi/bytes.js';
import { errnoName } from '../abi/errno.js';
import type { Veil } from '../policy/pledge/veil.js';
import type { PathResolver } from '../referee/paths.js';
import { namedOrMade } from '../syscalls/support.js';

/** As the program will find them, or make them; or what must be otherwise. @param cwd a descriptor of the helper */
export function guestVeil({ path, permissions }: Veil, cwd: number, resolver: PathResolver): Veil | string {
  const found = namedOrMade((options) => resolver.resolve(cwd, path, options));
  resolver.release();
  return typeof found === 'number'
    ? `"${printable(path)}" must be a path whose directory exists: ${errnoName(-found)}`
    : { path: found.guest, permissions };
}
