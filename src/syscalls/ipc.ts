/**
 * System V IPC, and keyrings, which stay denied. A call that gets an object asks for its name; one that has an id may
 * use it if support-ipc.ts says so. The trustee makes the calls, by their own numbers: the pid that others see, and the
 * undo list of semaphores, are the program's.
 */
import { GET, IPC, IPC_64, IPC_CALL, MSGCTL, MSGOP, SEMCTL, SHMAT, SHMCTL } from '../abi/flags-ipc.js';
import type { Struct } from '../abi/ctype.js';
import {
  msgbuf,
  msginfo,
  msqid64Ds,
  msqidDs,
  sembuf,
  semid64Ds,
  semidDs,
  seminfo,
  shmid64Ds,
  shmidDs,
  shmInfo,
  shminfo,
  shminfo64,
} from '../abi/structs-ipc.js';
import { timespec32, timespec64, word } from '../abi/structs-process.js';
import {
  absent,
  address,
  choice,
  denied,
  family,
  flags,
  hex,
  int,
  odd,
  size,
  structIn,
  structOut,
  structs,
  type Call,
  type Kind,
  type Order,
  type Steps,
  type Wait,
} from './dsl.js';
import { askIpc, granted, hold, mayUse, objectAt, usable, type IpcKind, type IpcObject } from './support-ipc.js';
import { copied, fail, giveWord, PAGE, refuse, roundUp } from './support-process.js';
import { failed } from './support.js';
import { blindly, isBlocked, now, timeAt } from './waiting.js';

const KEYS = 'keyrings are shared by all processes of a user; not offered yet';
const NR = {
  munmap: 91,
  ipc: 117,
  semctl: 394,
  shmctl: 396,
  shmat: 397,
  shmdt: 398,
  msgctl: 402,
  semtimedop: 420,
} as const;
const { SHM_HUGETLB } = GET.values;
const { IPC_NOWAIT, MSG_COPY } = MSGOP.values;
const { SHM_RDONLY, SHM_RND, SHM_REMAP, SHM_EXEC } = SHMAT.values;
const { IPC_RMID, IPC_SET, IPC_STAT, IPC_INFO } = IPC.values;
const { SHM_LOCK, SHM_UNLOCK, SHM_STAT, SHM_INFO, SHM_STAT_ANY } = SHMCTL.values;
const { MSG_STAT, MSG_INFO, MSG_STAT_ANY } = MSGCTL.values;
const { GETPID, GETVAL, GETALL, GETNCNT, GETZCNT, SETVAL, SETALL, SEM_STAT, SEM_INFO, SEM_STAT_ANY } = SEMCTL.values;

// ---- getting ----

/** shmget(2), semget(2), msgget(2): the key is the first argument. */
const get = (kind: IpcKind) =>
  function* (call: Call): Steps {
    const [key] = call.r;
    if (kind === 'shm' && call.r[2] & SHM_HUGETLB) return refuse(call, 'EINVAL', 'huge pages are not offered');
    const refused = askIpc(call, kind, key);
    if (refused !== 0) return refused;
    return granted(call, kind, key, yield [call.nr, ...call.r]);
  };

// ---- the control calls ----

/** What a command does with its last argument. `old` is for ipc(2) without IPC_64. */
type Argument =
  | { readonly way: 'none' }
  | { readonly way: 'value' }
  | { readonly way: 'in' | 'out'; readonly struct: Struct; readonly old: Struct }
  /** An unsigned short for each semaphore. */
  | { readonly way: 'all' };
interface Command {
  /** What the first argument is: an id, an index into the host's table, or nothing. */
  readonly of: 'id' | 'index' | 'nothing';
  readonly argument: Argument;
}
type Commands = ReadonlyMap<number, Command>;

const plain: Command = { of: 'id', argument: { way: 'none' } };
const gives = (of: Command['of'], struct: Struct, old = struct): Command => ({
  of,
  argument: { way: 'out', struct, old },
});
const takes = (struct: Struct, old: Struct): Command => ({ of: 'id', argument: { way: 'in', struct, old } });
const all: Command = { of: 'id', argument: { way: 'all' } };

