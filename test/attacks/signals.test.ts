/** What a hostile thread tells the referee of signals, and whom it tries to signal. It speaks on its own socket as its hook would. */
import { spawn, type ChildProcess } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'chai';
import type { SyscallName } from '../../src/abi/numbers.js';
import { CANCEL_SIZE, KIND, REQUEST_FIELDS } from '../../src/wire/layout.js';
import { acl, errno, fate, killAll, withPuppet, type Cage, type Puppet, type Value } from './harness.js';

const KILLED = 137;
const SIGKILL = 9;
const judging = acl('signals', ['{ read: ["/**"] }']);

type Fields = Partial<Record<(typeof REQUEST_FIELDS)[number], number>>;
const request = (fields: Fields): Uint8Array =>
  new Uint8Array(Uint32Array.from(REQUEST_FIELDS, (name) => fields[name] ?? 0).buffer);
const cancel = (sequence: number, signal = 10, kind: number = KIND.cancel): Uint8Array => {
  const message = new Uint32Array(CANCEL_SIZE / 4);
  message.set([kind, sequence, signal]);
  return new Uint8Array(message.buffer);
};
const tell = async (p: Puppet, ...messages: Uint8Array[]): Promise<void> => {
  const { socket } = await p.reserved();
  for (const m of messages) await p.raw('write', socket, p.hold(m), m.length);
};
const works = async (p: Puppet): Promise<void> => {
  for (let i = 0; i < 5; i++) expect(await p.call('set_tid_address', 0)).to.equal(p.pid);
};
/** Ids of all threads of the sandboxed process but the one that the program has. */
const hidden = (p: Puppet): number[] =>
  readdirSync(`/proc/${p.pid}/task`)
    .map(Number)
    .filter((tid) => tid !== p.pid);

