/** What threads of a program can do to the descriptors of births while those are at numbers that every call could name. */
import { expect } from 'chai';
import { LANDING_SIZE, RESERVED, SLOT } from '../../src/wire/layout.js';
import { guest, killAll, run, type Cage, type Ended } from './harness.js';

const thieves = (): string => guest('thieves.c', 'glibc-static', '-pthread');

interface Rounds {
  readonly won: number;
  readonly killed: number;
  readonly stderr: string;
}
async function rounds(cage: Cage, mode: string, count: number): Promise<Rounds> {
  const options = cage === 'product' ? ['-d', 'ERROR'] : [];
  const { status, stdout, stderr } = await run({ cage, command: [thieves(), mode, String(count)], options });
  const [, won, killed] = /^won (\d+), killed (\d+)\n$/.exec(stdout.toString()) ?? [];
  expect(won, `status ${status}: ${stderr}`).to.be.a('string');
  return { won: Number(won), killed: Number(killed), stderr };
}

/** It wins a race at last. */
async function wins(cage: Cage, mode: string, count: number): Promise<boolean> {
  for (let i = 0; i < 10; i++) if ((await rounds(cage, mode, count)).won > 0) return true;
  return false;
}

/** The loader's reserved number, which trustees execute, in place of what a new thread received. */
const forgery = ['forge', SLOT.altstack, LANDING_SIZE, SLOT.lifelineFd, RESERVED.loader - RESERVED.lifeline].map(
  String,
);
const forge = (cage: Cage): Promise<Ended> => run({ cage, command: [thieves(), ...forgery] });

describe('attacks: descriptors of births', function () {
  this.timeout(240_000);
  after(killAll);

  it('no other thread duplicates or sets one: forged results would follow', async () => {
    expect(await rounds('product', 'steal', 10)).to.deep.equal({ won: 0, killed: 0, stderr: '' });
  });
  it('control: where other threads’ calls go on they do', async () => {
    expect(await wins('crowd', 'steal', 10)).to.equal(true);
  });

  it('nothing of the program’s comes to a reserved number while the limit of open files is raised', async () => {
    expect(await rounds('product', 'full', 4)).to.deep.equal({ won: 0, killed: 0, stderr: '' });
  });
  it('control: where other threads’ calls go on it does', async () => {
    expect(await wins('crowd', 'full', 4)).to.equal(true);
  });

  it('those of another process are opened by nobody, by /proc', async () => {
    expect(await rounds('product', 'look', 500)).to.deep.equal({ won: 0, killed: 0, stderr: '' });
  });
  it('control: where all of /proc is for all they are', async function () {
    if (process.geteuid?.() !== 0) this.skip(); // to others the kernel shows them as little
    expect(await wins('procfs', 'look', 10000)).to.equal(true);
  });

  it('what is read natively on its way ends the process that did it, and no other', async () => {
    const { killed, stderr } = await rounds('product', 'read', 4);
    expect(killed).to.be.above(0);
    expect(stderr).to.contain('read on its way').and.not.contain('defect');
  });

  it('a number that the program wrote into what was received is not acted on', async () => {
    const { stdout, stderr } = await forge('product');
    expect(stdout.toString(), stderr).to.equal('signal 9\n');
    expect(stderr).to.match(/is not what was sent to a new thread: forged/);
  });
  it('control: where it is taken at its word the loader is closed, which trustees execute', async () => {
    const { stdout, stderr } = await forge('credulous');
    expect(stdout.toString(), stderr).to.contain('closed\n');
  });
});
