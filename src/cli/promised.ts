/** The options of pledge and unveil on their way to the referee's thread: plain data. */
import type { From } from '../policy/layers.js';
import { promisesIn } from '../policy/pledge/names.js';
import type { Wish } from '../policy/pledge/state.js';
import type { Veil } from '../policy/pledge/veil.js';
import type { PolicyOptions } from './options.js';

export interface Promised {
  readonly pledge: string | null;
  readonly execpledge: string | null;
  /** As the user wrote the paths. */
  readonly unveil: readonly Veil[];
  readonly from: From;
}

/** Null: none of the options was given. */
export const promisedBy = ({ pledge, execpledge, unveil, pledgeFrom }: PolicyOptions): Promised | null =>
  pledge === undefined && execpledge === undefined && unveil === undefined
    ? null
    : { pledge: pledge ?? null, execpledge: execpledge ?? null, unveil: unveil ?? [], from: pledgeFrom ?? 'main' };

/** Texts that the command line has let through. */
export const wishOf = ({ pledge, execpledge, unveil, from }: Promised): Wish => ({
  promises: pledge === null ? null : promisesIn(pledge),
  exec: execpledge === null ? null : promisesIn(execpledge),
  veils: unveil,
  from,
});