describe('attacks: signals', function () {
  this.timeout(120_000);
  after(killAll);

  it('cancels of all numbers, late, early and without end, move nothing', () =>
    withPuppet({ cage: 'product', acl: judging }, async (p) => {
      for (let i = 0; i < 300; i++) await tell(p, cancel(i), cancel(0xffffffff - i, 0xffffffff));
      await works(p);
      for (const signal of [0, 9, 65, 0x80000000]) await tell(p, cancel(1, signal));
      await works(p);
    }));

  for (const [what, message] of [
    ['a message of the size of a cancel that is none', cancel(1, 10, KIND.call)],
    ['a signal that there is not', request({ kind: KIND.act, eax: 65 })],
    ['a context where nothing is', request({ kind: KIND.fault, eax: 11, ebx: 8 })],
    ['a kind that there is not', request({ kind: 99, eax: 11, ebx: 8 })],
  ] as const)
    it(`${what} ends the program`, async () => {
      const { status, stderr } = await fate({ cage: 'product', acl: judging }, (p) => tell(p, message));
      expect(status, stderr).to.equal(KILLED);
      expect(stderr)
        .to.match(/forged/)
        .and.not.contain('defect');
    });

  it('what SIGKILL does by default is done to the sender alone', async () => {
    const { status, stderr } = await fate({ cage: 'product', acl: judging }, async (p) => {
      const here = p.hold(new Uint8Array(128));
      await tell(p, request({ kind: KIND.act, eax: SIGKILL, ebx: here }));
    });
    expect(status, stderr).to.equal(128 + SIGKILL);
  });

  it('neither helper, init, trustee, lifeline nor untrustee is a target', () =>
    withPuppet({ cage: 'product', acl: judging }, async (p) => {
      const ESRCH = errno('ESRCH');
      for (const id of [p.helper, 1, ...hidden(p)]) {
        expect(await p.call('kill', id, SIGKILL), `kill ${id}`).to.equal(ESRCH);
        expect(await p.call('kill', -id, SIGKILL), `kill ${-id}`).to.equal(ESRCH);
        expect(await p.call('tkill', id, SIGKILL), `tkill ${id}`).to.equal(ESRCH);
        expect(await p.call('tgkill', p.pid, id, SIGKILL), `tgkill ${id}`).to.equal(ESRCH);
        expect(await p.call('tgkill', id, id, SIGKILL), `tgkill ${id}`).to.equal(ESRCH);
        const info = p.hold(new Uint8Array(128));
        expect(await p.call('rt_sigqueueinfo', id, SIGKILL, info), `sigqueue ${id}`).to.equal(ESRCH);
        expect(await p.call('rt_tgsigqueueinfo', p.pid, id, SIGKILL, info), `tgsigqueue ${id}`).to.equal(ESRCH);
        const SIGEV_THREAD_ID = 4;
        const event = p.hold(
          new Uint8Array(Uint32Array.of(0, SIGKILL, SIGEV_THREAD_ID, id, ...new Array<number>(12).fill(0)).buffer),
        );
        expect(await p.call('timer_create', 1, event, p.hold(new Uint8Array(4))), `timer ${id}`).to.equal(
          errno('EINVAL'),
        );
      }
      expect(await p.call('kill', -1, SIGKILL)).to.equal(ESRCH);
      await works(p);
    }));

  describe('an outside process of the same user', () => {
    const SIGTERM = 15;
    const [F_SETFL, F_SETOWN, F_SETSIG, F_SETOWN_EX, F_SETLEASE, F_NOTIFY] = [4, 8, 10, 15, 1024, 1026];
    const [FIOSETOWN, SIOCSPGRP, TIOCSPGRP] = [0x8901, 0x8902, 0x5410];
    const O_ASYNC = 0o20000;
    const ints = (...values: number[]): Uint8Array => new Uint8Array(Int32Array.from(values).buffer);
    let victim: ChildProcess;
    beforeEach(() => (victim = spawn('/bin/sleep', ['600'], { detached: true, stdio: 'ignore' })));
    afterEach(() => void victim.kill('SIGKILL'));
    const isAlive = (): boolean => victim.exitCode === null && victim.signalCode === null;

    /** Every call that has the kernel send a signal now or later, each with what succeeded. */
    async function doors(p: Puppet, target: number, cage: Cage): Promise<string[]> {
      const pair = p.room(8);
      await p.call('socketpair', 1, 1, 0, pair);
      const [fd, peer] = [await p.peekWord(pair), await p.peekWord(pair + 4)];
      const opened: string[] = [];
      const door = async (what: string, name: SyscallName, ...values: Value[]): Promise<number> => {
        const result = await p.call(name, ...values);
        if (result >= 0) opened.push(what);
        return result;
      };
      const event = (notify: number): Uint8Array => ints(0, SIGTERM, notify, target, ...new Array<number>(12).fill(0));
      const info = ints(SIGTERM, 0, -1, p.pid, 0, ...new Array<number>(27).fill(0));
      for (const who of [target, -target]) {
        await door('F_SETOWN', 'fcntl64', fd, F_SETOWN, who);
        await door('FIOSETOWN', 'ioctl', fd, FIOSETOWN, ints(who));
        await door('SIOCSPGRP', 'ioctl', fd, SIOCSPGRP, ints(who));
        for (const type of [0, 1, 2]) await door('F_SETOWN_EX', 'fcntl64', fd, F_SETOWN_EX, ints(type, Math.abs(who)));
      }
      await door('TIOCSPGRP', 'ioctl', 0, TIOCSPGRP, ints(target));
      for (const command of [F_SETSIG, F_NOTIFY, F_SETLEASE]) await p.call('fcntl64', fd, command, SIGTERM);
      await p.call('fcntl64', fd, F_SETFL, O_ASYNC);
      await p.call('write', peer, 'x', 1); // whoever owns it is told now
      if (cage === 'bare') return opened;
      for (const notify of [0, 4]) await door('mq_notify', 'mq_notify', fd, event(notify));
      await door('SIGEV_THREAD_ID', 'timer_create', 1, event(4), p.hold(ints(0)));
      for (const who of [target, -target, -1]) await door(`kill ${who}`, 'kill', who, SIGTERM);
      await door('tkill', 'tkill', target, SIGTERM);
      await door('tgkill', 'tgkill', target, target, SIGTERM);
      await door('rt_sigqueueinfo', 'rt_sigqueueinfo', target, SIGTERM, info);
      await door('rt_tgsigqueueinfo', 'rt_tgsigqueueinfo', target, target, SIGTERM, info);
      for (const flags of [0, 0o4000, 0o200]) await door('pidfd_open', 'pidfd_open', target, flags);
      const procfs = await p.call('open', `/proc/${target}`, 0o200000);
      if (procfs >= 0) await door('pidfd_send_signal', 'pidfd_send_signal', procfs, SIGTERM, 0, 0);
      await door('process_madvise', 'process_madvise', procfs, p.hold(ints(0, 0x1000)), 1, 4, 0);
      return opened;
    }

    it('is signalled by no door, nor is the helper or its parent', () =>
      withPuppet({ cage: 'product', acl: judging }, async (p) => {
        for (const target of [victim.pid ?? 0, p.helper, process.pid])
          expect(await doors(p, target, 'product'), String(target)).to.deep.equal([]);
        await pause(50);
        expect(isAlive()).to.equal(true);
        await works(p);
      }));
    it('control: without a sandbox it is ended as the owner of a socket', () =>
      withPuppet({ cage: 'bare' }, async (p) => {
        expect(await doors(p, victim.pid ?? 0, 'bare')).to.include.members(['F_SETOWN', 'FIOSETOWN', 'F_SETOWN_EX']);
        await pause(50);
        expect(isAlive()).to.equal(false);
        expect(victim.signalCode, 'as F_SETSIG has it').to.equal('SIGTERM');
      }));
  });

  it('nothing that is said of stack, mask or frame reaches further than the thread', () =>
    withPuppet({ cage: 'product', acl: judging }, async (p) => {
      const all = p.hold(new Uint8Array(8).fill(0xff));
      expect(await p.call('rt_sigprocmask', 2, all, 0, 8)).to.equal(0);
      await works(p);
      expect(await p.call('sigaltstack', p.hold(new Uint8Array(Uint32Array.of(0, 0, 0xffffffff).buffer)), 0)).to.equal(
        0,
      );
      await works(p);
    }));
});
