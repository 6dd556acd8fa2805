/**
 * A system call is one row: number, arguments in register order, mechanism. Copying, pointer checks, questions,
 * tracing and the mechanism follow from the row (src/referee/marshal.ts).
 */
import type { ByteString } from '../abi/bytes.js';
import type { Struct } from '../abi/ctype.js';
import type { ErrnoName } from '../abi/errno.js';
import type { GuestMemory } from '../memory/guest.js';
import type { Credentials } from '../native/credentials.js';
import type { Access, Question } from '../questions.js';
import { NUMBERS, type SyscallName } from '../abi/numbers.js';
import type { IpcGrants } from './support-ipc.js';
import type { ThreadTimers } from './support-timers.js';

// ---- what a row's code sees of a call ----

/** A path resolved race-free: the canonical names, and a directory to act in by a single component. */
export interface Resolved {
  /** Canonical path as the program knows it; this is what policy judges. */
  readonly guest: ByteString;
  /** Canonical path on the host. */
  readonly host: ByteString;
  /** Helper's O_PATH descriptor of the host directory that holds `name`; closed by the referee when the call is over. */
  readonly dir: number;
  /** The last component within `dir`, never a symlink unless the row does not follow it; '.' for a root. */
  readonly name: ByteString;
  readonly exists: boolean;
  /** S_IFMT bits of what is there, 0 when nothing is. */
  readonly type: number;
  /** Set when the path led through /proc/self/fd/N and its like to an object that is open in a process of the sandbox. */
  readonly descriptor?: number;
  /** What readlink(2) answers where the host's link says something else: /proc/self/exe, /proc/self/fd/N. */
  readonly text?: ByteString;
  /** Makes what the program gets to read for a file of procfs; it gives nothing when what it speaks of is gone. */
  readonly contents?: () => Uint8Array | undefined;
  /** 'sysroot': found in the tree of --sysroot, which is never written (EROFS). */
  readonly layer?: 'sysroot' | 'host';
  /** O_PATH descriptor of the object itself, a symlink's own included; absent when nothing is there. */
  readonly object?: number;
  /** The path, or the symlink that its last name came from, ended with a slash. */
  readonly trailingSlash?: boolean;
  /** The path ended with one of these: `name` is '.', `dir` the directory itself. */
  readonly dots?: '.' | '..';
  /** A directory that the view is made of lies below: not to be renamed or removed (EBUSY). */
  readonly busy?: boolean;
  /** Behind a descriptor, without a name in the guest: `guest` is no path then ("pipe:[7]", "deleted:/tmp/x"). */
  readonly anonymous?: boolean;
  /** Behind a descriptor, by an empty path or through /proc. */
  readonly held?: boolean;
}

/** One system call that the trustee makes: number and up to six arguments. */
export type Order = readonly [nr: number, ...args: number[]];

/**
 * What an odd call yields in place of an order when its thread has to wait: in the helper, which serves all others
 * meanwhile. Resumed with 0 when it is worth to look again, with -ETIMEDOUT at `until`, with -EINTR when a signal came.
 */
export interface Wait {
  /** Descriptors of the helper and the events of poll(2) that end the wait. */
  readonly fds?: readonly { readonly fd: number; readonly events: number }[];
  /** Milliseconds of CLOCK_MONOTONIC (performance.now()); left out, for ever. */
  readonly until?: number;
  /** What ends the wait cannot be seen: look again after so many milliseconds. */
  readonly again?: number;
  /** Did a process of the sandbox end since it was looked? Then the wait ends too: one that has not begun yet misses none. */
  readonly processes?: () => boolean;
  /** For what a program cannot see waiting: no signal ends it. */
  readonly deaf?: boolean;
}
export const isWait = (step: Order | Wait | TemporaryMask): step is Wait => !Array.isArray(step) && !('mask' in step);

