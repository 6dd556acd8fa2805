/**
 * Calls that the kernel does not have: pledge and unveil, as OpenBSD has them (pledge(2), unveil(2)), for programs that are
 * linked with pledge/. Strings are read once; what comes of them is the referee's.
 */
import type { ByteString } from '../abi/bytes.js';
import { ERRNO } from '../abi/errno.js';
import { AT_FDCWD } from '../abi/flags.js';
import { family, odd, path, string, type Call, type Outcome } from './dsl.js';
import { namedOrMade } from './support.js';

/** All promises with a blank behind each are shorter. */
const TEXT_MAX = 1024;
const PATH_MAX = 4096;
const PERMISSIONS_MAX = 16;

/** Null for a null pointer; a negative errno. */
const textAt = (call: Call, at: number, max: number): ByteString | null | number => {
  const text = at === 0 ? null : call.getString(at, max);
  return text === -ERRNO.ENAMETOOLONG ? -ERRNO.EINVAL : text;
};

function pledge(call: Call): number | Outcome {
  const promises = textAt(call, call.r[0], TEXT_MAX);
  const exec = textAt(call, call.r[1], TEXT_MAX);
  if (typeof promises === 'number') return promises;
  return typeof exec === 'number' ? exec : { outcome: 'pledge', promises, exec };
}

function unveil(call: Call): number | Outcome {
  const [at, letters] = call.r;
  if (at === 0 && letters === 0) return { outcome: 'unveil', veil: null };
  const permissions = textAt(call, letters, PERMISSIONS_MAX);
  const name = call.getString(at, PATH_MAX);
  if (typeof name === 'number') return name;
  if (permissions === null) return -ERRNO.EFAULT;
  if (typeof permissions === 'number') return permissions;
  const where = namedOrMade((options) => call.resolve(AT_FDCWD, name, options));
  return typeof where === 'number' ? where : { outcome: 'unveil', veil: { path: where.guest, permissions } };
}

export const own = family({
  pledge: odd(4096, { promises: string(TEXT_MAX), execpromises: string(TEXT_MAX) }, pledge),
  unveil: odd(4097, { path: path('stat'), permissions: string(PERMISSIONS_MAX) }, unveil),
});
