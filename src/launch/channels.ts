/**
 * What helper and sandboxed process share, made by the helper before the process exists: shared memory, control
 * sockets, result channels, hint and lifeline pipes, and the sealed images of loader and trustee.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { errnoName } from '../abi/errno.js';
import * as L from '../abi/linux.js';
import { asHelper } from '../native/credentials.js';
import { artifacts, native } from '../native/index.js';
import { Door } from '../referee/door.js';
import type { SpaceChannels } from '../referee/launcher.js';
import {
  LOADER_CONFIG_MAGIC,
  RESERVED,
  reservedCount,
  SLOT_COUNT,
  SLOT_COUNT_LEAST,
  SLOT_SIZE,
  socketFd,
} from '../wire/layout.js';

/** Prefix of every shared-memory object's name. The referee hides it from every program. */
export const SHARED_MEMORY_PREFIX = 'seccomp-nurse-';

export class SetupError extends Error {
  override readonly name = 'SetupError';
}

/** The result, or a SetupError that says what failed. */
export function must(result: number, what: string): number {
  if (result < 0) throw new SetupError(`${what}: ${errnoName(-result)}`);
  return result;
}

/** What all processes of a sandbox share. */
export interface Channels {
  /** First reserved descriptor number in every process. */
  readonly base: number;
  /** Threads that a process may have. */
  readonly slots: number;
  /** Helper's ends. */
  readonly hint: number;
  readonly lifeline: number;
  readonly door: Door;
  /** The trustee's text. */
  readonly trustee: Uint8Array;
  readonly loaderImage: number;
  /** What the first process gets: pairs of helper's and child's number. */
  readonly descriptors: Int32Array;
  /** Closes the helper's copies of what only the processes need. */
  handedOver(): void;
  /** Closes the helper's ends; what still runs ends by it. */
  close(): void;
}

/** Reserved numbers sit at the top of what the hard limit allows, but not so high that the process's table gets large. */
const HIGHEST = 16384;
const AMPLE = 1024;

function hardLimit(): number {
  const limit = new BigUint64Array(2);
  must(native.prlimit(0, 7, null, limit), 'prlimit(NOFILE)');
  return Number(limit[1] > BigInt(HIGHEST) ? BigInt(HIGHEST) : limit[1]);
}
const slotsFor = (hard: number): number => (hard < AMPLE ? SLOT_COUNT_LEAST : SLOT_COUNT);

/** @throws SetupError when the limit of open files leaves no room, or a kept descriptor stands in it */
export function reservedBase(keep: readonly number[]): number {
  const hard = hardLimit();
  const count = reservedCount(slotsFor(hard));
  const base = hard - count;
  if (base < 16)
    throw new SetupError(
      `the hard limit of open files is ${hard}, the sandbox needs at least ${count + 16} (ulimit -Hn)`,
    );
  const taken = keep.find((fd) => fd >= base);
  if (taken !== undefined)
    throw new SetupError(`descriptor ${taken} cannot be kept: it must be below ${base}, where the reserved ones begin`);
  return base;
}

const O_TMPFILE = 0o20200000;

/** A shared-memory object that never has a name (O_TMPFILE, open(2)) nor can get one (O_EXCL): no kill leaves it behind. */
export const unnamedObject = (): number =>
  native.openat(L.AT_FDCWD, '/dev/shm', O_TMPFILE | L.O_RDWR | L.O_EXCL, 0o600);

/** shm_open(3) for a /dev/shm that cannot do that: an unguessable name, for as long as it takes to remove it. */
export function namedObject(): number {
  const name = `/${SHARED_MEMORY_PREFIX}${randomBytes(16).toString('hex')}`;
  const fd = native.shmOpen(name, L.O_RDWR | L.O_CREAT | L.O_EXCL | L.O_CLOEXEC, 0o600);
  if (fd >= 0) native.shmUnlink(name);
  return fd;
}

