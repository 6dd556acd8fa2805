/** What a program can try when threads, processes and programs come into being. */
import { readdirSync, readFileSync, readlinkSync, symlinkSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'chai';
import { CLONE } from '../../src/abi/flags-process.js';
import { DOOR_PREFIX, LANDING_SIZE, RESERVED, SLOT, socketFd } from '../../src/wire/layout.js';
import { buildGuest } from '../support/run.js';
import { eventually, Running } from '../support/running.js';
import {
  acl,
  beside,
  errno,
  file,
  guest,
  killAll,
  place,
  run,
  statusOf,
  withPuppet,
  type Cage,
  type Ended,
  type Puppet,
  type Value,
} from './harness.js';

const births = (): string => guest('births.c', 'glibc-static');
const hostile = (cage: Cage, ...mode: string[]): Promise<Ended> => run({ cage, command: [births(), ...mode] });
const output = async (ended: Promise<Ended>): Promise<string> => {
  const { status, stdout, stderr } = await ended;
  expect(stderr).to.not.contain('Error:');
  return `${stdout.toString()}status ${status}`;
};

// ---- the door ----

function targetOf(pid: number, fd: string): string {
  try {
    return readlinkSync(`/proc/${pid}/fd/${fd}`);
  } catch {
    return ''; // closed meanwhile
  }
}

/** Abstract names of unix sockets that a process listens at, as the host's /proc/net/unix has them. */
function doorsOf(helper: number): string[] {
  const sockets = new Set(
    readdirSync(`/proc/${helper}/fd`).map((fd) => /^socket:\[(\d+)\]$/.exec(targetOf(helper, fd))?.[1]),
  );
  const lines = readFileSync('/proc/net/unix', 'latin1').split('\n');
  return lines
    .map((line) => line.trim().split(/ +/))
    .filter(([, , , , , , inode, name]) => sockets.has(inode) && name?.startsWith(`@${DOOR_PREFIX}`))
    .map((fields) => fields[7].slice(1));
}
const address = (name: string): Uint8Array => Buffer.from(`\x01\0\0${name}`, 'latin1');
const AF_UNIX = 1;
const TYPES = { stream: 1, datagram: 2, seqpacket: 5 };
const words = (...values: number[]): Uint8Array => new Uint8Array(Uint32Array.from(values).buffer);

/** The names of every call that took an address. */
async function takenAt(p: Puppet, name: string): Promise<string[]> {
  const taken: string[] = [];
  for (const [type, value] of Object.entries(TYPES)) {
    const to = address(name);
    const at = p.hold(to);
    const header = (): Uint8Array => words(at, to.length, p.hold(words(p.hold('x'), 1)), 1, 0, 0, 0);
    const tries: [string, ...Value[]][] = [
      ['connect', at, to.length],
      ['bind', at, to.length],
      ['sendto', 'x', 1, 0, at, to.length],
      ['sendmsg', header(), 0],
      ['sendmmsg', new Uint8Array([...header(), 0, 0, 0, 0]), 1, 0],
    ];
    for (const [call, ...values] of tries) {
      const fd = await p.call('socket', AF_UNIX, value, 0);
      if ((await p.call(call as 'connect', fd, ...values)) >= 0) taken.push(`${call} ${type}`);
      await p.call('close', fd);
    }
    const fd = await p.call('socket', AF_UNIX, value, 0);
    for (const [call, number] of Object.entries({ connect: 3, bind: 2 }))
      if ((await p.call('socketcall', number, words(fd, at, to.length))) >= 0)
        taken.push(`${call} by socketcall ${type}`);
    await p.call('close', fd);
  }
  return taken;
}

// ---- flags ----

const C = CLONE.values;
const THREAD = C.CLONE_VM | C.CLONE_FS | C.CLONE_FILES | C.CLONE_SIGHAND | C.CLONE_THREAD;
const HARMLESS =
  C.CLONE_PARENT_SETTID |
  C.CLONE_CHILD_SETTID |
  C.CLONE_CHILD_CLEARTID |
  C.CLONE_SETTLS |
  C.CLONE_SYSVSEM |
  C.CLONE_DETACHED |
  C.CLONE_UNTRACED |
  C.CLONE_IO;
/** What a birth may have, by the kinds that docs/syscalls.md has: a thread, a fork, a vfork or posix_spawn. */
function isOffered(flags: number): boolean {
  const rest = flags & ~HARMLESS;
  const process = rest & ~C.CLONE_PIDFD;
  return rest === THREAD || process === 0 || process === C.CLONE_VFORK || process === (C.CLONE_VFORK | C.CLONE_VM);
}
/** Each flag alone and beside what threads, spawned and forked processes have; each of those without one. */
const sweep: number[] = [
  ...new Set(
    [0, THREAD, C.CLONE_VM | C.CLONE_VFORK, C.CLONE_VFORK].flatMap((kind) =>
      Array.from({ length: 24 }, (_, bit) => [kind | (1 << (bit + 8)), kind ^ (1 << (bit + 8))]).flat(),
    ),
  ),
]
  .map((flags) => flags >>> 0)
  .filter((flags) => !isOffered(flags));

const alive = (p: Puppet): string[] => [
  ...readdirSync(`/proc/${p.pid}/task`),
  readFileSync(`/proc/${p.pid}/task/${p.pid}/children`, 'latin1'),
];

describe('attacks: births', function () {
  this.timeout(240_000);
  after(killAll);

  describe('the door', () => {
    it('is no program’s to name, by whatever call, guessed or known', async () => {
      await withPuppet({ cage: 'product' }, async (p) => {
        const [door] = doorsOf(p.helper);
        expect(door).to.have.length(DOOR_PREFIX.length + 32);
        for (const name of [door, DOOR_PREFIX, `${DOOR_PREFIX}x`, `${door}\0`])
          expect(await takenAt(p, name)).to.deep.equal([]);
        expect(await takenAt(p, 'another')).to.include('bind stream');
      });
    });
    it('of another sandbox neither', async () => {
      await withPuppet({ cage: 'product' }, (other) =>
        withPuppet({ cage: 'product' }, async (p) => {
          for (const door of doorsOf(other.helper)) expect(await takenAt(p, door)).to.deep.equal([]);
        }),
      );
    });
    it('control: with connect as the program makes it, it opens', async () => {
      await withPuppet({ cage: 'delegate:connect' }, async (p) => {
        const [door] = doorsOf(p.helper);
        expect(await takenAt(p, door)).to.include('connect seqpacket');
      });
    });
    it('says nothing to strangers, and births go on', async () => {
      const r = new Running([births(), 'numbers', file('births-marker', 'M'), '80']);
      try {
        await eventually('a door', () => doorsOf(r.helper).length > 0);
        const [door] = doorsOf(r.helper);
        await withPuppet({ cage: 'bare' }, async (stranger) => {
          const buffer = stranger.room(64);
          for (let i = 0; i < 100; i++) {
            const fd = await stranger.call('socket', AF_UNIX, TYPES.seqpacket, 0);
            expect(await stranger.call('connect', fd, address(door), address(door).length)).to.equal(0);
            await stranger.call('write', fd, new Uint8Array(48), 48);
            expect(await stranger.call('read', fd, buffer, 64)).to.be.oneOf([0, errno('ECONNRESET')]);
            await stranger.call('close', fd);
          }
        });
        await r.said('born 1');
        r.child.stdin?.end('x');
        expect(await r.status).to.equal(0);
      } finally {
        await r.destroy();
      }
    });
  });

  it('flags of clone that share or leave more than a birth may: refused, and nobody is born', async () => {
    await withPuppet({ cage: 'product' }, async (p) => {
      const before = alive(p);
      const taken: string[] = [];
      const arguments3 = (flags: number): Uint8Array =>
        new Uint8Array(BigUint64Array.of(BigInt(flags), 0n, 0n, 0n, 0n, 0n, 0n, 0n).buffer);
      for (const flags of sweep) {
        const results = [await p.call('clone', flags, 0, 0, 0, 0), await p.call('clone3', arguments3(flags), 64)];
        if (results.some((n) => n !== errno('EPERM') && n !== errno('EINVAL')))
          taken.push(`0x${flags.toString(16)}: ${results.join(', ')}`);
        p.reset();
      }
      expect(taken).to.deep.equal([]);
      expect(alive(p)).to.deep.equal(before);
      expect(sweep.length).to.be.above(50);
    });
  });

  it('a child speaks on none of its parent’s channels', async () => {
    const { from, to } = await withPuppet({ cage: 'product' }, async (p) => {
      const base = (await p.slot(SLOT.lifelineFd)) - RESERVED.lifeline;
      return { from: base, to: socketFd(base, 128) };
    });
    // the hint may be written: it says no more than that it is worth looking; the lifeline is read by all
    const said = await output(hostile('product', 'channels', String(from), String(to), String(SLOT.socketFd)));
    const [, written, read] = /^written (\d+), read (\d+), alive 1\nstatus 0$/.exec(said) ?? [said];
    expect(Number(written), said).to.be.at.most(1);
    // lifeline, and the empty results channels of its own
    expect(Number(read), said).to.be.at.most(6);
  });

  describe('addresses for ids', () => {
    const offset = String(SLOT.altstack);
    const skip = String(100 * LANDING_SIZE);
    const UNTOUCHED = 'born 1, ids 0, cleared 0, owner died 0\nborn 1, ids 0\nstatus 0';
    const ALL = 'born 1, ids 1, cleared 1, owner died 1\nborn 1, ids 1\nstatus 0';
    it('in protected memory are not written to, at birth and at death', async () => {
      expect(await output(hostile('product', 'words', offset, skip))).to.equal(UNTOUCHED);
    });
    it('elsewhere they are, as bare', async () => {
      expect(await output(hostile('bare', 'words', '0', '0'))).to.equal(ALL);
      expect(await output(hostile('product', 'words', '0', '0'))).to.equal(ALL);
    });
    it('control: with nothing protected they are', async () => {
      expect(await output(hostile('regions', 'words', offset, skip))).to.equal(ALL);
    });
  });

  it('numbers that other threads put files at and close again never become the sandbox’s, nor the other way round', async () => {
    const marker = file('births-numbers', 'M');
    const r = new Running([births(), 'numbers', marker, '240']);
    try {
      await r.said('born 1');
      const [pid] = r.living().filter((n) => n !== r.helper);
      const numbers = readdirSync(`/proc/${pid}/fd`).map(Number);
      const from = Math.max(...numbers) - 300; // the highest that is open is reserved
      const there = numbers.filter((n) => n >= from).map((n) => readlinkSync(`/proc/${pid}/fd/${n}`));
      expect(there.filter((target) => !/^(socket:\[|pipe:\[|\/memfd:)/.test(target))).to.deep.equal([]);
      expect(there.length).to.be.above(4);
      r.child.stdin?.end('x');
      expect(await r.status).to.equal(0);
    } finally {
      await r.destroy();
    }
  });

  it('execve while other threads make calls', async () => {
    expect(await output(hostile('product', 'execs', '25'))).to.equal('done\nstatus 0');
  });

  it('children of vfork that execute nothing: the parent waits for their end, others do not', async () => {
    const r = new Running([births(), 'vfork']);
    try {
      await r.said('waiting');
      expect(r.stdout).to.equal('exit 7\nsignal 9\nwaiting\n');
      await pause(200);
      expect(r.stdout).to.not.contain('released');
      const parent = r.living().find((pid) => statusOf(pid, 'PPid') === r.helper) ?? 0;
      const child = Number(readFileSync(`/proc/${parent}/task/${parent}/children`, 'latin1').trim().split(' ')[0]);
      expect(statusOf(child, 'Pid')).to.equal(child);
      process.kill(child, 'SIGKILL');
      await r.said('released');
      expect(await r.status).to.equal(0);
      await r.gone();
    } finally {
      await r.destroy();
    }
  });

  describe('a program that is exchanged while it is executed', () => {
    const here = join(place, 'births');
    const [x, y, secret] = ['x', 'y', 'secret'].map((name) => join(here, name));
    const TRIES = 400;
    before(() => {
      for (const directory of [here, x, secret]) mkdirSync(directory);
      guestTo(join(x, 'f'), 1);
      guestTo(join(secret, 'f'), 2);
      symlinkSync(secret, y);
    });
    /** A program that ends with this status. */
    function guestTo(path: string, status: number): void {
      const source = file(
        `births-${status}.c`,
        `void _start(void) { __asm__("int $0x80" :: "a"(1), "b"(${status})); }\n`,
      );
      buildGuest('bare', source, path);
    }
    const judging = acl('births', [`{ deny: ["${secret}/**"], errno: EPERM }`, '{ read: ["/**"], execute: ["/**"] }']);
    async function race(cage: Cage): Promise<Map<number, number>> {
      const stop = beside([guest('outside.c'), 'swap', x, y]);
      try {
        const command = [births(), 'swapped', join(x, 'f'), String(TRIES)];
        const { stdout, stderr } = await run({
          cage,
          command,
          acl: judging,
          options: cage === 'product' ? ['-d', 'ERROR'] : [],
        });
        expect(stderr).to.equal('');
        const lines = stdout.toString().trim().split('\n');
        return new Map(lines.map((line) => line.split(' ').map(Number) as [number, number]));
      } finally {
        await stop();
      }
    }
    it('is the one that was judged', async () => {
      const outcomes = await race('product');
      expect(outcomes.get(2)).to.equal(undefined);
      expect(outcomes.get(1) ?? 0).to.be.above(0);
      expect([...outcomes.values()].reduce((a, b) => a + b)).to.equal(TRIES);
    });
    it('control: bare it is either', async () => {
      const outcomes = await race('bare');
      expect(outcomes.get(1) ?? 0).to.be.above(0);
      expect(outcomes.get(2) ?? 0).to.be.above(0);
    });
  });
});