/** The request at hand, as rows see it. `r` are the six argument registers, unsigned. */
export interface Call {
  readonly nr: number;
  readonly r: Uint32Array;
  /** The sub-call's name, where socketcall(2) or ipc(2) carries the call: some of its forms differ then (multiplexed.ts). */
  readonly carried?: string;
  readonly memory: GuestMemory;
  readonly process: ProcessView;
  readonly thread: ThreadView;
  /** The resolved path of argument i (a path() argument). */
  path(i: number): Resolved;
  /** The bytes of argument i (a string(), bytesIn() or structIn() argument), as they were read once. */
  bytes(i: number): Uint8Array;
  /** Writes to the program: 0, or -EFAULT. */
  put(address: number, bytes: Uint8Array): number;
  /** Encodes a struct to the program: 0, or -EFAULT. */
  putStruct(address: number, struct: Struct, values: Record<string, number | bigint | Uint8Array>): number;
  /** Copies bytes into the thread's arena, which the trustee reads: their address there. Throws when it is full. */
  arena(bytes: Uint8Array): number;
  /** Gives back the arena: what orders needed it for is over, and so are the copies of arguments. */
  forgetArena(): void;
  /** Reads size bytes of the program once: the bytes, or -EFAULT. */
  get(address: number, size: number): Uint8Array | number;
  getString(address: number, max: number): ByteString | number;
  /** Resolves a path of the program: Resolved, or a negative errno. dir is AT_FDCWD (-100) or a descriptor. */
  resolve(dir: number, path: ByteString, options: ResolveOptions): Resolved | number;
  /** Asks the policy; 0, or a negative errno (and a log line that names the rule). */
  ask(question: Question): number;
  /** Asks whether descriptors may be sent over a unix socket: 0, or a negative errno. */
  askToPass(): number;
  /** -EBADF when the number is reserved, otherwise 0. */
  checkFd(fd: number): number;
  /** -EFAULT when the range meets protected memory, otherwise 0. */
  checkRange(address: number, length: number): number;
  /**
   * The word that changes, with a wake, when the call is cancelled: an order that sleeps waits on it too, for the value
   * that it had as the call began. `cancelled`: it has changed.
   */
  readonly cancelWord: { readonly address: number; readonly value: number };
  readonly cancelled: boolean;
  /** A duplicate, in the helper, of the program's descriptor: what it is now. Negative errno. The referee closes it. */
  pin(fd: number): number;
  /** Reserved numbers for what trustees are about to act on. */
  readonly targets: TargetsView;
  /** A duplicate, in the helper, of what the trustee holds there. Negative errno. The referee closes it. */
  pinTarget(target: number): number;
  /** Is the program's descriptor still what was pinned? */
  isStill(fd: number, pin: number): boolean;
  /** The reserved descriptors: from ≤ n < to. */
  readonly reserved: { readonly from: number; readonly to: number };
  /** Path of the working directory as the program is told it, or a negative errno. */
  cwd(): ByteString | number;
  /** May what is named `from` be named `to`? A negative errno when that grants more; for a directory below it too. */
  relabel(from: Resolved, to: Resolved, directory: boolean): number;
  /** Guest path of what a helper's descriptor refers to; a negative errno where it has none (pipe:, deleted). */
  guestPath(fd: number): ByteString | number;
  /** Is it the id of a process group inside the sandbox? */
  ownsGroup(group: number): boolean;
  /** The helper's descriptor of the host's part of a directory of the sysroot: names are made there. undefined: it has none. */
  hostPart(where: Resolved): number | undefined;
  /** What the host's part of a directory adds behind the end of the descriptor's own (pinned as `pin`): struct linux_dirent64, at most room bytes. */
  furtherEntries(fd: number, pin: number, room: number): Uint8Array | number;
  /** A descriptor's own entries (pinned as `pin`), without what is not the program's to see. */
  ownEntries(fd: number, pin: number, entries: Uint8Array): Uint8Array;
  /**
   * A range became executable and may be a private image: its `int $0x80` sites are patched before the reply. fd is the
   * descriptor that was mapped and offset the bytes into it, or -1 and 0 when mprotect did it: what is mapped there counts.
   */
  patch(address: number, length: number, fd: number, offset: number): void;
  log(level: 'info' | 'warn', message: string): void;
}

/** No call of the program can put something else at these numbers. They lie above the limit of open files. */
export interface TargetsView {
  /** A number for one thread alone, until it is given back; a negative errno when there is none. */
  take(): number;
  giveBack(target: number): void;
  /** The limit (struct rlimit64) under which the trustee can make a descriptor there. */
  raise(): Uint8Array;
  /** The limit to be set behind that, as it was; undefined while another thread needs it. */
  restore(): Uint8Array | undefined;
}

