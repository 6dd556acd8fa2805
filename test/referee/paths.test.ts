import { expect } from 'chai';
import fc from 'fast-check';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import * as fs from 'node:fs';
import { fileURLToPath } from 'node:url';
import { fromBytes, type ByteString } from '../../src/abi/bytes.js';
import { ERRNO, errnoName, type PrimaryErrnoName } from '../../src/abi/errno.js';
import { AT_FDCWD, MODE, OPEN, RESOLVE } from '../../src/abi/flags.js';
import { StatxBuffer } from '../../src/abi/statx.js';
import { native, type Native } from '../../src/native/index.js';
import {
  PathResolver,
  Visit,
  writeRefusal,
  type PathOptions,
  type PathResolverOptions,
} from '../../src/referee/paths.js';
import { withoutHidden } from '../../src/referee/listing.js';
import { View } from '../../src/referee/view.js';
import type { ProcessView, Resolved, ThreadView } from '../../src/syscalls/dsl.js';
import { FakeCall } from '../syscalls/fake-process-call.js';

const { O_PATH, O_NOFOLLOW, O_CREAT, O_WRONLY } = OPEN.values;
const { RESOLVE_IN_ROOT, RESOLVE_NO_SYMLINKS } = RESOLVE.values;
const { S_IFDIR, S_IFLNK, S_IFREG } = MODE.values;
const AT_EMPTY_PATH = 0x1000;
const NOBODY = 65534;
const HIDDEN = 'seccomp-nurse-test.';

const STAT: PathOptions = { follow: true };
const LSTAT: PathOptions = { follow: false };
const CREATE: PathOptions = { follow: true, make: true };
const MKDIR: PathOptions = { follow: false, make: true };
const REMOVE: PathOptions = { follow: false, entry: true };
const EMPTY: PathOptions = { follow: true, empty: true };

let base: string;
const options = (more: Partial<PathResolverOptions> = {}): PathResolverOptions => ({
  sharedMemoryPrefix: HIDDEN,
  ...more,
});
/** A process of a sandbox of its own: its main thread. */
const oneProcess = (pid: number, more: Partial<ProcessView> = {}): ThreadView =>
  mainThread(new FakeCall().join(pid, more));
const mainThread = ({ living }: ProcessView): ThreadView => [...living][0];
function visited(resolver: PathResolver, thread: ThreadView): PathResolver {
  resolver.enter(new Visit(thread));
  return resolver;
}
const withoutOpenat2: Native = { ...native, openat2: () => -ERRNO.ENOSYS };

const identityOf = (fd: number): string => {
  const found = new StatxBuffer();
  expect(native.statx(fd, '', AT_EMPTY_PATH, 0x7ff, found.bytes)).to.equal(0);
  return found.identity;
};
const bytes = Buffer.alloc(4096);
const nameOf = (fd: number): ByteString =>
  fromBytes(bytes.subarray(0, native.readlinkat(AT_FDCWD, `/proc/self/fd/${fd}`, bytes, bytes.length)));
const descriptors = (): number => fs.readdirSync('/proc/self/fd').length;
/** Of those, what only resolvers and tests open: node's own come and go. */
const pathDescriptors = (): number =>
  fs.readdirSync('/proc/self/fd').filter((fd) => (native.fcntl(Number(fd), 3, 0) & (O_PATH | (1 << 31))) === O_PATH)
    .length;

/** A tree: 'x/' a directory, 'x' a file that holds its own name, ['x', 'target'] a symlink. */
type Entry = string | readonly [name: string, target: string];
function plant(root: string, entries: readonly Entry[]): void {
  fs.mkdirSync(root, { recursive: true });
  for (const entry of entries) {
    if (typeof entry !== 'string')
      fs.symlinkSync(Buffer.from(entry[1], 'latin1'), Buffer.from(`${root}/${entry[0]}`, 'latin1'));
    else if (entry.endsWith('/')) fs.mkdirSync(Buffer.from(`${root}/${entry}`, 'latin1'));
    else fs.writeFileSync(Buffer.from(`${root}/${entry}`, 'latin1'), entry);
  }
}

const shown = (r: Resolved | number): string => (typeof r === 'number' ? errnoName(-r) : r.guest);

/** What must hold of every result, whatever was asked. */
function checkConsistent(r: Resolved): void {
  if (r.anonymous || r.name === '' || r.descriptor !== undefined) return;
  expect(nameOf(r.dir)).to.equal(r.name === '.' ? r.host : r.host.slice(0, r.host.lastIndexOf('/')) || '/');
  if (r.name !== '.') expect(r.host.endsWith(`/${r.name}`)).to.equal(true);
  expect(r.exists).to.equal(r.object !== undefined);
  if (r.object === undefined) return;
  const fd = native.openat(r.dir, r.name, O_PATH | O_NOFOLLOW, 0);
  expect(identityOf(fd)).to.equal(identityOf(r.object));
  native.close(fd);
}

/** Resolves, checks, and gives everything back. */
function ask(resolver: PathResolver, path: ByteString, how: PathOptions, start = -1): Resolved | number {
  const result = resolver.resolve(start, path, how);
  if (typeof result !== 'number') checkConsistent(result);
  resolver.release();
  return result;
}
function found(result: Resolved | number): Resolved {
  if (typeof result === 'number') throw new Error(`failed with ${errnoName(-result)}`);
  return result;
}

