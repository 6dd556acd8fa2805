/** Junk, forged and stolen traffic on the channels that the untrustee can reach by native read and write. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { native } from '../../src/native/index.js';
import { Referee } from '../../src/referee/referee.js';
import { KIND, REPLY, REPLY_SIZE, REQUEST_FIELDS, REQUEST_SIZE } from '../../src/wire/layout.js';
import {
  acl,
  errno,
  fate,
  file,
  killAll,
  statusOf,
  withPuppet,
  type Cage,
  type Ended,
  type Puppet,
} from './harness.js';

const KILLED = 137;
const SCHED_FIFO = 1;
const EBADF = errno('EBADF');
/** Megabytes that a helper may take at most, whatever is done to it. */
const ENOUGH = 250;
const REFUSALS = 60_000;

type Fields = Partial<Record<(typeof REQUEST_FIELDS)[number], number>>;
const request = (fields: Fields): Uint8Array =>
  new Uint8Array(Uint32Array.from(REQUEST_FIELDS, (name) => fields[name] ?? 0).buffer);

/** Repeatable noise. */
function noise(seed: number, size: number): Uint8Array {
  let state = seed >>> 0 || 1;
  return Uint8Array.from({ length: size }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  });
}

const secret = file('channels-secret', 'S');
const judging = acl('channels', [`{ deny: ["${secret}"], errno: EPERM }`, '{ read: ["/**"] }']);

const tell = async (p: Puppet, ...messages: Uint8Array[]): Promise<void> => {
  const { socket } = await p.reserved();
  for (const m of messages) await p.raw('write', socket, p.hold(m), m.length);
};
const product = (act: (p: Puppet) => Promise<unknown>, ...options: string[]): Promise<Ended> =>
  fate({ cage: 'product', acl: judging, options }, act);

async function expectKilled(act: (p: Puppet) => Promise<unknown>, why: RegExp, ...options: string[]): Promise<void> {
  const { status, stderr } = await product(act, ...options);
  expect(stderr).to.match(why);
  expect(status).to.equal(KILLED);
}

/** It goes on as if nothing had happened, and the helper has not grown. */
async function expectUnmoved(act: (p: Puppet) => Promise<unknown>, cage: Cage = 'product'): Promise<void> {
  await withPuppet({ cage, acl: judging }, async (p) => {
    await act(p);
    for (let i = 0; i < 20; i++) expect(await p.call('set_tid_address', 0)).to.equal(p.pid); // the hook answers getpid
    expect(await p.call('sched_get_priority_max', SCHED_FIFO)).to.equal(99); // delegated
    expect(await p.call('open', secret, 0)).to.equal(errno('EPERM'));
    expect(statusOf(p.helper, 'VmHWM')).to.be.below(ENOUGH * 1024);
  });
}

const soon = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));
/** The system call that each thread is in: number and arguments. */
const callsOf = (pid: number): string[] =>
  readdirSync(`/proc/${pid}/task`).map((tid) => readFileSync(`/proc/${pid}/task/${tid}/syscall`, 'latin1'));

