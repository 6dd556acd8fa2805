/**
 * Puts the replacements of sites.ts into a process.
 *
 * ```
 *   site                            trampoline (protected, r-x)
 *   ┌──────────────────────┐        ┌──────────────────────────────┐
 *   │ jmp trampoline       │ ─────▶ │ what stood before int $0x80  │
 *   │ nop …                │        │ call hook                    │
 *   │ (next instruction)   │ ◀───── │ what stood behind it         │
 *   └──────────────────────┘        │ jmp next instruction         │
 *                                   └──────────────────────────────┘
 * ```
 * The hook is entered with eax = number and the arguments in their registers, returns the result in eax and keeps
 * everything else, flags included. A `T` site becomes ud2 and has no trampoline: the SIGILL handler knows its address.
 * No thread may be executing in the image meanwhile. rdtsc is left alone; a trap handler steps over it.
 */

import { createHash } from 'node:crypto';

import type { ElfImage } from '../abi/elf.js';
import { recall, remember } from './plan-store.js';
import { CALL_LENGTH, JUMP_LENGTH, mayHaveSites, patchPlan, type Role, type Site } from './sites.js';

/** Raise it whenever sites.ts would judge any image differently. */
export const PATCHER_VERSION = 3;

/** The target process. Addresses are its own; both throw when the memory cannot be reached. */
export interface TargetMemory {
  read(address: number, length: number): Uint8Array;
  write(address: number, bytes: Uint8Array): void;
}

/** Free memory that will be executable for the program; written from `base` on. */
export interface TrampolineArea {
  readonly base: number;
  readonly size: number;
}

export interface SiteCode {
  /** Exactly as long as the site. */
  readonly siteBytes: Uint8Array;
  /** Empty for a trap. */
  readonly trampolineBytes: Uint8Array;
}

export interface PatchedSite {
  readonly site: Site;
  /** Run-time address of the site's first byte. */
  readonly address: number;
  /** Run-time address (an R site's is the hook), or null when the site became a ud2 (at `address` + callOffset). */
  readonly trampoline: number | null;
}

export interface SkippedSite {
  readonly site: Site;
  readonly address: number;
  readonly reason: string;
}

export interface PatchResult {
  readonly patched: readonly PatchedSite[];
  readonly skipped: readonly SkippedSite[];
  /** Bytes of the area that are in use now. */
  readonly used: number;
}

const UD2 = [0x0f, 0x0b] as const;
const NOP = 0x90;
const CALL = 0xe8;
const JUMP = 0xe9;
const TRAMPOLINE_ALIGN = 16;

/** All addresses are run-time addresses. */
export function assembleSite(
  site: Site,
  siteAddress: number,
  trampolineAddress: number,
  hookAddress: number,
): SiteCode {
  if (site.technique === 'T') return { siteBytes: trapBytes(site), trampolineBytes: new Uint8Array(0) };
  if (site.technique === 'R')
    return {
      siteBytes: Uint8Array.from(relative(JUMP, siteAddress, hookAddress)),
      trampolineBytes: new Uint8Array(0),
    };
  const before = site.original.subarray(0, site.callOffset);
  const behind = site.original.subarray(site.callOffset + CALL_LENGTH);
  const callAt = trampolineAddress + before.length;
  const jumpAt = callAt + JUMP_LENGTH + behind.length;
  return {
    siteBytes: Uint8Array.from([
      ...relative(JUMP, siteAddress, trampolineAddress),
      ...new Array<number>(site.length - JUMP_LENGTH).fill(NOP),
    ]),
    trampolineBytes: Uint8Array.from([
      ...before,
      ...relative(CALL, callAt, hookAddress),
      ...behind,
      ...relative(JUMP, jumpAt, siteAddress + site.length),
    ]),
  };
}

/** Bytes of trampoline that a site needs. */
export function trampolineSize(site: Site): number {
  return site.technique === 'T' || site.technique === 'R' ? 0 : site.length - CALL_LENGTH + 2 * JUMP_LENGTH;
}

/** The site with ud2 in place of its call, everything beside it as it was. */
function trapBytes(site: Site): Uint8Array {
  const bytes = Uint8Array.from(site.original);
  bytes.set(UD2, site.callOffset);
  return bytes;
}

