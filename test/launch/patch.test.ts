import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect } from 'chai';

import { PF, executableOffset, parseElf } from '../../src/abi/elf.js';
import { PlanCache, applyPatches, assembleSite, trampolineSize, type TargetMemory } from '../../src/launch/patch.js';
import { patchPlan, type Role, type Site, type Technique } from '../../src/launch/sites.js';
import { buildElf, readFromSysroot, seededRandom, sysroot, type SegmentSpec } from '../support/elf-builder.js';

const PATTERNS = fileURLToPath(new URL('./patterns/', import.meta.url));
const work = mkdtempSync(join(tmpdir(), 'patch-test-'));
after(() => rmSync(work, { recursive: true, force: true }));

function run(command: string, ...args: string[]): string {
  return execFileSync(command, args, { encoding: 'utf8', maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'pipe'] });
}

/** The path of a static program linked from one assembler file. */
function assemble(source: string): string {
  const object = join(work, 'one.o');
  const program = join(work, 'one');
  run('gcc', '-m32', '-c', '-nostdlib', '-o', object, join(PATTERNS, source));
  run('ld', '-m', 'elf_i386', '-Ttext-segment=0x08048000', '-e', '_start', '-o', program, object);
  return program;
}

const plan = (file: Uint8Array, role: Role = 'syscall-object'): Site[] =>
  patchPlan(parseElf(file, file.length, 'library'), file, role);

/** `A 7 5`: technique, length, offset of the call, as in the .out files. */
const describeSite = (site: Site): string => `${site.technique} ${site.length} ${site.callOffset}`;

function withoutSections(file: Uint8Array): Uint8Array {
  const copy = file.slice();
  copy.fill(0, 32, 36);
  copy.fill(0, 46, 52);
  return copy;
}

describe('launch/patch: patterns', function () {
  this.timeout(20_000);
  const numbers = readdirSync(PATTERNS)
    .flatMap((name) => /^pattern_(\d+)\.in\.S$/.exec(name)?.[1] ?? [])
    .sort((a, b) => Number(a) - Number(b));

  for (const number of numbers) {
    const source = `pattern_${number}.in.S`;
    const title = readFileSync(join(PATTERNS, source), 'utf8').split('\n')[0].replace('// ', '');
    it(`${number}: ${title}`, () => {
      const lines = readFileSync(join(PATTERNS, `pattern_${number}.out`), 'utf8')
        .split('\n')
        .filter(Boolean);
      const role: Role = lines[0] === 'role other' ? 'other' : 'syscall-object';
      const expected = lines.filter((line) => !line.startsWith('role'));
      const program = assemble(source);
      const whole = readFileSync(program);
      run('strip', program);
      expect(plan(whole, role).map(describeSite), 'with symbols').to.deep.equal(expected);
      expect(plan(readFileSync(program), role).map(describeSite), 'stripped').to.deep.equal(expected);
      expect(plan(withoutSections(whole), role).map(describeSite), 'without sections').to.deep.equal(expected);
    });
  }
});

