/**
 * One walk along a path, as path_resolution(7) has it but through the view. Names without special meaning are taken in
 * one stride, which the kernel refuses with ELOOP if a symlink is among them; then they are taken one by one.
 */
import type { ByteString } from '../abi/bytes.js';
import { ERRNO } from '../abi/errno.js';
import { MODE } from '../abi/flags.js';
import { asHelper, assumedCredentials } from '../native/credentials.js';
import type { ProcessView, Resolved } from '../syscalls/dsl.js';
import type { Lookup } from './paths-lookup.js';
import { isDelicate, type Link, type Place, type Procfs } from './paths-procfs.js';
import type { Scope } from './paths-scope.js';
import { LAYERS, Spot, type Dir, type Roots } from './paths-spot.js';
import { join, parentOf, type Layer, type View } from './view.js';

const { S_IFDIR, S_IFLNK, S_IFREG } = MODE.values;
const S_ISVTX = 0o1000;
const S_IWOTH = 0o002;
/** Symlinks on one path; one more is ELOOP. */
const MAX_LINKS = 40;

/** What the walk met is not where it was any more: begin again. */
export const AGAIN = 'again';
/** A step's end: nothing (go on), a negative errno, or how the walk ended. */
type Step = undefined | number | Resolved | typeof AGAIN;

export interface WalkOptions {
  readonly follow: boolean;
  readonly make?: boolean;
  readonly entry?: boolean;
}

/** What walks of one resolver share. */
export interface Ground {
  readonly view: View;
  readonly roots: Roots;
  /** Where absolute paths start: the guest's root, or what the process put in its place; a negative errno. */
  root(): Spot | number;
  /** Its guest path; a negative errno. */
  top(): ByteString | number;
  /** A guest path as the process is told it. */
  told(guest: ByteString): ByteString;
  readonly lookup: Lookup;
  readonly procfs: Procfs;
  readonly sharedMemoryPrefix: ByteString;
  /** Device of /dev/shm. */
  readonly sharedMemory: string | undefined;
  /** fs.protected_symlinks of proc_sys_fs(5). */
  readonly protectedSymlinks: boolean;
  /** Leaves a descriptor open until the call is over. */
  keep(fd: number): number;
  /** A member's working directory; a negative errno. Stays open until the call is over. */
  cwd(of: ProcessView): number;
  /** A duplicate of a member's descriptor; a negative errno. Stays open until the call is over. */
  pin(descriptor: number, of: ProcessView): number;
  /** Makes what a file of procfs holds; undefined where the kernel's is as good. */
  text(guest: ByteString): (() => Uint8Array | undefined) | undefined;
  /** What stands behind a descriptor of the helper. */
  object(fd: number, descriptor: number): Resolved | number;
}

const components = (path: ByteString): ByteString[] => path.split('/').filter((name) => name !== '');

export class Walk {
  /** Names still to be taken, the next one last. */
  private readonly rest: ByteString[] = [];
  private spot: Spot;
  private links = 0;
  private strides = true;
  /** The text that the last name comes from ends with a slash. */
  private slash = false;
  private mustBeDirectory = false;
  private dots?: '.' | '..';

  constructor(
    private readonly ground: Ground,
    private readonly options: WalkOptions,
    private readonly scope?: { readonly limits: Scope; readonly start: number },
  ) {
    this.spot = ground.roots.root;
  }

  /** Walks from a spot, which it takes over. */
  run(start: Spot, path: ByteString): Resolved | number | typeof AGAIN {
    this.spot = start;
    this.push(path);
    try {
      for (;;) {
        const end = this.next();
        const refused = this.scope === undefined ? 0 : this.crossing(end);
        if (refused !== 0) return refused;
        if (end !== undefined) return end;
      }
    } finally {
      this.ground.roots.leave(this.spot);
    }
  }

  /** Where the walk stopped and the names left then, dots resolved by name: what a path that leads nowhere stands for. */
  reached(): ByteString {
    const names = components(this.spot.guest);
    for (const name of [...this.rest].reverse())
      if (name === '..') names.pop();
      else if (name !== '.') names.push(name);
    return `/${names.join('/')}`;
  }

  /** A walk's directories, and what it ends at, must be on the mount that it began on if the call says so. */
  private crossing(end: Step): number {
    if (typeof end === 'number' || end === AGAIN) return 0;
    return (
      this.scope?.limits.at(end === undefined ? this.ground.roots.main(this.spot).fd : (end.object ?? end.dir)) ?? 0
    );
  }

  private push(path: ByteString): void {
    const names = components(path);
    if (this.rest.length === 0) this.slash = names.length > 0 && path.endsWith('/');
    for (let i = names.length - 1; i >= 0; i--) this.rest.push(names[i]);
  }
  private go(spot: Spot): void {
    if (spot !== this.spot) this.ground.roots.leave(this.spot);
    this.spot = spot;
  }

