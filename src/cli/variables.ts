/** Variables of ACL files where the program has another root. */
import { ours, withEnvironment } from '../policy/variables.js';

/** Below another root the directory that we are in has another name, and outside of it none. */
export function inRoot<T>(root: string, work: () => T): T {
  if (root === '/') return work();
  const { PWD = '', ...rest } = ours();
  return withEnvironment({ ...rest, PWD: PWD.startsWith(`${root}/`) ? PWD.slice(root.length) : undefined }, work);
}
