/** Names of the values that System V IPC and POSIX message queues take. Source: the kernel's include/uapi. */

/** Sub-calls of ipc(2). */
export const IPC_CALL = {
  name: 'IPC_CALL',
  values: {
    SEMOP: 1, SEMGET: 2, SEMCTL: 3, SEMTIMEDOP: 4, MSGSND: 11, MSGRCV: 12, MSGGET: 13, MSGCTL: 14, SHMAT: 21, SHMDT: 22,
    SHMGET: 23, SHMCTL: 24,
  },
  field: 0xffff,
} as const; // prettier-ignore

/** In the command of a call through ipc(2): the structures with 32-bit ids. */
export const IPC_64 = 0x100;
export const IPC_PRIVATE = 0;

/** Flags of the calls that get an object, over the mode in the low nine bits. */
export const GET = {
  name: 'GET',
  values: { IPC_CREAT: 0o1000, IPC_EXCL: 0o2000, SHM_HUGETLB: 0o4000, SHM_NORESERVE: 0o10000 },
} as const;

export const SHMAT = {
  name: 'SHMAT',
  values: { SHM_RDONLY: 0o10000, SHM_RND: 0o20000, SHM_REMAP: 0o40000, SHM_EXEC: 0o100000 },
} as const;

export const MSGOP = {
  name: 'MSGOP',
  values: { IPC_NOWAIT: 0o4000, MSG_NOERROR: 0o10000, MSG_EXCEPT: 0o20000, MSG_COPY: 0o40000 },
} as const;

export const IPC = {
  name: 'IPC',
  values: { IPC_RMID: 0, IPC_SET: 1, IPC_STAT: 2, IPC_INFO: 3 },
  field: 0xffffffff,
} as const;
export const SHMCTL = {
  name: 'SHMCTL',
  values: { ...IPC.values, SHM_LOCK: 11, SHM_UNLOCK: 12, SHM_STAT: 13, SHM_INFO: 14, SHM_STAT_ANY: 15, IPC_64 },
  field: 0xff,
} as const;
export const MSGCTL = {
  name: 'MSGCTL',
  values: { ...IPC.values, MSG_STAT: 11, MSG_INFO: 12, MSG_STAT_ANY: 13, IPC_64 },
  field: 0xff,
} as const;
export const SEMCTL = {
  name: 'SEMCTL',
  values: {
    ...IPC.values, GETPID: 11, GETVAL: 12, GETALL: 13, GETNCNT: 14, GETZCNT: 15, SETVAL: 16, SETALL: 17, SEM_STAT: 18,
    SEM_INFO: 19, SEM_STAT_ANY: 20, IPC_64,
  },
  field: 0xff,
} as const; // prettier-ignore

export const SIGEV = {
  name: 'SIGEV',
  values: { SIGEV_SIGNAL: 0, SIGEV_NONE: 1, SIGEV_THREAD: 2, SIGEV_THREAD_ID: 4 },
  field: 0xffffffff,
} as const;