const common = (struct: Struct, old: Struct, stats: readonly number[]): [number, Command][] => [
  [IPC_RMID, plain],
  [IPC_SET, takes(struct, old)],
  [IPC_STAT, gives('id', struct, old)],
  ...stats.map((command): [number, Command] => [command, gives('index', struct, old)]),
];
/** Anything else is EINVAL. SHM_LOCK is as mlock: the kernel's limits hold. */
const COMMANDS: Readonly<Record<IpcKind, Commands>> = {
  shm: new Map([
    ...common(shmid64Ds, shmidDs, [SHM_STAT, SHM_STAT_ANY]),
    [IPC_INFO, gives('nothing', shminfo64, shminfo)],
    [SHM_INFO, gives('nothing', shmInfo)],
    [SHM_LOCK, plain],
    [SHM_UNLOCK, plain],
  ]),
  msg: new Map([
    ...common(msqid64Ds, msqidDs, [MSG_STAT, MSG_STAT_ANY]),
    [IPC_INFO, gives('nothing', msginfo)],
    [MSG_INFO, gives('nothing', msginfo)],
  ]),
  sem: new Map([
    ...common(semid64Ds, semidDs, [SEM_STAT, SEM_STAT_ANY]),
    [IPC_INFO, gives('nothing', seminfo)],
    [SEM_INFO, gives('nothing', seminfo)],
    ...[GETPID, GETVAL, GETNCNT, GETZCNT].map((command): [number, Command] => [command, plain]),
    [SETVAL, { of: 'id', argument: { way: 'value' } }],
    [GETALL, all],
    [SETALL, all],
  ]),
};

/** What the trustee gets for the last argument: unsigned; a negative number is an errno. */
function argumentOf(
  call: Call,
  argument: Argument,
  value: number,
  old: boolean,
  object: IpcObject | undefined,
): number {
  switch (argument.way) {
    case 'none':
      return 0;
    case 'value':
      return value;
    case 'all': // a set keeps its size
      return call.checkRange(value, 2 * (object?.semaphores ?? 0)) || value;
    case 'in':
      return value === 0 ? fail('EFAULT') : copied(call, value, (old ? argument.old : argument.struct).size);
    case 'out':
      return call.checkRange(value, (old ? argument.old : argument.struct).size) || value;
  }
}

/** The object of a command; undefined where it is of none; a negative errno. */
function subject(call: Call, kind: IpcKind, of: Command['of'], id: number): IpcObject | undefined | number {
  if (of === 'nothing') return undefined;
  if (of === 'id') return usable(call, kind, id);
  const object = objectAt(kind, id | 0);
  return typeof object === 'number' ? object : mayUse(call, kind, object) || object;
}

interface Control {
  readonly kind: IpcKind;
  readonly id: number;
  /** semctl's second argument. */
  readonly number: number;
  readonly command: number;
  readonly argument: number;
}

/** The order: by ipc(2) where the structures are the old ones, which no other call has. */
function controlOrder(
  call: Call,
  { kind, id, number, command, argument }: Control,
  old: boolean,
): [number, ...number[]] {
  const { SEMCTL: sem, SHMCTL: shm, MSGCTL: msg } = IPC_CALL.values;
  if (kind === 'sem' && old) return [NR.ipc, sem, id, number, command, call.arena(word.encode({ value: argument }))];
  if (kind === 'sem') return [NR.semctl, id, number, command, argument];
  if (old) return [NR.ipc, kind === 'shm' ? shm : msg, id, command, 0, argument];
  return [kind === 'shm' ? NR.shmctl : NR.msgctl, id, command, argument];
}

/** An index may lead to another object by the time the trustee looks: it is ordered by the id that was judged. */
function* control(call: Call, asked: Control): Steps {
  const old = call.carried !== undefined && (asked.command & IPC_64) === 0;
  const command = call.carried === undefined ? asked.command : asked.command & ~IPC_64;
  const known = COMMANDS[asked.kind].get(command);
  if (known === undefined) return fail('EINVAL');
  const object = subject(call, asked.kind, known.of, asked.id);
  if (typeof object === 'number') return object;
  const argument = argumentOf(call, known.argument, asked.argument, old, object);
  if (argument < 0) return argument;
  const id = object?.id ?? asked.id;
  const ordered = { ...asked, id, command: known.of === 'index' ? IPC_STAT : command, argument };
  const result = yield controlOrder(call, ordered, old);
  if (failed(result)) return result;
  if (command === IPC_RMID) call.process.ipc.removed(asked.kind, id);
  return known.of === 'index' ? id : result;
}

const controlOf = (kind: 'shm' | 'msg') => (call: Call) => {
  const [id, command, argument] = call.r;
  return control(call, { kind, id, number: 0, command, argument });
};
const semctl = (call: Call): Steps => {
  const [id, number, command, argument] = call.r;
  return control(call, { kind: 'sem', id, number, command, argument });
};

// ---- semaphores ----

const MOST_OPERATIONS = 0x8000;

/** Milliseconds to wait for at most, Infinity for none given; a negative errno. */
function timeoutOf(call: Call, at: number): number {
  if (at === 0) return Infinity;
  return timeAt(call, at, (call.carried === undefined ? timespec64 : timespec32).size);
}

