/** Limits of a process as /proc/PID/limits tells them: prlimit(2) wants CAP_SYS_RESOURCE once the ids are others. */
import { readFileSync } from 'node:fs';

export const INFINITY = 0xffffffffffffffffn;
const value = (word: string): bigint => (word === 'unlimited' ? INFINITY : BigInt(word));

/** `name` as the kernel has it there (fs/proc/base.c). @throws Error when the process is gone */
export function limitOf(pid: number, name: 'Max open files' | 'Max file size'): { soft: bigint; hard: bigint } {
  const text = readFileSync(`/proc/${pid}/limits`, 'latin1');
  const [, soft, hard] = new RegExp(`^${name} +(\\S+) +(\\S+)`, 'm').exec(text) ?? [];
  if (hard === undefined) throw new Error(`/proc/${pid}/limits tells no "${name}"`);
  return { soft: value(soft), hard: value(hard) };
}
