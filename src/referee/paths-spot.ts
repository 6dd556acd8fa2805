/** Where a walk stands: a directory of the guest, with the host directory of each layer that it is made of. */
import type { ByteString } from '../abi/bytes.js';
import { ERRNO } from '../abi/errno.js';
import type { Lookup } from './paths-lookup.js';
import type { Place } from './paths-procfs.js';
import type { ThreadNames } from './paths-threads.js';
import { parentOf, type Layer, type View } from './view.js';

/** The order in which names are looked up. */
export const LAYERS: readonly Layer[] = ['sysroot', 'host'];

/** A directory of the host that is open. Who walks closes it, if it is owned. */
export interface Dir {
  readonly fd: number;
  owned: boolean;
  /** What it is to procfs, once that was asked. */
  place?: Place;
}

/** The host's layer of a spot is opened when it is first needed: most names are found in the layer before. */
export class Spot {
  constructor(
    readonly guest: ByteString,
    readonly sysroot: Dir | null,
    /** undefined: not looked for yet. */
    public host: Dir | null | undefined,
  ) {}

  /** The layer that wins. */
  get first(): Layer {
    return this.sysroot === null ? 'host' : 'sysroot';
  }
}

const borrowed = (fd: number): Dir => ({ fd, owned: false });
const owned = (fd: number): Dir | null => (fd < 0 ? null : { fd, owned: true });

/** The roots, open for good, and the spots that start from them. */
export class Roots {
  /** The guest's root. */
  readonly root: Spot;
  /** The guest's root as far as /proc, /dev and /sys go. */
  readonly kernel: Spot;
  readonly host: number;
  private readonly sysroot: number;
  private readonly world: number;

  constructor(
    readonly view: View,
    private readonly lookup: Lookup,
    private readonly names: ThreadNames,
  ) {
    this.host = lookup.fixed('/');
    this.world = view.root === '/' ? this.host : lookup.fixed(view.root);
    this.sysroot = view.sysroot === null ? -1 : lookup.fixed(view.sysroot);
    this.root = new Spot('/', this.sysroot < 0 ? null : borrowed(this.sysroot), borrowed(this.world));
    this.kernel = new Spot('/', null, borrowed(this.host));
  }

  dispose(): void {
    for (const fd of new Set([this.host, this.world, this.sysroot])) if (fd >= 0) this.lookup.close(fd);
  }

  /** The directory of a layer at a spot; null when that layer does not have it. */
  dir(spot: Spot, layer: Layer): Dir | null {
    if (layer === 'sysroot') return spot.sysroot;
    if (spot.host === undefined) spot.host = owned(this.open('host', spot.guest));
    return spot.host;
  }
  /** The directory that wins at a spot. */
  main(spot: Spot): Dir {
    return spot.sysroot ?? (spot.host as Dir);
  }

  /** A layer's directory of a canonical guest path, reached without a symlink; a negative errno. */
  open(layer: Layer, guest: ByteString): number {
    const kernel = this.view.isKernelPath(guest);
    if (layer === 'sysroot' && (this.sysroot < 0 || kernel)) return -ERRNO.ENOENT;
    return this.lookup.directory(
      layer === 'sysroot' ? this.sysroot : kernel ? this.host : this.world,
      (kernel ? this.names.toHost(guest) : guest).slice(1) || '.',
    );
  }

  /** The spot at a directory that is open in the helper (and stays its caller's); a negative errno. */
  at(fd: number): Spot | number {
    const host = this.pathOf(fd);
    if (typeof host === 'number')
      return this.lookup.stat(fd) === 0 && !this.lookup.found.isDirectory ? -ERRNO.ENOTDIR : host;
    const guest = this.guestOf(host);
    if (guest === null) return -ERRNO.EACCES;
    return guest === '/' ? this.root : this.spot(guest, this.view.layerOf(host), borrowed(fd));
  }

  /** The directory above a spot; a negative errno where it may not be searched. The root is its own. */
  above(spot: Spot): Spot | number {
    const guest = parentOf(spot.guest);
    if (guest === '/') {
      const refused = this.lookup.search(this.main(spot).fd);
      return refused < 0 ? refused : this.root;
    }
    const fd = this.lookup.above(this.main(spot).fd);
    return fd < 0 ? fd : this.spot(guest, spot.first, { fd, owned: true });
  }

  private spot(guest: ByteString, layer: Layer, dir: Dir): Spot {
    return layer === 'sysroot'
      ? new Spot(guest, dir, undefined)
      : new Spot(guest, owned(this.open('sysroot', guest)), dir);
  }

  /** The canonical host path of what a descriptor refers to; -ENOENT when it has none any more or never had one. */
  pathOf(fd: number): ByteString | number {
    const name = this.lookup.nameOf(fd);
    if (typeof name === 'number') return name;
    return !name.startsWith('/') || this.lookup.isDeleted(fd, name, this.host) ? -ERRNO.ENOENT : name;
  }

  /** The guest's name of a canonical host path; null when the program's world does not hold it. */
  guestOf(host: ByteString): ByteString | null {
    const guest = this.view.toGuest(host);
    return guest === null ? null : this.names.toGuest(guest);
  }
  /** Where a layer keeps a guest name. */
  hostOf(layer: Layer, guest: ByteString): ByteString {
    return this.names.toHost(this.view.hostPath(layer, guest));
  }

  leave(spot: Spot): void {
    for (const dir of [spot.sysroot, spot.host]) if (dir?.owned) this.lookup.close(dir.fd);
  }
}
