/**
 * Round trips of a call, counted in the log of `-d DEBUG`. A message of the hook with its reply is one, an order to the
 * trustee with its result is one. More than two for one call is a defect.
 */

/** The descriptor -1000, which bench/calls.c closes as a mark: what stands between two of them is counted. */
const MARK = 0xfffffc18;
export const MOST = 2;

export interface CallTrips {
  readonly name: string;
  /** How often the hook asked for it. */
  readonly requests: number;
  /** Round trips of all of them. */
  readonly trips: number;
  /** Round trips of the call that took most. */
  readonly most: number;
}

const REQUEST = /DEBUG: request of thread \d+: (?!result )(\w+)(?: \((\w+)\))?.* ebx=0x([0-9a-f]+) /;
/** What a request takes beyond its own round trip: an order, or the result that the hook was told to report. */
const FURTHER = /DEBUG: (?:order to the trustee of thread |request of thread \d+: result )/;

/**
 * Trips by name of the call, faults as `fault`: of the whole log, or of what stands between two marks.
 * @throws Error when the marks are not there
 */
export function countTrips(log: string, between?: 'marks'): CallTrips[] {
  const found = new Map<string, { requests: number; trips: number; most: number }>();
  let marks = 0;
  let call: { requests: number; trips: number; most: number } | undefined;
  let trips = 0;
  for (const line of log.split('\n')) {
    const request = REQUEST.exec(line);
    if (request !== null) {
      const [, kind, name = kind, ebx] = request;
      const mark = name === 'close' && parseInt(ebx, 16) === MARK;
      if (mark) marks++;
      trips = 0;
      call = undefined;
      if (mark || (between && marks !== 1)) continue;
      call = found.get(name) ?? { requests: 0, trips: 0, most: 0 };
      found.set(name, call);
      call.requests++;
    } else if (!FURTHER.test(line)) continue;
    if (call === undefined) continue;
    call.trips++;
    call.most = Math.max(call.most, ++trips);
  }
  if (between && marks !== 2) throw new Error(`the log holds ${marks} marks, it must hold 2`);
  return [...found].map(([name, counts]) => ({ name, ...counts }));
}
