/**
 * What a program can do to those who look on (--trace, --record, --stats, -d INFO): end them, fill them, forge their
 * lines, or make them tell what was not judged.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { readRecord } from '../../src/observe/record.js';
import { KIND, REPLY_SIZE, REQUEST_FIELDS, REQUEST_SIZE } from '../../src/wire/layout.js';
import { errno, fate, guest, killAll, place, run, withPuppet, type Ended, type Puppet } from './harness.js';

type Fields = Partial<Record<(typeof REQUEST_FIELDS)[number], number>>;
const request = (fields: Fields): Uint8Array =>
  new Uint8Array(Uint32Array.from(REQUEST_FIELDS, (name) => fields[name] ?? 0).buffer);

const bytesOf = (n: number): number[] => [n & 0xff, (n >> 8) & 0xff, (n >> 16) & 0xff, n >>> 24];
/** Machine code that makes calls of three arguments past the hook, one after the other. */
const rawCalls = (...calls: readonly (readonly [number, number, number, number])[]): Uint8Array =>
  Uint8Array.from([
    0x53, // push %ebx
    ...calls.flatMap(([nr, b, c, d]) => [
      ...[0xb8, ...bytesOf(nr), 0xbb, ...bytesOf(b), 0xb9, ...bytesOf(c), 0xba, ...bytesOf(d)], // mov
      ...[0xcd, 0x80], // int $0x80
    ]),
    ...[0x5b, 0xc3], // pop %ebx, ret
  ]);
const [READ, WRITE] = [3, 4];

const trace = join(place, 'observers.trace');
const record = join(place, 'observers.record');
const traced = (): string[] => readFileSync(trace, 'latin1').split('\n').slice(0, -1);
const lineOf = (name: string): string => traced().find((line) => line.startsWith(`${name}(`)) ?? 'no such line';
const watched = (act: (p: Puppet) => Promise<unknown>, ...more: string[]): Promise<Ended> =>
  fate({ cage: 'product', options: [`--trace=${trace}`, `--record=${record}`, ...more] }, act);

/** Blocks this process, which reads what the sandbox writes. */
const stall = (milliseconds: number): unknown =>
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);

const PRINTABLE = /^[\x20-\x7e]*$/;