export interface ResolveOptions {
  /** Follow a symlink in the last component. */
  readonly follow: boolean;
  /** AT_EMPTY_PATH: an empty path means `dir` itself. */
  readonly empty?: boolean;
  /** The last component is to be made: a trailing slash or a missing directory is an error as mkdir(2), open(2) have it. */
  readonly make?: boolean;
  /** The call removes or renames the name itself: a slash at the end does not follow a symlink. */
  readonly entry?: boolean;
  /** How openat2(2) may resolve it: bits of RESOLVE. */
  readonly resolve?: number;
}

/** Everything that runs in the sandbox. What is not in it does not exist for a program (ESRCH). */
export interface SandboxView {
  /** A process by its pid, a zombie that nobody waited for included. */
  process(pid: number): ProcessView | undefined;
  /** A thread by the id that its gettid answers. */
  thread(tid: number): ThreadView | undefined;
  readonly processes: Iterable<ProcessView>;
  /** How many processes have ended. */
  readonly ends: number;
}

export interface ProcessView {
  readonly sandbox: SandboxView;
  /** The threads that the program has: those that ended are not among them. */
  readonly living: Iterable<ThreadView>;
  /** The program's pid (the leader's, a trustee). */
  readonly pid: number;
  /** The helper's pidfd of it. */
  readonly pidfd: number;
  /** It or its program comes into being: descriptors of the sandbox are on their way to its reserved numbers. */
  readonly unborn: boolean;
  /** Its process group and session now; 0 once it is gone, or where they are outside of our pid namespace. */
  readonly group: number;
  readonly session: number;
  /** Its reserved descriptors: from ≤ n < to. */
  readonly reserved: { readonly from: number; readonly to: number };
  /** Its auxiliary vector as the program got it: pairs of words; empty before that. */
  readonly auxv: Uint32Array;
  /** Its parent's, as it is told: 1 for an orphan. The first process has the helper's own parent, as it would bare. */
  readonly parent: number;
  /** It is the helper's child, whose end is the sandbox's. */
  readonly isFirst: boolean;
  /** The process group that it began in, the helper's: it may go back there. 0 when that is outside of our pid namespace. */
  readonly firstGroup: number;
  umask: number;
  /** The helper's descriptor (O_PATH) of the directory that its absolute paths start from; -1: the guest's root. */
  readonly root: number;
  /** Takes over a descriptor to be its root. */
  enterRoot(fd: number): void;
  /** The hard limit of open files that the program set, where the kernel's is higher for the sandbox's own. */
  hardOpenFiles: bigint | null;
  /** The end of the heap, once it is known: only brk(2) moves it. */
  break?: number;
  /** What it does with each signal. */
  readonly signals: SignalsView;
  /** The signals for which the kernel has a handler. */
  caught(): bigint;
  /** Guest path of the program file, for /proc/self/exe. */
  readonly exe: ByteString;
  /** The System V objects that its calls got. */
  readonly ipc: IpcGrants;
  /** Its timers that signal one thread. */
  readonly timers: ThreadTimers;
  /** The first of the GDT entries that programs may use: 12 on a 64-bit kernel, 6 on an i386 one. */
  readonly firstTls: number;
}

/** What is done with a signal, as rt_sigaction(2) has it. */
export interface Action {
  readonly handler: number;
  readonly flags: number;
  readonly restorer: number;
  readonly mask: bigint;
}
/** A process's signal dispositions, as its threads' hooks read them. */
export interface SignalsView {
  of(signal: number): Action;
  /** Shows the hooks a new one. */
  set(signal: number, action: Action): void;
  /** struct sigaction of the kernel's for it: the hook's handler, or default or ignored. */
  kernelAction(signal: number, action: Action): Uint8Array;
  /** Signals without a handler for which the kernel has the hook's, because sigtimedwait(2) waited for them. */
  readonly awaited: Set<number>;
}

/** A signal that the hook keeps until the call ends. */
export interface Arrived {
  readonly signal: number;
  readonly info: Uint8Array;
}

