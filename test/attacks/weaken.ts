/**
 * The weakenings: each takes one check out of the running helper, in the test's own process. An attack that fails
 * against the product must win against the weakening that belongs to it; otherwise the attack shows nothing.
 */
import { ERRNO } from '../../src/abi/errno.js';
import { NUMBERS, type SyscallName } from '../../src/abi/numbers.js';
import { ProcessMemory } from '../../src/memory/guest.js';
import { Regions } from '../../src/memory/regions.js';
import { native } from '../../src/native/index.js';
import type { Judge, Question } from '../../src/questions.js';
import { Authority } from '../../src/referee/authority.js';
import { Births } from '../../src/referee/births.js';
import { Procfs } from '../../src/referee/paths-procfs.js';
import { Walk } from '../../src/referee/paths-walk.js';
import { Referee } from '../../src/referee/referee.js';
import { Request } from '../../src/referee/request.js';
import { Solitudes } from '../../src/referee/solitude.js';
import type { Call, Outcome, Row } from '../../src/syscalls/dsl.js';
import { rows } from '../../src/syscalls/table.js';
import { Slot } from '../../src/trustee/slot.js';

export type Weakening = keyof typeof WEAKENINGS | `delegate:${string}` | `unasked:${string}`;

const { openat2: OPENAT2, sendto: SENDTO, sendmsg: SENDMSG } = NUMBERS;
const OPEN_HOW_SIZE = 24;
type Patch<T> = (this: T, ...args: never[]) => unknown;
/** Replaces a method, private ones too. */
function replace<T extends object>(prototype: T, method: string, by: Patch<T>): void {
  (prototype as Record<string, unknown>)[method] = by;
}
function original<T extends object>(prototype: T, method: string): (...args: unknown[]) => unknown {
  return (prototype as Record<string, (...args: unknown[]) => unknown>)[method];
}

/** The trustee makes the calls with the program's own registers, whatever their rows say. */
function passThrough(names: readonly string[]): void {
  for (const name of names) {
    const nr = NUMBERS[name as SyscallName];
    const row: Row = {
      nr,
      args: [],
      returns: 'int',
      by: 'odd',
      *steps(call: Call) {
        return yield [nr, ...call.r];
      },
    };
    (rows as (Row | undefined)[])[nr] = row;
  }
}

/** What the trustee is ordered for the program, changed on its way. `asked` are the registers as the program gave them. */
function changeOrders(change: (order: number[], asked: Uint32Array) => number[]): void {
  let asked: Uint32Array | undefined; // none while the program is being mapped
  const begin = original(Request.prototype, 'begin');
  replace(Request.prototype, 'begin', function (this: Request, ...args: never[]) {
    begin.apply(this, args);
    asked = this.r.slice();
  });
  const order = original(Slot.prototype, 'order');
  replace(Slot.prototype, 'order', function (this: Slot, ...args: never[]) {
    order.apply(this, asked === undefined ? args : change([...args] as number[], asked));
  });
}

