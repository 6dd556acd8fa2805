/** The protected ranges of a guest's process, found from outside. */
import { LANDING_SIZE, SLOT, SLOT_COUNT, SLOT_SIZE } from '../../src/wire/layout.js';
import { memoryOf, type Puppet, type Region } from './harness.js';

export interface Protected extends Region {
  readonly what: string;
}

const TRAMPOLINES = 0x10000;

/** P as the host sees it: by name, the trampolines by size and rights, the landing stack by the slot. */
export async function protectedRegions(p: Puppet): Promise<Protected[]> {
  const stack = (await p.slot(SLOT.altstack)) >>> 0;
  const slot = await p.slotAddress();
  const named = p.maps().flatMap((m): Protected[] => {
    if (m.name === '[vdso]') return [{ ...m, what: 'vDSO' }];
    if (m.name.includes('memfd:trustee')) return [{ ...m, what: 'trustee' }];
    if (slot >= m.start && slot < m.end) return [{ ...m, what: 'shared memory' }];
    if (m.name.includes('memfd:loader') && m.perms === 'r-xp') return [{ ...m, what: 'hook' }];
    if (m.name === '' && m.perms === 'r-xp' && m.end - m.start === TRAMPOLINES) return [{ ...m, what: 'trampolines' }];
    return [];
  });
  return [
    ...named,
    { start: stack, end: stack + LANDING_SIZE * SLOT_COUNT, perms: 'rw-p', name: '', what: 'landing stacks' },
  ];
}

export const KINDS = ['vDSO', 'trustee', 'shared memory', 'hook', 'trampolines', 'landing stacks'];

/** Of the shared memory and the landing stacks: what no thread has. The rest changes with every call. */
const CHANGING: Readonly<Record<string, number>> = { 'shared memory': SLOT_SIZE, 'landing stacks': LANDING_SIZE };
const still = (r: Protected): Protected => ({ ...r, start: r.start + (CHANGING[r.what] ?? 0) });
export const bytesOf = (p: Puppet, regions: readonly Protected[]): Buffer[] =>
  regions.map(still).map((r) => memoryOf(p.pid, r.start, r.end));
export const mapOf = (p: Puppet, regions: readonly Protected[]): string[] =>
  p
    .maps()
    .filter((m) => regions.some((r) => m.start < r.end && r.start < m.end))
    .map((m) => `${m.start.toString(16)}-${m.end.toString(16)} ${m.perms} ${m.name}`);
