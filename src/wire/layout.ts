/**
 * THE layout of what crosses between helper and sandboxed process: the slots of the shared memory (read-only in the
 * sandboxed process), the reserved descriptors and the messages. src/wire/gen.ts derives vdso-hook/wire.gen.h from
 * it; nothing states these numbers twice. Sizes and offsets are bytes, little endian, natural i386 alignment.
 */

/** One slot per thread: its first page is control, the rest the arena into which arguments are deep-copied. */
export const SLOT_SIZE = 0x10000;
export const ARENA = 0x1000;
/** Threads that a process may have, where the limit of open files has room for their descriptors; the least there are. */
export const SLOT_COUNT = 128;
export const SLOT_COUNT_LEAST = 16;
/** Bytes of a slot's landing stack, on which signals arrive; at its upper end the hook keeps the thread's STATE. */
export const LANDING_SIZE = 0x8000;
export const STATE_SIZE = 0x2000;

/** A frame is what the vDSO's landing pad pops (ebp, edx, ecx) and the address that it returns to. */
export const FRAME_SIZE = 16;
export const FRAME_EIP = 12;

/**
 * Each system call made by trusted code returns through its own frame. The order is that of the address table at the
 * start of the trustee's text; the names are its labels.
 */
export const FRAMES = [
  'waited', // trustee: futex wait for an order
  'called', // trustee: the ordered call
  'sought', // trustee: result published
  'hinted', // trustee: hint written
  'untrusteeStart', // where a new untrustee begins: the return of its clone
  'tls0', // untrustee start: three set_thread_area
  'tls1',
  'tls2',
  'altstack', // untrustee start: sigaltstack
  'confined', // untrustee start: prctl(PR_SET_SECCOMP, STRICT)
  'lifelineStart', // where the lifeline thread begins
  'lifelineRead', // lifeline: read returned
  'gone', // exit_group, never returns
  'trusteeStart', // where the trustee of a further thread or process begins: the return of its clone
] as const;
export type Frame = (typeof FRAMES)[number];

/** Offsets in a slot. Words unless said otherwise. */
export const SLOT = {
  /** Number of the newest order; the futex word that the trustee waits on. */
  order: 0x00,
  /** Offset among `calls` of the order's last one. */
  last: 0x04,
  /** Number of the newest order when a further trustee begins here. */
  done: 0x08,
  resultFd: 0x20,
  hintFd: 0x24,
  /** This slot's number: what the trustee writes as its hint. */
  index: 0x28,
  /** How the vDSO enters the kernel: one of FORM. */
  form: 0x2c,
  /** Where in the vDSO's entry to go on: behind its pushes and its move to ebp. */
  tail: 0x30,
  socketFd: 0x34,
  lifelineFd: 0x38,
  /** Raised, and woken, when the call at work is to end: what sleeps in the trustee waits on it as well. */
  cancel: 0x3c,
  /** struct sigaltstack of the untrustee, its landing stack: sp, flags, size. */
  altstack: 0x40,
  /** Three struct user_desc: the program's TLS, the hook's key (its base is this slot), the program's third. */
  tls: 0x50,
  /** Address of the thread's STATE. */
  state: 0x9c,
  /** Does a new untrustee begin with the FPU that its STATE holds (1), or with its initial state (0)? */
  fpuKept: 0xa0,
  /** The program's fs when a new untrustee starts. */
  fs: 0xa4,
  /** Where the program goes on when a new untrustee starts, and its signal mask: eight bytes. */
  resume: 0x80,
  mask: 0x84,
  /** Address of the STATE whose alternate stack a new untrustee takes over (its own: it is the same thread), or 0. */
  heritage: 0x8c,
  /** Address of the process's DISPOSITIONS. */
  dispositions: 0x90,
  /** XSAVE components that a signal frame holds and their size in bytes; 0 where the processor knows FXSAVE alone. */
  fpuFeatures: 0x94,
  fpuSize: 0x98,
  /** FRAMES, one after the other. */
  frames: 0x100,
  /** The i386 sigframe (arch/x86/include/asm/sigframe.h) whose sigreturn starts the untrustee: 732 bytes. */
  start: 0x200,
  /** What the hook does with each call of a number below ACTION_COUNT: one byte each, of ACTION. */
  actions: 0x500,
  /** CONSTANT_COUNT results that the hook gives by itself. */
  constants: 0x700,
  /** The calls of an order, BATCH at most, each eax ebx ecx edx esi edi ebp. The kernel finds argument six in the frame `called`: it is one for all. */
  calls: 0xe00,
  /** DISPOSITIONS of a process whose leader has this slot. */
  table: 0x800,
} as const;
export const CALL_SIZE = 28;
export const BATCH = 16;
export const USER_DESC_SIZE = 16;
export const TLS_COUNT = 3;

