/** What a hostile thread tells the referee of signals, and whom it tries to signal. It speaks on its own socket as its hook would. */
import { readdirSync } from 'node:fs';
import { expect } from 'chai';
import { CANCEL_SIZE, KIND, REQUEST_FIELDS } from '../../src/wire/layout.js';
import { acl, errno, fate, killAll, withPuppet, type Puppet } from './harness.js';

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