  private next(): Step {
    const { rest } = this;
    if (rest.length === 0) return this.here();
    const name = rest[rest.length - 1];
    if (name === '.' || name === '..') {
      rest.pop();
      this.dots = rest.length === 0 ? name : undefined;
      return name === '.' ? this.stay() : this.up();
    }
    this.dots = undefined;
    return rest.length === 1 ? this.last(name) : this.descend();
  }

  private stay(): Step {
    const { lookup, roots } = this.ground;
    const refused = lookup.search(roots.main(this.spot).fd);
    return refused < 0 ? refused : undefined;
  }
  /** Directories that a '..' was taken from: that they exist is told by the path's success. */
  readonly ascended: ByteString[] = [];

  private up(): Step {
    const top = this.ground.top();
    if (typeof top === 'number') return top;
    if (top !== '/' && top === this.spot.guest) return this.stay();
    const how = this.scope?.limits.up(this.spot.guest) ?? 'go';
    if (how !== 'go') return how === 'stay' ? undefined : how;
    this.ascended.push(this.spot.guest);
    const above = this.ground.roots.above(this.spot);
    if (typeof above === 'number') return above;
    this.go(above);
    return undefined;
  }

  // ---- directories on the way ----

  private descend(): Step {
    const names = this.stride();
    const { lookup, roots } = this.ground;
    const relative = names.length === 1 ? names[0] : names.join('/');
    const from = this.from(names[0]);
    for (const layer of LAYERS) {
      const dir = roots.dir(from, layer);
      if (dir === null) continue;
      const special = names.length === 1 ? this.special(dir, names[0]) : undefined;
      if (special !== undefined) return this.jumped(special);
      const fd = lookup.directory(dir.fd, names.length === 1 ? this.hostName(dir, from, relative) : relative);
      if (fd >= 0) return this.enter(layer, from, names, relative, fd);
      if (fd === -ERRNO.ENOENT) continue;
      // What a stride meets on the host may be hidden by a directory of the sysroot.
      if (names.length > 1 && (fd === -ERRNO.ELOOP || layer !== from.first)) return this.slowDown();
      return fd === -ERRNO.ELOOP ? this.symlink(dir, names[0]) : fd;
    }
    return -ERRNO.ENOENT;
  }

  /** Names to take at once: without dots and what must be looked at first; never the last one. */
  private stride(): ByteString[] {
    const { rest } = this;
    const names = [rest[rest.length - 1]];
    if (!this.strides || this.isDelicate(names[0])) return names;
    for (let i = rest.length - 2; i > 0; i--) {
      const name = rest[i];
      if (name === '.' || name === '..' || this.isDelicate(name)) break;
      names.push(name);
    }
    return names;
  }
  /** One by one, up to what is ahead: a symlink, or an error. */
  private slowDown(): undefined {
    this.strides = false;
  }

  private from(name: ByteString): Spot {
    const { roots, view } = this.ground;
    return this.spot.guest === '/' && view.isKernelName(name) ? roots.kernel : this.spot;
  }

  private enter(layer: Layer, from: Spot, names: readonly ByteString[], relative: ByteString, fd: number): Step {
    this.rest.length -= names.length;
    const guest = join(from.guest, relative);
    const dir: Dir = { fd, owned: true };
    const before = from[layer]?.place;
    if (names.length === 1 && before?.kind === 'process') dir.place = this.ground.procfs.child(before, relative);
    this.go(
      layer === 'host' ? new Spot(guest, null, dir) : new Spot(guest, dir, from.host === null ? null : undefined),
    );
    const renamed = layer === 'host' ? this.ground.view.renamed(guest) : null;
    if (renamed !== null) this.rename(renamed);
    return undefined;
  }
  /** A host path into a directory that the view is made of goes on by its guest name. */
  private rename(guest: ByteString): undefined {
    this.go(this.ground.roots.root);
    this.rest.push(...components(guest).reverse());
  }

  // ---- names that mean more ----

  private isDelicate(name: ByteString): boolean {
    return isDelicate(name) || this.isSharedMemory(name);
  }
  private isSharedMemory(name: ByteString): boolean {
    const prefix = this.ground.sharedMemoryPrefix;
    return prefix !== '' && name.startsWith(prefix);
  }

  private place(dir: Dir): Place {
    return (dir.place ??= this.ground.procfs.place(dir.fd));
  }

