/** PATH:rwxc, as the command line and ACL files have it. */
import { fromBytes } from '../../abi/bytes.js';
import { Problem } from '../problem.js';
import { arePermissions } from './names.js';
import type { Veil } from './veil.js';

/** A path may have colons itself. The path is as it was written. @throws Problem */
export function veilOf(text: string): Veil {
  const cut = text.lastIndexOf(':');
  const [path, permissions] = [text.slice(0, Math.max(cut, 0)), text.slice(cut + 1)];
  if (path === '' || path.includes('\0') || !arePermissions(permissions))
    throw new Problem(`bad path (${JSON.stringify(text)})`, 'must be a path, a colon, and letters of rwxc');
  return { path: fromBytes(Buffer.from(path)), permissions };
}