export interface ThreadView {
  readonly process: ProcessView;
  readonly slot: number;
  /** What gettid answers: the id of the thread's trustee, which is the pid for the main one. */
  readonly tid: number;
  /** The untrustee's own id, which the program never sees; 0 while there is none. */
  readonly hostTid: number;
  /** The signal mask, as the program sees it. */
  readonly mask: bigint;
  /** The signals that wait for it, its own and the process's. */
  pending(): bigint;
  /** The signal that came during the request at hand, and its siginfo. */
  readonly arrived: Arrived | null;
  /** It starts anew just now: what is sent to it is sent to its next untrustee. */
  readonly startsAnew: boolean;
  owe(signal: Arrived): void;
  /** Recorded, not applied: CLEARTID and robust-list addresses. */
  clearTid: number;
  robustList: number;
  /** Stack pointer at the call at hand. */
  readonly stack: number;
  /** Start and length of what is unmapped when it is gone: its own stack. */
  leaves: readonly [start: number, length: number] | null;
  /** Who it is to the kernel: its trustee and its untrustee both. */
  credentials: Credentials;
  /** The program's struct user_desc by TLS entry: 0 and 2 (1 is the hook's key); undefined is an empty one. */
  readonly tls: Uint8Array[];
}

// ---- argument kinds ----

/** in: the kernel reads it. out: it is written. inout: both. */
export type Way = 'in' | 'out' | 'inout';

export type Kind =
  | {
      readonly kind: 'value';
      readonly show: 'int' | 'uint' | 'hex' | 'octal' | 'pid' | 'signal' | 'address' | 'low' | 'high' | 'page';
      readonly flags?: Flags;
    }
  | { readonly kind: 'fd'; readonly dir: boolean }
  | {
      readonly kind: 'path';
      readonly at?: string;
      readonly access: PathAccess;
      readonly follow: boolean | ((r: Uint32Array) => boolean);
      readonly empty?: (r: Uint32Array) => boolean;
      readonly make?: boolean;
      readonly entry?: boolean;
      /** Looked up with the real ids, as access(2) does, and not with those that files are opened with. */
      readonly real?: (r: Uint32Array) => boolean;
    }
  | { readonly kind: 'string'; readonly max: number; readonly tooLong: ErrnoName }
  | {
      readonly kind: 'bytes';
      readonly way: 'in' | 'out';
      readonly copy: boolean;
      readonly length: string | number;
      readonly of?: number;
      readonly max?: number;
      readonly show: 'data' | 'text' | 'entries' | 'bits';
    }
  | {
      readonly kind: 'struct';
      readonly way: Way;
      readonly struct: Struct;
      readonly optional: boolean;
    }
  | { readonly kind: 'structs'; readonly way: Way; readonly struct: Struct; readonly count: string | number }
  | {
      readonly kind: 'words';
      readonly way: Way;
      readonly of: 'int' | 'uint' | 'fd' | 'hex' | 'ushort' | 'id64';
      readonly count: string | number;
      readonly most?: number;
    }
  | { readonly kind: 'iovec'; readonly way: 'in' | 'out'; readonly count: string }
  | { readonly kind: 'sockaddr'; readonly way: 'in' | 'out'; readonly length: string }
  | { readonly kind: 'message'; readonly way: 'in' | 'out'; readonly count?: string }
  | { readonly kind: 'fdset'; readonly count: string }
  | { readonly kind: 'sigset'; readonly way: 'in' | 'out'; readonly size: string | number }
  | { readonly kind: 'choice'; readonly on: string; readonly of: (r: Uint32Array) => Kind }
  | { readonly kind: 'absent' };

/** Which accesses a path argument asks, from the registers and what is there. */
export type PathAccess = Access | ((r: Uint32Array, path: Resolved) => readonly Access[]);

/** Bits (or, with `mask`, the values below it) by name, for traces and checks. */
export interface Flags {
  readonly name: string;
  readonly values: Readonly<Record<string, number>>;
  /** Bits of a field that holds one value out of several, such as O_ACCMODE. */
  readonly field?: number;
}