  /** A delicate name that the kernel must not be asked for: why it is refused, or what it stands for. */
  private special(dir: Dir, name: ByteString): Link | undefined {
    const { procfs } = this.ground;
    if (this.isSharedMemory(name) && this.inSharedMemory(dir))
      return this.rest.length === 1 && this.options.make ? -ERRNO.EACCES : -ERRNO.ENOENT;
    if (!isDelicate(name)) return undefined;
    const place = this.place(dir);
    const refused = procfs.refusal(place, name, dir.fd);
    if (refused !== 0) return refused;
    // A thread at the top is no symlink: it is where its process has it, followed or not.
    const stays = this.rest.length === 1 && !this.follows && place.kind !== 'top';
    return stays ? undefined : procfs.magic(place, name);
  }
  /** Threads have another name on the host. */
  private hostName(dir: Dir, { guest }: Spot, name: ByteString): ByteString {
    return isDelicate(name) ? this.ground.procfs.hostName(this.place(dir), guest, name) : name;
  }
  private inSharedMemory(dir: Dir): boolean {
    const { lookup, sharedMemory } = this.ground;
    return lookup.stat(dir.fd) < 0 || lookup.found.device === sharedMemory;
  }

  // ---- symlinks ----

  /** Is a symlink followed that is the last name? A slash after it says so, but to those who make or remove names. */
  private get follows(): boolean {
    if (this.slash) return !this.options.make && !this.options.entry;
    return this.options.follow || this.mustBeDirectory;
  }

  private symlink(dir: Dir, name: ByteString): Step {
    const object = this.ground.lookup.entry(dir.fd, name);
    if (object < 0) return object;
    return this.follow(dir, name, object);
  }

  /** Follows what was a symlink when it was opened; closes it. */
  private follow(dir: Dir, name: ByteString, object: number): Step {
    const { lookup, procfs } = this.ground;
    const text = lookup.target(object);
    const refused = this.rest.length === 1 && this.isUntrusted(dir, object);
    const kind = this.place(dir).kind;
    const unwanted = this.scope?.limits.link(kind === 'process' || kind === 'table') ?? 0;
    lookup.close(object);
    if (this.links++ >= MAX_LINKS) return -ERRNO.ELOOP;
    if (text === -ERRNO.ENOENT) return undefined; // no symlink any more: look again
    if (typeof text === 'number') return text;
    if (unwanted !== 0) return unwanted;
    return refused ? -ERRNO.EACCES : this.followed(procfs.link(this.place(dir), name, text));
  }

  /** May the kernel not follow it as the last name, being another user's in a directory such as /tmp? */
  private isUntrusted(dir: Dir, object: number): boolean {
    const { lookup, protectedSymlinks } = this.ground;
    if (!protectedSymlinks || lookup.stat(object) < 0) return false;
    const owner = lookup.found.uid;
    if (owner === assumedCredentials().uid.files || lookup.stat(dir.fd) < 0) return false;
    const { mode, uid } = lookup.found;
    return (mode & S_ISVTX) !== 0 && (mode & S_IWOTH) !== 0 && uid !== owner;
  }

  /** What special() said: a refusal, or a magic link. */
  private jumped(link: Link): Step {
    if (typeof link === 'number') return link;
    return this.scope?.limits.link(true) || this.followed(link);
  }
  private followed(link: Link): Step {
    if (typeof link === 'number') return link;
    this.strides = true;
    if ('descriptor' in link) return this.through(link.descriptor, link.of);
    this.rest.pop();
    if (this.rest.length === 0 && this.slash) this.mustBeDirectory = true;
    if ('to' in link) return this.jump(this.ground.cwd(link.of));
    if (link.text === '') return -ERRNO.ENOENT;
    const refused = link.text.startsWith('/') ? this.goToRoot() : 0;
    if (refused !== 0) return refused;
    this.push(link.text);
    return undefined;
  }
  /** Where an absolute link starts: 0, or a negative errno. */
  private goToRoot(): number {
    const { roots } = this.ground;
    const where = this.scope?.limits.absolute() ?? 'root';
    const spot = where === 'root' ? this.ground.root() : where === 'top' ? roots.at(this.scope?.start ?? -1) : where;
    if (typeof spot === 'number') return spot;
    this.go(spot);
    return 0;
  }

  /** A descriptor of a member: the object itself at the end of a path, a directory to go on from before. */
  private through(descriptor: number, of: ProcessView): Step {
    if (this.links++ >= MAX_LINKS) return -ERRNO.ELOOP;
    const pinned = this.ground.pin(descriptor, of);
    if (pinned < 0) return pinned === -ERRNO.EBADF || pinned === -ERRNO.ESRCH ? -ERRNO.ENOENT : pinned;
    this.rest.pop();
    if (this.rest.length > 0) return this.jump(pinned);
    const object = this.ground.object(pinned, descriptor);
    if (typeof object === 'number') return object;
    if ((this.slash || this.mustBeDirectory) && object.type !== S_IFDIR) return -ERRNO.ENOTDIR;
    return object;
  }
  private jump(fd: number): Step {
    const spot = fd < 0 ? fd : this.ground.roots.at(fd);
    if (typeof spot === 'number') return spot;
    this.go(spot);
    return undefined;
  }

