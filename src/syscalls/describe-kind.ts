/** What an argument is, in words and as data: the one place that must learn of a new kind. */
import type { Flags, Kind } from './dsl.js';

/** As `./sandbox syscalls --json` prints it. Fields are added, never renamed, without a new version of that format. */
export interface ArgumentDescription {
  readonly kind: 'value' | 'descriptor' | 'path' | 'text' | 'bytes' | 'struct' | 'iovec';
  /** Who writes what the argument is or points to: the program (in), kernel or helper (out), both. */
  readonly direction: 'in' | 'out' | 'inout';
  /** In words, with its length. */
  readonly text: string;
  /** Size of what it points to: bytes, or an argument's value times bytes; `most` bytes are looked at. */
  readonly length?: {
    readonly bytes?: number;
    readonly argument?: string;
    readonly times?: number;
    readonly most?: number;
  };
  /** The struct's name, as the kernel has it. */
  readonly struct?: string;
  /** A path: the descriptor argument that it starts from; without, it starts from the working directory. */
  readonly from?: string;
  /** Names of the bits or values. */
  readonly names?: readonly string[];
  /** Null is allowed. */
  readonly optional?: boolean;
}

type Of<K extends Kind['kind']> = Extract<Kind, { kind: K }>;

const SHOWN: Readonly<Record<Of<'value'>['show'], string>> = {
  int: 'a number',
  uint: 'an unsigned number',
  hex: 'a number',
  octal: 'permission bits',
  pid: 'an id of a process or thread',
  signal: 'a signal',
  address: 'an address',
};

const FULL_FIELD = 0xffffffff;

function named({ field }: Flags): string {
  if (field === undefined) return 'bits';
  return field >>> 0 === FULL_FIELD ? 'one of' : 'one of, and bits';
}

function value(kind: Of<'value'>): ArgumentDescription {
  if (kind.flags === undefined) return { kind: 'value', direction: 'in', text: SHOWN[kind.show] };
  return { kind: 'value', direction: 'in', text: named(kind.flags), names: Object.keys(kind.flags.values) };
}

function path(kind: Of<'path'>): ArgumentDescription {
  const last =
    kind.follow === true ? '' : kind.follow === false ? ', a last symlink itself' : ', a last symlink as flags say';
  const from = kind.at === undefined ? {} : { from: kind.at };
  return {
    kind: 'path',
    direction: 'in',
    text: `a path${kind.at === undefined ? '' : ` from ${kind.at}`}${last}`,
    ...from,
  };
}

const WAY = { in: 'read', out: 'written', inout: 'read and written' } as const;

function bytes(kind: Of<'bytes'>): ArgumentDescription {
  const times = kind.of ?? 1;
  const most = kind.max === undefined ? {} : { most: kind.max };
  const atMost = kind.max === undefined ? '' : `, at most ${kind.max}`;
  const common = { kind: 'bytes', direction: kind.way } as const;
  if (typeof kind.length === 'number')
    return {
      ...common,
      text: `${kind.length * times} bytes, ${WAY[kind.way]}`,
      length: { bytes: kind.length * times },
    };
  const elements = times === 1 ? `${kind.length} bytes` : `${kind.length} times ${times} bytes`;
  return {
    ...common,
    text: `${elements}${atMost}, ${WAY[kind.way]}`,
    length: { argument: kind.length, times, ...most },
  };
}

function struct(kind: Of<'struct'>): ArgumentDescription {
  const { name, size } = kind.struct;
  return {
    kind: 'struct',
    direction: kind.way,
    text: `${name}, ${size} bytes, ${WAY[kind.way]}${kind.optional ? ', or null' : ''}`,
    length: { bytes: size },
    struct: name,
    ...(kind.optional ? { optional: true } : {}),
  };
}

export function describeKind(kind: Kind): ArgumentDescription {
  switch (kind.kind) {
    case 'value':
      return value(kind);
    case 'fd':
      return {
        kind: 'descriptor',
        direction: 'in',
        text: kind.dir ? "a directory's descriptor, or AT_FDCWD" : 'a descriptor',
      };
    case 'path':
      return path(kind);
    case 'string':
      return {
        kind: 'text',
        direction: 'in',
        text: `a text that ends with NUL, at most ${kind.max} bytes`,
        length: { most: kind.max },
      };
    case 'bytes':
      return bytes(kind);
    case 'struct':
      return struct(kind);
    case 'iovec':
      return {
        kind: 'iovec',
        direction: kind.way,
        text: `${kind.count} buffers, ${WAY[kind.way]}`,
        length: { argument: kind.count, times: 8 },
      };
  }
}