describe('launch/patch: assembling', () => {
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
  const site = (technique: Technique, original: string, callOffset: number): Site => {
    const bytes = Buffer.from(original, 'hex');
    return { fileOffset: 0, address: 0, technique, original: bytes, length: bytes.length, callOffset };
  };

  it('A: jump, nops; number, call, jump back', () => {
    const { siteBytes, trampolineBytes } = assembleSite(site('A', 'b805000000cd80', 5), 0x1000, 0x2000, 0x3000);
    expect(hex(siteBytes)).to.equal('e9fb0f0000' + '9090');
    expect(hex(trampolineBytes)).to.equal('b805000000' + 'e8f60f0000' + 'e9f8efffff');
  });

  it('B: call, what stood behind, jump back', () => {
    const { siteBytes, trampolineBytes } = assembleSite(site('B', 'cd803d00f0ffff', 0), 0x1000, 0x2000, 0x3000);
    expect(hex(siteBytes)).to.equal('e9fb0f0000' + '9090');
    expect(hex(trampolineBytes)).to.equal('e8fb0f0000' + '3d00f0ffff' + 'e9f8efffff');
  });

  it('P: what stood before, call, jump back', () => {
    const { siteBytes, trampolineBytes } = assembleSite(site('P', '89f989f0cd80', 4), 0xf7000000, 0x10000, 0x8000);
    expect(hex(siteBytes)).to.equal('e9fbff0009' + '90');
    expect(hex(trampolineBytes)).to.equal('89f989f0' + 'e8f77fffff' + 'e9f8fffef6');
  });

  it('T: ud2 and no trampoline', () => {
    const { siteBytes, trampolineBytes } = assembleSite(site('T', 'cd80', 0), 0x1000, 0x2000, 0x3000);
    expect(hex(siteBytes)).to.equal('0f0b');
    expect(trampolineBytes).to.have.length(0);
  });

  it('every trampoline has the announced size', () => {
    for (const s of [site('A', 'b805000000cd80', 5), site('B', 'cd803d00f0ffff', 0), site('T', 'cd80', 0)]) {
      expect(assembleSite(s, 0x1000, 0x2000, 0x3000).trampolineBytes).to.have.length(trampolineSize(s));
    }
  });
});

/** Memory with the file's segments at `bias`, writable everywhere. */
class FakeProcess implements TargetMemory {
  readonly writes: number[] = [];
  readonly #bytes: Uint8Array;

  constructor(
    file: Uint8Array,
    readonly bias: number,
    readonly base = 0,
    size = 0x4000,
  ) {
    this.#bytes = new Uint8Array(size);
    for (const s of parseElf(file).segments) {
      this.#bytes.set(file.subarray(s.offset, s.offset + s.fileSize), s.address + bias - base);
    }
  }

