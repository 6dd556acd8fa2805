/** What an argument is, in words and as data: the one place that must learn of a new kind. */
import { type Flags, type Kind, type Row, WORD_SIZE } from './dsl.js';

/** As `./sandbox syscalls --json` prints it. Fields are added, never renamed, without a new version of that format. */
export interface ArgumentDescription {
  readonly kind:
    | 'value'
    | 'descriptor'
    | 'path'
    | 'text'
    | 'bytes'
    | 'struct'
    | 'words'
    | 'iovec'
    | 'address'
    | 'message'
    | 'descriptor set'
    | 'signal set'
    | 'choice'
    | 'unused';
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
  /** A choice: the argument that it depends on, and what it is for the values of that argument which have names. */
  readonly on?: string;
  readonly alternatives?: readonly { readonly when: readonly string[]; readonly text: string }[];
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
  page: 'an offset in pages',
  low: 'the low half of a 64-bit number',
  high: 'the high half of a 64-bit number',
};

const REGISTERS = 6;
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

/** So many elements of one size: their number is fixed or an argument. */
function lengthOf(count: string | number, size: number): ArgumentDescription['length'] {
  return typeof count === 'number' ? { bytes: count * size } : { argument: count, times: size };
}

const WORDS: Readonly<Record<Of<'words'>['of'], string>> = {
  int: 'numbers',
  uint: 'unsigned numbers',
  fd: 'descriptors',
  hex: 'words',
  ushort: 'short numbers',
  id64: '64-bit numbers',
};

function words(kind: Of<'words'>): ArgumentDescription {
  const each = WORD_SIZE[kind.of];
  return {
    kind: 'words',
    direction: kind.way,
    text: `${WORDS[kind.of]}: ${kind.count} of ${each} bytes, ${WAY[kind.way]}`,
    length: lengthOf(kind.count, each),
  };
}

function structs(kind: Of<'structs'>): ArgumentDescription {
  const { name, size } = kind.struct;
  return {
    kind: 'struct',
    direction: kind.way,
    text: `${kind.count} times ${name} of ${size} bytes, ${WAY[kind.way]}`,
    length: lengthOf(kind.count, size),
    struct: name,
  };
}

const SOCKADDR_MAX = 128;

function sockaddr(kind: Of<'sockaddr'>): ArgumentDescription {
  const common = { kind: 'address', direction: kind.way } as const;
  const length = { argument: kind.length, times: 1, most: SOCKADDR_MAX };
  return kind.way === 'in'
    ? { ...common, text: `a socket address of ${kind.length} bytes, read`, length }
    : { ...common, text: `a socket address, written, with its length where ${kind.length} points`, length };
}

function message(kind: Of<'message'>): ArgumentDescription {
  const direction = kind.way;
  if (kind.count === undefined)
    return { kind: 'message', direction, text: `a message (msghdr), ${WAY[direction]}`, struct: 'msghdr' };
  return { kind: 'message', direction, text: `${kind.count} messages (mmsghdr), ${WAY[direction]}`, struct: 'mmsghdr' };
}

function sigset({ way, size }: Of<'sigset'>): ArgumentDescription {
  const length = lengthOf(size, 1);
  return { kind: 'signal set', direction: way, text: `a set of signals, ${size} bytes, ${WAY[way]}`, length };
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
    case 'structs':
      return structs(kind);
    case 'words':
      return words(kind);
    case 'iovec':
      return {
        kind: 'iovec',
        direction: kind.way,
        text: `${kind.count} buffers, ${WAY[kind.way]}`,
        length: { argument: kind.count, times: 8 },
      };
    case 'sockaddr':
      return sockaddr(kind);
    case 'message':
      return message(kind);
    case 'fdset':
      return { kind: 'descriptor set', direction: 'inout', text: `a set of descriptors below ${kind.count}` };
    case 'sigset':
      return sigset(kind);
    case 'choice':
      return { kind: 'choice', direction: 'in', text: `depends on ${kind.on}`, on: kind.on };
    case 'absent':
      return { kind: 'unused', direction: 'in', text: 'not looked at' };
  }
}

/** What a choice is for each named value of the argument that it depends on; without names there is nothing to list. */
function alternatives(kind: Of<'choice'>, args: Row['args']): ArgumentDescription['alternatives'] {
  const at = args.findIndex(([name]) => name === kind.on);
  const on = args[at][1];
  if (on.kind !== 'value' || on.flags === undefined) return undefined;
  const found = new Map<string, string[]>();
  for (const [name, number] of Object.entries(on.flags.values)) {
    const r = new Uint32Array(REGISTERS);
    r[at] = number;
    const { text } = describeKind(kind.of(r));
    found.set(text, [...(found.get(text) ?? []), name]);
  }
  return [...found].map(([text, when]) => ({ when, text }));
}

/** What a row's argument is; `args` are all of the row. */
export function describeArgument(kind: Kind, args: Row['args']): ArgumentDescription {
  const described = describeKind(kind);
  const listed = kind.kind === 'choice' ? alternatives(kind, args) : undefined;
  return listed === undefined ? described : { ...described, alternatives: listed };
}
