/** Threads that become somebody else, beside threads that do not, and what the latter can do about it. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'chai';
import { NUMBERS } from '../../src/abi/numbers.js';
import { KIND, REQUEST_FIELDS } from '../../src/wire/layout.js';
import { fate, guest, killAll, place, run, type Cage } from './harness.js';

const secret = join(place, 'respawns');

async function hostile(cage: Cage, ...mode: string[]): Promise<string> {
  const command = [guest('identities.c', 'glibc-static', '-pthread'), ...mode];
  const options = cage === 'product' ? ['-d', 'ERROR'] : [];
  const { status, stdout, stderr } = await run({ cage, command, options });
  expect(stderr).to.not.contain('defect');
  return `${stdout.toString()}status ${status}`;
}

describe('attacks: threads that become somebody else', function () {
  this.timeout(120_000);
  before(function () {
    if (process.geteuid?.() !== 0) this.skip();
    mkdirSync(secret, { mode: 0o700 });
    writeFileSync(join(secret, 'f'), 'S', { mode: 0o600 });
  });
  after(killAll);

  describe('a thread that has no way back', () => {
    it('does not get one with the trustee of a thread that had', async () => {
      expect(await hostile('product', 'heir')).to.equal('back -1, root 0\nstatus 0');
      expect(await hostile('bare', 'heir')).to.equal('back -1, root 0\nstatus 0');
    });
  });

  describe('a thread that gave up its rights, beside others that make the same calls', () => {
    it('never gets theirs', async () => {
      expect(await hostile('product', 'beside', join(secret, 'f'), '2000')).to.equal('dropped 0, root 1\nstatus 0');
    });
    it('control: with the helper’s rights it does', async () => {
      expect(await hostile('rights', 'beside', join(secret, 'f'), '200')).to.match(/^dropped [1-9]\d*, root 1\n/);
    });
  });

  it('signals without end neither keep a thread from it nor get lost', async () => {
    expect(await hostile('product', 'flood', '400')).to.equal('good 800, signals 1\nstatus 0');
  });
  it('who asks for it and does not leave is ended', async () => {
    const asked: Record<string, number> = {
      kind: KIND.call,
      eax: NUMBERS.setresuid32,
      ebx: 65533,
      ecx: 65533,
      edx: 65533,
    };
    const message = new Uint8Array(Uint32Array.from(REQUEST_FIELDS, (name) => asked[name] ?? 0).buffer);
    const { status, stderr } = await fate({ cage: 'product' }, async (p) => {
      const { socket } = await p.reserved();
      await p.raw('write', socket, p.hold(message), message.length);
      await pause(2000);
    });
    expect(status, stderr).to.equal(137);
    expect(stderr).to.contain('did not leave');
  });
  it('a process that is stopped meanwhile goes on when it is continued', async () => {
    expect(await hostile('product', 'stopped', '8')).to.equal('changes 1\nstatus 0');
  });
});