/** POSIX shared memory: a descriptor of the helper's, and a read-only one for the process. No name is left of it. */
export function sharedMemory(
  size: number,
  ways: readonly (() => number)[] = [unnamedObject, namedObject],
): { memory: number; readOnly: number } {
  const opened = asHelper(() => ways.reduce((fd, way) => (fd < 0 ? way() : fd), -1));
  const memory = must(opened, 'opening shared memory in /dev/shm');
  try {
    must(native.ftruncate(memory, size), 'ftruncate of the shared memory');
    must(native.fchmod(memory, 0o400), 'fchmod of the shared memory');
    const link = `/proc/self/fd/${memory}`;
    const again = asHelper(() => native.openat(L.AT_FDCWD, link, L.O_RDONLY, 0));
    return { memory, readOnly: must(again, 'reopening the shared memory') };
  } catch (error) {
    native.close(memory);
    throw error;
  }
}

/** A memfd that nobody can change any more, or the empty result channel: sealed against write, growth and shrinking. */
function sealed(name: string, content: Uint8Array): number {
  const fd = must(native.memfdCreate(name, L.MFD_CLOEXEC | L.MFD_ALLOW_SEALING), `memfd_create(${name})`);
  if (content.length > 0) must(native.pwrite(fd, content, content.length, 0), `write of ${name}`);
  const seals = L.F_SEAL.WRITE | L.F_SEAL.GROW | L.F_SEAL.SHRINK | L.F_SEAL.SEAL;
  must(native.fcntl(fd, L.F_ADD_SEALS, seals), `sealing ${name}`);
  const readOnly = must(native.openat(L.AT_FDCWD, `/proc/self/fd/${fd}`, L.O_RDONLY, 0), `reopening ${name}`);
  native.close(fd);
  return readOnly;
}

/** An empty file that nobody can write: its offset is the channel. */
export const resultChannel = (): number => sealed('result', new Uint8Array(0));

/** The loader's image, told the number of its control socket and the address of the door. */
function loaderImage(socket: number, address: Uint8Array): Uint8Array {
  const image = readFileSync(artifacts.loader);
  const magic = Buffer.alloc(4);
  magic.writeUInt32LE(LOADER_CONFIG_MAGIC);
  let at = image.indexOf(magic);
  while (at >= 0 && (at % 4 !== 0 || image.readUInt32LE(at + 4) !== 0)) at = image.indexOf(magic, at + 1);
  if (at < 0) throw new SetupError(`${artifacts.loader} has no configuration word: build it again`);
  image.writeUInt32LE(socket, at + 4);
  image.writeUInt32LE(address.length, at + 8);
  image.set(address, at + 12);
  return image;
}

export const trusteeText = (): Uint8Array => readFileSync(artifacts.trustee);

/** `trustee`: its text. */
export function openChannels(keep: readonly number[], trustee: Uint8Array): Channels {
  const base = reservedBase(keep);
  const door = new Door();
  must(door.socket, 'listening for new processes');
  const pair = new Int32Array(2);
  must(native.pipe2(L.O_CLOEXEC | L.O_DIRECT | L.O_NONBLOCK, pair), 'pipe2'); // a full pipe must hold up nobody
  const [hint, childHint] = pair;
  must(native.pipe2(L.O_CLOEXEC, pair), 'pipe2');
  const [childLifeline, lifeline] = pair;
  const text = sealed('trustee', trustee);
  const image = sealed('loader', loaderImage(socketFd(base, 0), door.address));
  const descriptors = Int32Array.from([
    ...[childLifeline, base + RESERVED.lifeline],
    ...[childHint, base + RESERVED.hint],
    ...[text, base + RESERVED.trusteeText],
    ...[image, base + RESERVED.loader],
    ...[0, 1, 2, ...keep].flatMap((fd) => [fd, fd]),
  ]);
  return {
    base,
    slots: slotsFor(hardLimit()),
    hint,
    lifeline,
    door,
    trustee,
    loaderImage: image,
    descriptors,
    handedOver: () => [childHint, childLifeline, text, image].forEach((fd) => native.close(fd)),
    close: () => {
      [hint, lifeline].forEach((fd) => native.close(fd));
      door.close();
    },
  };
}

export function openSpace(slots: number): SpaceChannels {
  const { memory, readOnly } = sharedMemory(SLOT_SIZE * slots);
  return { memory, readOnly, results: [resultChannel(), resultChannel()] };
}
