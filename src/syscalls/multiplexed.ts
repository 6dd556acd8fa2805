/**
 * Calls that carry many: socketcall(2) and ipc(2). The referee copies the arguments of the sub-call once and runs the
 * row that the table names, as if it had been called by its own number.
 */
import type { SyscallName } from '../abi/numbers.js';
import { denied, family } from './dsl.js';

export interface SubCall {
  /** The row that it runs. */
  readonly row: SyscallName;
  /** What policies and traces call it; accept, send and recv have no number of their own. */
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
/** Which register of socketcall(2) holds the number, and which the address of the arguments. */
export const SOCKETCALL_REGISTERS = { number: 0, array: 1 } as const;

/** Sub-calls of ipc(2) by number: linux/ipc.h. None is offered yet. */
export const IPC = {
  semop: 1,
  semget: 2,
  semctl: 3,
  semtimedop: 4,
  msgsnd: 11,
  msgrcv: 12,
  msgget: 13,
  msgctl: 14,
  shmat: 21,
  shmdt: 22,
  shmget: 23,
  shmctl: 24,
} as const;

export const multiplexed = family({
  ipc: denied(117, 'ENOSYS', 'System V IPC is not offered yet'),
});