  read(address: number, length: number): Uint8Array {
    if (address < this.base || address + length > this.base + this.#bytes.length) throw new Error('EIO');
    return this.#bytes.slice(address - this.base, address - this.base + length);
  }

  write(address: number, bytes: Uint8Array): void {
    this.writes.push(address);
    this.#bytes.set(bytes, address - this.base);
  }
}

describe('launch/patch: applying', function () {
  this.timeout(20_000);
  const HOOK = 0x30000000;
  const base = 0x08048000;
  const area = { base: base + 0x3000, size: 0x100 };
  let file: Uint8Array;
  let sites: Site[];

  before(() => {
    file = readFileSync(assemble('pattern_1.in.S'));
    sites = plan(file);
  });

  it('writes the trampoline before the site', () => {
    const memory = new FakeProcess(file, 0, base);
    const result = applyPatches(sites, 0, memory, HOOK, area);
    expect(memory.writes).to.deep.equal([area.base, sites[0].address]);
    expect(result.patched).to.deep.equal([{ site: sites[0], address: sites[0].address, trampoline: area.base }]);
    expect(result.skipped).to.be.empty;
    expect(result.used).to.equal(16);
  });

  it('adds the bias of a relocated image', () => {
    const bias = 0x1000;
    const memory = new FakeProcess(file, bias, base + bias);
    applyPatches(sites, bias, memory, HOOK, { ...area, base: area.base + bias });
    expect(memory.writes).to.deep.equal([area.base + bias, sites[0].address + bias]);
  });

  it('leaves a site alone whose bytes changed', () => {
    const memory = new FakeProcess(file, 0, base);
    memory.write(sites[0].address, Uint8Array.of(0xcc));
    const result = applyPatches(sites, 0, memory, HOOK, area);
    expect(result.patched).to.be.empty;
    expect(result.skipped[0].reason).to.equal('holds cc 05 00 00 00 cd 80, the file has b8 05 00 00 00 cd 80');
    expect(memory.writes).to.have.length(1);
  });

  it('leaves a site alone that cannot be read', () => {
    const result = applyPatches(sites, 0x10000000, new FakeProcess(file, 0, base), HOOK, area);
    expect(result.skipped[0].reason).to.equal('cannot be read: EIO');
  });

  it('makes a trap when the area is full', () => {
    const memory = new FakeProcess(file, 0, base);
    const result = applyPatches(sites, 0, memory, HOOK, { base: area.base, size: 14 });
    expect(result.patched[0].trampoline).to.equal(null);
    expect(Buffer.from(memory.read(sites[0].address, 7)).toString('hex')).to.equal('b8050000000f0b');
    expect(result.used).to.equal(0);
  });

  it('a patched program still runs, every call through the hook', () => {
    const program = assemble('run.S');
    const symbols = new Map(
      run('nm', program)
        .split('\n')
        .map((line): [string, number] => [line.split(' ')[2], parseInt(line, 16)]),
    );
    const hook = symbols.get('hook') ?? 0;
    const image = new Uint8Array(readFileSync(program));
    const elf = parseElf(image);
    const all = patchPlan(elf, image, 'syscall-object').filter((s) => s.address < hook);
    expect(all.map((s) => s.technique)).to.deep.equal(['A', 'B', 'P', 'A']);
    const memory: TargetMemory = {
      read: (address, length) =>
        image.slice(executableOffset(elf, address, length), executableOffset(elf, address, length) + length),
      write: (address, bytes) => image.set(bytes, executableOffset(elf, address, bytes.length)),
    };
    expect(spawnSync(program).status, 'before').to.equal(0);
    const result = applyPatches(all, 0, memory, hook, { base: symbols.get('trampolines') ?? 0, size: 256 });
    expect(result.skipped).to.be.empty;
    const patched = join(work, 'patched');
    writeFileSync(patched, image, { mode: 0o755 });
    expect(spawnSync(patched).status, 'after').to.equal(3);
  });
});

describe('launch/patch: the cache', () => {
  it('knows a file by its bytes and its role', function () {
    this.timeout(20_000);
    const file = new Uint8Array(readFileSync(assemble('pattern_13.in.S')));
    const elf = parseElf(file);
    const cache = new PlanCache();
    const first = cache.plan(elf, file, 'other');
    expect(cache.plan(elf, file.slice(), 'other')).to.equal(first);
    expect(cache.plan(elf, file, 'syscall-object')).to.have.length(3);
    const changed = file.slice();
    changed[changed.length - 1] ^= 1;
    expect(cache.plan(elf, changed, 'other')).not.to.equal(first);
  });

  it('forgets the oldest', () => {
    const file = new Uint8Array(readFileSync(assemble('pattern_13.in.S')));
    const elf = parseElf(file);
    const cache = new PlanCache(1);
    const first = cache.plan(elf, file, 'other');
    cache.plan(elf, file, 'syscall-object');
    expect(cache.plan(elf, file, 'other')).not.to.equal(first);
  });
});

/** Addresses of `int $0x80` by objdump's linear sweep of the code sections. */
function objdumpCalls(path: string): number[] {
  return run('objdump', '-d', '-w', '--no-show-raw-insn', path)
    .split('\n')
    .filter((line) => /\tint +\$0x80\s*$/.test(line))
    .map((line) => parseInt(line.trim(), 16));
}

function expectSound(file: Uint8Array, sites: readonly Site[]): void {
  const elf = parseElf(file, file.length, 'library');
  let end = 0;
  for (const site of sites) {
    expect(site.address).to.be.at.least(end);
    end = site.address + site.length;
    expect(executableOffset(elf, site.address, site.length)).to.equal(site.fileOffset);
    expect([...site.original.subarray(site.callOffset, site.callOffset + 2)]).to.deep.equal([0xcd, 0x80]);
    expect(site.length).to.be.at.least(site.technique === 'T' ? 2 : 5);
  }
}

describe('launch/patch: real objects', function () {
  this.timeout(60_000);

  const count = (sites: readonly Site[], technique: Technique): number =>
    sites.filter((s) => s.technique === technique).length;

  const table: [path: string, least: number, traps: number][] = [
    ['lib/ld-linux.so.2', 40, 1],
    ['lib/i386-linux-gnu/libc.so.6', 5, 0],
    ['bin/busybox', 15, 4],
    ['usr/lib/i386-linux-musl/libc.so', 12, 4],
  ];
  for (const [path, least, traps] of table) {
    it(`${path}: every call that objdump sees, nearly all as jumps`, () => {
      const file = readFromSysroot(path);
      const sites = plan(file);
      expectSound(file, sites);
      expect(sites.map((s) => s.address + s.callOffset)).to.deep.equal(objdumpCalls(join(sysroot(), path)));
      expect(sites.length).to.be.at.least(least);
      expect(count(sites, 'T')).to.be.at.most(traps);
    });
  }

  it('libcrypto.so.3: nothing, although the bytes are there', () => {
    const path = 'usr/lib/i386-linux-gnu/libcrypto.so.3';
    const file = readFromSysroot(path);
    const text = parseElf(file, file.length, 'library').segments.find((s) => (s.flags & PF.X) !== 0);
    expect(Buffer.from(file).indexOf('cd80', text?.offset, 'hex')).to.be.greaterThan(0);
    expect(plan(file, 'syscall-object')).to.be.empty;
    expect(plan(file, 'other')).to.be.empty;
  });

  it('libc.so.6 as any other object: only numbers that are known', () => {
    const sites = plan(readFromSysroot('lib/i386-linux-gnu/libc.so.6'), 'other');
    expect(sites.map((s) => s.technique).join('')).to.match(/^A{4,}$/);
  });

  it('damaged tables never make it throw, hang or leave the code', () => {
    const random = seededRandom(1);
    const whole = new Uint8Array(readFileSync(assemble('pattern_13.in.S')));
    const started = Date.now();
    for (let i = 0; i < 1_000; i++) {
      const file = whole.slice();
      for (let n = 0; n < 6; n++) {
        const at = random() < 0.5 ? file.length - 1 - Math.floor(random() * 1200) : Math.floor(random() * file.length);
        if (at >= 200) file[at] = random() < 0.3 ? 0xff : Math.floor(random() * 256);
        else if (at >= 32 && at < 52) file[at] = Math.floor(random() * 256); // section header fields
      }
      let elf;
      try {
        elf = parseElf(file);
      } catch {
        continue;
      }
      expectSound(file, patchPlan(elf, file, 'syscall-object'));
    }
    expect(Date.now() - started).to.be.lessThan(30_000);
  });

  it('a file full of the byte pair is judged in bounded time', () => {
    const file = readFromSysroot('usr/lib/i386-linux-musl/libc.so').slice();
    const text = parseElf(file, file.length, 'library').segments.find((s) => (s.flags & PF.X) !== 0);
    if (text === undefined) throw new Error('no text');
    for (let i = text.offset; i + 1 < text.offset + text.fileSize; i += 2) file.set([0xcd, 0x80], i);
    const started = Date.now();
    expectSound(file, plan(file));
    expect(Date.now() - started).to.be.lessThan(20_000);
  });

  it('a file that maps the same bytes over and over is left alone', () => {
    const code = new Uint8Array(0x20000).fill(0x90);
    code.set([0xb8, 5, 0, 0, 0, 0xcd, 0x80], 0x100);
    const once = (i: number): SegmentSpec => ({
      offset: 0x1000,
      address: 0x08048000 + i * 0x20000,
      bytes: code,
      flags: 5,
    });
    const times = (n: number): Uint8Array =>
      buildElf(
        Array.from({ length: n }, (_, i) => once(i)),
        { entry: 0x08048000 },
      );
    expect(plan(times(1)).map(describeSite)).to.deep.equal(['A 7 5']);
    expect(plan(times(60))).to.be.empty;
  });
});