interface Operation {
  readonly num: number;
  /** Signed. */
  readonly op: number;
  readonly flg: number;
}
const operationsIn = (bytes: Uint8Array): Operation[] =>
  Array.from({ length: bytes.length / sembuf.size }, (_, i) => {
    const { sem_num, sem_op, sem_flg } = sembuf.decode(bytes.subarray(i * sembuf.size)) as Record<string, number>;
    return { num: sem_num, op: (sem_op << 16) >> 16, flg: sem_flg };
  });
const withoutWaiting = ({ num, op, flg }: Operation): Uint8Array =>
  sembuf.encode({ sem_num: num, sem_op: op, sem_flg: flg | IPC_NOWAIT });
const mayWait = ({ op }: Operation): boolean => op <= 0;
const mustNot = ({ flg }: Operation): boolean => (flg & IPC_NOWAIT) !== 0;

/** Would the kernel wait, where nothing may: is the first operation that cannot be done one that may wait? */
function* isWaitedFor(id: number, operations: readonly Operation[]): Generator<Order, boolean, number> {
  const waiting = operations.filter(mayWait);
  if (!waiting.some(mustNot)) return true;
  if (waiting.every(mustNot)) return false;
  const values = new Map<number, number>();
  for (const operation of operations) {
    const { num, op } = operation;
    const value = values.get(num) ?? (yield [NR.semctl, id, num, GETVAL, 0]);
    if (op === 0 ? value !== 0 : value + op < 0) return !mustNot(operation);
    values.set(num, value + op);
  }
  return true; // it has changed: look again
}

/** What was there and is no more: the call had begun to wait for it. */
const removed = (result: number): number => (result === fail('EINVAL') ? fail('EIDRM') : result);

/**
 * semtimedop(2); semop(2) is the same without a timeout. Nothing can be watched, so that it is tried again and again,
 * with IPC_NOWAIT in all operations.
 */
function* operate(call: Call): Steps {
  const [id, at, count, timeout] = call.r;
  if (count === 0 || (id | 0) < 0) return fail('EINVAL');
  if (count > MOST_OPERATIONS) return fail('E2BIG');
  const time = timeoutOf(call, timeout);
  if (time < 0) return time;
  const set = usable(call, 'sem', id);
  if (typeof set === 'number') return set;
  const bytes = call.checkRange(at, count * sembuf.size) || call.get(at, count * sembuf.size);
  if (typeof bytes === 'number') return bytes;
  const operations = operationsIn(bytes);
  const copy = call.arena(Buffer.concat(operations.map(withoutWaiting)));
  return yield* tried(time, function* () {
    const result = yield [NR.semtimedop, id, copy, count, 0];
    if (!isBlocked(result)) return result;
    return (yield* isWaitedFor(id, operations)) ? undefined : result;
  });
}

/** Tries until there is a result: -EAGAIN when the time is over. */
function* tried(
  time: number,
  attempt: () => Generator<Order, number | undefined, number>,
): Generator<Order | Wait, number, number> {
  const looks = blindly(time === Infinity ? undefined : now() + time);
  for (let waited = false; ; waited = true) {
    const result = yield* attempt();
    if (result !== undefined) return waited ? removed(result) : result;
    const end = yield* looks.wait();
    if (end !== 0) return end === fail('ETIMEDOUT') ? fail('EAGAIN') : end;
  }
}

// ---- messages ----

const TYPE_SIZE = msgbuf.fields[1].offset;

/** msgsnd(2) and msgrcv(2): the type, then the text. A size is signed. `full`: what they say where they would wait. */
const message = (flagsAt: number, full: number) =>
  function* (call: Call): Steps {
    const [id, at, length] = call.r;
    if ((length | 0) < 0) return fail('EINVAL');
    const queue = usable(call, 'msg', id);
    if (typeof queue === 'number') return queue;
    const refused = call.checkRange(at, TYPE_SIZE + length);
    if (refused !== 0) return refused;
    const args = [...call.r];
    // A copy is never waited for: the kernel wants the flag.
    const waits = (args[flagsAt] & (IPC_NOWAIT | MSG_COPY)) === 0;
    if (waits) args[flagsAt] |= IPC_NOWAIT;
    return yield* tried(Infinity, function* () {
      const result = yield [call.nr, ...args];
      return result === full && waits ? undefined : result;
    });
  };
const sendMessage = message(3, fail('EAGAIN'));
const receiveMessage = message(4, fail('ENOMSG'));

// ---- segments ----

type Attaching = Generator<Order, number, number>;