describe('attacks: channels', function () {
  this.timeout(120_000);
  after(killAll);

  for (const size of [0, 1, REQUEST_SIZE - 1, REQUEST_SIZE + 1, 4096, 200_000])
    it(`a message of ${size} bytes is no request`, () =>
      expectKilled((p) => tell(p, noise(size, size)), new RegExp(`a message of ${size} bytes.*forged`)));

  it('control: a helper that believes anything goes on after them', () =>
    withPuppet({ cage: 'gullible', acl: judging }, async (p) => {
      await tell(p, noise(1, REQUEST_SIZE - 1), noise(2, REQUEST_SIZE + 1));
      expect(await p.call('set_tid_address', 0)).to.equal(p.pid);
    }));

  it('noise of the right length ends the program by a signal or a refusal, and never the helper alone', async () => {
    const fates = await Promise.all(
      Array.from({ length: 8 }, (_, i) =>
        product((p) => tell(p, noise(i + 1, REQUEST_SIZE), noise(i + 100, REQUEST_SIZE))),
      ),
    );
    for (const { status, stderr } of fates) {
      expect(status, stderr).to.be.within(128, 159);
      expect(stderr).to.not.contain('defect');
    }
  });

  for (const kind of [KIND.trap, KIND.fault, 4, 0xffffffff])
    it(`a forged message of kind ${kind} with a wild stack pointer`, async () => {
      const wild = [0, 4, 0xfffffff0, 0xffffffff, 0x80000000];
      const fates = await Promise.all(
        wild.map((esp) => product((p) => tell(p, request({ kind, esp, eip: esp, eax: 1 })))),
      );
      for (const { status, stderr } of fates) {
        expect(status, stderr).to.be.within(128, 159);
        expect(stderr).to.not.contain('defect');
      }
    });

  it('a forged fault cannot make the helper write where trusted code is', () =>
    withPuppet({ cage: 'product', acl: judging }, async (p) => {
      const { start } = p.maps().find((m) => m.name.includes('memfd:trustee')) ?? { start: 0 };
      await tell(p, request({ kind: KIND.fault, esp: start - 48 })).catch(() => undefined);
      const { status } = await p.ended;
      expect(status).to.be.within(128, 159);
    }));

  it('a second request while the first is at work', () =>
    expectKilled(
      (p) => tell(p, request({ eax: 29 }), request({ eax: 20 })), // pause, getpid
      /a request came while another was at work: forged/,
    ));

  it('a result that nobody asked for', () =>
    expectKilled((p) => tell(p, request({ kind: KIND.result, eax: 7 })), /a result that nobody asked for: forged/));

  it('a result in the place of the one request that is at work', () =>
    expectKilled(
      (p) => tell(p, request({ eax: 29 }), request({ kind: KIND.result, eax: 7 })), // pause
      /a request came while another was at work: forged/,
    ));

  it('control: a helper that believes anything goes on after them', () =>
    withPuppet({ cage: 'gullible', acl: judging }, async (p) => {
      await tell(p, request({ kind: KIND.result, eax: 7 }));
      expect(await p.call('set_tid_address', 0)).to.equal(p.pid);
    }));

  it('requests without end whose replies nobody reads', () =>
    expectKilled(async (p) => {
      const { socket } = await p.reserved();
      await p.flood(socket, request({ eax: 20 }), 100_000);
    }, /the hook takes no reply/));

  it('the same with memory read through the socket, answered blindly', () =>
    expectKilled(
      async (p) => {
        const { socket } = await p.reserved();
        const [open, answer] = [request({ eax: 5, ebx: p.hold('x') }), Buffer.from('/x\0')];
        for (let i = 0; i < 3000; i++) {
          p.reset();
          await p.raw('write', socket, open, open.length);
          await p.raw('write', socket, answer, answer.length);
        }
      },
      /the hook takes no (order|reply)|forged/,
      '--peek',
      'socket',
    ));

  it('a hook that does not answer when its memory is read through it', () =>
    expectKilled(
      async (p) => {
        await tell(p, request({ eax: 5, ebx: 0x1000 }));
        await p.ended; // the guest waits for our next word, not for the helper's
      },
      /does not answer/,
      '--peek',
      'socket',
    ));

  it('a hook that answers too much', () =>
    expectKilled(
      (p) => tell(p, request({ eax: 5, ebx: 0x1000 }), noise(5, 60_000)),
      /the hook answered/,
      '--peek',
      'socket',
    ));

  it('a reply that its own thread steals is missed by that thread only', () =>
    expectUnmoved(async (p) => {
      const { socket } = await p.reserved();
      await tell(p, request({ eax: 20 }));
      const room = p.room(REPLY_SIZE);
      expect(await p.raw('read', socket, room, REPLY_SIZE)).to.equal(REPLY_SIZE);
      expect(await p.peekWord(room)).to.equal(REPLY.value);
      expect(await p.peekWord(room + 4)).to.equal(p.pid);
    }));

  it('a flood of hints, of all sizes', () =>
    expectUnmoved(async (p) => {
      const { hint } = await p.reserved();
      // what finds no room is not written: a full pipe holds up nobody
      for (const size of [1, 4, 16, 4096]) expect(await p.flood(hint, noise(size, size), 20_000)).to.be.above(1000);
      expect(await p.flood(hint, noise(9, 65_536), 500)).to.be.above(0);
    }));

  it('refusals without end are lines of the log, not memory of the helper', () =>
    expectUnmoved((p) => p.repeat(REFUSALS, 'open', secret, 0)));

  it('control: a helper that kept them would be noticed', () =>
    withPuppet({ cage: 'hoard', acl: judging }, async (p) => {
      await p.repeat(REFUSALS, 'open', secret, 0);
      expect(statusOf(p.helper, 'VmHWM')).to.be.above(ENOUGH * 1024);
    }));

  it('hints without end leave the helper time for all else', () => {
    const read = native.read;
    let reads = 0;
    native.read = (_fd, _out, size) => {
      if (reads++ > 10_000) throw new Error('it reads on and on');
      return size;
    };
    const { results } = Referee.prototype as unknown as { results: (this: unknown) => void };
    try {
      const nobody = { units: { at: () => undefined }, processes: [] };
      const self = { o: { launcher: { hint: 0 } }, sandbox: nobody, message: new Uint32Array(64), threads: () => [] };
      results.call(self);
    } finally {
      native.read = read;
    }
    expect(reads).to.be.within(2, 1000);
  });

  it('what may not be read or written by its direction', () =>
    expectUnmoved(async (p) => {
      const { hint, lifeline, result } = await p.reserved();
      const room = p.room(16);
      expect(await p.raw('read', hint, room, 16)).to.equal(EBADF);
      expect(await p.raw('write', lifeline, room, 16)).to.equal(EBADF);
      expect(await p.raw('write', result, room, 16)).to.equal(EBADF);
      expect(await p.raw('read', result, room, 16)).to.equal(0);
    }));

  it('a thread that reads the lifeline takes nothing from it: the process ends with its helper', () =>
    withPuppet({ cage: 'product', acl: judging }, async (p) => {
      const { lifeline } = await p.reserved();
      p.raw('read', lifeline, p.room(1), 1).catch(() => undefined);
      // the sandbox's own thread that waits there, and now the untrustee
      while (callsOf(p.pid).filter((c) => c.startsWith(`3 0x${lifeline.toString(16)} `)).length < 2) await soon();
      p.kill();
      await p.ended;
      while (existsSync(`/proc/${p.pid}`)) await soon();
    }));
});
