/**
 * What a process has promised. It never changes: whoever promises more has another one. Promises only shrink, except
 * that the first ones may be any; with a program that is executed the execpromises take their place.
 */
import { ERRNO } from '../../abi/errno.js';
import type { ByteString, Judge } from '../../questions.js';
import { every } from '../every.js';
import type { From } from '../layers.js';
import { promiseJudge } from './judge.js';
import { arePermissions, promisesOf, type Promises } from './names.js';
import type { Origin } from './origin.js';
import { veilJudge, type Veil } from './veil.js';

/** What is asked for by the command line, or by a file. */
export interface Wish {
  /** Null: as they are. */
  readonly promises: Promises | null;
  readonly exec: Promises | null;
  readonly veils: readonly Veil[];
  readonly from: From;
  /** Left out: by options. */
  readonly origins?: { readonly promises: Origin; readonly veils: Origin };
}

export interface Pledge {
  /** Null: none, everything is allowed. */
  readonly promises: Promises | null;
  /** For programs that are executed; null: the promises. */
  readonly exec: Promises | null;
  /** Made by the program itself; null: it has not begun. */
  readonly veils: readonly Veil[] | null;
  readonly locked: boolean;
  /** Those that nobody may change any more: the command line's, and those of programs before this one. All must agree. */
  readonly fixed: readonly (readonly Veil[])[];
  readonly from: From;
  readonly starting: boolean;
  readonly origin: Origin;
  /** Of those that are fixed. */
  readonly unveiling: Origin;
}

export const UNPLEDGED: Pledge = {
  promises: null,
  exec: null,
  veils: null,
  locked: false,
  fixed: [],
  from: 'main',
  starting: false,
  origin: 'pledge()',
  unveiling: '--unveil',
};

/** As OpenBSD's unveil(2) has it. */
const MOST_VEILS = 128;
/** Each program that is executed may add a layer. */
const MOST_LAYERS = 16;

const isWithin = (some: Promises, all: Promises | null): boolean =>
  all === null || [...some].every((name) => all.has(name));
const common = (some: Promises, all: Promises | null): Promises =>
  all === null ? some : new Set([...some].filter((name) => all.has(name)));

/** Fewer promises: EPERM for one that is not held, unless `error` is, when it is left out. Null leaves what is. */
function fewer(wanted: Promises | null, held: Promises | null, gentle: boolean): Promises | null | number {
  if (wanted === null) return held;
  if (isWithin(wanted, held)) return wanted;
  return gentle ? common(wanted, held) : -ERRNO.EPERM;
}

/** pledge(promises, execpromises) by a program: what it has promised then, or a negative errno. */
export function pledged(held: Pledge, promises: ByteString | null, exec: ByteString | null): Pledge | number {
  const wanted = promises === null ? null : promisesOf(promises);
  const wantedExec = exec === null ? null : promisesOf(exec);
  if (wanted === undefined || wantedExec === undefined) return -ERRNO.EINVAL;
  const gentle = held.promises?.has('error') ?? false;
  const now = fewer(wanted, held.promises, gentle);
  const before = held.exec ?? held.promises;
  const then = wantedExec === null ? held.exec : fewer(wantedExec, before, gentle);
  if (typeof now === 'number' || typeof then === 'number') return -ERRNO.EPERM;
  return { ...held, promises: now, exec: then };
}

/** unveil(path, permissions) by a program; null for both locks. */
export function unveiled(held: Pledge, veil: Veil | null): Pledge | number {
  if (held.locked) return -ERRNO.EPERM;
  if (veil === null) return { ...held, locked: true };
  if (!arePermissions(veil.permissions)) return -ERRNO.EINVAL;
  const veils = held.veils ?? [];
  const same = veils.find(({ path }) => path === veil.path);
  if (same !== undefined && [...veil.permissions].some((letter) => !same.permissions.includes(letter)))
    return -ERRNO.EPERM;
  if (same === undefined && veils.length === MOST_VEILS) return -ERRNO.E2BIG;
  if (held.fixed.length === MOST_LAYERS) return -ERRNO.E2BIG;
  return { ...held, veils: [...veils.filter((other) => other !== same), veil] };
}

/** A program that is executed is held to the execpromises, and to the names that were left. */
export function executed(held: Pledge): Pledge {
  if (held.promises === null && held.veils === null && held.fixed.length === 0) return held;
  const own = held.veils === null ? [] : [held.veils];
  return {
    ...held,
    promises: held.exec ?? held.promises,
    veils: null,
    locked: false,
    fixed: [...held.fixed, ...own],
    starting: held.from !== 'exec',
  };
}

/** The wish of the command line, or of a file, comes into force: what was promised already counts, too. */
export function begun(held: Pledge, wish: Wish): Pledge {
  const { promises: origin, veils: unveiling } = wish.origins ?? { promises: '--pledge', veils: '--unveil' };
  const promises = wish.promises === null ? held.promises : common(wish.promises, held.promises);
  const exec = wish.exec === null ? held.exec : common(wish.exec, held.exec);
  const fixed = wish.veils.length === 0 ? held.fixed : [wish.veils, ...held.fixed];
  return { ...held, promises, exec, fixed, from: wish.from, origin, unveiling };
}

/** Null: nothing was promised. */
export function judgeOf({ promises, veils, fixed, starting, origin, unveiling }: Pledge): Judge | null {
  const judges = [
    ...(promises === null ? [] : [promiseJudge({ promises, origin, starting })]),
    ...fixed.map((layer) => veilJudge({ veils: layer, origin: unveiling, starting })),
    ...(veils === null ? [] : [veilJudge({ veils, origin: 'unveil()', starting })]),
  ];
  const [first, ...rest] = judges;
  return first === undefined ? null : every([first, ...rest]);
}
