/**
 * Calls that carry many: socketcall(2) and ipc(2). The arguments of the sub-call are read once, brought into the order
 * of the call that has a number of its own, and the row of that call is run. Sources: net/socket.c, ipc/syscall.c.
 */
import { ERRNO } from '../abi/errno.js';
import { IPC_CALL } from '../abi/flags-ipc.js';
import { NUMBERS, type SyscallName } from '../abi/numbers.js';
import { ipcKludge } from '../abi/structs-ipc.js';
import { word } from '../abi/structs-process.js';
import type { Call } from './dsl.js';

/** What a carrier was found to carry. */
export interface Carried {
  /** The row that it runs. */
  readonly row: SyscallName;
  /** The name of the sub-call: Call.carried. */
  readonly name: string;
  /** The row's six registers, of which so many are arguments. */
  readonly registers: Uint32Array;
  readonly count: number;
}

/** Without a row of their own: they run as the call that they carry. */
export const CARRIERS: readonly SyscallName[] = ['socketcall', 'ipc'];

const carried = (row: SyscallName, name: string, args: ArrayLike<number>): Carried => {
  const registers = new Uint32Array(6);
  registers.set(args);
  return { row, name, registers, count: args.length };
};

// ---- socketcall ----

export interface SubCall {
  /** The row that it runs. */
  readonly row: SyscallName;
  /** Its name; accept, send and recv have no number of their own. */
  readonly name: string;
  /** Words of its argument array; the registers of the row beyond them are 0. */
  readonly count: number;
}

const sub = (row: SyscallName, count: number, name: string = row): SubCall => ({ row, name, count });

/** Sub-calls of socketcall(2) by number: linux/net.h. Any other number is EINVAL. */
export const SOCKETCALL: ReadonlyMap<number, SubCall> = new Map([
  [1, sub('socket', 3)],
  [2, sub('bind', 3)],
  [3, sub('connect', 3)],
  [4, sub('listen', 2)],
  [5, sub('accept4', 3, 'accept')],
  [6, sub('getsockname', 3)],
  [7, sub('getpeername', 3)],
  [8, sub('socketpair', 4)],
  [9, sub('sendto', 4, 'send')],
  [10, sub('recvfrom', 4, 'recv')],
  [11, sub('sendto', 6)],
  [12, sub('recvfrom', 6)],
  [13, sub('shutdown', 2)],
  [14, sub('setsockopt', 5)],
  [15, sub('getsockopt', 5)],
  [16, sub('sendmsg', 3)],
  [17, sub('recvmsg', 3)],
  [18, sub('accept4', 4)],
  [19, sub('recvmmsg', 5)],
  [20, sub('sendmmsg', 4)],
]);

/** socketcall(number, array of words). */
function socketcall(call: Call): Carried | number {
  const [number, array] = call.r;
  const found = SOCKETCALL.get(number);
  if (found === undefined) return -ERRNO.EINVAL;
  const words = call.get(array, 4 * found.count);
  return typeof words === 'number' ? words : carried(found.row, found.name, new Uint32Array(words.buffer));
}

// ---- ipc ----

/** ipc(2) by its arguments' kernel names; the high half of `call` is the version of the interface. */
interface IpcArguments {
  readonly version: number;
  readonly first: number;
  readonly second: number;
  readonly third: number;
  readonly ptr: number;
  readonly fifth: number;
}
export interface IpcCall {
  readonly row: SyscallName;
  readonly name: string;
  /** The row's arguments, or a negative errno. */
  readonly args: (a: IpcArguments, call: Call) => readonly number[] | number;
}
const ipc = (row: SyscallName, args: IpcCall['args'], name: string = row): IpcCall => ({ row, name, args });

/** The fourth argument is a pointer to the union semun. */
function semctlArguments({ first, second, third, ptr }: IpcArguments, call: Call): readonly number[] | number {
  if (ptr === 0) return -ERRNO.EINVAL;
  const union = call.get(ptr, word.size);
  return typeof union === 'number' ? union : [first, second, third, word.decode(union).value as number];
}

/** Version 0 keeps message and type in a struct ipc_kludge. */
function msgrcvArguments(
  { version, first, second, third, ptr, fifth }: IpcArguments,
  call: Call,
): readonly number[] | number {
  if ((first | 0) < 0 || (second | 0) < 0) return -ERRNO.EINVAL;
  if (version !== 0) return [first, ptr, second, fifth, third];
  if (ptr === 0) return -ERRNO.EINVAL;
  const bytes = call.get(ptr, ipcKludge.size);
  if (typeof bytes === 'number') return bytes;
  const { msgp, msgtyp } = ipcKludge.decode(bytes);
  return [first, msgp as number, second, msgtyp as number, third];
}

const N = IPC_CALL.values;
/**
 * Sub-calls of ipc(2) by number: linux/ipc.h. Any other number is ENOSYS. Where a form differs from the call of its own
 * number, the row looks at Call.carried: semtimedop has a 32-bit timespec, shmat a fourth argument (where the address
 * goes), and in the commands of semctl, msgctl and shmctl the bit IPC_64 chooses the structures.
 */
export const IPC: ReadonlyMap<number, IpcCall> = new Map([
  [N.SEMOP, ipc('semtimedop_time64', (a) => [a.first, a.ptr, a.second, 0], 'semop')],
  [N.SEMGET, ipc('semget', (a) => [a.first, a.second, a.third])],
  [N.SEMCTL, ipc('semctl', semctlArguments)],
  [N.SEMTIMEDOP, ipc('semtimedop_time64', (a) => [a.first, a.ptr, a.second, a.fifth], 'semtimedop')],
  [N.MSGSND, ipc('msgsnd', (a) => [a.first, a.ptr, a.second, a.third])],
  [N.MSGRCV, ipc('msgrcv', msgrcvArguments)],
  [N.MSGGET, ipc('msgget', (a) => [a.first, a.second])],
  [N.MSGCTL, ipc('msgctl', (a) => [a.first, a.second, a.ptr])],
  [N.SHMAT, ipc('shmat', (a) => (a.version === 1 ? -ERRNO.EINVAL : [a.first, a.ptr, a.second, a.third]))],
  [N.SHMDT, ipc('shmdt', (a) => [a.ptr])],
  [N.SHMGET, ipc('shmget', (a) => [a.first, a.second, a.third])],
  [N.SHMCTL, ipc('shmctl', (a) => [a.first, a.second, a.ptr])],
]);

function ipcCall(call: Call): Carried | number {
  const [number, first, second, third, ptr, fifth] = call.r;
  const found = IPC.get(number & 0xffff);
  if (found === undefined) return -ERRNO.ENOSYS;
  const args = found.args({ version: number >>> 16, first, second, third, ptr, fifth }, call);
  return typeof args === 'number' ? args : carried(found.row, found.name, args);
}

/** What the call at hand carries; a negative errno that is its result; undefined when it is a call of its own. */
export function demultiplex(call: Call): Carried | number | undefined {
  if (call.nr === NUMBERS.socketcall) return socketcall(call);
  return call.nr === NUMBERS.ipc ? ipcCall(call) : undefined;
}
