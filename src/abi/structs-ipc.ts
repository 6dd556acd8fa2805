/**
 * Structures of System V IPC and of POSIX message queues, as i386 programs have them. Sources: the kernel's
 * include/uapi/linux (ipc.h, shm.h, sem.h, msg.h, mqueue.h) and include/uapi/asm-generic/*buf.h. The ones without 64 in
 * their names are what the commands of ipc(2) without IPC_64 take.
 */
import { bytes, i32, pointer, struct, u16, u32 } from './ctype.js';

// ---- what all objects have ----

/** struct ipc_perm, with the 16-bit ids of old. */
export const ipcPerm = struct('ipc_perm', 16, {
  key: i32,
  uid: u16,
  gid: u16,
  cuid: u16,
  cgid: u16,
  mode: u16,
  seq: u16,
});
export const ipc64Perm = struct('ipc64_perm', 36, {
  key: i32, uid: u32, gid: u32, cuid: u32, cgid: u32, mode: u16, __pad1: bytes(2), seq: u16, __pad2: u16,
  __unused1: u32, __unused2: u32,
}); // prettier-ignore
const oldPerm = bytes(ipcPerm.size);
const perm = bytes(ipc64Perm.size);

/** What msgrcv through ipc(2), version 0, points to. */
export const ipcKludge = struct('ipc_kludge', 8, { msgp: pointer, msgtyp: i32 });

// ---- shared memory ----

export const shmidDs = struct('shmid_ds', 48, {
  shm_perm: oldPerm, shm_segsz: i32, shm_atime: i32, shm_dtime: i32, shm_ctime: i32, shm_cpid: u16, shm_lpid: u16,
  shm_nattch: u16, shm_unused: u16, shm_unused2: pointer, shm_unused3: pointer,
}); // prettier-ignore
export const shmid64Ds = struct('shmid64_ds', 84, {
  shm_perm: perm, shm_segsz: u32, shm_atime: u32, shm_atime_high: u32, shm_dtime: u32, shm_dtime_high: u32,
  shm_ctime: u32, shm_ctime_high: u32, shm_cpid: i32, shm_lpid: i32, shm_nattch: u32, __unused4: u32, __unused5: u32,
}); // prettier-ignore
export const shminfo = struct('shminfo', 20, { shmmax: i32, shmmin: i32, shmmni: i32, shmseg: i32, shmall: i32 });
export const shminfo64 = struct('shminfo64', 36, {
  shmmax: u32, shmmin: u32, shmmni: u32, shmseg: u32, shmall: u32,
  __unused1: u32, __unused2: u32, __unused3: u32, __unused4: u32,
}); // prettier-ignore
export const shmInfo = struct('shm_info', 24, {
  used_ids: i32, shm_tot: u32, shm_rss: u32, shm_swp: u32, swap_attempts: u32, swap_successes: u32,
}); // prettier-ignore

// ---- semaphores ----

export const semidDs = struct('semid_ds', 44, {
  sem_perm: oldPerm, sem_otime: i32, sem_ctime: i32, sem_base: pointer, sem_pending: pointer,
  sem_pending_last: pointer, undo: pointer, sem_nsems: u16,
}); // prettier-ignore
export const semid64Ds = struct('semid64_ds', 64, {
  sem_perm: perm, sem_otime: u32, sem_otime_high: u32, sem_ctime: u32, sem_ctime_high: u32, sem_nsems: u32,
  __unused3: u32, __unused4: u32,
}); // prettier-ignore
export const seminfo = struct('seminfo', 40, {
  semmap: i32, semmni: i32, semmns: i32, semmnu: i32, semmsl: i32, semopm: i32, semume: i32, semusz: i32,
  semvmx: i32, semaem: i32,
}); // prettier-ignore
export const sembuf = struct('sembuf', 6, { sem_num: u16, sem_op: u16, sem_flg: u16 });

// ---- message queues ----

export const msqidDs = struct('msqid_ds', 56, {
  msg_perm: oldPerm, msg_first: pointer, msg_last: pointer, msg_stime: i32, msg_rtime: i32, msg_ctime: i32,
  msg_lcbytes: u32, msg_lqbytes: u32, msg_cbytes: u16, msg_qnum: u16, msg_qbytes: u16, msg_lspid: u16, msg_lrpid: u16,
}); // prettier-ignore
export const msqid64Ds = struct('msqid64_ds', 88, {
  msg_perm: perm, msg_stime: u32, msg_stime_high: u32, msg_rtime: u32, msg_rtime_high: u32, msg_ctime: u32,
  msg_ctime_high: u32, msg_cbytes: u32, msg_qnum: u32, msg_qbytes: u32, msg_lspid: i32, msg_lrpid: i32,
  __unused4: u32, __unused5: u32,
}); // prettier-ignore
export const msginfo = struct('msginfo', 32, {
  msgpool: i32, msgmap: i32, msgmax: i32, msgmnb: i32, msgmni: i32, msgssz: i32, msgtql: i32, msgseg: u16,
}); // prettier-ignore
/** The start of struct msgbuf: the type, with as many bytes of text behind it as the call says. */
export const msgbuf = struct('msgbuf', 8, { mtype: i32, mtext: bytes(1), __reserved: bytes(3) });

// ---- POSIX message queues ----

export const mqAttr = struct('mq_attr', 32, {
  mq_flags: i32, mq_maxmsg: i32, mq_msgsize: i32, mq_curmsgs: i32, __reserved: bytes(16),
}); // prettier-ignore
export const sigevent = struct('sigevent', 64, {
  sigev_value: u32, sigev_signo: i32, sigev_notify: i32, sigev_notify_thread_id: i32, __unused: bytes(48),
}); // prettier-ignore