export const int = (): Kind => ({ kind: 'value', show: 'int' });
export const uint = (): Kind => ({ kind: 'value', show: 'uint' });
export const size = uint;
export const hex = (): Kind => ({ kind: 'value', show: 'hex' });
export const mode = (): Kind => ({ kind: 'value', show: 'octal' });
export const pid = (): Kind => ({ kind: 'value', show: 'pid' });
export const signal = (): Kind => ({ kind: 'value', show: 'signal' });
/** A user's or group's id; -1 leaves it as it is. */
export const id = int;
/** An address that is a value to the call (mmap's hint): not followed, not checked here. */
export const address = (): Kind => ({ kind: 'value', show: 'address' });
/** The halves of a 64-bit value in neighbouring registers. */
export const low = (): Kind => ({ kind: 'value', show: 'low' });
export const high = (): Kind => ({ kind: 'value', show: 'high' });
/** A file offset in pages. */
export const page = (): Kind => ({ kind: 'value', show: 'page' });
export const flags = (table: Flags): Kind => ({ kind: 'value', show: 'hex', flags: table });
/** A descriptor; a reserved one is EBADF. */
export const fd = (): Kind => ({ kind: 'fd', dir: false });
/** A directory descriptor or AT_FDCWD, named by a path argument's `at`. */
export const dirfd = (): Kind => ({ kind: 'fd', dir: true });
/** A path: read once, resolved, asked. Answered rows act on call.path(i); delegated ones get its host path in the arena. */
export const path = (
  access: PathAccess,
  options: {
    at?: string;
    follow?: boolean | ((r: Uint32Array) => boolean);
    empty?: (r: Uint32Array) => boolean;
    make?: boolean;
    entry?: boolean;
    real?: (r: Uint32Array) => boolean;
  } = {},
): Kind => ({ kind: 'path', access, ...options, follow: options.follow ?? true });
/** A NUL-terminated string that is no path, of at most max bytes with the NUL, read once into the arena. */
export const string = (max = 4096, tooLong: ErrnoName = 'ENAMETOOLONG'): Kind => ({ kind: 'string', max, tooLong });
/** Memory the kernel only reads: its range is checked, it is not copied. `length`: an argument's name, or bytes. */
export const bytesIn = (length: string | number): Kind => ({
  kind: 'bytes',
  way: 'in',
  copy: false,
  length,
  show: 'data',
});
/** Memory the kernel or the helper writes: checked. `of`: size of one element, when `length` counts elements. */
export const bytesOut = (length: string | number, of = 1): Kind => ({
  kind: 'bytes',
  way: 'out',
  copy: false,
  length,
  of,
  show: 'data',
});
/** The same, for struct linux_dirent and linux_dirent64. */
export const entriesOut = (length: string): Kind => ({
  kind: 'bytes',
  way: 'out',
  copy: false,
  length,
  show: 'entries',
});
/** Memory to which the call writes a string with its NUL. */
export const textOut = (length: string): Kind => ({ kind: 'bytes', way: 'out', copy: false, length, show: 'text' });
/** A set of so many bytes, such as one of processors; the kernel writes no more than `max`, however many are said to be there. */
export const bitsOut = (length: string, max: number): Kind => ({
  kind: 'bytes',
  way: 'out',
  copy: false,
  length,
  max,
  show: 'bits',
});
/** Memory that is looked at: read once into the arena (call.bytes(i)), at most `max` bytes, more is EINVAL. Null stays null. */
export const copyIn = (length: string | number, max: number, of = 1): Kind => ({
  kind: 'bytes',
  way: 'in',
  copy: true,
  length,
  max,
  of,
  show: 'data',
});
export const structIn = (s: Struct, optional = false): Kind => ({ kind: 'struct', way: 'in', struct: s, optional });
export const structOut = (s: Struct, optional = false): Kind => ({ kind: 'struct', way: 'out', struct: s, optional });
/** The kernel reads and writes it: its range is checked, it stays where it is. */
export const structInOut = (s: Struct, optional = false): Kind => ({
  kind: 'struct',
  way: 'inout',
  struct: s,
  optional,
});
/** An array of structs; `count`: an argument's name, or a number. Its range is checked, it stays where it is. */
export const structs = (way: Way, s: Struct, count: string | number): Kind => ({
  kind: 'structs',
  way,
  struct: s,
  count,
});
/**
 * One or several plain numbers in memory: their range is checked, they stay where they are. Null stays null. The kernel
 * writes no more than `most`, however many the program says that it takes.
 */
export const words = (
  way: Way,
  of: 'int' | 'uint' | 'fd' | 'hex' | 'ushort' | 'id64' = 'int',
  count: string | number = 1,
  most?: number,
): Kind => ({ kind: 'words', way, of, count, most });
/** struct iovec array: copied to the arena, every element checked against protected memory; more than 1024 is EINVAL. */
export const iovecIn = (count: string): Kind => ({ kind: 'iovec', way: 'in', count });
export const iovecOut = (count: string): Kind => ({ kind: 'iovec', way: 'out', count });

