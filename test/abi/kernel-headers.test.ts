/**
 * Numbers, flags, sizes and offsets against the kernel's own headers for programs, by the compiler: one C file of
 * _Static_asserts, made from the tables, for i386. What those headers leave out, glibc's for i386 prove.
 */
import { readdirSync } from 'node:fs';
import { expect } from 'chai';
import type { Struct } from '../../src/abi/ctype.js';
import { IOCTL } from '../../src/abi/flags.js';
import { NUMBERS, OWN_NUMBERS } from '../../src/abi/numbers.js';
import { describeCalls } from '../../src/syscalls/describe-call.js';
import { C_STRUCTS, INTERNAL } from './c-names.js';
import { cFile, complaints, constant, headerVersion, unknownNames, type World, WORLDS } from './compiler.js';

/** Modules of src/abi that say what the kernel's interface is. */
const MODULES = readdirSync('src/abi').filter((name) => /^(errno|(structs|flags)(-\w+)?)\.ts$/.test(name));

/** Flags younger than the oldest headers that the tests meet (Linux 6.1, Debian 12): the kernel that brought them. */
const YOUNG: Readonly<Record<string, string>> = {
  F_DUPFD_QUERY: '6.10',
  F_CREATED_QUERY: '6.12',
  F_SEAL_EXEC: '6.3',
  MFD_NOEXEC_SEAL: '6.3',
  MFD_EXEC: '6.3',
  MADV_GUARD_INSTALL: '6.13',
  MADV_GUARD_REMOVE: '6.13',
  MAP_ABOVE4G: '6.6',
  MAP_DROPPABLE: '6.11',
  PR_SET_MDWE: '6.3',
  PR_GET_MDWE: '6.3',
  PR_SET_MEMORY_MERGE: '6.4',
  PR_GET_MEMORY_MERGE: '6.4',
  PR_GET_AUXV: '6.4',
};
/** Names of our own, or the kernel's inside: no header for programs has them. */
const OURS: ReadonlySet<string> = new Set([
  'VALID_OPEN_FLAGS',
  'S_IALLUGO',
  'SIGNAL_MAX',
  'USER_DESC',
  'DIRENT64_NAME',
  'SUN_PATH',
]);

type Pair = readonly [name: string, value: number];
const isObject = (x: unknown): x is Record<string, unknown> => typeof x === 'object' && x !== null;
const isStruct = (x: unknown): x is Struct => isObject(x) && Array.isArray(x.fields) && typeof x.size === 'number';
const isNumbers = (x: unknown): x is Record<string, number> =>
  isObject(x) && Object.values(x).every((value) => typeof value === 'number');

/** The names that an export has values for: of a flags table, of a plain record, or its own. */
function pairsOf([name, value]: [string, unknown]): Pair[] {
  if (OURS.has(name)) return [];
  if (typeof value === 'number') return [[name, value]];
  if (isObject(value) && isNumbers(value.values)) return Object.entries(value.values);
  return isNumbers(value) ? Object.entries(value) : [];
}

const assertion = (what: string, value: number | string): string =>
  `_Static_assert(${what} == ${value}, "${what.replace(/"/g, '')}");`;
const flagAssertion = ([name, value]: Pair): string => assertion(`(unsigned)(${name})`, `${value >>> 0}u`);

/** Fillers without a name in C, or with one that changes from kernel to kernel. */
const FILLER = /^__.*(spare|reserved)|^__pad|^__unused/;

/** The field's name in C; null where no field begins. */
function fieldName({ name: of }: Struct, field: string): string | null {
  const { fields = {} } = C_STRUCTS[of] ?? {};
  const spelled = field.replace(/[A-Z]/g, (capital) => `_${capital.toLowerCase()}`);
  if (typeof fields === 'string') return fields + spelled;
  return field in fields ? fields[field] : spelled;
}

const older = ([major, minor]: readonly [number, number], version: string): boolean => {
  const [a, b] = version.split('.').map(Number);
  return major < a || (major === a && minor < b);
};

function layout(s: Struct): { readonly world: World; readonly lines: string[] } {
  const { c = `struct ${s.name}`, in: world = 'uapi', open = false, since } = C_STRUCTS[s.name] ?? {};
  if (since !== undefined && older(headerVersion(), since)) return { world, lines: [] };
  const lines = open ? [] : [assertion(`sizeof(${c})`, s.size)];
  for (const { name, offset } of s.fields) {
    const field = FILLER.test(name) ? null : fieldName(s, name);
    if (field !== null) lines.push(assertion(`__builtin_offsetof(${c}, ${field})`, offset));
  }
  return { world, lines };
}

