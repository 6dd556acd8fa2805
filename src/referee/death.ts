/**
 * Why a thread is gone that nobody told to go. Strict mode kills it without a trace in the process; what can be known
 * is the kernel's audit record (its log, where it may be read), else the system call instructions that stand unpatched
 * in the program's code.
 */
import { readFileSync } from 'node:fs';
import * as L from '../abi/linux.js';
import { syscallName } from '../abi/numbers.js';
import { mappingsOf, placeOf, type Mapping } from '../memory/maps.js';
import { native } from '../native/index.js';
import type { ProcessState, ThreadState } from './process.js';

const ARCHITECTURES: Record<string, string> = { '40000003': 'i386', c000003e: 'x86-64' };

interface AuditRecord {
  readonly architecture: string;
  readonly syscall: number;
  readonly ip: number;
}

/** The kernel's last record of a kill (type 1326, SECCOMP) in that process; undefined where the log is not ours to read. */
function auditRecord(pid: number): AuditRecord | undefined {
  const fd = native.openat(L.AT_FDCWD, '/dev/kmsg', L.O_RDONLY | L.O_NONBLOCK, 0);
  if (fd < 0) return undefined;
  const record = new Uint8Array(8192);
  let found: AuditRecord | undefined;
  for (;;) {
    const n = native.read(fd, record, record.length);
    if (n === -32) continue; // EPIPE: overwritten meanwhile
    if (n <= 0) break;
    const line = Buffer.from(record.subarray(0, n)).toString('latin1');
    if (!line.includes('type=1326') || !line.includes(` pid=${pid} `)) continue;
    const m = /arch=([0-9a-f]+) syscall=(\d+) .*ip=0x([0-9a-f]+)/.exec(line);
    if (m) found = { architecture: ARCHITECTURES[m[1]] ?? m[1], syscall: Number(m[2]), ip: parseInt(m[3], 16) };
  }
  native.close(fd);
  return found;
}

const RAW = [
  ['int $0x80', [0xcd, 0x80]],
  ['sysenter', [0x0f, 0x34]],
  ['syscall', [0x0f, 0x05]],
] as const;
const MAX_SCAN = 32 * 1024 * 1024;

/** Byte pairs that would enter the kernel, in the program's own executable memory; the trusted code's are left out. */
function rawEntries(process: ProcessState, maps: readonly Mapping[]): { what: string; address: number }[] {
  const found: { what: string; address: number }[] = [];
  for (const m of maps) {
    if (
      !m.executable ||
      process.regions.at(m.start) !== undefined ||
      m.end - m.start > MAX_SCAN ||
      m.name.startsWith('[v')
    )
      continue;
    const code = new Uint8Array(m.end - m.start);
    if (native.vmRead(process.pid, m.start, code, code.length) !== code.length) continue;
    const buffer = Buffer.from(code.buffer);
    for (const [what, bytes] of RAW)
      for (let at = buffer.indexOf(Buffer.from(bytes)); at >= 0; at = buffer.indexOf(Buffer.from(bytes), at + 1))
        found.push({ what, address: m.start + at });
  }
  return found;
}

const SIGKILL_PENDING = 1n << 8n;

/**
 * Does the process's leader certainly live on? A signal that ends a process first puts SIGKILL before each of its threads
 * (complete_signal and zap_process, kernel/signal.c and fs/coredump.c); the thread takes it away and ends without
 * sleeping. So one that sleeps and has no SIGKILL before it stays; of any other it must be asked again.
 */
export function livesOn(pid: number): boolean {
  let status: string;
  try {
    status = readFileSync(`/proc/${pid}/status`, 'latin1');
  } catch {
    return false;
  }
  const pending = /^SigPnd:\t([0-9a-f]+)$/m.exec(status)?.[1] ?? '';
  return /^State:\tS/m.test(status) && pending !== '' && (BigInt(`0x${pending}`) & SIGKILL_PENDING) === 0n;
}

/** Is a thread stopped, as SIGSTOP does it? It does nothing then until it is told to continue, or killed. */
export function isStopped(pid: number, tid: number): boolean {
  try {
    return /^State:\t[Tt]/m.test(readFileSync(`/proc/${pid}/task/${tid}/status`, 'latin1'));
  } catch {
    return false;
  }
}

const SHOWN = 4;

const pause = (milliseconds: number): void =>
  void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);

/** The record comes a little after the death, from a thread of the kernel. */
function awaitAuditRecord(pid: number): AuditRecord | undefined {
  for (let i = 0; i < 10; i++) {
    const record = auditRecord(pid);
    if (record !== undefined) return record;
    pause(5);
  }
  return undefined;
}

/** One or more sentences for the log: which thread, where, why. */
export function explainDeath(process: ProcessState, thread: ThreadState, tid: number): string {
  const maps = mappingsOf(process.pid);
  const who = `thread ${thread.tid} (host ${tid})`;
  const audit = awaitAuditRecord(process.pid);
  if (audit !== undefined) {
    const name = audit.architecture === 'i386' ? syscallName(audit.syscall) : `number ${audit.syscall}`;
    return `${who} was killed by strict mode: it made the ${audit.architecture} system call ${name} directly, not through the vDSO entry; it returned to ${placeOf(audit.ip, maps)}`;
  }
  const raw = rawEntries(process, maps);
  const near = raw
    .sort((a, b) => Math.abs(a.address - thread.lastEip) - Math.abs(b.address - thread.lastEip))
    .slice(0, SHOWN);
  const places = near.map(({ what, address }) => `${what} at ${placeOf(address, maps)}`);
  const more = raw.length > near.length ? ` and ${raw.length - near.length} more` : '';
  const where =
    places.length === 0
      ? 'no system call instruction stands in its code now'
      : `its code holds ${places.join(', ')}${more}`;
  return `${who} ended by itself: killed by strict mode for a direct system call, or a raw exit; ${where}; its last request came from ${placeOf(thread.lastEip, maps)}`;
}