/**
 * The hook's key, the selector of the second TLS entry: first is 12 on x86-64, 6 on i386 (arch/x86/include/asm/segment.h).
 * What it is on one cannot be loaded on the other. `longModeCode`: cs in compatibility mode.
 */
export const KEY = { longModeCode: 0x23, longMode: 0x6b, legacy: 0x3b } as const;

/** Offset of struct sigcontext_32 in struct sigframe_ia32, and the size that sigreturn reads. */
export const SIGFRAME = { sc: 8, extramask: 8 + 88 + 624, size: 732 } as const;

/**
 * What the process does with each signal: a number that is odd while the helper writes, then from `actions` on one
 * entry for each signal from 1 on: handler, flags, restorer, low and high word of the mask.
 */
export const DISPOSITIONS = { sequence: 0, actions: 16, entry: 20, count: 64 } as const;

/** What the hook keeps of its thread, at the end of the landing stack. The thread can write it: it decides nothing for others. */
export const STATE = {
  /** One of CRITICAL. */
  critical: 0x00,
  /** Number of the newest request. */
  sequence: 0x04,
  /** The signal that waits in `stash` for the end of a request, or 0. All are blocked while there is one. */
  stashed: 0x08,
  /** Not 0 while the kernel has another mask than the program's, for one call. */
  temporary: 0x0c,
  /** The program's signal mask: eight bytes. The kernel's is the same without SIGILL and SIGSEGV. */
  mask: 0x10,
  /** What the mask was when the stashed signal came. */
  base: 0x18,
  /** The program's struct sigaltstack. */
  stack: 0x20,
  /** The stashed signal's siginfo: 128 bytes. */
  stash: 0x40,
  /** The processor's extended state as signal frames have it; its FXSAVE part is aligned to 64 bytes. */
  fpu: 0x110,
} as const;
/** Bytes of STATE's image of the FPU, `size` being those of its XSAVE part: struct _fpstate_32 with what is behind it. */
export const fpuImageSize = (size: number): number => (size === 0 ? FSAVE_SIZE + FXSAVE_SIZE : FSAVE_SIZE + size + 4);
const FSAVE_SIZE = 112;
const FXSAVE_SIZE = 512;
/** A signal that comes now … is handed on; is kept, and the referee is told; is kept. */
export const CRITICAL = { no: 0, request: 1, own: 2 } as const;

export const FORM = { int80: 0, sysenter: 1, syscall: 2 } as const;

/** Calls of higher numbers are asked for. */
export const ACTION_COUNT = 512;
export const CONSTANT_COUNT = 64;
/** Numbers rise: the hook tells three ranges apart by one comparison. */
export const ACTION = {
  /** Ask the referee. */
  ask: 0,
  /** The same, and keep the FPU in STATE before: for who is born of the call, or starts anew by it. */
  keep: 1,
  /** Make it natively, in strict mode. */
  native: 2,
  /** From here on: answer with the constant of this number, counted from here. */
  constant: 3,
} as const;

/** How the names of all doors begin: abstract addresses that no program may name, whatever the policy says. */
export const DOOR_PREFIX = 'seccomp-nurse-door-';

/**
 * Reserved descriptors, counted from the process's reserved base. lifeline, hint, trusteeText and loader are the same in
 * every process and survive an execve, for nothing but the loader is ever executed. From `targets` up to `threads` is
 * room for what trustees are about to act on. Slot i has socket and result channel of its own.
 */
export const RESERVED = {
  lifeline: 0,
  hint: 1,
  sharedMemory: 2,
  trusteeText: 3,
  loader: 4,
  /** The images that the loader maps: program, interpreter. */
  images: 6,
  targets: 8,
  threads: 16,
} as const;
export const reservedCount = (slots: number): number => RESERVED.threads + 2 * slots;
export const socketFd = (base: number, slot: number): number => base + RESERVED.threads + 2 * slot;
export const resultFd = (base: number, slot: number): number => base + RESERVED.threads + 2 * slot + 1;

