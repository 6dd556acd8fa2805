/** The options of pledge and unveil on their way to the referee's thread: plain data. */
import type { From } from '../policy/layers.js';
import { promisesOf } from '../policy/pledge/names.js';
import type { Wish } from '../policy/pledge/state.js';
import type { Veil } from '../policy/pledge/veil.js';
import type { RunOptions } from './options.js';

export interface Promised {
  readonly pledge: string | null;
  readonly execpledge: string | null;
  /** As the user wrote the paths. */
  readonly unveil: readonly Veil[];
  readonly from: From;
}

/** Null: none of the options was given. */
export const promisedBy = ({ pledge, execpledge, unveil, pledgeFrom }: RunOptions): Promised | null =>
  pledge === undefined && execpledge === undefined && unveil === undefined
    ? null
    : { pledge: pledge ?? null, execpledge: execpledge ?? null, unveil: unveil ?? [], from: pledgeFrom ?? 'main' };

const read = (text: string | null): ReturnType<typeof promisesOf> | null => (text === null ? null : promisesOf(text));

/** Texts that the command line has let through. */
export function wishOf({ pledge, execpledge, unveil, from }: Promised): Wish {
  const [promises, exec] = [read(pledge), read(execpledge)];
  if (promises === undefined || exec === undefined) throw new Error('promises that nobody has checked');
  return { promises, exec, veils: unveil, from };
}
