/** Threads of one program that change what another's call was given: arguments, open files, memory; and floods of waits. */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { Running } from '../support/running.js';
import { acl, guest, killAll, place, run, statusOf, type Cage } from './harness.js';

const swaps = (): string => guest('swaps.c', 'glibc-static', '-pthread');
const here = join(place, 'swaps');
const at = (name: string): string => join(here, name);
const judging = acl(
  'swaps',
  [`{ deny: ["${at('fD')}", "${at('D')}/f"], errno: EPERM }`, `{ read: ["${here}", "${here}/**", "/dev/null"] }`],
  ['network:', '  - { bind: ["127.0.0.1:*"] }'],
);

async function hostile(cage: Cage, ...mode: string[]): Promise<string> {
  const options = cage === 'product' ? ['-d', 'ERROR'] : [];
  const { status, stdout, stderr } = await run({ cage, command: [swaps(), ...mode], acl: judging, options });
  expect(status, stderr).to.equal(0);
  return stdout.toString();
}

interface Race {
  readonly allowed: number;
  readonly won: number;
  readonly refused: number;
}
async function race(cage: Cage, mode: string, a: string, d: string, tries: number): Promise<Race> {
  const text = await hostile(cage, mode, at(a), at(d), String(tries));
  const [, allowed, won, refused] = (/^A (\d+), D (\d+), refused (\d+)$/m.exec(text) ?? []).map(Number);
  expect(allowed + won + refused, text).to.equal(tries);
  return { allowed, won, refused };
}
function expectNoWin({ allowed, won, refused }: Race): void {
  expect(won).to.equal(0);
  expect(allowed, 'allowed').to.be.above(20);
  expect(refused, 'refused').to.be.above(20);
}

describe('attacks: threads against each other', function () {
  this.timeout(180_000);
  before(() => {
    mkdirSync(here);
    for (const name of ['fA', 'fD']) writeFileSync(at(name), name.slice(-1));
    for (const name of ['A', 'D']) {
      mkdirSync(at(name));
      writeFileSync(join(at(name), 'f'), name);
    }
  });
  after(killAll);

  describe('what a call was given', () => {
    const TRIES = 10_000;
    it('a path that becomes another in the memory that both have', async () => {
      expectNoWin(await race('product', 'path', 'fA', 'fD', TRIES));
    });
    it('a directory’s number that becomes another directory', async () => {
      expectNoWin(await race('product', 'at', 'A', 'D', TRIES));
    });
    it('control: a path that is read twice', async () => {
      expect((await race('reread', 'path', 'fA', 'fD', TRIES)).won).to.be.above(0);
    });

    it('a socket that was bound, and becomes one that was not, does not listen', async () => {
      expect(await hostile('product', 'listen', '2000')).to.equal('won 0\n');
    });
    it('control: where it is not held it does', async () => {
      expect(await hostile('delegate:listen', 'listen', '20000')).to.equal('won 1\n');
    });
  });

  it('what is waited for may be exchanged and unmapped: every wait ends, as bare', async () => {
    expect(await hostile('product', 'waits', '12')).to.equal('ended 84 of 84\n');
  });
  it('times of all kinds are what they are bare', async () => {
    const product = await hostile('product', 'times');
    expect(product.split('\n')).to.have.length.above(50);
    expect(product).to.equal(await hostile('bare', 'times'));
  });

  it('64 threads that wait for 900 descriptors each: the helper’s memory and descriptors are bounded', async () => {
    const r = new Running([swaps(), 'crowd', '64'], ['-d', 'ERROR', '--no-acl']);
    try {
      await r.said('all wait');
      expect(r.stdout).to.contain('loop 40\n'); // ELOOP
      const open = readdirSync(`/proc/${r.helper}/fd`).length;
      const kilobytes = statusOf(r.helper, 'VmRSS');
      expect(open).to.be.below(10_000);
      expect(kilobytes).to.be.below(600_000);
      r.child.stdin?.end('x');
      expect(await r.status).to.equal(0);
      expect(r.stdout).to.contain('all ended');
    } finally {
      await r.destroy();
    }
  });
});
