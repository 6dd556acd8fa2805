/**
 * What the program takes for its file system, as names only: which host directories a guest name stands for, and which
 * guest name a host path is judged by. docs/adr/0004-view.md has the reasons.
 */
import type { ByteString } from '../abi/bytes.js';

/** `sysroot` is looked up first and never written; `host` is where everything else lives and new files go. */
export type Layer = 'sysroot' | 'host';

export interface ViewOptions {
  /** Canonical host path of the directory that is the program's whole world; '/' for the host as it is. */
  readonly root: ByteString;
  /** Canonical host path of a tree whose files come before the host's, or null. */
  readonly sysroot: ByteString | null;
}

/** The kernel's own directories: the host's in every view. */
const KERNEL_NAMES: ReadonlySet<ByteString> = new Set(['proc', 'dev', 'sys']);

/** Is `path` the directory `above` or below it? Both canonical. */
export const within = (path: ByteString, above: ByteString): boolean =>
  above === '/' || path === above || (path.startsWith(above) && path[above.length] === '/');

/** What follows `above` in a path within it, as an absolute path. */
export const below = (path: ByteString, above: ByteString): ByteString =>
  above === '/' ? path : path.slice(above.length) || '/';

/** The parent's name; the root is its own parent. */
export const parentOf = (path: ByteString): ByteString => path.slice(0, path.lastIndexOf('/')) || '/';

/** A name in a directory. Both canonical; `name` may be several components. */
export const join = (directory: ByteString, name: ByteString): ByteString =>
  directory === '/' ? `/${name}` : `${directory}/${name}`;

export class View {
  readonly root: ByteString;
  readonly sysroot: ByteString | null;

  constructor({ root, sysroot }: ViewOptions) {
    for (const path of [root, sysroot ?? '/'])
      if (!isCanonical(path))
        throw new TypeError(`the view's directory is ${JSON.stringify(path)}, it must be a canonical absolute path`);
    this.root = root;
    this.sysroot = sysroot === root ? null : sysroot;
  }

  /** Is a name directly below the guest's root one that is always the host's? */
  isKernelName(name: ByteString): boolean {
    return KERNEL_NAMES.has(name);
  }
  /** Is the guest path /proc, /dev or /sys, or below one of them? */
  isKernelPath(guest: ByteString): boolean {
    const end = guest.indexOf('/', 1);
    return KERNEL_NAMES.has(guest.slice(1, end < 0 ? undefined : end));
  }

  /** Where a layer keeps a guest name, whether or not something is there. */
  hostPath(layer: Layer, guest: ByteString): ByteString {
    if (layer === 'host' && this.isKernelPath(guest)) return guest;
    const base = layer === 'host' ? this.root : (this.sysroot ?? this.root);
    if (base === '/') return guest;
    return guest === '/' ? base : base + guest;
  }

  /** The guest's name of a canonical host path; null when the program's world does not hold it. */
  toGuest(host: ByteString): ByteString | null {
    if (this.sysroot !== null && within(host, this.sysroot)) return this.unlessHidden(below(host, this.sysroot));
    if (this.root !== '/' && within(host, this.root)) return this.unlessHidden(below(host, this.root));
    return this.root === '/' || this.isKernelPath(host) ? host : null;
  }
  /** A tree's own /proc, /dev and /sys are covered by the host's. */
  private unlessHidden(guest: ByteString): ByteString | null {
    return this.isKernelPath(guest) ? null : guest;
  }

  /** Which layer a canonical host path belongs to. */
  layerOf(host: ByteString): Layer {
    return this.sysroot !== null && within(host, this.sysroot) ? 'sysroot' : 'host';
  }

  /**
   * The host paths that make up a guest directory, the layer that wins first; each may be missing or no directory.
   * Listings merge them: of two equal names the first counts.
   */
  hostLayers(guest: ByteString): { readonly layer: Layer; readonly host: ByteString }[] {
    const host = { layer: 'host' as const, host: this.hostPath('host', guest) };
    if (this.sysroot === null || this.isKernelPath(guest)) return [host];
    return [{ layer: 'sysroot', host: this.hostPath('sysroot', guest) }, host];
  }

  /**
   * A guest path that leads, in the host's layer, into a directory the view is made of: the name to be used instead,
   * as if that directory were a symlink to the guest's root. Otherwise null.
   */
  renamed(guest: ByteString): ByteString | null {
    const host = this.hostPath('host', guest);
    if (this.sysroot !== null && within(host, this.sysroot)) return below(host, this.sysroot);
    if (this.root !== '/' && host === guest && within(host, this.root)) return below(host, this.root);
    return null;
  }

  /**
   * Does a directory the view is made of lie below this host path? As with a mount point, it must not be renamed or
   * removed (EBUSY): DIR would then be writable by its new name.
   */
  holdsLayer(host: ByteString): boolean {
    const isAbove = (layer: ByteString): boolean => layer !== host && within(layer, host);
    return isAbove(this.root) || (this.sysroot !== null && isAbove(this.sysroot));
  }
}

const isCanonical = (path: ByteString): boolean =>
  path === '/' ||
  (path.startsWith('/') &&
    path
      .slice(1)
      .split('/')
      .every((name) => name !== '' && name !== '.' && name !== '..'));