describe('paths', () => {
  let before: number;
  const resolvers: PathResolver[] = [];
  /** Closed after each test. */
  const opened: number[] = [];
  const resolver = (
    root: string,
    sysroot: string | null = null,
    more: Partial<PathResolverOptions> = {},
    kernel = native,
  ): PathResolver => {
    const made = new PathResolver(new View({ root, sysroot }), kernel, options(more));
    resolvers.push(made);
    return made;
  };
  const open = (path: string, flags = O_PATH): number => {
    const fd = native.openat(AT_FDCWD, path, flags, 0);
    expect(fd, path).to.be.at.least(0);
    opened.push(fd);
    return fd;
  };

  beforeEach(() => {
    before = pathDescriptors();
    base = fs.realpathSync(fs.mkdtempSync('/tmp/paths-'));
    fs.chmodSync(base, 0o755);
  });
  afterEach(() => {
    for (const r of resolvers.splice(0)) r.dispose();
    for (const fd of opened.splice(0)) native.close(fd);
    fs.rmSync(base, { recursive: true, force: true });
    expect(pathDescriptors(), 'open descriptors').to.equal(before);
  });

  // ---- one world ----

  const WORLD: readonly Entry[] = [
    'd/',
    'd/e/',
    'd/e/f',
    'f',
    ['toD', 'd'],
    ['toDSlash', 'd/'],
    ['toF', 'f'],
    ['toFSlash', 'f/'],
    ['toToD', 'toD'],
    ['absolute', '/d/e'],
    ['up', '../../../d'],
    ['d/out', '../../../../f'],
    ['dangling', 'd/new'],
    ['danglingSlash', 'd/new/'],
    ['lost', 'none/new'],
    ['loop', 'loop'],
    ['a', 'b'],
    ['b', 'a'],
    ['root', '/'],
    ['dot', '.'],
    ['dotdot', 'd/..'],
    ['caf\xe9 \xff\n', 'd/e'],
    'mem/',
    'mem/fd',
    '123/',
    '123/mem',
    ...Array.from({ length: 41 }, (_, i): Entry => [`l${i}`, i === 0 ? 'f' : `l${i - 1}`]),
    ...Array.from({ length: 41 }, (_, i): Entry => [`m${i}`, i === 0 ? 'd' : `m${i - 1}`]),
  ];

  const CASES: [path: ByteString, how: PathOptions, expected: string][] = [
    ['/', STAT, '/'],
    ['//', STAT, '/'],
    ['/.', STAT, '/'],
    ['/..', STAT, '/'],
    ['/../../d', STAT, '/d'],
    ['', STAT, 'ENOENT'],
    ['', { ...EMPTY }, '/'],
    ['/d', STAT, '/d'],
    ['d', STAT, '/d'],
    ['//d///e//', STAT, '/d/e'],
    ['/d/./e/.', STAT, '/d/e'],
    ['/d/e/../..', STAT, '/'],
    ['/d/e/../e/f', STAT, '/d/e/f'],
    ['/f/', STAT, 'ENOTDIR'],
    ['/f/.', STAT, 'ENOTDIR'],
    ['/f/..', STAT, 'ENOTDIR'],
    ['/f/x', STAT, 'ENOTDIR'],
    ['/none', STAT, 'ENOENT'],
    ['/none/', STAT, 'ENOENT'],
    ['/none/..', STAT, 'ENOENT'],
    ['/toD', STAT, '/d'],
    ['/toD', LSTAT, '/toD'],
    ['/toD/', LSTAT, '/d'],
    ['/toToD/', LSTAT, '/d'],
    ['/loop/', LSTAT, 'ELOOP'],
    ['/toD/e', LSTAT, '/d/e'],
    ['/toD/..', STAT, '/'],
    ['/toDSlash', STAT, '/d'],
    ['/toF', STAT, '/f'],
    ['/toF/', LSTAT, 'ENOTDIR'],
    ['/toFSlash', STAT, 'ENOTDIR'],
    ['/toFSlash', LSTAT, '/toFSlash'],
    ['/absolute/f', STAT, '/d/e/f'],
    ['/absolute/..', STAT, '/d'],
    ['/up/e', STAT, '/d/e'],
    ['/d/out', STAT, '/f'],
    ['/root', STAT, '/'],
    ['/root/root/d', STAT, '/d'],
    ['/dot', STAT, '/'],
    ['/dot/dot/d', STAT, '/d'],
    ['/dotdot', STAT, '/'],
    ['/loop', STAT, 'ELOOP'],
    ['/loop', LSTAT, '/loop'],
    ['/loop/x', LSTAT, 'ELOOP'],
    ['/a/x', STAT, 'ELOOP'],
    ['/l39', STAT, '/f'],
    ['/l40', STAT, 'ELOOP'],
    ['/l40', LSTAT, '/l40'],
    ['/m39/e', STAT, '/d/e'],
    ['/m40/e', STAT, 'ELOOP'],
    ['/m20/../m20', STAT, 'ELOOP'],
    ['/m19/../m19', STAT, '/d'],
    ['/caf\xe9 \xff\n/f', STAT, '/d/e/f'],
    ['/caf\xe9 \xff\n', LSTAT, '/caf\xe9 \xff\n'],
    ['/mem/fd', STAT, '/mem/fd'],
    ['/123/mem', STAT, '/123/mem'],
    [`/${'n'.repeat(256)}`, STAT, 'ENAMETOOLONG'],
    [`/${'n'.repeat(256)}/x`, STAT, 'ENAMETOOLONG'],
    [`/${'n'.repeat(255)}`, STAT, 'ENOENT'],
    [`/${'./'.repeat(2046)}d`, STAT, '/d'],
    [`/${'./'.repeat(2047)}d`, STAT, 'ENAMETOOLONG'],
    [`/${'d/../'.repeat(800)}d`, STAT, '/d'],
    // to be made
    ['/new', CREATE, '/new'],
    ['/new', MKDIR, '/new'],
    ['/new/', MKDIR, '/new'],
    ['/d/new', CREATE, '/d/new'],
    ['/none/new', CREATE, 'ENOENT'],
    ['/none/new', MKDIR, 'ENOENT'],
    ['/f/new', MKDIR, 'ENOTDIR'],
    ['/dangling', CREATE, '/d/new'],
    ['/danglingSlash', CREATE, '/d/new'],
    ['/dangling', MKDIR, '/dangling'],
    ['/dangling/', MKDIR, '/dangling'],
    ['/dangling', STAT, 'ENOENT'],
    ['/lost', CREATE, 'ENOENT'],
    ['/toF', CREATE, '/f'],
    ['/loop', CREATE, 'ELOOP'],
    ['/loop', MKDIR, '/loop'],
    ['/d/.', MKDIR, '/d'],
    ['/d/..', MKDIR, '/'],
    // to be removed or renamed
    ['/toD', REMOVE, '/toD'],
    ['/toD/', REMOVE, 'ENOTDIR'],
    ['/f/', REMOVE, 'ENOTDIR'],
    ['/d/', REMOVE, '/d'],
    ['/toD/e', REMOVE, '/d/e'],
    ['/none', REMOVE, 'ENOENT'],
  ];

  for (const [what, kernel] of [
    ['openat2', native],
    ['openat alone', withoutOpenat2],
  ] as const)
    it(`are resolved as path_resolution(7) says, by ${what}`, () => {
      plant(`${base}/w`, WORLD);
      const world = resolver(`${base}/w`, null, {}, kernel);
      for (const [path, how, expected] of CASES)
        expect(shown(ask(world, path, how)), `${path.slice(0, 60)} ${JSON.stringify(how)}`).to.equal(expected);
    });

  it('tell what stands there', () => {
    plant(`${base}/w`, WORLD);
    const world = resolver(`${base}/w`);
    const d = found(ask(world, '/toD', STAT));
    expect(d).to.include({
      host: `${base}/w/d`,
      name: 'd',
      exists: true,
      type: S_IFDIR,
      layer: 'host',
      trailingSlash: false,
    });
    expect(found(ask(world, '/toD', LSTAT))).to.include({ host: `${base}/w/toD`, type: S_IFLNK, text: undefined });
    expect(found(ask(world, '/f', STAT))).to.include({ type: S_IFREG, exists: true, dots: undefined });
    expect(found(ask(world, '/new/', CREATE))).to.include({
      exists: false,
      type: 0,
      object: undefined,
      trailingSlash: true,
    });
    expect(found(ask(world, '/danglingSlash', CREATE)).trailingSlash).to.equal(true);
    expect(found(ask(world, '/d/', STAT)).trailingSlash).to.equal(true);
    expect(found(ask(world, '/d/.', STAT))).to.include({ name: '.', dots: '.', type: S_IFDIR });
    expect(found(ask(world, '/d/e/..', STAT))).to.include({ name: '.', dots: '..', guest: '/d' });
    expect(found(ask(world, '/', STAT))).to.include({ name: '.', host: `${base}/w`, dots: undefined });
  });

  it('start from a descriptor', () => {
    plant(`${base}/w`, WORLD);
    const world = resolver(`${base}/w`);
    const e = open(`${base}/w/d/e`);
    const file = open(`${base}/w/d/e/f`);
    const outside = open(base);
    const table: [start: number, path: string, how: PathOptions, expected: string][] = [
      [e, 'f', STAT, '/d/e/f'],
      [e, '.', STAT, '/d/e'],
      [e, '..', STAT, '/d'],
      [e, '../..', STAT, '/'],
      [e, '../../../..', STAT, '/'],
      [e, '../e/f', STAT, '/d/e/f'],
      [e, '/f', STAT, '/f'],
      [e, '', STAT, 'ENOENT'],
      [e, '', EMPTY, '/d/e'],
      [e, 'new', CREATE, '/d/e/new'],
      [file, '', EMPTY, '/d/e/f'],
      [file, 'x', STAT, 'ENOTDIR'],
      [file, '.', STAT, 'ENOTDIR'],
      [file, '..', STAT, 'ENOTDIR'],
      [outside, 'w', STAT, 'EACCES'],
      [outside, '..', STAT, 'EACCES'],
      [outside, '/f', STAT, '/f'],
      [outside, '', EMPTY, `outside:${base}`],
      [999, 'x', STAT, 'ENOENT'],
    ];
    for (const [start, path, how, expected] of table)
      expect(shown(ask(world, path, how, start)), path).to.equal(expected);
    expect(world.guestPath(e)).to.equal('/d/e');
    expect(world.guestPath(outside)).to.equal(-ERRNO.ENOENT);
  });

  it('keep the limits of openat2 as the kernel does', function () {
    const probe = native.openat2(AT_FDCWD, '/', O_PATH, 0, RESOLVE.values.RESOLVE_IN_ROOT);
    if (probe < 0) this.skip();
    native.close(probe);
    plant(`${base}/t`, [
      'd/',
      'd/e/',
      'd/f',
      'f',
      ['l', 'd'],
      ['d/l', 'f'],
      ['d/up', '..'],
      ['d/abs', '/d'],
      ['out', '../..'],
    ]);
    fs.symlinkSync(`${base}/t`, `${base}/t/d/self`);
    const plain = visited(resolver('/'), oneProcess(process.pid));
    const start = open(`${base}/t`);
    const names = ['d', 'e', 'f', 'l', '..', '.', 'up', 'abs', 'self', 'out', 'missing'];
    const one = names.flatMap((name) => [name, `/${name}`, `${name}/`]);
    const paths = [...one, ...['/', '/proc/self/stat', '/dev/null', '/proc/self/cwd']].concat(
      names.flatMap((a) => names.flatMap((b) => [`${a}/${b}`, ...names.map((c) => `${a}/${b}/${c}`)])),
    );
    const { RESOLVE_NO_XDEV, RESOLVE_NO_MAGICLINKS, RESOLVE_NO_SYMLINKS, RESOLVE_BENEATH, RESOLVE_IN_ROOT } =
      RESOLVE.values;
    const all = [RESOLVE_NO_XDEV, RESOLVE_NO_MAGICLINKS, RESOLVE_NO_SYMLINKS, RESOLVE_BENEATH, RESOLVE_IN_ROOT];
    for (const resolve of [...all, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS, RESOLVE_IN_ROOT | RESOLVE_NO_XDEV])
      for (const path of paths) {
        const fd = native.openat2(start, path, O_PATH, 0, resolve);
        const expected = fd < 0 ? errnoName(-fd) : nameOf(fd);
        if (fd >= 0) native.close(fd);
        const way = path.startsWith('/') && (resolve & RESOLVE_IN_ROOT) === 0 ? -1 : start;
        const { pid } = process;
        const own = (name: string): string => name.replace(new RegExp(`^/proc/${pid}(/task/${pid})?`), '/proc/self');
        expect(own(shown(ask(plain, path, { follow: true, resolve }, way))), `${path} ${resolve}`).to.equal(
          own(expected),
        );
      }
  });

  it('start in a directory that was removed: it is itself, and has one above', () => {
    plant(base, ['gone/', 'kept (deleted)/', 'kept (deleted)/f', 'file']);
    const plain = resolver('/');
    const [gone, kept, file] = [open(`${base}/gone`), open(`${base}/kept (deleted)`), open(`${base}/file`)];
    fs.rmdirSync(`${base}/gone`);
    fs.unlinkSync(`${base}/file`);
    for (const how of [STAT, CREATE]) expect(ask(plain, 'x', how, gone)).to.equal(-ERRNO.ENOENT);
    expect(found(ask(plain, '.', STAT, gone))).to.include({ anonymous: true, type: S_IFDIR, dots: '.' });
    expect(found(ask(plain, './..', STAT, gone)).guest).to.equal(base);
    expect(found(ask(plain, '../kept (deleted)', STAT, gone)).guest).to.equal(`${base}/kept (deleted)`);
    expect(ask(plain, '../gone', STAT, gone)).to.equal(-ERRNO.ENOENT);
    expect(ask(plain, 'x', STAT, file)).to.equal(-ERRNO.ENOTDIR);
    expect(plain.guestPath(gone)).to.equal(-ERRNO.ENOENT);
    expect(found(ask(plain, 'f', STAT, kept)).guest).to.equal(`${base}/kept (deleted)/f`);
    expect(found(ask(plain, '', EMPTY, file))).to.include({
      anonymous: true,
      guest: `deleted:${base}/file (deleted)`,
      type: S_IFREG,
    });
  });

  it('that may not be searched fail as the kernel has it', () => {
    plant(base, ['d/', 'd/shut/', 'd/shut/f', 'd/listed/', 'd/listed/f']);
    fs.chmodSync(`${base}/d/shut`, 0);
    fs.chmodSync(`${base}/d/listed`, 0o444);
    const plain = resolver('/');
    const paths = [
      'shut',
      'shut/f',
      'shut/.',
      'shut/..',
      'shut/../listed',
      'listed/f',
      'listed/..',
      'shut/none',
      'shut/',
    ];
    const cases = paths.map((path) => `${base}/d/${path}`);
    if (process.geteuid?.() === 0) process.seteuid?.(NOBODY);
    try {
      for (const path of cases) {
        const kernel = native.openat(AT_FDCWD, path, O_PATH, 0);
        const ours = ask(plain, path, STAT);
        if (kernel < 0) expect(shown(ours), path).to.equal(errnoName(-kernel));
        else expect(found(ours).host, path).to.equal(nameOf(kernel));
        if (kernel >= 0) native.close(kernel);
      }
    } finally {
      if (process.getuid?.() === 0) process.seteuid?.(0);
      fs.chmodSync(`${base}/d/shut`, 0o700);
      fs.chmodSync(`${base}/d/listed`, 0o700);
    }
  });

  // ---- as the kernel has it, on random trees ----

  const NAMES = ['a', 'b', 'c', '\xe9'];
  const component = fc.constantFrom(...NAMES, ...NAMES, ...NAMES, '.', '..', '..', '');
  const path = fc
    .tuple(
      fc.constantFrom('', '', '/'),
      fc.array(component, { minLength: 1, maxLength: 6 }),
      fc.constantFrom('', '', '', '/'),
    )
    .map(([first, names, last]) => first + names.join('/') + last)
    .filter((p) => p !== '');
  /** Nodes in creation order; what cannot be made (the parent is missing, the name taken) is left out. */
  const tree = fc.array(
    fc.record({
      at: fc.array(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 4 }),
      what: fc.oneof(
        { weight: 3, arbitrary: fc.constant({ dir: true as const }) },
        { weight: 1, arbitrary: fc.constant({ dir: false as const }) },
        { weight: 3, arbitrary: path.map((to) => ({ to })) },
      ),
    }),
    { minLength: 3, maxLength: 30 },
  );

  type Nodes = typeof tree extends fc.Arbitrary<infer T> ? T : never;
  function grow(root: string, nodes: Nodes, prefix = ''): void {
    fs.rmSync(root, { recursive: true, force: true });
    fs.mkdirSync(root);
    for (const { at, what } of nodes) {
      const where = Buffer.from(`${root}/${at.join('/')}`, 'latin1');
      try {
        if ('to' in what)
          fs.symlinkSync(Buffer.from(what.to.startsWith('/') ? prefix + what.to : what.to, 'latin1'), where);
        else if (what.dir) fs.mkdirSync(where);
        else fs.writeFileSync(where, '', { flag: 'wx' });
      } catch {
        continue;
      }
    }
  }
  const inRoot = (root: number, p: ByteString, flags: number): number => {
    for (;;) {
      const fd = native.openat2(root, p, flags, flags & O_CREAT ? 0o600 : 0, RESOLVE_IN_ROOT);
      if (fd !== -ERRNO.EAGAIN) return fd;
    }
  };

  const sameAsKernel = (kernel: number, ours: Resolved | number, what: string): void => {
    if (kernel < 0) expect(shown(ours), what).to.equal(errnoName(-kernel));
    else expect(found(ours).host, what).to.equal(nameOf(kernel));
  };

  const compareLookups = (world: PathResolver, root: number, p: ByteString): void => {
    for (const [how, flags] of [
      [STAT, 0],
      [LSTAT, O_NOFOLLOW],
    ] as const) {
      const kernel = inRoot(root, p, O_PATH | flags);
      const ours = world.resolve(-1, p, how);
      sameAsKernel(kernel, ours, `${p} ${JSON.stringify(how)}`);
      if (kernel >= 0) expect(identityOf(found(ours).object ?? -1)).to.equal(identityOf(kernel));
      if (typeof ours !== 'number') checkConsistent(ours);
      if (kernel >= 0) native.close(kernel);
      world.release();
    }
  };

  const compareCreation = (world: PathResolver, root: number, p: ByteString): void => {
    const ours = ask(world, p, CREATE);
    const kernel = inRoot(root, p, O_CREAT | O_WRONLY);
    if (typeof ours !== 'number' && (ours.trailingSlash || ours.type === S_IFDIR))
      expect(errnoName(-kernel), p).to.equal('EISDIR');
    else sameAsKernel(kernel, ours, p);
    if (kernel < 0) return;
    native.close(kernel);
    if (!found(ours).exists) expect(native.unlinkat(AT_FDCWD, found(ours).host, 0)).to.equal(0);
  };

  for (const [what, kernel] of [
    ['openat2', native],
    ['openat alone', withoutOpenat2],
  ] as const)
    it(`are those of openat2(2) with RESOLVE_IN_ROOT in 2000 cases, by ${what}`, () => {
      const where = `${base}/w`;
      fc.assert(
        fc.property(tree, fc.array(path, { minLength: 50, maxLength: 50 }), (nodes, paths) => {
          grow(where, nodes);
          const world = new PathResolver(new View({ root: where, sysroot: null }), kernel, options());
          const root = open(where);
          for (const p of paths) {
            compareLookups(world, root, p);
            compareCreation(world, root, p);
          }
          world.dispose();
        }),
        { numRuns: 40, seed: 2011, endOnFailure: true },
      );
    });

  it('are those of the kernel from a working directory in the whole host', () => {
    const where = `${base}/w`;
    const plain = resolver('/');
    fc.assert(
      fc.property(tree, fc.array(path, { minLength: 50, maxLength: 50 }), (nodes, paths) => {
        grow(where, nodes, where);
        const start = open(where);
        for (const p of paths) {
          const full = p.startsWith('/') ? where + p : p;
          for (const [how, flags] of [
            [STAT, 0],
            [LSTAT, O_NOFOLLOW],
          ] as const) {
            const fd = native.openat(start, full, O_PATH | flags, 0);
            sameAsKernel(fd, ask(plain, full, how, start), `${full} ${JSON.stringify(how)}`);
            if (fd >= 0) native.close(fd);
          }
          compareMkdir(plain, start, full);
        }
      }),
      { numRuns: 20, seed: 2012, endOnFailure: true },
    );
  });
  it('are those of overlayfs in a sysroot before a host', function () {
    if (process.getuid?.() !== 0) this.skip();
    const [tree_, host, merged] = ['t', 'h', 'merged'].map((name) => `${base}/${name}`);
    fs.mkdirSync(merged);
    let mounts = 0;
    fc.assert(
      fc.property(tree, tree, fc.array(path, { minLength: 50, maxLength: 50 }), (upper, lower, paths) => {
        grow(tree_, upper);
        grow(host, lower);
        if (!spawnOk('mount', ['-t', 'overlay', 'overlay', '-o', `ro,lowerdir=${tree_}:${host}`, merged])) return;
        mounts++;
        const view = new PathResolver(new View({ root: host, sysroot: tree_ }), native, options());
        const root = native.openat(AT_FDCWD, merged, O_PATH, 0);
        try {
          for (const p of paths)
            for (const [how, flags] of [
              [STAT, 0],
              [LSTAT, O_NOFOLLOW],
            ] as const) {
              const kernel = inRoot(root, p, O_PATH | flags);
              const expected = kernel < 0 ? errnoName(-kernel) : nameOf(kernel).slice(merged.length) || '/';
              if (kernel >= 0) native.close(kernel);
              expect(shown(ask(view, p, how)), `${p} ${JSON.stringify(how)}`).to.equal(expected);
            }
        } finally {
          native.close(root);
          view.dispose();
          spawnOk('umount', [merged]);
        }
      }),
      { numRuns: 20, seed: 2013, endOnFailure: true },
    );
    if (mounts === 0) this.skip();
  });
  const compareMkdir = (plain: PathResolver, start: number, p: ByteString): void => {
    const ours = ask(plain, p, MKDIR, start);
    if (typeof ours !== 'number' && !ours.host.startsWith(`${base}/`)) return;
    const made = native.mkdirat(start, p, 0o700);
    if (typeof ours === 'number') expect(errnoName(-made), p).to.equal(errnoName(-ours));
    else expect(made === 0, p).to.equal(!ours.exists);
    if (made === 0) expect(native.unlinkat(AT_FDCWD, found(ours).host, 0x200), found(ours).host).to.equal(0);
    else if (typeof ours !== 'number') expect(errnoName(-made)).to.equal('EEXIST');
  };

  // ---- a sysroot ----

  describe('of a sysroot', () => {
    const HOST: readonly Entry[] = [
      'etc/',
      'etc/hosts',
      'etc/both',
      'etc/host-dir/',
      'etc/host-dir/x',
      'tmp/',
      'usr/',
      'usr/lib/',
      'usr/lib/host.so',
      'usr/lib/x86/',
      'usr/shadowed/',
      'usr/shadowed/h',
      ['lib', 'usr/lib'],
      ['usr/lib/toEtc', '/etc/both'],
      'home/',
      'home/u/',
      'home/u/f',
      ['link-or-dir', 'home'],
      'file-or-dir/',
      'file-or-dir/x',
      'dir-or-file',
    ];
    const TREE: readonly Entry[] = [
      'etc/',
      'etc/both',
      'etc/only',
      'tmp/',
      'usr/',
      'usr/lib/',
      'usr/lib/i386/',
      'usr/lib/i386/libc.so',
      'only/',
      'only/deep/',
      ['lib', 'usr/lib'],
      ['usr/lib/ld.so', '/lib/i386/libc.so'],
      ['toHost', '/home/u/f'],
      ['usr/shadowed', 'lib'],
      'link-or-dir/',
      'link-or-dir/s',
      'file-or-dir',
      'dir-or-file/',
      'proc/',
      'dev/',
      ['usr/lib/dangling', 'fresh.so'],
    ];
    let view: PathResolver;
    const host = (): string => `${base}/h`;
    const sysroot = (): string => `${base}/h/home/u/co/i386`;
    beforeEach(() => {
      plant(host(), [...HOST, 'home/u/co/']);
      plant(sysroot(), TREE);
      view = resolver(host(), sysroot());
    });

    const TABLE: [path: string, how: PathOptions, expected: string, layer?: 'sysroot' | 'host'][] = [
      ['/etc/both', STAT, '/etc/both', 'sysroot'],
      ['/etc/only', STAT, '/etc/only', 'sysroot'],
      ['/etc/hosts', STAT, '/etc/hosts', 'host'],
      ['/etc/host-dir/x', STAT, '/etc/host-dir/x', 'host'],
      ['/etc/host-dir/../hosts', STAT, '/etc/hosts', 'host'],
      ['/etc/host-dir/../only', STAT, '/etc/only', 'sysroot'],
      ['/etc/none', STAT, 'ENOENT'],
      ['/lib/host.so', STAT, '/usr/lib/host.so', 'host'],
      ['/lib/i386/libc.so', STAT, '/usr/lib/i386/libc.so', 'sysroot'],
      ['/lib/ld.so', STAT, '/usr/lib/i386/libc.so', 'sysroot'],
      ['/lib/ld.so', LSTAT, '/usr/lib/ld.so', 'sysroot'],
      ['/lib/toEtc', STAT, '/etc/both', 'sysroot'],
      ['/lib/toEtc', LSTAT, '/usr/lib/toEtc', 'host'],
      ['/lib/x86/../i386', STAT, '/usr/lib/i386', 'sysroot'],
      ['/lib/i386/../x86', STAT, '/usr/lib/x86', 'host'],
      ['/toHost', STAT, '/home/u/f', 'host'],
      ['/usr/shadowed', LSTAT, '/usr/shadowed', 'sysroot'],
      ['/usr/shadowed/h', STAT, 'ENOENT'],
      ['/usr/shadowed/host.so', STAT, '/usr/lib/host.so', 'host'],
      ['/link-or-dir/s', STAT, '/link-or-dir/s', 'sysroot'],
      ['/link-or-dir/u', STAT, 'ENOENT'],
      ['/file-or-dir/x', STAT, 'ENOTDIR'],
      ['/file-or-dir', STAT, '/file-or-dir', 'sysroot'],
      ['/dir-or-file', STAT, '/dir-or-file', 'sysroot'],
      ['/..', STAT, '/', 'sysroot'],
      ['/only/../../etc', STAT, '/etc', 'sysroot'],
      // new names
      ['/tmp/new', CREATE, '/tmp/new', 'host'],
      ['/etc/new', CREATE, '/etc/new', 'host'],
      ['/new', MKDIR, '/new', 'host'],
      ['/etc/only', CREATE, '/etc/only', 'sysroot'],
      ['/only/new', CREATE, 'ENOENT'],
      ['/only/deep/new', MKDIR, 'ENOENT'],
      ['/usr/lib/i386/new', MKDIR, 'ENOENT'],
      ['/lib/dangling', CREATE, '/usr/lib/fresh.so', 'host'],
      ['/dir-or-file/new', CREATE, 'ENOENT'],
      ['/link-or-dir/new', CREATE, 'ENOENT'],
      ['/etc/host-dir/new', CREATE, '/etc/host-dir/new', 'host'],
      // names to be removed
      ['/etc/only', REMOVE, 'EROFS'],
      ['/etc/hosts', REMOVE, '/etc/hosts', 'host'],
      ['/home/u/co', REMOVE, 'EBUSY'],
      ['/home', REMOVE, 'EBUSY'],
      ['/home/u/f', REMOVE, '/home/u/f', 'host'],
      // the sysroot by its host name
      ['/home/u/co/i386', STAT, '/', 'sysroot'],
      ['/home/u/co/i386/', STAT, '/', 'sysroot'],
      ['/home/u/co/i386/etc/only', STAT, '/etc/only', 'sysroot'],
      ['/home/u/co/i386/etc/hosts', STAT, '/etc/hosts', 'host'],
      ['/home/u/co/../co/i386/etc/both', STAT, '/etc/both', 'sysroot'],
      ['/home/u/co/i386/..', STAT, '/', 'sysroot'],
      ['/home/u/co/i386/etc/only', REMOVE, 'EROFS'],
      ['/home/u/co/i386/etc/new', CREATE, '/etc/new', 'host'],
      ['/home/u/co/i386/only/new', CREATE, 'ENOENT'],
      ['/home/u/co/i386/proc/version', STAT, '/proc/version', 'host'],
      ['/home/u/co/i386x', STAT, 'ENOENT'],
      // the host's own
      ['/proc/version', STAT, '/proc/version', 'host'],
      ['/dev/null', STAT, '/dev/null', 'host'],
      ['/dev/../etc/only', STAT, '/etc/only', 'sysroot'],
      ['/proc', STAT, '/proc', 'host'],
      ['/sys', STAT, '/sys', 'host'],
    ];
    it('are looked up there, then on the host', () => {
      for (const [path, how, expected, layer] of TABLE) {
        const result = ask(view, path, how);
        expect(shown(result), `${path} ${JSON.stringify(how)}`).to.equal(expected);
        if (typeof result === 'number') continue;
        expect(result.layer, path).to.equal(layer);
        expect(result.host, path).to.equal(view.view.hostPath(result.layer ?? 'host', result.guest));
        expect(writeRefusal(result), path).to.equal(layer === 'sysroot' ? -ERRNO.EROFS : 0);
      }
    });

    it('go on in both layers from a descriptor of either', () => {
      const starts = [open(`${sysroot()}/usr/lib/i386`), open(`${host()}/usr/lib/x86`), open(sysroot()), open(host())];
      const [tree, own, treeRoot, hostRoot] = starts;
      const table: [start: number, path: string, expected: string, layer: string][] = [
        [tree, '.', '/usr/lib/i386', 'sysroot'],
        [tree, '../x86', '/usr/lib/x86', 'host'],
        [tree, '../../../etc/hosts', '/etc/hosts', 'host'],
        [tree, '../../../../../../etc/only', '/etc/only', 'sysroot'],
        [own, '../i386/libc.so', '/usr/lib/i386/libc.so', 'sysroot'],
        [own, '..', '/usr/lib', 'sysroot'],
        [treeRoot, 'etc/hosts', '/etc/hosts', 'host'],
        [treeRoot, '..', '/', 'sysroot'],
        [hostRoot, 'etc/only', '/etc/only', 'sysroot'],
      ];
      for (const [start, path, expected, layer] of table)
        expect(found(ask(view, path, STAT, start)), path).to.include({ guest: expected, layer });
      expect(view.guestPath(tree)).to.equal('/usr/lib/i386');
    });

    it('tell the directories that make them up', () => {
      const layers = (path: string): string[] => {
        const made = view.hostLayers(found(view.resolve(-1, path, STAT)));
        for (const { host: name, fd } of made) expect(nameOf(fd)).to.equal(name);
        view.release();
        return made.map(({ layer, host: name }) => `${layer} ${name.slice(base.length)}`);
      };
      expect(layers('/etc')).to.deep.equal(['sysroot /h/home/u/co/i386/etc', 'host /h/etc']);
      expect(layers('/etc/host-dir')).to.deep.equal(['host /h/etc/host-dir']);
      expect(layers('/only')).to.deep.equal(['sysroot /h/home/u/co/i386/only']);
      expect(layers('/link-or-dir')).to.deep.equal(['sysroot /h/home/u/co/i386/link-or-dir']);
      expect(layers('/')).to.have.length(2);
      expect(layers('/etc/hosts')).to.deep.equal([]);
    });

    it('go before the whole host too', () => {
      const whole = resolver('/', sysroot());
      const table: [path: string, expected: string, layer: string][] = [
        ['/only', '/only', 'sysroot'],
        [`${host()}/etc/hosts`, `${host()}/etc/hosts`, 'host'],
        [`${sysroot()}/only`, '/only', 'sysroot'],
        [`${sysroot()}/../x`, '/x', ''],
      ];
      for (const [path, expected, layer] of table) {
        const result = ask(whole, path, layer === '' ? CREATE : STAT);
        expect(shown(result), path).to.equal(expected);
        if (layer !== '') expect(found(result).layer, path).to.equal(layer);
      }
    });

    it('hold no descriptor and leave none behind', () => {
      const held = descriptors();
      for (let i = 0; i < 10_000; i++) {
        const [path, how] = TABLE[i % TABLE.length];
        view.resolve(-1, path, how);
        if (i % 3 === 0) view.release();
      }
      view.release();
      expect(descriptors()).to.equal(held);
    });
  });

  // ---- procfs ----

  describe('through procfs', () => {
    let program: ChildProcess;
    let pid: number;
    let pidfd: number;
    let plain: PathResolver;
    let me: ThreadView;
    beforeEach(() => {
      plant(base, ['d/', 'd/f', 'cwd/', 'cwd/here', 'prog', ['proc', '/proc'], ['mine', '/proc/self/fd'], 'gone']);
      const [dir, file, gone] = [
        fs.openSync(`${base}/d`, 'r'),
        fs.openSync(`${base}/d/f`, 'r'),
        fs.openSync(`${base}/gone`, 'r'),
      ];
      const stdio = ['pipe', 'ignore', 'ignore', dir, file, gone, 'ignore', 'ignore', 'ignore', file] as const;
      program = spawn('/bin/sleep', ['600'], { stdio: [...stdio], cwd: `${base}/cwd` });
      for (const fd of [dir, file, gone]) fs.closeSync(fd);
      fs.unlinkSync(`${base}/gone`);
      pid = program.pid ?? 0;
      while (
        !fs.readlinkSync(`/proc/${pid}/exe`).endsWith('sleep') &&
        !fs.readlinkSync(`/proc/${pid}/exe`).includes('busybox')
      );
      pidfd = native.pidfdOpen(pid, 0);
      const sandbox = new FakeCall();
      const reserved = { from: 9, to: 10 };
      me = mainThread(sandbox.join(pid, { pidfd, exe: `${base}/prog`, reserved }));
      // as long as there is no untrustee, its place in procfs is the trustee's
      (me as { hostTid: number }).hostTid = 0;
      plain = visited(resolver('/'), me);
    });
    afterEach((done) => {
      native.close(pidfd);
      program.once('close', () => done());
      program.stdin?.destroy();
      program.kill('SIGKILL');
    });

    /** `P` is the program's pid, `B` the test's directory, `H` this process, 1 another one. */
    const fill = (text: string): string =>
      text
        .replace(/\bP\b/g, String(pid))
        .replace(/\bH\b/g, String(process.pid))
        .replace(/^B|(?<=:)B/g, base);

    const TABLE: [
      path: string,
      how: PathOptions,
      expected: string,
      more?: { descriptor?: number; text?: string; anonymous?: boolean },
    ][] = [
      ['/proc/self', STAT, '/proc/P'],
      ['/proc/self', LSTAT, '/proc/self', { text: 'P' }],
      ['/proc/thread-self', STAT, '/proc/P/task/P'],
      ['/proc/thread-self', LSTAT, '/proc/thread-self', { text: 'P/task/P' }],
      ['/proc/self/status', STAT, '/proc/P/status'],
      ['/proc/self/maps', STAT, '/proc/P/maps'],
      ['/proc/mounts', STAT, '/proc/P/mounts'],
      ['/proc/net/unix', STAT, '/proc/P/net/unix'],
      ['/proc/1/status', STAT, '/proc/1/status'],
      ['/proc/self/task/P/status', STAT, '/proc/P/task/P/status'],
      ['/proc/self/environ', STAT, '/proc/P/environ'],
      ['/proc/self/fd', STAT, '/proc/P/fd'],
      ['/proc/self/..', STAT, '/proc'],
      ['/proc/self/../..', STAT, '/'],
      // its own magic links
      ['/proc/self/exe', STAT, 'B/prog'],
      ['/proc/self/exe', LSTAT, '/proc/P/exe', { text: 'B/prog' }],
      ['/proc/self/exe/', STAT, 'ENOTDIR'],
      ['/proc/self/cwd', STAT, 'B/cwd'],
      ['/proc/self/cwd', LSTAT, '/proc/P/cwd', { text: 'B/cwd' }],
      ['/proc/self/cwd/here', STAT, 'B/cwd/here'],
      ['/proc/self/cwd/../d/f', STAT, 'B/d/f'],
      ['/proc/self/root', STAT, '/'],
      ['/proc/self/root', LSTAT, '/proc/P/root', { text: '/' }],
      ['/proc/self/root/etc', STAT, '/etc'],
      ['/proc/self/fd/3', STAT, 'B/d', { descriptor: 3 }],
      ['/proc/self/fd/3', LSTAT, '/proc/P/fd/3', { text: 'B/d' }],
      ['/proc/self/fd/3/', STAT, 'B/d', { descriptor: 3 }],
      ['/proc/self/fd/3/f', STAT, 'B/d/f'],
      ['/proc/self/fd/3/../cwd/here', STAT, 'B/cwd/here'],
      ['/proc/self/fd/3/new', CREATE, 'B/d/new'],
      ['/proc/self/fd/4', STAT, 'B/d/f', { descriptor: 4 }],
      ['/proc/self/fd/4', CREATE, 'B/d/f', { descriptor: 4 }],
      ['/proc/self/fd/4/', STAT, 'ENOTDIR'],
      ['/proc/self/fd/4/x', STAT, 'ENOTDIR'],
      ['/proc/self/fd/5', STAT, 'deleted:B/gone (deleted)', { descriptor: 5, anonymous: true }],
      ['/proc/self/fd/04', STAT, 'ENOENT'],
      ['/proc/self/fd/77', STAT, 'ENOENT'],
      ['/proc/self/fd/99999999999', STAT, 'ENOENT'],
      ['/proc/self/fd/none', STAT, 'ENOENT'],
      ['/proc/P/fd/4', STAT, 'B/d/f', { descriptor: 4 }],
      ['/proc/self/task/P/fd/4', STAT, 'B/d/f', { descriptor: 4 }],
      ['/proc/thread-self/fd/4', STAT, 'B/d/f', { descriptor: 4 }],
      ['/proc/./self/../self/fd/../fd/4', STAT, 'B/d/f', { descriptor: 4 }],
      ['B/proc/self/fd/4', STAT, 'B/d/f', { descriptor: 4 }],
      ['B/mine/4', STAT, 'B/d/f', { descriptor: 4 }],
      ['/dev/fd/4', STAT, 'B/d/f', { descriptor: 4 }],
      ['/dev/fd/3/f', STAT, 'B/d/f'],
      ['/dev/stdout', STAT, '/dev/null', { descriptor: 1 }],
      // reserved ones
      ['/proc/self/fd/9', STAT, 'ENOENT'],
      ['/proc/self/fd/9', LSTAT, 'ENOENT'],
      ['/proc/self/fd/9/x', STAT, 'ENOENT'],
      ['/proc/self/fdinfo/9', STAT, 'ENOENT'],
      ['/proc/self/fdinfo/4', STAT, '/proc/P/fdinfo/4'],
      ['/dev/fd/9', CREATE, 'ENOENT'],
      // memory, and other processes
      ['/proc/self/mem', STAT, 'EACCES'],
      ['/proc/self/mem', LSTAT, 'EACCES'],
      ['/proc/self/task/P/mem', STAT, 'EACCES'],
      ['/proc/self/task/../mem', STAT, 'EACCES'],
      ['/proc/self/map_files', STAT, 'EACCES'],
      ['/proc/self/map_files/x', STAT, 'EACCES'],
      ['B/proc/P/mem', STAT, 'EACCES'],
      ['/proc/self/ns/net', STAT, 'EACCES'],
      ['/proc/self/ns/net', LSTAT, '/proc/P/ns/net'],
      ...['mem', 'map_files', 'fd', 'fdinfo', 'root', 'cwd', 'exe', 'environ'].flatMap((name): typeof TABLE => [
        [`/proc/H/${name}`, STAT, 'EACCES'],
        [`/proc/H/${name}`, LSTAT, 'EACCES'],
        [`/proc/H/${name}/x`, STAT, 'EACCES'],
        [`/proc/H/task/H/${name}`, STAT, 'EACCES'],
        [`/proc/1/${name}`, STAT, 'EACCES'],
        [`B/proc/H/../H/./${name}`, STAT, 'EACCES'],
      ]),
      ['/proc/H/ns/net', STAT, 'EACCES'],
      ['/proc/H/fd/0', STAT, 'EACCES'],
      ['/proc/self/../H/fd/0', STAT, 'EACCES'],
    ];

    it('mean the program and nothing else', () => {
      for (const [path, how, expected, more] of TABLE) {
        const result = ask(plain, fill(path), how);
        const message = `${path} ${JSON.stringify(how)}`;
        expect(shown(result), message).to.equal(fill(expected));
        if (typeof result === 'number') continue;
        expect(result.descriptor, message).to.equal(more?.descriptor);
        if (more?.text !== undefined) expect(result.text, message).to.equal(fill(more.text));
        expect(result.anonymous ?? false, message).to.equal(more?.anonymous ?? false);
      }
    });

    it('speak of pipes as what they are', () => {
      const kernel = fs.readlinkSync(`/proc/${pid}/fd/0`);
      const expected = { guest: kernel, anonymous: true, descriptor: 0 };
      expect(found(ask(plain, '/dev/stdin', STAT))).to.include(expected);
      expect(found(ask(plain, '/proc/self/fd/0', LSTAT)).text).to.equal(kernel);
      expect(ask(plain, '/dev/stdin/x', STAT)).to.be.oneOf([-ERRNO.ENOTDIR, -ERRNO.ENOENT]);
    });

    it('are told by what a directory is, whatever leads to it', () => {
      const table: [directory: string, path: string, how: PathOptions, expected: string][] = [
        ['/proc', 'self/fd/4', STAT, 'B/d/f'],
        ['/proc/P', 'fd/4', STAT, 'B/d/f'],
        ['/proc/P', 'mem', STAT, 'EACCES'],
        ['/proc/P/fd', '4', STAT, 'B/d/f'],
        ['/proc/P/fd', '3/f', STAT, 'B/d/f'],
        ['/proc/P/fd', '9', STAT, 'ENOENT'],
        ['/proc/P/fd', '../mem', STAT, 'EACCES'],
        ['/proc/P/fdinfo', '9', STAT, 'ENOENT'],
        ['/proc/P/task', 'P/mem', STAT, 'EACCES'],
        ['/proc/P/task/P', 'cwd/here', STAT, 'B/cwd/here'],
        ['/proc/P/task/P', 'exe', STAT, 'B/prog'],
        ['/proc/P/ns', 'net', STAT, 'EACCES'],
        ['/proc/H', 'mem', STAT, 'EACCES'],
        ['/proc/H', 'status', STAT, '/proc/H/status'],
        ['/proc/H/fd', '0', STAT, 'EACCES'],
        ['/proc/H/fd', '0', LSTAT, 'EACCES'],
        ['/proc/H/fdinfo', '0', STAT, 'EACCES'],
        ['/proc/H/map_files', '0', STAT, 'EACCES'],
        ['/proc/H/task', 'H/fd', STAT, 'EACCES'],
        ['/proc/sys/kernel', 'pid_max', STAT, '/proc/sys/kernel/pid_max'],
      ];
      for (const [directory, path, how, expected] of table) {
        const start = open(fill(directory));
        expect(shown(ask(plain, fill(path), how, start)), `${directory} ${path}`).to.equal(fill(expected));
      }
    });

    it('are the same in a smaller world', () => {
      const world = visited(resolver(base), me);
      const table: [path: string, expected: string][] = [
        ['/proc/self/fd/4', '/d/f'],
        ['/proc/self/cwd', '/cwd'],
        ['/proc/self/root', '/'],
        ['/proc/self/root/d', '/d'],
        ['/proc/self/mem', 'EACCES'],
        ['/proc/1/root', 'EACCES'],
        ['/dev/fd/3/f', '/d/f'],
        ['/dev/fd/3/../../..', '/'],
        ['/mine/4', '/d/f'],
        ['/proc/../d', '/d'],
      ];
      for (const [path, expected] of table) expect(shown(ask(world, path, STAT)), path).to.equal(expected);
      expect(found(ask(world, '/proc/self/fd/3', LSTAT)).text).to.equal('/d');
    });

    describe('of several processes', () => {
      let other: ChildProcess;
      let member: ProcessView;
      /** A process of this test's own with threads that may stand for trustee, untrustee and lifeline: this one. */
      let us: ProcessView;
      let tids: number[];
      beforeEach(() => {
        const [file, gone] = [fs.openSync(`${base}/d/f`, 'r'), fs.openSync(`${base}/prog`, 'r')];
        other = spawn('/bin/sleep', ['600'], { stdio: ['ignore', file, 'ignore', gone], cwd: `${base}/d` });
        for (const fd of [file, gone]) fs.closeSync(fd);
        const sandbox = me.process.sandbox;
        const fake = new FakeCall();
        const join = (pid: number, more: Partial<ProcessView>, threads?: number[]): ProcessView => {
          const joined = fake.join(pid, { sandbox, ...more }, threads);
          (sandbox.processes as ProcessView[]).push(joined);
          return joined;
        };
        const reserved = { from: 3, to: 4 };
        const pidfd = native.pidfdOpen(other.pid ?? 0, 0);
        opened.push(pidfd);
        member = join(other.pid ?? 0, { pidfd, reserved, exe: '/bin/member' });
        (mainThread(member) as { hostTid: number }).hostTid = 0;
        const all = fs.readdirSync('/proc/self/task').map(Number);
        tids = all.filter((tid) => tid !== process.pid);
        us = join(process.pid, { pidfd: -1, exe: '/bin/us' }, [process.pid, tids[0]]);
        const [main, second] = us.living as ThreadView[];
        Object.assign(main, { hostTid: tids[1] });
        Object.assign(second, { hostTid: tids[2] });
      });
      afterEach((done) => {
        other.once('close', () => done());
        other.kill('SIGKILL');
      });
      const named = (text: string): string =>
        fill(
          text
            .replace(/\bM\b/g, String(member.pid))
            .replace(/\b(0?)T(\d)\b/g, (_, zero, i) => `${zero}${tids[Number(i)]}`),
        );

      it('each is shown as it is, with the same care', () => {
        const table: [path: string, how: PathOptions, expected: string, text?: string][] = [
          ['/proc/M/status', STAT, '/proc/M/status'],
          ['/proc/M/fd/1', STAT, 'B/d/f'],
          ['/proc/M/fd/1', LSTAT, '/proc/M/fd/1', 'B/d/f'],
          ['/proc/M/task/M/fd/1', STAT, 'B/d/f'],
          ['/proc/M/fd/3', STAT, 'ENOENT'],
          ['/proc/M/fd/3', LSTAT, 'ENOENT'],
          ['/proc/M/fdinfo/3', STAT, 'ENOENT'],
          ['/proc/M/fd/4', STAT, 'ENOENT'],
          ['/proc/self/fd/3', STAT, 'B/d'],
          ['/proc/M/exe', LSTAT, '/proc/M/exe', '/bin/member'],
          ['/proc/P/exe', LSTAT, '/proc/P/exe', 'B/prog'],
          ['/proc/M/cwd', STAT, 'B/d'],
          ['/proc/M/cwd', LSTAT, '/proc/M/cwd', 'B/d'],
          ['/proc/self/cwd', STAT, 'B/cwd'],
          ['/proc/M/root', LSTAT, '/proc/M/root', '/'],
          ['/proc/M/environ', STAT, '/proc/M/environ'],
          ['/proc/M/mem', STAT, 'EACCES'],
          ['/proc/M/map_files', STAT, 'EACCES'],
          ['/proc/M/ns/net', STAT, 'EACCES'],
          ['/proc/1/environ', STAT, 'EACCES'],
        ];
        for (const [path, how, expected, text] of table) {
          const result = ask(plain, named(path), how);
          expect(shown(result), path).to.equal(named(expected));
          if (text !== undefined) expect(found(result).text, path).to.equal(named(text));
        }
      });
      it('who asks is who is meant by self', () => {
        visited(plain, mainThread(member));
        for (const [path, expected] of [
          ['/proc/self', '/proc/M'],
          ['/proc/self/fd/1', 'B/d/f'],
          ['/proc/self/cwd', 'B/d'],
          ['/proc/P/cwd', 'B/cwd'],
          ['/dev/fd/3', 'ENOENT'],
        ])
          expect(shown(ask(plain, named(path), STAT)), path).to.equal(named(expected));
      });
      it('each call keeps and gives back what is its own', () => {
        const [mine, others] = [new Visit(me), new Visit(mainThread(member))];
        plain.enter(mine);
        const first = found(plain.resolve(-1, '/proc/self/fd/4', STAT));
        plain.enter(others);
        const second = found(plain.resolve(-1, '/proc/self/fd/1', STAT));
        plain.release();
        expect(native.fcntl(second.object ?? -1, 1, 0)).to.equal(-ERRNO.EBADF);
        expect(native.fcntl(first.object ?? -1, 1, 0)).to.equal(1);
        expect(others.held).to.deep.equal([]);
        plain.enter(mine);
        plain.release();
        expect(native.fcntl(first.object ?? -1, 1, 0)).to.equal(-ERRNO.EBADF);
      });

      it('threads are known by their ids, and lead to their untrustees', () => {
        const table: [path: string, expected: string, host?: string][] = [
          ['/proc/H/task/H/comm', '/proc/H/task/H/comm', '/proc/H/task/T1/comm'],
          ['/proc/H/task/T0/comm', '/proc/H/task/T0/comm', '/proc/H/task/T2/comm'],
          ['/proc/H/task/T0', '/proc/H/task/T0', '/proc/H/task/T2'],
          ['/proc/H/task/T0/', '/proc/H/task/T0', '/proc/H/task/T2'],
          ['/proc/H/task/T0/../T0/comm', '/proc/H/task/T0/comm', '/proc/H/task/T2/comm'],
          ['/proc/H/task/T0/net/..', '/proc/H/task/T0', '/proc/H/task/T2'],
          ['/proc/T0', '/proc/H/task/T0', '/proc/H/task/T2'],
          ['/proc/T0/comm', '/proc/H/task/T0/comm', '/proc/H/task/T2/comm'],
          ['B/proc/T0/comm', '/proc/H/task/T0/comm', '/proc/H/task/T2/comm'],
          ...['T1', 'T2', 'T3'].flatMap((hidden): typeof table => [
            [`/proc/H/task/${hidden}`, 'ENOENT'],
            [`/proc/H/task/${hidden}/status`, 'ENOENT'],
            [`/proc/${hidden}`, 'ENOENT'],
            [`/proc/${hidden}/comm`, 'ENOENT'],
            [`/proc/./${hidden}/../${hidden}/comm`, 'ENOENT'],
          ]),
          ['/proc/H/task/T0/mem', 'EACCES'],
          ['/proc/H/task/0T0', 'ENOENT'],
          ['/proc/0T0/comm', 'ENOENT'],
          ['/proc/H/task/00/comm', 'ENOENT'],
          ['/proc/H/task/P', 'ENOENT'],
        ];
        for (const [path, expected, host] of table) {
          const result = ask(plain, named(path), STAT);
          expect(shown(result), path).to.equal(named(expected));
          if (host !== undefined) expect(found(result).host, path).to.equal(named(host));
        }
        for (const [directory, path, expected] of [
          ['/proc/H/task', 'T0/comm', '/proc/H/task/T0/comm'],
          ['/proc/H/task', 'T2/comm', 'ENOENT'],
          ['/proc/H/task/T2', 'comm', '/proc/H/task/T0/comm'],
          ['/proc/H/task/T2', '../T0/comm', '/proc/H/task/T0/comm'],
          ['/proc/H/task/T2', '../T1', 'ENOENT'],
          ['/proc/H/task/T2/fd', '..', '/proc/H/task/T0'],
        ])
          expect(shown(ask(plain, named(path), STAT, open(named(directory)))), `${directory} ${path}`).to.equal(
            named(expected),
          );
        expect(shown(ask(plain, named('/proc/T0'), LSTAT))).to.equal(named('/proc/H/task/T0'));
        expect(plain.guestPath(open(named('/proc/H/task/T2')))).to.equal(named('/proc/H/task/T0'));
      });

      it('listings show threads of the program, and no reserved descriptors', () => {
        const entry = (name: string): Buffer => {
          const record = Buffer.alloc(19 + name.length + 1);
          record.writeUInt16LE(record.length, 16);
          record.write(name, 19);
          return record;
        };
        const records = (names: readonly (string | number)[]): Buffer =>
          Buffer.concat(names.map((name) => entry(String(name))));
        const listed = (path: string, names: readonly (string | number)[]): Uint8Array =>
          withoutHidden(open(named(path)), records(names), me.process.sandbox);
        const all = ['.', '..', process.pid, ...tids];
        expect(listed('/proc/H/task', all)).to.deep.equal(records(['.', '..', process.pid, tids[0]]));
        expect(listed('/proc/M/fd', ['.', '..', 0, 1, 3])).to.deep.equal(records(['.', '..', 0, 1]));
        expect(listed('/proc/P/fd', ['.', '..', 0, 3, 9])).to.deep.equal(records(['.', '..', 0, 3]));
        expect(listed('/proc', all)).to.deep.equal(records(all));
      });

      it('status, stat and auxv are made for the program', () => {
        const action = { flags: 0, restorer: 0, mask: 0n };
        us.signals.set(10, { ...action, handler: 0x1000 });
        us.signals.set(12, { ...action, handler: 1 });
        const second = [...us.living][1];
        (second as { mask: bigint }).mask = 0x100000001n;
        const text = (path: string): string => {
          const result = found(ask(plain, named(path), STAT));
          expect(result.contents, path).to.not.equal(undefined);
          return Buffer.from(result.contents?.() ?? []).toString('latin1');
        };
        for (const [path, id, blocked] of [
          ['/proc/H/status', process.pid, '0000000000000000'],
          ['/proc/H/task/H/status', process.pid, '0000000000000000'],
          ['/proc/H/task/T0/status', tids[0], '0000000100000001'],
          ['/proc/T0/status', tids[0], '0000000100000001'],
        ] as const) {
          const line = (name: string): string | undefined => new RegExp(`^${name}:\t(.*)$`, 'm').exec(text(path))?.[1];
          const lines = ['Tgid', 'Pid', 'Threads', 'Seccomp', 'SigBlk'].map(line);
          expect(lines, path).to.deep.equal([String(process.pid), String(id), '2', '1', blocked]);
          expect(line('NSpid')?.split('\t').at(-1), path).to.equal(String(id));
          const [ignored, caught] = ['SigIgn', 'SigCgt'].map((name) => BigInt(`0x${line(name)}`));
          expect([ignored & (1n << 11n), caught], path).to.deep.equal([1n << 11n, 1n << 9n]);
        }
        const fields = text('/proc/H/task/T0/stat').split(' ');
        expect([fields[0], fields[19], fields[31]]).to.deep.equal([String(tids[0]), '2', '1']);
        const whole = text('/proc/H/stat').split(' ');
        expect(whole[0]).to.equal(String(process.pid));
        expect(Number(whole[13])).to.be.at.least(Number(fields[13]));
        expect(found(ask(plain, '/proc/1/status', STAT)).contents).to.equal(undefined);
        expect(found(ask(plain, named('/proc/H/comm'), STAT)).contents).to.equal(undefined);
        expect(found(ask(plain, named('/proc/H/auxv'), STAT)).contents?.()).to.equal(undefined);
        Object.assign(us, { auxv: Uint32Array.of(3, 0x8048034, 0, 0) });
        expect(found(ask(plain, named('/proc/H/auxv'), STAT)).contents?.()).to.deep.equal(
          new Uint8Array(Uint32Array.of(3, 0x8048034, 0, 0).buffer),
        );
      });
      it('a thread without an untrustee is seen by its trustee, one that ended by nobody', () => {
        const second = [...us.living][1];
        Object.assign(second, { hostTid: 0 });
        expect(found(ask(plain, named('/proc/H/task/T0/comm'), STAT)).host).to.equal(named('/proc/H/task/T0/comm'));
        (us.living as ThreadView[]).splice(1, 1);
        expect(shown(ask(plain, named('/proc/H/task/T0'), STAT))).to.equal('ENOENT');
        expect(shown(ask(plain, named('/proc/T0'), STAT))).to.equal('ENOENT');
      });
    });

    it('hold no descriptor and leave none behind', () => {
      const held = descriptors();
      for (let i = 0; i < 10_000; i++) {
        const [path, how] = TABLE[i % TABLE.length];
        plain.resolve(-1, fill(path), how);
        if (i % 5 === 0) plain.release();
      }
      plain.release();
      expect(descriptors()).to.equal(held);
    });
  });

  it('never name the shared memory', () => {
    const name = `${HIDDEN}${process.pid}`;
    fs.writeFileSync(`/dev/shm/${name}`, 'slots');
    fs.symlinkSync('/dev/shm', `${base}/memory`);
    plant(base, [`${HIDDEN}of-mine`]);
    try {
      const views = [resolver('/'), resolver(base)];
      for (const view of views)
        for (const path of [
          `/dev/shm/${name}`,
          `/dev/./shm/../shm/${name}`,
          `/dev/shm/${name}/`,
          `/dev/shm/${HIDDEN}none`,
          `/dev/shm/${name}/x`,
        ])
          for (const how of [STAT, LSTAT, REMOVE])
            expect(errnoName(-(ask(view, path, how) as number)), path).to.equal('ENOENT');
      for (const view of views)
        for (const path of [`/dev/shm/${name}`, `/dev/shm/${HIDDEN}new`])
          for (const how of [CREATE, MKDIR])
            expect(errnoName(-(ask(view, path, how) as number)), path).to.equal('EACCES');
      expect(ask(views[0], `${base}/memory/${name}`, STAT)).to.equal(-ERRNO.ENOENT);
      const start = open('/dev/shm');
      expect(ask(views[0], name, STAT, start)).to.equal(-ERRNO.ENOENT);
      if (fs.statSync(base).dev !== fs.statSync('/dev/shm').dev)
        expect(shown(ask(views[0], `${base}/${HIDDEN}of-mine`, STAT))).to.equal(`${base}/${HIDDEN}of-mine`);
    } finally {
      fs.unlinkSync(`/dev/shm/${name}`);
    }
  });

  it('that are mounted elsewhere are told by their file system', function () {
    if (process.getuid?.() !== 0) this.skip();
    const mount = (...args: string[]): boolean => {
      fs.mkdirSync(args[args.length - 1], { recursive: true });
      return spawnOk('mount', args);
    };
    const points = ['proc', 'new', 'fd', 'shm'].map((name) => `${base}/${name}`);
    fs.writeFileSync(`/dev/shm/${HIDDEN}m`, '');
    const mounted = [
      mount('--bind', '/proc', points[0]),
      mount('-t', 'proc', 'proc', points[1]),
      mount('--bind', `/proc/${process.pid}/fd`, points[2]),
      mount('--bind', '/dev/shm', points[3]),
    ];
    try {
      if (mounted.includes(false)) this.skip();
      const plain = visited(resolver('/'), oneProcess(process.pid));
      const table: [path: string, how: PathOptions, expected: string][] = [
        ['proc/self/mem', STAT, 'EACCES'],
        ['proc/1/fd', STAT, 'EACCES'],
        ['proc/self/status', STAT, `${base}/proc/${process.pid}/status`],
        ['new/self/mem', STAT, 'EACCES'],
        ['new/self/fd', STAT, 'EACCES'],
        ['new/1/root', STAT, 'EACCES'],
        ['fd/0', STAT, 'EACCES'],
        ['fd/0', LSTAT, 'EACCES'],
        [`shm/${HIDDEN}m`, STAT, 'ENOENT'],
        [`shm/${HIDDEN}n`, CREATE, 'EACCES'],
      ];
      for (const [path, how, expected] of table)
        expect(shown(ask(plain, `${base}/${path}`, how)), path).to.equal(expected);
    } finally {
      points.forEach((point, i) => mounted[i] && spawnOk('umount', [point]));
      fs.unlinkSync(`/dev/shm/${HIDDEN}m`);
    }
  });

  it('of links in sticky directories are as guarded as the kernel’s', function () {
    if (process.getuid?.() !== 0) this.skip();
    const setting = '/proc/sys/fs/protected_symlinks';
    const was = fs.readFileSync(setting, 'utf8').trim();
    plant(base, ['f', 'd/', 'd/f', 'sticky/', ['sticky/link', '../f'], ['sticky/dir', '../d']]);
    fs.chmodSync(`${base}/sticky`, 0o1777);
    fs.lchownSync(`${base}/sticky/link`, NOBODY, NOBODY);
    fs.lchownSync(`${base}/sticky/dir`, NOBODY, NOBODY);
    try {
      for (const value of ['0', '1']) {
        fs.writeFileSync(setting, value);
        const plain = resolver('/');
        for (const path of ['sticky/link', 'sticky/dir', 'sticky/dir/f', 'sticky/dir/']) {
          const kernel = native.openat(AT_FDCWD, `${base}/${path}`, O_PATH, 0);
          sameAsKernel(kernel, ask(plain, `${base}/${path}`, STAT), path);
          if (kernel >= 0) native.close(kernel);
        }
      }
    } finally {
      fs.writeFileSync(setting, was);
    }
  });

  // ---- races ----

  const ADDON = fileURLToPath(new URL('../../build/Release/nurse.node', import.meta.url));
  /** Exchanges two names as fast as it can, until its standard input ends. */
  async function swapping(a: string, b: string, body: () => void): Promise<void> {
    const code = `const n = require(${JSON.stringify(ADDON)}); console.log(1);
      process.stdin.on('end', () => process.exit()).resume();
      (function turn() { for (let i = 0; i < 500; i++) n.renameat2(-100, ${JSON.stringify(a)}, -100, ${JSON.stringify(b)}, 2); setImmediate(turn); })();`;
    const child = spawn(process.execPath, ['-e', code], { stdio: ['pipe', 'pipe', 'inherit'] });
    const ended = new Promise((done) => child.once('close', done));
    await new Promise((done) => child.stdout.once('data', done));
    try {
      body();
    } finally {
      child.stdin.end();
      await ended;
    }
  }

  const RACES: [what: string, kernel: Native][] = [
    ['strides', native],
    ['single steps', withoutOpenat2],
  ];
  for (const [what, kernel] of RACES)
    it(`name what they found while a directory and a symlink change places, by ${what}`, async () => {
      plant(base, [
        'x/',
        'x/public/',
        'x/public/deep/',
        'x/public/deep/f',
        'secret/',
        'secret/deep/',
        'secret/deep/f',
        ['x/other', '../secret'],
      ]);
      const plain = resolver('/', null, {}, kernel);
      const identity = (path: string): string => {
        return identityOf(open(path));
      };
      const [open_, secret] = [identity(`${base}/x/public/deep/f`), identity(`${base}/secret/deep/f`)];
      const seen = new Map<string, number>();
      await swapping(`${base}/x/public`, `${base}/x/other`, () => {
        for (let i = 0; i < 10_000; i++) {
          const result = plain.resolve(-1, `${base}/x/${i & 1 ? 'public' : 'public/../public'}/deep/f`, STAT);
          if (typeof result !== 'number') {
            expect(identityOf(result.object ?? -1)).to.equal(
              result.host.startsWith(`${base}/secret/`) ? secret : open_,
            );
            const fd = native.openat2(AT_FDCWD, result.host, O_PATH, 0, RESOLVE_NO_SYMLINKS);
            if (fd >= 0) {
              expect(identityOf(fd)).to.equal(identityOf(result.object ?? -1));
              native.close(fd);
            } else expect(errnoName(-fd)).to.be.oneOf(['ELOOP', 'ENOENT', 'ENOTDIR']);
          }
          const key = shown(result).slice(base.length) || shown(result);
          seen.set(key, (seen.get(key) ?? 0) + 1);
          plain.release();
        }
      });
      expect(seen.get('/x/public/deep/f'), JSON.stringify([...seen])).to.be.greaterThan(100);
      expect(seen.get('/secret/deep/f'), JSON.stringify([...seen])).to.be.greaterThan(100);
    });

  it('never name a place that a directory was moved from', async () => {
    plant(base, ['a/', 'a/d/', 'a/d/f', 'b/', 'b/d/', 'b/d/f']);
    const plain = resolver('/');
    const start = open(`${base}/a/d`);
    let hits = 0;
    await swapping(`${base}/a/d`, `${base}/b/d`, () => {
      for (let i = 0; i < 10_000; i++) {
        const result = plain.resolve(start, i & 1 ? '../d/f' : 'f', STAT);
        if (typeof result !== 'number') {
          hits++;
          expect(result.host).to.be.oneOf([`${base}/a/d/f`, `${base}/b/d/f`]);
          expect(result.guest).to.equal(result.host);
        } else expect(errnoName(-result)).to.be.oneOf(['ENOENT', 'EAGAIN'] satisfies PrimaryErrnoName[]);
        plain.release();
      }
    });
    expect(hits).to.be.greaterThan(1000);
  });

  it('leave no descriptor behind in 10000 cases, errors included', () => {
    plant(`${base}/w`, WORLD);
    const world = resolver(`${base}/w`);
    const start = open(`${base}/w/d`);
    const held = descriptors();
    for (let i = 0; i < 10_000; i++) {
      const [path, how] = CASES[i % CASES.length];
      world.resolve(i & 1 ? start : -1, path, how);
      if (i % 3 === 0) world.release();
    }
    world.release();
    expect(descriptors()).to.equal(held);
  });
});

const spawnOk = (command: string, args: readonly string[]): boolean =>
  spawnSync(command, args, { stdio: 'ignore' }).status === 0;
