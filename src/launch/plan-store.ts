/**
 * Patch plans kept between runs, below the user's cache directory (XDG Base Directory): one msgpack file per image and
 * patcher version. What is read is believed only as far as the image bears it out: a site must hold `int $0x80` there.
 */
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { pack, unpack } from 'msgpackr';
import { CALL_LENGTH, type Site } from './sites.js';

const DIRECTORY = join(process.env.XDG_CACHE_HOME || join(home(), '.cache'), 'seccomp-nurse', 'plans');
const OTHERS_MAY_WRITE = 0o022;
const INT80 = [0xcd, 0x80] as const;

/** A user without an entry in the password file may have none: where nothing can be made, nothing is kept. */
function home(): string {
  try {
    return homedir();
  } catch {
    return '/dev/null';
  }
}

/** A directory of ours that nobody else may write to. */
function usable(): boolean {
  try {
    mkdirSync(DIRECTORY, { recursive: true, mode: 0o700 });
    const { uid, mode } = statSync(DIRECTORY);
    return uid === process.geteuid?.() && (mode & OTHERS_MAY_WRITE) === 0;
  } catch {
    return false;
  }
}

function isSite(value: unknown, file: Uint8Array): value is Site {
  const site = value as Partial<Site> | null;
  if (typeof site !== 'object' || site === null || !(site.original instanceof Uint8Array)) return false;
  const { fileOffset, address, technique, original, length, callOffset } = site;
  const numbers = [fileOffset, address, length, callOffset].every((n) => Number.isSafeInteger(n) && Number(n) >= 0);
  if (!numbers || !['A', 'B', 'P', 'R', 'T'].includes(String(technique)) || original.length !== length) return false;
  const call = original.subarray(callOffset, Number(callOffset) + CALL_LENGTH);
  const there = file.subarray(fileOffset, Number(fileOffset) + original.length);
  return INT80.every((byte, i) => call[i] === byte) && Buffer.compare(there, original) === 0;
}

/** The kept plan for an image, or undefined. */
export function recall(key: string, file: Uint8Array): readonly Site[] | undefined {
  if (!usable()) return undefined;
  try {
    const plan: unknown = unpack(readFileSync(join(DIRECTORY, key)));
    return Array.isArray(plan) && plan.every((site) => isSite(site, file)) ? plan : undefined;
  } catch {
    return undefined;
  }
}

/** Keeps a plan; a directory that cannot be used is no error. */
export function remember(key: string, plan: readonly Site[]): void {
  if (!usable()) return;
  const path = join(DIRECTORY, key);
  try {
    writeFileSync(`${path}.${process.pid}`, pack(plan), { mode: 0o600 });
    renameSync(`${path}.${process.pid}`, path);
  } catch {
    // the next run plans again
  }
}
