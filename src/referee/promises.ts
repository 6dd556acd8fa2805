/** pledge() and unveil() of a program: all threads in its memory may do less from now on. */
import { ERRNO } from '../abi/errno.js';
import { unveiled, type Pledge } from '../policy/pledge/state.js';
import type { Veil } from '../policy/pledge/veil.js';
import type { ThreadState } from './process.js';
import { requestOf, type Referee } from './referee.js';

/** @returns 0, or a negative errno, when what was promised stays as it was */
export function promise(referee: Referee, { process }: ThreadState, next: (held: Pledge) => Pledge | number): number {
  const { space } = process;
  const pledge = next(space.authority.pledge);
  if (typeof pledge === 'number') return pledge;
  referee.replace(space, space.authority.pledged(pledge));
  return 0;
}

/** Null locks. A path that nobody may look at cannot be told from one that is not there. */
export function unveil(referee: Referee, thread: ThreadState, veil: Veil | null): number {
  if (veil === null) return promise(referee, thread, (held) => unveiled(held, null));
  const path = requestOf(thread).policyName(veil.path);
  const { beside } = thread.process.space.authority;
  if (beside.decide({ ask: 'path', access: 'stat', path }, 'unveil').verdict.verdict !== 'allow') return -ERRNO.ENOENT;
  return promise(referee, thread, (held) => unveiled(held, { ...veil, path }));
}
