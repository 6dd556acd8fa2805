/** The words of promises, as OpenBSD's pledge(2) has them, and how a text of them is read. */
export const PROMISE_NAMES = [
  'stdio',
  'rpath',
  'wpath',
  'cpath',
  'dpath',
  'tmppath',
  'inet',
  'mcast',
  'fattr',
  'chown',
  'flock',
  'unix',
  'dns',
  'getpw',
  'sendfd',
  'recvfd',
  'tape',
  'tty',
  'proc',
  'exec',
  'prot_exec',
  'settime',
  'ps',
  'vminfo',
  'id',
  'pf',
  'route',
  'wroute',
  'audio',
  'video',
  'bpf',
  'unveil',
  'error',
] as const;
export type PromiseName = (typeof PROMISE_NAMES)[number];
export type Promises = ReadonlySet<PromiseName>;

const isPromise = (word: string): word is PromiseName => (PROMISE_NAMES as readonly string[]).includes(word);
const words = (text: string): string[] => text.split(/[ \t\n]+/).filter((word) => word !== '');

/** The words of a text that are no promises. */
export const unknownPromises = (text: string): string[] => words(text).filter((word) => !isPromise(word));
/** Undefined where a word is no promise. */
export function promisesOf(text: string): Promises | undefined {
  const all = words(text);
  return all.every(isPromise) ? new Set(all) : undefined;
}

/** Of a text that somebody has checked. */
export function promisesIn(text: string): Promises {
  const promises = promisesOf(text);
  if (promises === undefined) throw new Error('promises that nobody has checked');
  return promises;
}

/** Letters of unveil(2), each at most once? */
export const arePermissions = (text: string): boolean => /^[rwxc]*$/.test(text) && new Set(text).size === text.length;
