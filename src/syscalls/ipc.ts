/** Names that are no paths: System V IPC and keyrings (ipc(2) itself: multiplexed.ts; message queues: descriptors.ts). Refused until there are questions for them. */
import { denied, family } from './dsl.js';

const SYSV = 'System V IPC is shared by all processes of the machine; not offered yet';
const SHM = 'its segments could be mapped over protected memory; not offered yet';
const KEYS = 'keyrings are shared by all processes of a user; not offered yet';

export const ipc = family({
  semget: denied(393, 'ENOSYS', SYSV, { ipc: 2 }),
  semctl: denied(394, 'ENOSYS', SYSV, { ipc: 3 }),
  semtimedop_time64: denied(420, 'ENOSYS', SYSV),
  msgget: denied(399, 'ENOSYS', SYSV, { ipc: 13 }),
  msgsnd: denied(400, 'ENOSYS', SYSV, { ipc: 11 }),
  msgrcv: denied(401, 'ENOSYS', SYSV, { ipc: 12 }),
  msgctl: denied(402, 'ENOSYS', SYSV, { ipc: 14 }),
  shmget: denied(395, 'ENOSYS', SHM, { ipc: 23 }),
  shmctl: denied(396, 'ENOSYS', SHM, { ipc: 24 }),
  shmat: denied(397, 'ENOSYS', SHM, { ipc: 21 }),
  shmdt: denied(398, 'ENOSYS', SHM, { ipc: 22 }),

  add_key: denied(286, 'EACCES', KEYS),
  request_key: denied(287, 'EACCES', KEYS),
  keyctl: denied(288, 'EACCES', KEYS),
});
