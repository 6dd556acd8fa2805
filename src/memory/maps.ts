/** /proc/PID/maps, and addresses in words. */
import { readFileSync } from 'node:fs';
import { printable } from '../abi/bytes.js';

export interface Mapping {
  readonly start: number;
  readonly end: number;
  readonly executable: boolean;
  readonly shared: boolean;
  readonly inode: number;
  readonly offset: number;
  readonly name: string;
}

/** The process's mappings as the kernel has them now; none when it is gone (proc_pid_maps(5)). */
export function mappingsOf(pid: number): Mapping[] {
  let text = '';
  try {
    text = readFileSync(`/proc/${pid}/maps`, 'latin1');
  } catch {
    return [];
  }
  return text.split('\n').flatMap((line) => {
    const m = /^([0-9a-f]+)-([0-9a-f]+) (\S+) ([0-9a-f]+) \S+ (\d+) *(.*)$/.exec(line);
    if (!m) return [];
    return [
      {
        start: parseInt(m[1], 16),
        end: parseInt(m[2], 16),
        executable: m[3][2] === 'x',
        shared: m[3][3] === 's',
        offset: parseInt(m[4], 16),
        inode: Number(m[5]),
        name: m[6],
      },
    ];
  });
}

/** `0x08049018 in /bin/prog+0x1018`, or `0x0 in no mapping`. */
export function placeOf(address: number, maps: readonly Mapping[]): string {
  const hex = `0x${(address >>> 0).toString(16).padStart(8, '0')}`;
  const m = maps.find((r) => address >= r.start && address < r.end);
  if (!m) return `${hex} in no mapping`;
  return `${hex} in ${m.name === '' ? 'anonymous memory' : printable(m.name)}+0x${(address - m.start + m.offset).toString(16)}`;
}
