/**
 * accept(2) and connect(2) have no flag that keeps them from blocking, so that the socket itself is made non-blocking
 * for the one order, by O_NONBLOCK of its open file. Whoever else holds it could notice for some 30 µs, if he makes a
 * call that would block just then; the program itself is told the flag as it left it.
 */
import { FCNTL, OPEN } from '../abi/flags.js';
import { native } from '../native/index.js';
import type { Doing } from './dsl.js';
import { statxOfFd } from './support.js';

const { F_GETFL, F_SETFL } = FCNTL.values;
const { O_NONBLOCK } = OPEN.values;

interface Lent {
  /** Orders at work that need it. */
  users: number;
  /** The program set the flag itself meanwhile: its word counts. */
  overruled: boolean;
}
/** By inode: a socket has one open file. */
const lent = new Map<bigint, Lent>();

function inodeOf(pin: number): bigint {
  const s = statxOfFd(pin);
  return typeof s === 'number' ? 0n : s.inode;
}
const lentOf = (pin: number): Lent | undefined => (lent.size === 0 ? undefined : lent.get(inodeOf(pin)));

/** Is it non-blocking only because an order is at work? */
export const isLent = (pin: number): boolean => lentOf(pin)?.overruled === false;

/** The flags of an open file as the program left them. */
export function flagsOf(pin: number): number {
  const flags = native.fcntl(pin, F_GETFL, 0);
  return flags >= 0 && isLent(pin) ? flags & ~O_NONBLOCK : flags;
}

/** The program is about to set the flag. */
export function overrule(pin: number): void {
  const known = lentOf(pin);
  if (known !== undefined) known.overruled = true;
}

/** Runs `act` while a blocking socket does not block. */
export function* unblocked(pin: number, act: () => Doing): Doing {
  const inode = inodeOf(pin);
  const known = lent.get(inode) ?? { users: 0, overruled: false };
  if (known.users++ === 0) {
    lent.set(inode, known);
    native.fcntl(pin, F_SETFL, native.fcntl(pin, F_GETFL, 0) | O_NONBLOCK);
  }
  try {
    return yield* act();
  } finally {
    if (--known.users === 0) {
      lent.delete(inode);
      if (!known.overruled) native.fcntl(pin, F_SETFL, native.fcntl(pin, F_GETFL, 0) & ~O_NONBLOCK);
    }
  }
}
