/**
 * Structures of System V IPC and of POSIX message queues, as i386 programs have them. Sources: the kernel's
 * include/uapi/linux (ipc.h, shm.h, sem.h, msg.h, mqueue.h) and include/uapi/asm-generic/*buf.h.
 */
import { i32, pointer, struct } from './ctype.js';

/** What msgrcv through ipc(2), version 0, points to. */
export const ipcKludge = struct('ipc_kludge', 8, { msgp: pointer, msgtyp: i32 });