/** Bytes that a pointer of this kind leads to, as far as the kind alone tells; 0 for a value. */
export function sizeOf(kind: Kind): number {
  switch (kind.kind) {
    case 'struct':
      return kind.struct.size;
    case 'structs':
      return typeof kind.count === 'number' ? kind.count * kind.struct.size : 0;
    case 'words':
      return typeof kind.count === 'number' ? kind.count * WORD_SIZE[kind.of] : 0;
    case 'bytes':
      return typeof kind.length === 'number' ? kind.length * (kind.of ?? 1) : 0;
    default:
      return 0;
  }
}
export const WORD_SIZE = { int: 4, uint: 4, fd: 4, hex: 4, ushort: 2, id64: 8 } as const;

// What only odd rows have: their code reads and checks it. These kinds say what it is, for traces and documents.

/** struct sockaddr. `length`: its length for `in`, for `out` the address of its length. */
export const sockaddr = (way: 'in' | 'out', length: string): Kind => ({ kind: 'sockaddr', way, length });
/** struct msghdr, or `count` struct mmsghdr. */
export const message = (way: 'in' | 'out', count?: string): Kind => ({ kind: 'message', way, count });
/** fd_set of select(2), of which `count` bits matter; read and written. */
export const fdset = (count: string): Kind => ({ kind: 'fdset', count });
/** A signal mask of so many bytes. */
export const sigset = (way: 'in' | 'out', size: string | number): Kind => ({ kind: 'sigset', way, size });
/** What it is depends on other registers: on argument `on`, in words for documents. */
export const choice = (on: string, of: (r: Uint32Array) => Kind): Kind => ({ kind: 'choice', on, of });
/** Not looked at by the kernel in this case. */
export const absent: Kind = { kind: 'absent' };

// ---- rows ----

export type Args = Readonly<Record<string, Kind>>;
export type Returns = 'int' | 'fd' | 'count' | 'address' | 'mode' | 'void';
/** The kernel's mask for the rest of the call, which the hook sets: 0 comes back at once. */
export interface TemporaryMask {
  readonly mask: bigint;
  /** The signal that came is dropped before. */
  readonly forget?: boolean;
}
/** What an odd call's code yields: an order for the trustee, a wait, a mask; it is resumed with the result. */
export type Steps = Generator<Order | Wait | TemporaryMask, number | Outcome, number>;
/** Steps whose end is a plain result. */
export type Doing = Generator<Order | Wait, number, number>;
/** A new thread or process that was asked for, with flags that are allowed. */
export interface Birth {
  /** `thread`: of this process. `process`: with a copy of the memory. `sharing`: a process in this memory, until it executes a program. */
  readonly kind: 'thread' | 'process' | 'sharing';
  /** The caller waits until the child has memory of its own. */
  readonly held: boolean;
  readonly exitSignal: number;
  /** 0: the caller's. */
  readonly stack: number;
  /** Addresses to which the id is written, and where it is cleared at the end; 0 for none. */
  readonly parentTid: number;
  readonly childTid: number;
  readonly clearTid: number;
  /** Where the number of a pidfd is put; 0 for none. */
  readonly pidfd: number;
  /** struct user_desc of the new thread's TLS. */
  readonly tls: Uint8Array | null;
}
/** A program that was asked for. */
export interface Execution {
  /** AT_FDCWD or a descriptor. */
  readonly dir: number;
  readonly path: ByteString;
  /** AT_EMPTY_PATH and AT_SYMLINK_NOFOLLOW of execveat(2). */
  readonly flags: number;
  /** Addresses of the vectors. */
  readonly argv: number;
  readonly envp: number;
}
/**
 * What ends a call without a plain value. `silent`: there is nobody to answer. `respawn`: the thread starts anew behind the call
 * with the result a. `taken`: the signal that came is the call's own, no handler gets it. `unless`: the call ends so if no signal
 * came that is not known yet; otherwise as `arrived` says.
 */
export type Outcome =
  | { readonly outcome: 'silent' }
  | { readonly outcome: 'native' }
  | { readonly outcome: 'taken'; readonly result: number }
  | { readonly outcome: 'unless'; readonly result: number; readonly arrived: (signal: Arrived) => number | Outcome }
  | { readonly outcome: 'exit'; readonly status: number }
  | { readonly outcome: 'respawn'; readonly result: number }
  | { readonly outcome: 'birth'; readonly birth: Birth }
  | { readonly outcome: 'execution'; readonly execution: Execution }
  | { readonly outcome: 'pledge'; readonly promises: ByteString | null; readonly exec: ByteString | null }
  | { readonly outcome: 'unveil'; readonly veil: { readonly path: ByteString; readonly permissions: string } | null };

