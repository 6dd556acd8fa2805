/** What a process does with signals: what the program asked for, in the table that its hooks read, and what the kernel is told. */
import { readFileSync } from 'node:fs';
import * as L from '../abi/linux.js';
import { SA, SIGNAL } from '../abi/flags-process.js';
import { sigaction } from '../abi/structs-process.js';
import type { Action, SignalsView } from '../syscalls/dsl.js';
import type { Slot } from '../trustee/slot.js';
import { DISPOSITIONS } from '../wire/layout.js';

const SIG_DFL = 0;
const SIG_IGN = 1;
const { SA_SIGINFO, SA_ONSTACK, SA_RESTORER, SA_RESTART, SA_NOCLDSTOP, SA_NOCLDWAIT, SA_RESETHAND } = SA.values;
const ALL = 0xffffffffffffffffn;

const DEFAULT: Action = { handler: SIG_DFL, flags: 0, restorer: 0, mask: 0n };

/** Where the hook takes over: its handler, and the restorer that the kernel wants to be told of. */
export interface Entries {
  readonly handler: number;
  readonly restorer: number;
}

/** Signals that our own work raises: the hook's handler stays, whatever the program asks for. */
const ours = (signal: number): boolean => signal === L.SIGNAL.ILL || signal === L.SIGNAL.SEGV;

/**
 * The kernel's action for a program's. What concerns children, SA_RESTART (a native read goes by it) and SA_RESETHAND
 * are the program's.
 */
export function kernelAction(signal: number, entries: Entries, action: Action = DEFAULT): Uint8Array {
  const { handler, flags } = action;
  const children = flags & (SA_NOCLDSTOP | SA_NOCLDWAIT);
  if (!ours(signal) && (handler === SIG_DFL || handler === SIG_IGN))
    return sigaction.encode({ ...DEFAULT, handler, flags: children });
  const kept = children | (flags & SA_RESTART) | (ours(signal) ? 0 : flags & SA_RESETHAND);
  return sigaction.encode({
    handler: entries.handler,
    flags: (SA_SIGINFO | SA_ONSTACK | SA_RESTORER | kept) >>> 0,
    restorer: entries.restorer,
    mask: ALL,
  });
}

export class Dispositions implements SignalsView {
  private readonly actions = new Map<number, Action>();
  readonly awaited = new Set<number>();

  /**
   * @param slot the leader's, which holds the table
   * @param ignored two words: what is ignored from the start
   */
  constructor(
    private readonly entries: Entries,
    private readonly slot: Slot,
    ignored: Uint32Array,
  ) {
    for (let signal = 1; signal <= DISPOSITIONS.count; signal++) {
      const word = ignored[signal > 32 ? 1 : 0];
      this.set(signal, (word >>> ((signal - 1) & 31)) & 1 ? { ...DEFAULT, handler: SIG_IGN } : DEFAULT);
    }
  }

  /** The slot's thread is one of the process's. */
  attach(slot: Slot): void {
    slot.useDispositionsOf(this.slot);
  }

  of(signal: number): Action {
    return this.actions.get(signal) ?? DEFAULT;
  }
  set(signal: number, action: Action): void {
    this.actions.set(signal, action);
    this.slot.setAction(signal, action);
  }
  kernelAction(signal: number, action: Action): Uint8Array {
    if (!this.awaited.has(signal)) return kernelAction(signal, this.entries, action);
    const reaped = action.handler === SIG_IGN && signal === SIGNAL.SIGCHLD ? SA_NOCLDWAIT : 0;
    const flags = (action.flags | SA_RESTART | reaped) & ~SA_RESETHAND;
    return kernelAction(signal, this.entries, { ...action, handler: this.entries.handler, flags });
  }

  /** As fork(2) hands them on, for the child's leader. */
  copyFor(slot: Slot): Dispositions {
    const copy = new Dispositions(this.entries, slot, new Uint32Array(2));
    for (const [signal, action] of this.actions) copy.set(signal, action);
    for (const signal of this.awaited) copy.awaited.add(signal);
    return copy;
  }
  /** What execve(2) hands on, as two words: what was handled is back at its default. */
  ignored(): Uint32Array {
    const ignored = new Uint32Array(2);
    for (const [signal, { handler }] of this.actions)
      if (handler === SIG_IGN) ignored[signal > 32 ? 1 : 0] |= 1 << ((signal - 1) & 31);
    return ignored;
  }
}

/** A set of signals out of a status file; none when there is no such process. */
function setsOf(path: string, names: readonly string[]): bigint {
  let status: string;
  try {
    status = readFileSync(path, 'latin1');
  } catch {
    return 0n;
  }
  return names.reduce((set, name) => {
    const found = new RegExp(`^${name}:\\t([0-9a-f]+)$`, 'm').exec(status);
    return found === null ? set : set | BigInt(`0x${found[1]}`);
  }, 0n);
}
/** What waits for a thread: its own signals and its process's. */
export const pendingSignals = (pid: number, tid: number): bigint =>
  setsOf(`/proc/${pid}/task/${tid}/status`, ['SigPnd', 'ShdPnd']);
/** What waits for a thread alone. */
export const ownSignals = (pid: number, tid: number): bigint => setsOf(`/proc/${pid}/task/${tid}/status`, ['SigPnd']);
/** Signals that have a handler in the kernel. */
export const caughtSignals = (pid: number): bigint => setsOf(`/proc/${pid}/status`, ['SigCgt']);