/** A 5-byte call or jump at `from`; distances wrap at 4 GiB as the processor's do. */
function relative(opcode: number, from: number, to: number): number[] {
  const distance = (to - (from + JUMP_LENGTH)) >>> 0;
  return [opcode, distance & 0xff, (distance >>> 8) & 0xff, (distance >>> 16) & 0xff, distance >>> 24];
}

/**
 * Writes the trampolines, then the sites. A site whose memory is not what the file says is left alone; one for which
 * the area is too small becomes a trap.
 * @param bias what was added to the image's link-time addresses
 * @throws what `memory.write` throws: then the image is half patched and must not run
 */
export function applyPatches(
  sites: readonly Site[],
  bias: number,
  memory: TargetMemory,
  hookAddress: number,
  area: TrampolineArea,
): PatchResult {
  const skipped: SkippedSite[] = [];
  const patched: PatchedSite[] = [];
  let used = 0;
  for (const site of sites) {
    const address = site.address + bias;
    const reason = differs(site, address, memory);
    if (reason !== null) {
      skipped.push({ site, address, reason });
      continue;
    }
    if (site.technique === 'R') {
      patched.push({ site, address, trampoline: hookAddress });
      continue;
    }
    const need = trampolineSize(site);
    const fits = need > 0 && used + need <= area.size;
    patched.push({ site, address, trampoline: fits ? area.base + used : null });
    if (fits) used = Math.ceil((used + need) / TRAMPOLINE_ALIGN) * TRAMPOLINE_ALIGN;
  }
  for (const write of writesFor(patched, hookAddress)) memory.write(write.address, write.bytes);
  return { patched, skipped, used: Math.min(used, area.size) };
}

interface Write {
  readonly address: number;
  readonly bytes: Uint8Array;
}

function writesFor(patched: readonly PatchedSite[], hookAddress: number): Write[] {
  const trampolines: Write[] = [];
  const sites: Write[] = [];
  for (const { site, address, trampoline } of patched) {
    if (trampoline === null) {
      sites.push({ address, bytes: trapBytes(site) });
      continue;
    }
    const { siteBytes, trampolineBytes } = assembleSite(site, address, trampoline, hookAddress);
    if (trampolineBytes.length > 0) trampolines.push({ address: trampoline, bytes: trampolineBytes });
    sites.push({ address, bytes: siteBytes });
  }
  return [...trampolines, ...sites];
}

/** Why the memory at a site is not what was planned for, or null. */
function differs(site: Site, address: number, memory: TargetMemory): string | null {
  let found: Uint8Array;
  try {
    found = memory.read(address, site.length);
  } catch (error) {
    return `cannot be read: ${error instanceof Error ? error.message : String(error)}`;
  }
  if (found.length === site.length && found.every((byte, i) => byte === site.original[i])) return null;
  return `holds ${hexBytes(found)}, the file has ${hexBytes(site.original)}`;
}

function hexBytes(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ');
}

function planned(key: string, elf: ElfImage, file: Uint8Array, role: Role): readonly Site[] {
  const plan = patchPlan(elf, file, role);
  remember(key, plan);
  return plan;
}

/**
 * Plans that were made before. The key is a hash of the whole file, because a plan also depends on the symbols and
 * unwind tables outside the executable segments; a build-id would be the attacker's to choose.
 */
export class PlanCache {
  readonly #plans = new Map<string, readonly Site[]>();

  /** @param limit plans kept; the oldest goes first */
  constructor(readonly limit = 64) {}

  /** As {@link patchPlan}. */
  plan(elf: ElfImage, file: Uint8Array, role: Role): readonly Site[] {
    if (!mayHaveSites(elf, file, role)) return [];
    const key = createHash('sha256').update(`${PATCHER_VERSION} ${role}\0`).update(file).digest('hex');
    const known = this.#plans.get(key);
    if (known !== undefined) return known;
    const plan = recall(key, file) ?? planned(key, elf, file, role);
    const oldest = this.#plans.keys().next().value;
    if (this.#plans.size >= this.limit && oldest !== undefined) this.#plans.delete(oldest);
    this.#plans.set(key, plan);
    return plan;
  }
}