/** One request, as the hook pushes it, lowest address first. `esp` points at the saved eax. */
export const REQUEST_FIELDS = [
  'kind',
  'sequence',
  'maskLow',
  'maskHigh',
  'fs',
  'gs',
  'esp',
  'eax',
  'ebx',
  'ecx',
  'edx',
  'esi',
  'edi',
  'ebp',
  'eflags',
  'eip',
] as const;
export const REQUEST_SIZE = 4 * REQUEST_FIELDS.length;
/** What to add to a request's esp to get the program's own. */
export const REQUEST_ESP_BIAS = 4 * (REQUEST_FIELDS.length - REQUEST_FIELDS.indexOf('eax'));
/** Word index of a request field. */
export const REQ = Object.fromEntries(REQUEST_FIELDS.map((name, i) => [name, i])) as Record<
  (typeof REQUEST_FIELDS)[number],
  number
>;

/**
 * `call`: a system call. `result`: the call was made as REPLY.report ordered, eax is what it returned; of the rest,
 * nothing says more than the call did. The others come from the signal handler; eax is the signal, ebx the address of its
 * struct sigcontext. `trap`: SIGILL, is it a patched two-byte site? `fault`: a general protection fault, is it rdtsc?
 * Both are answered with HANDLED or not. `act`: let the kernel do what the signal does by default. `reset`: its handler is
 * reset (SA_RESETHAND). `cancel` is no request and gets no reply: see CANCEL_FIELDS.
 */
export const KIND = { call: 0, trap: 1, fault: 2, result: 3, act: 4, reset: 5, cancel: 6 } as const;
/** Value of the reply to a trap that is a call site, to a fault that was handled. */
export const HANDLED = 1;

/** A signal came during request `sequence` and waits for its end; then its siginfo follows. */
export const CANCEL_FIELDS = ['kind', 'sequence', 'signal'] as const;
export const SIGINFO_SIZE = 128;
export const CANCEL_SIZE = 4 * CANCEL_FIELDS.length + SIGINFO_SIZE;

/** A reply is four words: command, a, b, c. */
export const REPLY_SIZE = 16;
export const REPLY = {
  /** eax := a, go on. */
  value: 0,
  /** Make the call natively, in strict mode. */
  native: 1,
  /** Native exit(a) of this thread. */
  exit: 2,
  /** int3 for a debugger, then eax := a. */
  trap: 3,
  /** Send b bytes at a as one message; an empty message when they cannot be read. */
  peek: 4,
  /** Send the bytes at a up to and with the first NUL, at most b; an empty message when a cannot be read. */
  peekString: 5,
  /** Receive the next message (b bytes) to a, then send read's result as one word. */
  poke: 6,
  /** Make the call natively, then tell its result as KIND.result and wait for the reply to that. */
  report: 7,
  /** The signal that came is handed on as if it had come before the call, which is made again behind the handler. */
  restart: 8,
  /** The signal that came is dropped, and its mask is the program's again: eax := a, go on. */
  taken: 9,
  /** The kernel's mask becomes {a, b} until the call ends; the next reply follows. With c the signal that came is dropped before. */
  mask: 10,
  /** The same as value, unless a signal came: then the next reply follows. */
  unless: 11,
} as const;

/** The loader's first message. Words. */
export const HELLO_FIELDS = [
  'magic',
  'esp',
  'buffer',
  'cs',
  'vdso',
  'sysinfo',
  'hook',
  'handler',
  'restorer',
  'started',
  'fpuFeatures',
  'fpuSize',
] as const;
export const HELLO_MAGIC = 0x4e555253;
export const HELLO = Object.fromEntries(HELLO_FIELDS.map((name, i) => [name, i])) as Record<
  (typeof HELLO_FIELDS)[number],
  number
>;

/**
 * Behind this magic in the loader's image stand: its control socket's number, the length of the address that it
 * connects to, and that address (struct sockaddr_un).
 */
export const LOADER_CONFIG_MAGIC = 0x4c464e43;
export const LOADER_ADDRESS_SIZE = 64;

/**
 * An order to the loader: one message {count, count × {nr, six arguments}, data} with at most LOADER_DESCRIPTORS
 * descriptors; read to `buffer`, so arguments may point into the message. The calls run in turn until one fails; the
 * answer is the results of those that ran.
 */
export const LOADER_BUFFER_SIZE = 4096;
export const LOADER_CALL_WORDS = 7;
export const LOADER_DESCRIPTORS = 8;
export const LOADER = {
  /** In a call's number: it may fail. */
  mayFail: 0x40000000,
  /** Copy arg3 bytes from arg2 to arg1. */
  copy: 0xfffffff0,
  /** Jump to arg1 with esp = arg2. */
  become: 0xfffffff1,
  /** Give descriptor arg1 of the message the number arg2, with flags arg3. */
  place: 0xfffffff2,
} as const;