interface Common {
  readonly nr: number;
  readonly args: readonly (readonly [name: string, kind: Kind])[];
  readonly returns: Returns;
  /** The multiplexed forms that lead here: socketcall and ipc sub-calls. */
  readonly via?: Via;
  /** Somebody is born of the call, or its thread starts anew, with the FPU as it is then: the hook keeps it before it asks. */
  readonly keepsFpu?: boolean;
}
export interface Via {
  readonly socketcall?: number;
  readonly ipc?: number;
}
/** A result that stays while process and thread are who they are. */
export type Constant = (process: ProcessView, thread: ThreadView) => number;
/** What the kernel refuses by the registers alone, before it looks at memory or paths: a negative errno, or 0. */
export type Refuses = (r: Uint32Array) => number;
export type Row =
  | (Common & { readonly by: 'native' })
  | (Common & {
      readonly by: 'delegated';
      readonly done?: (call: Call, result: number) => number;
      readonly waits?: (call: Call) => Steps;
    })
  | (Common & {
      readonly by: 'answered';
      readonly answer: (call: Call) => number;
      readonly constant?: Constant;
      readonly refuses?: Refuses;
    })
  | (Common & { readonly by: 'odd'; readonly steps: (call: Call) => Steps | Outcome | number })
  | (Common & { readonly by: 'denied'; readonly errno: ErrnoName; readonly why: string });

export interface RowOptions {
  readonly returns?: Returns;
  readonly via?: Via;
  readonly keepsFpu?: boolean;
}

const common = (nr: number, args: Args, options: RowOptions): Common => ({
  nr,
  args: Object.entries(args),
  returns: options.returns ?? 'int',
  via: options.via,
  keepsFpu: options.keepsFpu,
});

/** The untrustee makes it itself, below number 256 without asking: read, write. */
export const nativeCall = (nr: number, args: Args, options: RowOptions = {}): Row => ({
  ...common(nr, args, options),
  by: 'native',
});
/**
 * The trustee makes it, with copied arguments. `done` keeps books with the result and may change it. `waits`: it can
 * block, so that it is made in these steps, with the arguments as they were copied.
 */
export const delegated = (
  nr: number,
  args: Args,
  options: RowOptions & { done?: (call: Call, result: number) => number; waits?: (call: Call) => Steps } = {},
): Row => ({ ...common(nr, args, options), by: 'delegated', done: options.done, waits: options.waits });
/** The helper knows the result, or finds it. Returns what the call returns: negative errno on failure. */
export const answered = (
  nr: number,
  args: Args,
  answer: (call: Call) => number,
  options: RowOptions & { readonly refuses?: Refuses } = {},
): Row => ({ ...common(nr, args, options), by: 'answered', answer, refuses: options.refuses });
/** Answered with what does not change: below number 256 the hook gives it by itself (src/trustee/actions.ts). */
export const constant = (nr: number, value: Constant): Row => ({
  ...common(nr, {}, {}),
  by: 'answered',
  answer: (call) => value(call.process, call.thread),
  constant: value,
});
/** Refused always, with the reason that docs and log give. */
export const denied = (nr: number, errno: ErrnoName, why: string, via?: Via): Row => ({
  ...common(nr, {}, { via }),
  by: 'denied',
  errno,
  why,
});
/** Several orders, or none (a number is the result), decided by code of its own: mmap, openat, set_thread_area, clone … */
export const odd = (
  nr: number,
  args: Args,
  steps: (call: Call) => Steps | Outcome | number,
  options: RowOptions = {},
): Row => ({
  ...common(nr, args, options),
  by: 'odd',
  steps,
});

/** A family of rows by name. The name must be the kernel's for the number. */
export type Family = Readonly<Partial<Record<SyscallName, Row>>>;
export const family = (rows: Family): Family => {
  for (const [name, row] of Object.entries(rows))
    if (row && NUMBERS[name as SyscallName] !== row.nr)
      throw new Error(`${name} is ${NUMBERS[name as SyscallName]}, not ${row.nr}`);
  return rows;
};
