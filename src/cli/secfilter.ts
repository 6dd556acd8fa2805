/** secfilter's options: what was given, and what it means on this machine. */
import { readFileSync, realpathSync } from 'node:fs';
import { isIP } from 'node:net';
import { basename, dirname, normalize, resolve } from 'node:path';
import { fromBytes, type ByteString } from '../abi/bytes.js';
import { MODE } from '../abi/flags.js';
import { SHARED_MEMORY_PREFIX } from '../launch/channels.js';
import { readWhole } from '../launch/files.js';
import { CAP, ownCredentials } from '../native/credentials.js';
import { native } from '../native/index.js';
import { PolicyError } from '../policy/problem.js';
import type { Surroundings } from '../policy/secfilter/judge.js';
import { configEntries, settingsOf, type Entry, type Settings } from '../policy/secfilter/settings.js';
import { PathResolver } from '../referee/paths.js';
import type { View } from '../referee/view.js';

const RESOLV_CONF = '/etc/resolv.conf';

/** @throws PolicyError */
function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new PolicyError([`--config: ${JSON.stringify(file)} cannot be read: ${(error as Error).message}`]);
  }
}

/** What the command line and the file of --config say together. @throws PolicyError */
export function loadSecfilter(commandLine: readonly Entry[], config: string | undefined): Settings {
  return settingsOf(commandLine, config === undefined ? [] : configEntries(read(config), config));
}

/** A line for each thing that was said, for --verbose. */
export const saidBy = ({ switches, lists }: Settings): string[] =>
  Object.entries({ ...switches, ...lists }).flatMap(([key, given]) =>
    [given].flat().map(({ value, origin }) => {
      const where = origin.line === 0 ? '' : ` (${origin.file}:${origin.line})`;
      return `${key}=${typeof value === 'boolean' ? Number(value) : value}${where}`;
    }),
  );

const bytes = (path: string): ByteString => fromBytes(Buffer.from(path));

/** The canonical name of a path, of which the end need not exist. */
function canonical(path: string): ByteString {
  try {
    return fromBytes(realpathSync.native(path, { encoding: 'buffer' }));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    const parent = canonical(dirname(path));
    return `${parent === '/' ? '' : parent}/${bytes(basename(path))}`;
  }
}

/** Symlinks of another root are not followed: nobody guarantees that they stay. */
function insideRoot(path: string): ByteString {
  if (!path.startsWith('/'))
    throw new PolicyError([`--allow-write: ${JSON.stringify(path)} must begin with "/" beside --root`]);
  return bytes(normalize(path).replace(/(?<=.)\/$/, ''));
}

/** resolv.conf(5): without a server it is the local machine. */
export function nameServersOf(text: string): string[] {
  const servers = [...text.matchAll(/^nameserver[ \t]+(\S+)/gm)].map(([, address]) => address.replace(/%.*$/, ''));
  const known = servers.filter((address) => isIP(address) !== 0);
  return known.length > 0 ? known : ['127.0.0.1', '::1'];
}

const O_NONBLOCK_NOFOLLOW = 0o404000;

/** What the program will find in a file; empty where there is none. A symlink leads where it leads the program. */
function textIn(view: View, path: ByteString): string {
  const resolver = new PathResolver(view, native, { sharedMemoryPrefix: SHARED_MEMORY_PREFIX });
  try {
    const found = resolver.resolve(-1, path, { follow: true });
    if (typeof found === 'number' || found.type !== MODE.values.S_IFREG) return '';
    const fd = native.openat(found.dir, found.name, O_NONBLOCK_NOFOLLOW, 0);
    if (fd < 0) return '';
    const content = readWhole(fd);
    native.close(fd);
    return typeof content === 'number' ? '' : fromBytes(content);
  } finally {
    resolver.dispose();
  }
}

/** capabilities(7): is CAP_NET_ADMIN, or will it be, when the program is executed? */
function mayRoute(): boolean {
  const { uid, capabilities } = ownCredentials();
  const { bounding, ...others } = capabilities;
  const isRoot = Object.values(uid).includes(0);
  return [isRoot ? bounding : 0n, ...Object.values(others)].some((set) => ((set >> BigInt(CAP.NET_ADMIN)) & 1n) !== 0n);
}

export const surroundings = (view: View): Surroundings => ({
  canonical(path) {
    if (view.root !== '/') return insideRoot(path);
    try {
      return canonical(resolve(path));
    } catch (error) {
      throw new PolicyError([`--allow-write: ${JSON.stringify(path)}: ${(error as Error).message}`]);
    }
  },
  nameServers: () => nameServersOf(textIn(view, RESOLV_CONF)),
  mayRoute: mayRoute(),
});