describe('the i386 interface as the kernel headers have it', () => {
  const exported: [string, unknown][] = [];
  let pairs: Pair[] = [];
  /** Names that the headers do not have. */
  let absent: Readonly<Record<World, Set<string>>>;
  /** One C file proves all: what each part adds. */
  const asserted: Record<World, string[]> = { uapi: [INTERNAL], libc: [] };
  const prove = (world: World, lines: readonly string[]): string => {
    asserted[world].push(...lines);
    return complaints(
      world,
      cFile({ uapi: INTERNAL, libc: '', [world]: (world === 'uapi' ? INTERNAL : '') + lines.join('\n') }),
    );
  };

  before(async () => {
    for (const file of MODULES)
      exported.push(
        ...Object.entries((await import(new URL(`../../src/abi/${file}`, import.meta.url).href)) as object),
      );
    pairs = exported.flatMap(pairsOf);
    const names = pairs.map(([name]) => name);
    absent = { uapi: unknownNames('uapi', names), libc: unknownNames('libc', names) };
  });

  it('can tell: a wrong value, size and name are complained about', () => {
    expect(prove('uapi', [])).to.equal('');
    const wrong = (world: World, line: string): string =>
      complaints(world, cFile({ uapi: '', libc: '', [world]: line }));
    expect(wrong('uapi', assertion('__NR_read', 4))).to.contain('static assertion failed: "__NR_read"');
    expect(wrong('libc', assertion('sizeof(struct msghdr)', 56))).to.contain('static assertion failed');
    expect(wrong('uapi', assertion('O_NO_SUCH_FLAG', 4))).to.contain("'O_NO_SUCH_FLAG' undeclared");
    expect([...unknownNames('uapi', ['O_CREAT', 'O_NO_SUCH_FLAG', 'MEMBARRIER_CMD_QUERY'])]).to.deep.equal([
      'O_NO_SUCH_FLAG',
    ]);
    expect(constant('uapi', '__NR_read + 1')).to.equal(4);
  });

  it('numbers every system call as asm/unistd_32.h does', () => {
    const numbers = Object.entries(NUMBERS)
      .filter(([name]) => !(name in OWN_NUMBERS))
      .map(([name, nr]): Pair => [`__NR_${name}`, nr]);
    const unknown = unknownNames(
      'uapi',
      numbers.map(([name]) => name),
    );
    const known = numbers.filter(([name]) => !unknown.has(name));
    expect(known.length).to.be.above(400);
    expect(
      prove(
        'uapi',
        known.map(([name, nr]) => assertion(name, nr)),
      ),
    ).to.equal('');
    // What the headers do not have is younger than they: it comes behind all that they have.
    const last = Math.max(...known.map(([, nr]) => nr));
    expect(numbers.filter(([name, nr]) => unknown.has(name) && nr <= last)).to.deep.equal([]);
    expect(Object.values(OWN_NUMBERS).filter((nr) => nr < 4096)).to.deep.equal([]);
  });

  it('numbers the sub-calls of socketcall and ipc as linux/net.h and linux/ipc.h do', () => {
    const lines = describeCalls().flatMap(({ name, carried }) =>
      carried === undefined
        ? []
        : [assertion((carried.by === 'ipc' ? '' : 'SYS_') + name.toUpperCase(), carried.number)],
    );
    expect(lines).to.have.lengthOf(32);
    expect(prove('uapi', lines)).to.equal('');
  });

  it('lays out every structure as they do', () => {
    const structs = exported.map(([, value]) => value).filter(isStruct);
    expect(structs.length).to.be.above(60);
    for (const world of WORLDS) {
      const lines = structs.map(layout).flatMap((proof) => (proof.world === world ? proof.lines : []));
      expect(lines.length, world).to.be.above(20);
      expect(prove(world, lines)).to.equal('');
    }
    const names = new Set(structs.map(({ name }) => name));
    expect(Object.keys(C_STRUCTS).filter((name) => !names.has(name))).to.deep.equal([]);
  });

  it('names every flag as they do', () => {
    expect(pairs.length).to.be.above(500);
    const proofs: Record<World, Pair[]> = { uapi: [], libc: [] };
    for (const pair of pairs) {
      const world = WORLDS.find((w) => !absent[w].has(pair[0]));
      if (world !== undefined) proofs[world].push(pair);
    }
    for (const world of WORLDS) expect(prove(world, proofs[world].map(flagAssertion))).to.equal('');
  });
  it('proves every request of ioctl by the kernel’s own headers', () => {
    expect(Object.keys(IOCTL.values).filter((name) => absent.uapi.has(name))).to.deep.equal([]);
  });
  it('says the kernel of every flag that no header here has, which must be younger than the headers', () => {
    const missing = [...new Set(pairs.map(([name]) => name))].filter((n) => absent.uapi.has(n) && absent.libc.has(n));
    const version = headerVersion();
    const unexplained = missing.filter((name) => !(name in YOUNG) || !older(version, YOUNG[name]));
    expect(unexplained, 'a typing error, or younger than the headers: then say its kernel in YOUNG').to.deep.equal([]);
    const names = new Set(pairs.map(([name]) => name));
    expect(Object.keys(YOUNG).filter((name) => !names.has(name))).to.deep.equal([]);
  });

  it('all of it as one C file', () => {
    const file = cFile({ uapi: asserted.uapi.join('\n'), libc: asserted.libc.join('\n') });
    expect(file.match(/_Static_assert/g)?.length).to.be.above(1500);
    for (const world of WORLDS) expect(complaints(world, file)).to.equal('');
  });
});
