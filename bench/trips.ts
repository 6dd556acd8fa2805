/**
 * Round trips of a call, counted in the log of `-d DEBUG`. A message of the hook with its reply is one, an order to the
 * trustee with its result is one. More than two for one call is a defect.
 */

/** The descriptor -1000, which bench/calls.c closes as a mark: what stands between two of them is counted. */
const MARK = 0xfffffc18;
export const MOST = 2;

export interface CallTrips {
  readonly name: string;
  /** How often the hook asked for it in all rounds. */
  readonly requests: number;
  /** Round trips of the call that took most. */
  readonly most: number;
}

const REQUEST = /DEBUG: request of thread \d+: (\w+)(?: \((\w+)\))?.* ebx=0x([0-9a-f]+) /;
const ORDER = /DEBUG: order to the trustee of thread /;

/** Trips by name of the call, faults as `fault`. @throws Error when the log does not hold both marks */
export function countTrips(log: string): CallTrips[] {
  const found = new Map<string, { requests: number; most: number }>();
  let marks = 0;
  let name: string | undefined;
  let trips = 0;
  for (const line of log.split('\n')) {
    const request = REQUEST.exec(line);
    if (request !== null) {
      const mark = request[2] === 'close' && parseInt(request[3], 16) === MARK;
      if (mark) marks++;
      name = mark || marks !== 1 ? undefined : (request[2] ?? request[1]);
      trips = 1;
    } else if (ORDER.test(line)) trips++;
    if (name === undefined) continue;
    const call = found.get(name) ?? { requests: 0, most: 0 };
    found.set(name, { requests: call.requests + (request === null ? 0 : 1), most: Math.max(call.most, trips) });
  }
  if (marks !== 2) throw new Error(`the log holds ${marks} marks, it must hold 2`);
  return [...found].map(([call, counts]) => ({ name: call, ...counts }));
}
