/**
 * From a path of the program to a canonical one and a directory to act in, as path_resolution(7) has it: through the
 * view, without a moment at which the kernel follows a symlink for the helper. What is judged is what is acted on.
 */
import { fromBytes, type ByteString } from '../abi/bytes.js';
import { ERRNO } from '../abi/errno.js';
import { AT_FDCWD, MODE, OPEN, RESOLVE } from '../abi/flags.js';
import type { Native } from '../native/index.js';
import type { Resolved, ResolveOptions, ThreadView } from '../syscalls/dsl.js';
import { Held, type Names } from './paths-held.js';
import { Lookup } from './paths-lookup.js';
import { Procfs } from './paths-procfs.js';
import { Scope } from './paths-scope.js';
import { Roots, type Spot } from './paths-spot.js';
import { ThreadNames } from './paths-threads.js';
import { AGAIN, Walk, type Ground } from './paths-walk.js';
import { procfsText } from './procfs-text.js';
import { below, within, type Layer, type View } from './view.js';

const { O_PATH, O_DIRECTORY } = OPEN.values;
const { S_IFDIR } = MODE.values;
const { RESOLVE_BENEATH, RESOLVE_IN_ROOT } = RESOLVE.values;
const PATH_MAX = 4096;
/** How often a path is walked anew whose directories are being moved meanwhile. */
const MAX_WALKS = 16;

export interface PathResolverOptions {
  /** No program sees names of /dev/shm that start so. */
  readonly sharedMemoryPrefix: ByteString;
}

export interface PathOptions extends ResolveOptions {
  /**
   * The call removes or renames the name itself (unlink, rmdir, rename's first path): a slash at the end does not
   * follow a symlink, but is ENOTDIR; EROFS in the sysroot; EBUSY for what holds a directory of the view.
   */
  readonly entry?: boolean;
}

/** One host directory of those that make up a guest directory; `fd` (O_PATH) is closed by release(). */
export interface HostLayer {
  readonly layer: Layer;
  readonly host: ByteString;
  readonly fd: number;
}

/** Writing, creating, removing in the sysroot: -EROFS; elsewhere 0. */
export const writeRefusal = (where: Resolved): number => (where.layer === 'sysroot' ? -ERRNO.EROFS : 0);

/** One call's way through the file system: on whose behalf it is, and what it holds until release(). */
export class Visit {
  /** After any resolve: the guest directories that a '..' was taken from; they are judged with the path itself. */
  ascended: readonly ByteString[] = [];
  /** After a negative errno: the guest path that could not be reached. It is judged before the errno is told. */
  missed: ByteString = '/';
  /** Descriptors to be closed when the call is over. */
  readonly held: number[] = [];

  /** @param thread undefined while there is no program */
  constructor(readonly thread?: ThreadView) {}
}

/** One for all processes. Between enter() and the next one everything is resolved for, and kept by, that visit. */
export class PathResolver {
  private visit = new Visit();
  private readonly lookup: Lookup;
  private readonly roots: Roots;
  private readonly ground: Ground;
  /** @throws Error when a directory of the view, or /proc, cannot be opened */
  constructor(
    readonly view: View,
    private readonly native: Native,
    options: PathResolverOptions,
  ) {
    const lookup = new Lookup(native);
    this.lookup = lookup;
    const visitor = (): ThreadView | undefined => this.visit.thread;
    this.roots = new Roots(view, lookup, new ThreadNames(visitor));
    this.ground = {
      view,
      lookup,
      roots: this.roots,
      root: () => this.root(),
      top: () => this.top(),
      told: (guest) => this.told(guest),
      procfs: new Procfs(lookup, visitor, this.deviceOf('/proc')),
      sharedMemoryPrefix: options.sharedMemoryPrefix,
      sharedMemory: this.deviceOf('/dev/shm'),
      protectedSymlinks: this.protectedSymlinks(),
      keep: (fd) => this.keep(fd),
      cwd: ({ pid }) => this.keep(native.openat(AT_FDCWD, `/proc/${pid}/cwd`, O_PATH | O_DIRECTORY, 0)),
      pin: (descriptor, { pidfd }) => this.keep(native.pidfdGetfd(pidfd, descriptor)),
      text: (guest) => {
        const thread = visitor();
        return thread && procfsText(guest, thread);
      },
      object: (fd, descriptor) => this.object(fd, descriptor),
    };
  }

  enter(visit: Visit): void {
    this.visit = visit;
  }
  get ascended(): readonly ByteString[] {
    return this.visit.ascended;
  }
  get missed(): ByteString {
    return this.visit.missed;
  }

  /**
   * @param start the helper's descriptor of the directory that a relative path starts from, or of anything for an
   *   empty one; -1 for the root
   * @returns what stands there, or a negative errno. Its descriptors last until release().
   */
  resolve(start: number, path: ByteString, options: PathOptions): Resolved | number {
    const { visit } = this;
    visit.missed = '/';
    visit.ascended = [];
    if (path.length >= PATH_MAX) return -ERRNO.ENAMETOOLONG;
    if (path === '' && !options.empty) return -ERRNO.ENOENT;
    if (path === '' && start >= 0) return this.object(start);
    const limits = options.resolve ?? 0;
    if (path.startsWith('/') && (limits & RESOLVE_BENEATH) !== 0) return -ERRNO.EXDEV;
    const fromRoot = start < 0 || (path.startsWith('/') && (limits & RESOLVE_IN_ROOT) === 0);
    for (let i = 0; i < MAX_WALKS; i++) {
      const spot = fromRoot ? this.root() : this.roots.at(start);
      if (spot === -ERRNO.ENOENT) return this.fromRemoved(start, path, options);
      if (typeof spot === 'number') return spot;
      const walk = new Walk(this.ground, options, limits === 0 ? undefined : this.scope(limits, spot, start, fromRoot));
      const end = walk.run(spot, path);
      visit.ascended = walk.ascended;
      if (typeof end === 'number') visit.missed = walk.reached();
      if (end !== AGAIN) return end;
    }
    return -ERRNO.EAGAIN;
  }