describe('attacks: observers', function () {
  this.timeout(60_000);
  after(killAll);

  for (const claimed of [0x80000000, 0xffff0000, 0xffffefff, 0x7fffffff])
    it(`a read whose result is claimed to be ${claimed | 0}`, async () => {
      const ended = await watched(async (p) => {
        const { socket } = await p.reserved();
        const asks = p.hold(request({ eax: READ, ecx: p.room(64), edx: 64 }));
        const claims = p.hold(request({ kind: KIND.result, eax: claimed }));
        const reply = p.room(REPLY_SIZE);
        await p.execute(() =>
          rawCalls(
            [WRITE, socket, asks, REQUEST_SIZE],
            [WRITE, socket, claims, REQUEST_SIZE],
            [READ, socket, reply, REPLY_SIZE],
            [READ, socket, reply, REPLY_SIZE],
          ),
        );
        expect(await p.call('set_tid_address', 0)).to.equal(p.pid);
      });
      expect(ended.stderr).to.not.contain('defect');
      expect(ended.status).to.equal(0);
      expect(traced().some((line) => line.includes(`64) = ${claimed | 0} `))).to.equal(true);
      expect(readRecord(record).calls.some(({ result }) => result === (claimed | 0))).to.equal(true);
    });

  it('a standard error that the program makes non-blocking, while nobody reads it', async () => {
    const calls = 4000;
    const { status, stderr } = await fate({ cage: 'product', options: ['--trace'] }, async (p) => {
      expect(await p.call('fcntl64', 2, 4, 0o4002)).to.equal(0); // F_SETFL, O_RDWR | O_NONBLOCK
      const repeated = p.repeat(calls, 'set_tid_address', 0);
      await new Promise((resolve) => setTimeout(resolve, 20));
      stall(1000);
      expect((await repeated).get(p.pid)).to.equal(calls);
    });
    expect(stderr).to.not.contain('defect');
    expect(status).to.equal(0);
    expect(stderr.split('\n').filter((line) => line.startsWith('set_tid_address(NULL) = '))).to.have.lengthOf(calls);
  });

  for (const option of ['trace', 'record'])
    it(`a ${option} that cannot be written ends the program`, async () => {
      const options = [`--${option}=/dev/full`];
      const { status, stderr } = await run({ cage: 'product', command: [guest('puppet.c')], options });
      expect(stderr)
        .to.match(new RegExp(`the ${option} cannot be written: ENOSPC`))
        .and.not.match(/defect|\n {4}at /);
      expect(status).to.equal(125);
    });

  for (const peek of ['vm', 'socket'])
    it(`a death in a call of its own, memory read by ${peek}`, async () => {
      const { status, stderr } = await watched(
        async (p) => {
          const fds = p.room(8);
          await p.call('pipe', fds);
          await p.call('close', await p.peekWord(fds));
          await p.call('write', await p.peekWord(fds + 4), 'hello', 5);
        },
        ...['--peek', peek],
      );
      expect(stderr).to.not.match(/defect|the hook/);
      expect(status).to.equal(141); // SIGPIPE
      expect(traced().at(-1)).to.match(/^write\(\d+, 0x[0-9a-f]+, 5\) = \? <[\d.]+> \[native\]$/);
      expect(readRecord(record).status).to.equal(141);
    });

  it('numbers that the kernel has no name for are one line of the statistics', async () => {
    const { stderr } = await fate({ cage: 'product', options: ['--stats'] }, async (p) => {
      for (let i = 0; i < 50; i++) expect(await p.call(1000 + i * 0x1000001)).to.equal(errno('ENOSYS'));
    });
    const rows = stderr.split('\n').filter((line) => line.includes('unknown ('));
    expect(rows).to.have.lengthOf(1);
    expect(rows[0]).to.match(/ 50 +50 +1\.00 unknown \(denied\)$/);
  });

  it('what is overwritten by the call shows as it was judged', async () => {
    await watched(async (p) => {
      const path = p.hold('/proc/self/exe\0'.padEnd(128, '\0'));
      expect(await p.call('readlink', path, path, 100)).to.be.above(0);
      const looked = p.hold('/etc/passwd\0'.padEnd(128, '\0'));
      expect(await p.call('stat64', looked, looked)).to.equal(0);
      const pause = p.hold(new Uint8Array([0, 0, 0, 0, 7, 0, 0, 0]));
      expect(await p.call('nanosleep', pause, pause)).to.equal(0);
    });
    expect(lineOf('readlink')).to.match(/^readlink\("\/proc\/self\/exe", /);
    expect(lineOf('stat64')).to.match(/^stat64\("\/etc\/passwd", /);
    expect(lineOf('nanosleep')).to.match(/^nanosleep\(\{tv_sec=0, tv_nsec=7\}, /);
  });

  it('names of all kinds are one line each, of printable characters', async () => {
    const evil = '\x1b]0;t\x07\x9b31m\nread(0, "", 1) = 1 [native]\r\xc2\x9b\xe2\x80\xae"\\';
    const address = new Uint8Array([1, 0, ...Buffer.from(evil, 'latin1'), 0]);
    const hidden = new Uint8Array([1, 0, 0, ...Buffer.from(evil, 'latin1')]);
    const { stderr } = await watched(
      async (p) => {
        for (const name of ['open', 'stat64', 'readlink', 'mq_open', 'memfd_create', 'chdir', 'unlink'] as const) {
          p.reset();
          await p.call(name, evil, 0, 0, 0);
        }
        await p.call('symlink', evil, `/nowhere/${evil}`);
        await p.call('prctl', 15, evil);
        await p.call('getxattr', '/', evil, p.room(16), 16);
        const socket = await p.call('socket', 1, 1, 0);
        await p.call('connect', socket, address, address.length);
        await p.call('connect', socket, hidden, hidden.length);
        await p.call('sendto', socket, evil, evil.length, 0, hidden, hidden.length);
        await p.call('execve', evil, 0, 0);
        await p.call('write', -1, evil, evil.length);
      },
      ...['-d', 'INFO', '--stats'],
    );
    for (const line of [...traced(), ...stderr.split('\n')]) expect(line).to.match(PRINTABLE);
    for (const line of traced()) expect(line).to.match(/^\w+\(.*\) = .* <[\d.]+> \[\w+[^\]]*\]$/);
    expect(traced().filter((line) => line.startsWith('read(0, "", 1)'))).to.deep.equal([]);
    expect(readRecord(record).calls.filter(({ name }) => name === 'mq_open')).to.have.lengthOf(1);
  });

  it("the helper's files are no descriptors of the program", () =>
    withPuppet({ cage: 'product', options: [`--trace=${trace}`, `--record=${record}`] }, async (p) => {
      const links = (pid: number): string[] =>
        readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
      expect(links(p.pid)).to.not.include(trace).and.not.include(record);
      expect(links(p.helper)).to.include(trace).and.include(record);
      for (const fd of readdirSync(`/proc/${p.helper}/fd`)) {
        const name = `/proc/${p.helper}/fd/${fd}`;
        expect(await p.call('open', name, 1), name).to.equal(errno('EACCES'));
        p.reset();
      }
    }));
});
