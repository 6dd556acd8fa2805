/**
 * Round trips of a call, counted in the log of `-d DEBUG`. A message of the hook with its reply is one, an order to the
 * trustee with its result is one. More than two for one call is a defect, but for births and for what waits.
 */

/** The descriptor -1000, which bench/calls.c closes as a mark: what stands between two of them is counted. */
const MARK = 0xfffffc18;
const MOST = 2;
/**
 * Births are made of several orders, the first in a slot of more; what waits is made, and made again when it is worth it;
 * a futex is woken, and who sleeps there was never answered; who leaves has its memory and its joiner seen to.
 */
const MORE: Readonly<Record<string, number>> = { clone: 16, clone3: 16, execve: 4, wait4: 4, exit: 4 };
export const mostOf = (name: string): number => MORE[name] ?? MOST;

export interface CallTrips {
  readonly name: string;
  /** How often the hook asked for it. */
  readonly requests: number;
  /** Round trips of all of them. */
  readonly trips: number;
  /** Round trips of the call that took most. */
  readonly most: number;
}

const REQUEST = /DEBUG: request of thread (\d+): (?!result )(\w+)(?: \((\w+)\))?.* ebx=0x([0-9a-f]+) /;
/** What a request takes beyond its own round trip: an order, or the result that the hook was told to report. */
const FURTHER = /DEBUG: (?:order to the trustee of thread (\d+)|request of thread (\d+): result )/;
/** Orders to a thread that has not asked for anything yet are part of one of these. */
const BIRTHS: ReadonlySet<string> = new Set(['clone', 'fork', 'vfork', 'clone3', 'execve']);

interface Counted {
  requests: number;
  trips: number;
  most: number;
}

/**
 * Trips by name of the call, faults as `fault`: of the whole log, or of what stands between two marks.
 * @throws Error when the marks are not there
 */
export function countTrips(log: string, between?: 'marks'): CallTrips[] {
  const found = new Map<string, Counted>();
  /** What each thread has asked for, and what a new one is born of. */
  const atWork = new Map<string, { call: Counted; trips: number }>();
  let birth: { call: Counted; trips: number } | undefined;
  let marks = 0;
  for (const line of log.split('\n')) {
    const request = REQUEST.exec(line);
    let one: { call: Counted; trips: number } | undefined;
    if (request !== null) {
      const [, thread, kind, name = kind, ebx] = request;
      const mark = name === 'close' && parseInt(ebx, 16) === MARK;
      if (mark) marks++;
      atWork.delete(thread);
      if (mark) birth = undefined;
      if (mark || (between && marks !== 1)) continue;
      const call = found.get(name) ?? { requests: 0, trips: 0, most: 0 };
      found.set(name, call);
      call.requests++;
      one = { call, trips: 0 };
      atWork.set(thread, one);
      if (BIRTHS.has(name)) birth = one;
    } else {
      const further = FURTHER.exec(line);
      if (further === null) continue;
      one = atWork.get(further[1] ?? further[2]) ?? birth;
    }
    if (one === undefined) continue;
    one.call.trips++;
    one.call.most = Math.max(one.call.most, ++one.trips);
  }
  if (between && marks !== 2) throw new Error(`the log holds ${marks} marks, it must hold 2`);
  return [...found].map(([name, counts]) => ({ name, ...counts }));
}