  // ---- the end ----

  private last(name: ByteString): Step {
    const { roots } = this.ground;
    const from = this.from(name);
    for (const layer of LAYERS) {
      const dir = roots.dir(from, layer);
      if (dir === null) continue;
      const special = this.isDelicate(name) ? this.special(dir, name) : undefined;
      if (special !== undefined) return this.jumped(special);
      const object = this.entry(dir, name, this.hostName(dir, from, name));
      if (object >= 0) return this.found(layer, dir, name, object);
      if (object !== -ERRNO.ENOENT) return object;
    }
    const host = this.options.make ? roots.dir(from, 'host') : null;
    return host === null ? -ERRNO.ENOENT : this.end('host', host, name);
  }

  /**
   * A process may always look into its own tables in /proc. To the kernel it is the helper that looks, and the tables of
   * a process that changed its ids are root's.
   */
  private entry(dir: Dir, name: ByteString, hostName: ByteString): number {
    const look = (): number => this.ground.lookup.entry(dir.fd, hostName);
    if (!isDelicate(name)) return look();
    const place = this.place(dir);
    return place.kind === 'table' && place.member !== undefined ? asHelper(look) : look();
  }

  private found(layer: Layer, dir: Dir, name: ByteString, object: number): Step {
    const { lookup, view } = this.ground;
    const failure = lookup.stat(object);
    const { type } = lookup.found;
    if (failure === 0 && type === S_IFLNK && this.follows) return this.follow(dir, name, object);
    const refused = failure < 0 ? failure : this.refusal(layer, name, type);
    const renamed = layer === 'host' && type === S_IFDIR ? view.renamed(join(this.spot.guest, name)) : null;
    if (refused === 0 && renamed === null) return this.end(layer, dir, name, { object, type, dir });
    lookup.close(object);
    if (refused !== 0) return refused;
    this.rest.pop();
    return this.rename(renamed ?? '/');
  }

  private refusal(layer: Layer, name: ByteString, type: number): number {
    const { view } = this.ground;
    const wantsDirectory = this.mustBeDirectory || (this.slash && !this.options.make);
    if (wantsDirectory && type !== S_IFDIR) return -ERRNO.ENOTDIR;
    if (!this.options.entry) return 0;
    if (layer === 'sysroot') return -ERRNO.EROFS;
    return view.holdsLayer(view.hostPath(layer, join(this.spot.guest, name))) ? -ERRNO.EBUSY : 0;
  }

  /** The path ends at a directory that no name was looked up for. */
  private here(): Step {
    const { roots } = this.ground;
    const dir = roots.main(this.spot);
    return this.end(this.spot.first, dir, '.', { object: dir.fd, type: S_IFDIR, dir });
  }

  /** The directory must still be where the walk found it: the kernel's name for it says so. */
  private end(layer: Layer, dir: Dir, name: ByteString, there?: { object: number; type: number; dir: Dir }): Step {
    const { lookup, roots, view } = this.ground;
    const guest = name === '.' ? this.spot.guest : join(this.spot.guest, name);
    const host = roots.hostOf(layer, guest);
    if (there !== undefined && there.object !== dir.fd) this.ground.keep(there.object);
    if (lookup.nameOf(dir.fd) !== (name === '.' ? host : parentOf(host))) return AGAIN;
    if (dir.owned) this.ground.keep(dir.fd);
    dir.owned = false;
    return {
      guest,
      host,
      layer,
      dir: dir.fd,
      name: name === '.' ? name : host.slice(host.lastIndexOf('/') + 1),
      exists: there !== undefined,
      type: there?.type ?? 0,
      object: there?.object,
      contents: there?.type === S_IFREG ? this.ground.text(guest) : undefined,
      text: there?.type === S_IFLNK ? this.text(dir, name, there.object) : undefined,
      trailingSlash: this.slash,
      dots: this.dots,
      busy: layer === 'host' && view.holdsLayer(host),
    };
  }

  /** What readlink(2) must answer where the kernel would speak of the helper, or of host paths. */
  private text(dir: Dir, name: ByteString, object: number): ByteString | undefined {
    const { lookup, procfs, roots } = this.ground;
    const place = this.place(dir);
    if (place.kind === 'elsewhere' || place.kind === 'unknown') return undefined;
    const kernel = lookup.target(object);
    if (typeof kernel === 'number') return undefined;
    const link = procfs.link(place, name, kernel);
    if (typeof link === 'number') return undefined;
    if ('text' in link) return name === 'exe' ? this.ground.told(link.text) : link.text;
    const path = 'to' in link ? roots.pathOf(this.ground.cwd(link.of)) : kernel;
    if (typeof path === 'number') return undefined;
    const guest = roots.guestOf(path);
    return guest === null ? path : this.ground.told(guest);
  }
}
