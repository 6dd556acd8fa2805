/**
 * The one face of the native addon. Names are byte strings (latin1), bytes are typed arrays. Every function returns
 * what the system call of its name returns, or a negative errno (see src/abi/errno.ts); none throws but for a wrong
 * argument type. openat, openat2, eventfd and map set close-on-exec. Structures are the host's only where said.
 */
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { ByteString } from '../abi/bytes.js';

export type Bytes = Uint8Array | Uint32Array | Int32Array | BigInt64Array | BigUint64Array;

export interface Native {
  close(fd: number): number;
  /** The same for a descriptor of the program's: a socket that lingers is closed by a thread of its own, so that nobody waits. */
  release(fd: number): number;
  dup3(from: number, to: number, flags: number): number;
  fcntl(fd: number, command: number, argument: number): number;
  openat(dir: number, path: ByteString, flags: number, mode: number): number;
  /** open_how{flags, mode, resolve} */
  openat2(dir: number, path: ByteString, flags: number, mode: number, resolve: number): number;
  /** `out` is the kernel's struct statx: 256 bytes, the same everywhere. */
  statx(dir: number, path: ByteString, flags: number, mask: number, out: Bytes): number;
  /** `out`: eleven 64-bit words type bsize blocks bfree bavail files ffree fsid namelen frsize flags. */
  statfs(path: ByteString, out: BigUint64Array): number;
  faccessat(dir: number, path: ByteString, mode: number, flags: number): number;
  readlinkat(dir: number, path: ByteString, out: Bytes, size: number): number;
  mkdirat(dir: number, path: ByteString, mode: number): number;
  mknodat(dir: number, path: ByteString, mode: number, device: number): number;
  unlinkat(dir: number, path: ByteString, flags: number): number;
  symlinkat(target: ByteString, dir: number, path: ByteString): number;
  linkat(fromDir: number, from: ByteString, toDir: number, to: ByteString, flags: number): number;
  renameat2(fromDir: number, from: ByteString, toDir: number, to: ByteString, flags: number): number;
  fchmodat(dir: number, path: ByteString, mode: number, flags: number): number;
  fchownat(dir: number, path: ByteString, uid: number, gid: number, flags: number): number;
  /** `times`: atime seconds, nanoseconds, mtime seconds, nanoseconds (UTIME_NOW, UTIME_OMIT too); null for now. */
  utimesat(dir: number, path: ByteString, times: BigInt64Array | null, flags: number): number;
  truncate(path: ByteString, size: number): number;
  ftruncate(fd: number, size: number): number;
  getxattr(path: ByteString, name: ByteString, out: Bytes | null, size: number): number;
  fgetxattr(fd: number, name: ByteString, out: Bytes | null, size: number): number;
  listxattr(path: ByteString, out: Bytes | null, size: number): number;
  setxattr(path: ByteString, name: ByteString, value: Bytes, size: number, flags: number): number;
  removexattr(path: ByteString, name: ByteString): number;
  /** Fills with struct linux_dirent64. */
  getdents64(fd: number, out: Bytes, size: number): number;
  lseek(fd: number, offset: number, whence: number): number;
  /** lseek by the two words of a 64-bit offset; `out` is the new position: 8 bytes. 0, or a negative errno. */
  llseek(fd: number, high: number, low: number, whence: number, out: Bytes): number;
  read(fd: number, out: Bytes, size: number): number;
  write(fd: number, from: Bytes, size: number): number;
  pread(fd: number, out: Bytes, size: number, offset: number): number;
  pwrite(fd: number, from: Bytes, size: number, offset: number): number;
  umask(mask: number): number;
  /** `out`: seconds, nanoseconds. */
  clockGettime(clock: number, out: BigInt64Array): number;
  clockGetres(clock: number, out: BigInt64Array): number;
  /** clock_adjtime(2) that changes nothing: the clock's state. `out`: struct __kernel_timex, 208 bytes. */
  clockAdjustment(clock: number, out: Uint8Array): number;
  /** `out`: six strings of 65 bytes. */
  uname(out: Uint8Array): number;
  /** prlimit64: soft and hard limit; `pid` 0 is the helper. */
  prlimit(pid: number, resource: number, set: BigUint64Array | null, out: BigUint64Array | null): number;
  socketpair(type: number, out: Int32Array): number;
  /** The socket's own name, or with `peer` 1 its peer's: the length of the address; `out` takes 128 bytes. */
  socketName(fd: number, peer: 0 | 1, out: Uint8Array): number;
  /** SO_RCVTIMEO, with `send` 1 SO_SNDTIMEO: microseconds, 0 for ever. */
  socketTimeout(fd: number, send: 0 | 1): number;
  /** The value of an option that is an int and not negative. */
  socketOption(fd: number, level: number, option: number): number;
  /** tee(2) with SPLICE_F_NONBLOCK. */
  tee(from: number, to: number, size: number): number;
  pipe2(flags: number, out: Int32Array): number;
  memfdCreate(name: ByteString, flags: number): number;
  shmOpen(name: ByteString, flags: number, mode: number): number;
  shmUnlink(name: ByteString): number;
  fchmod(fd: number, mode: number): number;
  eventfd(initial: number, flags: number): number;
  /** The ready events, 0 when there are none within the milliseconds. */
  poll(fd: number, events: number, milliseconds: number): number;
  /** `thread` 1: PIDFD_THREAD (Linux 6.9), -EINVAL before. */
  pidfdOpen(pid: number, thread: 0 | 1): number;
  pidfdGetfd(pidfd: number, fd: number): number;
  /** kcmp(2): 0 when a process's descriptor and one of our own are the same open file; positive when they are not. */
  compareFile(pid: number, fd: number, own: number): number;
  pidfdKill(pidfd: number, signal: number): number;
  kill(pid: number, signal: number): number;
  /** 1 when the child ended: out[0] is its exit code, or minus the signal. 0 while it runs. */
  waitChild(pid: number, out: Int32Array): number;
  /** The signal by which the child stands still since it was asked last; 0 when it does not. */
  stoppedBy(pid: number): number;
  /** process_vm_readv: bytes read, less than `size` when memory ends. */
  vmRead(pid: number, address: number, out: Bytes, size: number): number;
  /** process_vm_writev: fails with -EFAULT where the process itself could not write. */
  vmWrite(pid: number, address: number, from: Bytes, size: number): number;
  /** Length without the NUL; -EFAULT; -ENAMETOOLONG when no NUL stands in `size` bytes. */
  vmReadString(pid: number, address: number, out: Bytes, size: number): number;
  /**
   * SHM_STAT_ANY: what has the index of this id, and its own id. `out`: eight words key, creator's uid and gid, mode,
   * creator's pid (shm), number of semaphores (sem), low and high word of the size (shm).
   */
  shmStat(id: number, out: Uint32Array): number;
  semStat(id: number, out: Uint32Array): number;
  msgStat(id: number, out: Uint32Array): number;
  /** The address at which the helper has the segment now. */
  shmat(id: number, flags: number): number;
  shmdt(address: number): number;
  mprotect(address: number, size: number, protection: number): number;
  /** The shared mapping of a descriptor from an offset on, whole pages, or a negative errno. */
  map(fd: number, size: number, offset: number): ArrayBuffer | number;
  /** Ends such a mapping; the buffer is empty then. */
  unmap(mapped: ArrayBuffer): void;
  /** Wakes all waiters on the word at the start of the bytes. */
  futexWake(word: Bytes): number;
  /** out[0] and out[1]: high and low word of the descriptor's offset. */
  offsetOf(fd: number, out: Uint32Array): number;
  /**
   * Changes what the calling thread may do (src/native/credentials.ts). `words`: uid and gid for files, low and high word
   * of the effective capabilities. `groups`: `count` of them; null leaves them.
   */
  assume(words: Uint32Array, groups: Uint32Array | null, count: number): number;
  /** A timerfd of CLOCK_MONOTONIC. */
  timerCreate(): number;
  /** It becomes readable after so many nanoseconds, with 0 never; until then it is not readable. */
  timerSet(timer: number, nanoseconds: number): number;
  epollCreate(): number;
  epollAdd(epoll: number, fd: number, tag: number): number;
  /** Watches for events of poll(2). -EEXIST for what is watched already, unless `change` is 1: then its events change. */
  epollWatch(epoll: number, fd: number, events: number, tag: number, change: 0 | 1): number;
  epollRemove(epoll: number, fd: number): number;
  /** Waits for one ready descriptor: event[0] its tag, event[1] its events. 1, or 0 after the time; -1 ms is for ever. */
  step(epoll: number, milliseconds: number, event: Uint32Array): number;
  /** One message; its whole length, also when it was cut; 0 at the end or for an empty one. `flags`: MSG_DONTWAIT 0x40. */
  receive(fd: number, out: Bytes, size: number, flags: number): number;
  send(fd: number, from: Bytes, size: number, flags: number): number;
  /** A message of `size` bytes with `count` descriptors (1 to 8), without waiting. */
  sendDescriptors(fd: number, from: Bytes, size: number, descriptors: Int32Array, count: number): number;
  /** A SOCK_SEQPACKET socket that listens at an abstract name (unix(7)). */
  listenAt(name: string): number;
  /** A connection, or -EAGAIN when there is none; non-blocking. */
  accept(fd: number): number;
  /** SO_PEERCRED: the pid of the process that connected. */
  peerPid(fd: number): number;
  /** 1: this thread's rdtsc faults, which spares the switch of the control register towards strict threads. */
  setTscFault(on: 0 | 1): number;
  /** _exit(2): at once, and without Node's restoring of terminal modes, which are the program's to leave. */
  exit(status: number): never;
  /** Low and high word of the time-stamp counter. */
  timeStamp(out: Uint32Array): number;
  /**
   * Starts the image in a child: argv and envp as given, default signals but the ignored ones (two words), and of the
   * descriptors only 0, 1, 2 and the second of each pair; its soft limit of open files is the hard one. The child's pid, or the errno of fork or exec.
   */
  launch(image: number, argv: ByteString[], envp: ByteString[], descriptors: Int32Array, ignored: Uint32Array): number;
}

const artifact = (name: string): string => fileURLToPath(new URL(`../../build/Release/${name}`, import.meta.url));

/** Where the build put the 32-bit artifacts. */
export const artifacts = { loader: artifact('loader'), trustee: artifact('trustee.bin') };

export const native = createRequire(import.meta.url)(artifact('nurse.node')) as Native;