const WEAKENINGS = {
  /** What a program promises is not kept. */
  promises: () =>
    replace(Authority.prototype, 'pledged', function (this: Authority) {
      return this;
    }),
  /** What a program promised ends with it. */
  'forgetful-exec': () =>
    replace(Authority.prototype, 'executed', function (this: Authority) {
      return Authority.of(this.layers);
    }),
  /** No range is protected. */
  regions: () => replace(Regions.prototype, 'hit', () => undefined),
  /** No range is protected, and the helper writes results by /proc/PID/mem, which minds no protection. */
  memory: () => {
    replace(Regions.prototype, 'hit', () => undefined);
    const descriptors = new Map<number, number>();
    replace(ProcessMemory.prototype, 'write', function (this: ProcessMemory, ...args: never[]) {
      const [address, from, size] = args as unknown as [number, Uint8Array, number];
      const { pid } = this as unknown as { pid: number };
      const fd = descriptors.get(pid) ?? native.openat(-100, `/proc/${pid}/mem`, 2, 0);
      descriptors.set(pid, fd);
      return native.pwrite(fd, from, size, address);
    });
  },
  /** No descriptor is reserved. */
  descriptors: () => {
    replace(Request.prototype, 'checkFd', () => 0);
    Object.defineProperty(Request.prototype, 'reserved', { get: () => ({ from: 0x7fffffff, to: 0x7fffffff }) });
    replace(Procfs.prototype, 'isHidden', () => false);
  },
  /** What procfs shows of a process is for all. */
  procfs: () => {
    replace(Procfs.prototype, 'refusal', () => 0);
    replace(Procfs.prototype, 'magic', () => undefined);
    replace(Procfs.prototype, 'link', (_place, _name, text) => ({ text }));
  },
  /** Names of the shared memory are names like others. */
  prefix: () => replace(Walk.prototype, 'isSharedMemory', () => false),
  /** What was judged is read from the program once more when it is acted on. */
  reread: () =>
    changeOrders(([nr, ...args], asked) => {
      if (nr === OPENAT2 && asked[3] === OPEN_HOW_SIZE) return [nr, asked[0], asked[1], asked[2], asked[3], 0, 0];
      if (nr === OPENAT2) return [NUMBERS.open, asked[0], asked[1], asked[2], 0, 0, 0];
      const named = nr === NUMBERS.connect || nr === NUMBERS.bind;
      if (named && args[0] === asked[0]) return [nr, asked[0], asked[1], asked[2], 0, 0, 0]; // births connect, too
      if (nr === SENDTO && args[0] === asked[0]) return [nr, args[0], args[1], args[2], args[3], asked[4], asked[5]];
      if (nr === SENDMSG && args[0] === asked[0]) return [nr, args[0], asked[1], args[2], 0, 0, 0];
      // readv(2) is made by the one that need not wait
      if (nr === NUMBERS.preadv2) return [NUMBERS.readv, asked[0], asked[1], asked[2], 0, 0, 0];
      return [nr, ...args];
    }),
  /** Symlinks are followed when a judged path is opened. */
  symlinks: () =>
    changeOrders(([nr, ...args]) => (nr === OPENAT2 ? [NUMBERS.openat, args[0], args[1], 0, 0, 0, 0] : [nr, ...args])),
  /** A forged message is as good as any. */
  gullible: () => replace(Referee.prototype, 'fail', () => undefined),
  /** Names go to the log as they are. */
  names: () =>
    replace(Request.prototype, 'ask', function (this: Request, ...args: never[]) {
      const [question] = args as unknown as [Question];
      if (question.ask === 'path') this.log('warn', `denied ${question.path}`);
      return -ERRNO.EACCES;
    }),
  /** The helper does everything with its own rights. */
  rights: () => replace(native, 'assume', () => 0),
  /** A thread that changed its ids goes on as it is. */
  stale: () => {
    const outcome = original(Referee.prototype, 'outcome');
    const finish = original(Referee.prototype, 'finish');
    replace(Referee.prototype, 'outcome', function (this: Referee, ...args: never[]) {
      const [thread, end] = args as unknown as [unknown, Outcome];
      if (end.outcome === 'respawn') finish.call(this, thread, end.result);
      else outcome.apply(this, args);
    });
  },
  /** Other threads' calls are made while a birth has its descriptors at numbers that they could name. */
  crowd: () => {
    replace(Solitudes.prototype, 'begin', () => []);
    replace(Solitudes.prototype, 'isHeld', () => false);
  },
  /** What a trustee received is where the program's memory says. */
  credulous: () => replace(Births.prototype, 'isChannel', () => true),
  /** A link or a rename gives an object whatever name it may make. */
  relabel: () => replace(Request.prototype, 'relabel', () => 0),
  /** Refusals are kept. */
  hoard: () => {
    const kept: Buffer[] = [];
    replace(Request.prototype, 'refused', () => kept.push(Buffer.alloc(4096, 'x')));
  },
  /** Rules do not see names that start with a dot, as globs without that option do not. */
  dots: () => undefined,
} as const;

const isDotted = (question: Question): boolean => question.ask === 'path' && question.path.includes('/.');

/** Questions of these kinds are answered with yes. */
function unasked(kinds: readonly string[], judge: Judge): Judge {
  const YES = { verdict: { verdict: 'allow' }, rule: null } as const;
  return {
    calls: judge.calls,
    decide: (question, call) => (kinds.includes(question.ask) ? YES : judge.decide(question, call)),
    mayRelabel: (from, to, directory) => judge.mayRelabel(from, to, directory),
  };
}

/** Takes the named check out; the judge may be another then. */
export function weaken(name: string, judge: Judge): Judge {
  if (name.startsWith('unasked:')) return unasked(name.slice('unasked:'.length).split(','), judge);
  if (name.startsWith('delegate:')) passThrough(name.slice('delegate:'.length).split(','));
  else if (Object.hasOwn(WEAKENINGS, name)) WEAKENINGS[name as keyof typeof WEAKENINGS]();
  else throw new Error(`no weakening is called ${name}`);
  if (name !== 'dots') return judge;
  return { ...judge, decide: (q) => (isDotted(q) ? { verdict: { verdict: 'allow' }, rule: null } : judge.decide(q)) };
}