/**
 * Takes the place of what is mapped at an address (SHM_REMAP). The kernel would replace as much as the segment has; so
 * the checked range is unmapped, and the segment attached where the kernel finds nothing or refuses. It is attached
 * elsewhere before: what would fail fails before anything is lost.
 */
function* replace(id: number, at: number, length: number, how: number): Attaching {
  const elsewhere = yield [NR.shmat, id, 0, how];
  if (failed(elsewhere)) return elsewhere;
  const unmapped = yield [NR.munmap, at, length];
  const result = failed(unmapped) ? unmapped : yield [NR.shmat, id, at, how];
  yield [NR.shmdt, elsewhere];
  return result;
}

/**
 * shmat(2) without SHM_REMAP replaces nothing (ipc/shm.c, do_shmat), but for an address that SHM_RND rounds to 0. The
 * segment's own size counts. One that is attached executable is never patched: it is others' memory too; a system call
 * instruction there ends the thread, as everywhere.
 */
function* attach(call: Call, id: number, wanted: number, how: number): Attaching {
  const at = how & SHM_RND ? wanted - (wanted % PAGE) : wanted;
  if (at % PAGE !== 0 || (at === 0 && (wanted !== 0 || how & SHM_REMAP))) return fail('EINVAL');
  const held = hold(call, id);
  if (typeof held === 'number') return held;
  try {
    const length = roundUp(held.object.size);
    if (at !== 0 && call.checkRange(at, length) !== 0) return fail('EINVAL');
    const kept = how & (SHM_RDONLY | SHM_EXEC);
    return how & SHM_REMAP ? yield* replace(id, at, length, kept) : yield [NR.shmat, id, at, kept];
  } finally {
    held.release();
  }
}

/** Through ipc(2) the address goes to where the third argument says; the segment stays attached if that fails. */
function* shmat(call: Call): Steps {
  const [id, at, how, out] = call.r;
  const result = yield* attach(call, id, at, how);
  return call.carried === undefined || failed(result) ? result : giveWord(call, out, result);
}

/** shmdt(2) unmaps attached segments only, and none of them is protected memory. */
function* shmdt(call: Call): Steps {
  return call.checkRange(call.r[0], PAGE) === 0 ? yield [NR.shmdt, call.r[0]] : fail('EINVAL');
}

// ---- the table ----

/** The last argument of a control call, for traces and documents: with the structures of its own number. */
const told = (kind: IpcKind, register: number): Kind =>
  choice('command', (r) => {
    const argument = COMMANDS[kind].get(r[register] & ~IPC_64)?.argument;
    if (argument === undefined || argument.way === 'all') return address();
    if (argument.way === 'none') return absent;
    if (argument.way === 'value') return int();
    return argument.way === 'in' ? structIn(argument.struct) : structOut(argument.struct);
  });
const via = (ipc: number) => ({ via: { ipc } });
const key = hex;
const N = IPC_CALL.values;

export const ipc = family({
  semget: odd(393, { key: key(), semaphores: int(), flags: flags(GET) }, get('sem'), via(N.SEMGET)),
  semctl: odd(
    394,
    { id: int(), number: int(), command: flags(SEMCTL), argument: told('sem', 2) },
    semctl,
    via(N.SEMCTL),
  ),
  semtimedop_time64: odd(
    420,
    { id: int(), operations: structs('in', sembuf, 'count'), count: size(), timeout: structIn(timespec64, true) },
    operate,
  ),
  msgget: odd(399, { key: key(), flags: flags(GET) }, get('msg'), via(N.MSGGET)),
  msgsnd: odd(400, { id: int(), message: address(), size: size(), flags: flags(MSGOP) }, sendMessage, via(N.MSGSND)),
  msgrcv: odd(401, { id: int(), message: address(), size: size(), type: int(), flags: flags(MSGOP) }, receiveMessage, {
    ...via(N.MSGRCV),
    returns: 'count',
  }),
  msgctl: odd(402, { id: int(), command: flags(MSGCTL), argument: told('msg', 1) }, controlOf('msg'), via(N.MSGCTL)),
  shmget: odd(395, { key: key(), size: size(), flags: flags(GET) }, get('shm'), via(N.SHMGET)),
  shmctl: odd(396, { id: int(), command: flags(SHMCTL), argument: told('shm', 1) }, controlOf('shm'), via(N.SHMCTL)),
  shmat: odd(397, { id: int(), address: address(), flags: flags(SHMAT) }, shmat, {
    ...via(N.SHMAT),
    returns: 'address',
  }),
  shmdt: odd(398, { address: address() }, shmdt, via(N.SHMDT)),

  add_key: denied(286, 'EACCES', KEYS),
  request_key: denied(287, 'EACCES', KEYS),
  keyctl: denied(288, 'EACCES', KEYS),
});