  /** A directory that was removed still is itself, and has one above it, but nothing else is in it. */
  private fromRemoved(fd: number, path: ByteString, options: PathOptions): Resolved | number {
    const names = path.split('/').filter((name) => name !== '' && name !== '.');
    if (names.length > 0 && (names[0] !== '..' || (options.resolve ?? 0) !== 0)) return -ERRNO.ENOENT;
    const searched = this.lookup.search(fd);
    if (searched < 0) return searched;
    if (names.length > 0) {
      const above = this.keep(this.lookup.above(fd));
      return above < 0 ? above : this.resolve(above, names.slice(1).join('/') || '.', options);
    }
    return this.object(fd, undefined, '.');
  }

  private scope(limits: number, spot: Spot, start: number, absolute: boolean): { limits: Scope; start: number } {
    return { limits: new Scope(limits, spot.guest, this.roots.main(spot).fd, absolute, this.lookup), start };
  }

  /** Where absolute paths of the visiting process start: chroot(2). */
  private root(): Spot | number {
    const fd = this.visit.thread?.process.root ?? -1;
    return fd < 0 ? this.roots.root : this.roots.at(fd);
  }
  private top(): ByteString | number {
    const fd = this.visit.thread?.process.root ?? -1;
    return fd < 0 ? '/' : this.guestPath(fd);
  }
  /** A guest path as the visiting process is told it: seen from its root, marked where that does not hold it. */
  told(guest: ByteString): ByteString {
    const top = this.top();
    return typeof top === 'string' && within(guest, top) ? below(guest, top) : `(unreachable)${guest}`;
  }

  /** The guest path of a descriptor of the helper; -ENOENT when it was removed. */
  guestPath(fd: number): ByteString | number {
    const host = this.roots.pathOf(fd);
    return typeof host === 'number' ? host : (this.roots.guestOf(host) ?? -ERRNO.ENOENT);
  }

  /** The host directories that make up a guest directory, the first to be looked into first; none if it is no directory. */
  hostLayers(where: Resolved): HostLayer[] {
    if (where.type !== S_IFDIR || !where.guest.startsWith('/')) return [];
    return this.view
      .hostLayers(where.guest)
      .map(({ layer, host }) => ({ layer, host, fd: this.keep(this.roots.open(layer, where.guest)) }))
      .filter(({ fd }) => fd >= 0);
  }

  /** The host's descriptor (O_PATH) of a directory of the sysroot that the host has, too; undefined where it has none. */
  hostPart(where: Resolved): number | undefined {
    return where.layer === 'sysroot' ? this.hostLayers(where).find(({ layer }) => layer === 'host')?.fd : undefined;
  }

  /** Closes what the visit resolved since the last time. */
  release(): void {
    const { held } = this.visit;
    for (const fd of held) this.lookup.close(fd);
    held.length = 0;
  }
  /** Closes the roots as well: the end of the resolver. */
  dispose(): void {
    this.release();
    this.roots.dispose();
    this.lookup.dispose();
  }

  private keep(fd: number): number {
    if (fd >= 0) this.visit.held.push(fd);
    return fd;
  }

  /** What a descriptor of the helper refers to; `descriptor` is the program's number, if the path led through it. */
  private object(fd: number, descriptor?: number, dots?: '.'): Resolved | number {
    const failure = this.lookup.stat(fd);
    return failure < 0 ? failure : new Held(fd, this.lookup.found.type, descriptor, this.namesOf, dots);
  }
  /** What has no name, or none in the guest, gets one that is no path, so that no rule matches it. */
  private readonly namesOf = (fd: number): Names => {
    const host = this.roots.pathOf(fd);
    const guest = typeof host === 'number' ? null : this.roots.guestOf(host);
    return {
      guest: guest ?? this.unnamed(fd, host),
      host: typeof host === 'number' ? '' : host,
      layer: typeof host === 'number' ? 'host' : this.view.layerOf(host),
      anonymous: guest === null,
    };
  };
  private unnamed(fd: number, host: ByteString | number): ByteString {
    if (typeof host === 'string') return `outside:${host}`;
    const name = this.lookup.nameOf(fd);
    if (typeof name === 'number') return 'unknown:';
    return name.startsWith('/') ? `deleted:${name}` : name;
  }

  private deviceOf(path: ByteString): string | undefined {
    const fd = this.native.openat(AT_FDCWD, path, O_PATH, 0);
    if (fd < 0) return undefined;
    const failure = this.lookup.stat(fd);
    this.lookup.close(fd);
    return failure < 0 ? undefined : this.lookup.found.device;
  }
  private protectedSymlinks(): boolean {
    const fd = this.native.openat(AT_FDCWD, '/proc/sys/fs/protected_symlinks', 0, 0);
    if (fd < 0) return false;
    const out = new Uint8Array(8);
    const n = this.native.read(fd, out, out.length);
    this.lookup.close(fd);
    return n > 0 && !fromBytes(out.subarray(0, n)).startsWith('0');
  }
}
