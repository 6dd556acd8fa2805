/** Who has promised wants back what was given away: by threads, children, programs, forged arguments, and in a hurry. */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { buildGuest } from '../support/run.js';
import { guest, killAll, place, run, type Cage } from './harness.js';

const SIGSYS = 31;
const BAD_CALL = 159;

describe('attacks: pledge', function () {
  this.timeout(120_000);
  after(killAll);
  let count = 0;

  async function attack(how: string, cage: Cage): Promise<{ won: boolean; status: number; stdout: string }> {
    const cwd = join(place, `pledge-${count++}`);
    mkdirSync(cwd);
    const program = guest('pledge.c', 'glibc-static', '-D_GNU_SOURCE');
    const { status, stdout } = await run({ cage, command: [program, how], cwd });
    return { won: existsSync(join(cwd, 'prize')), status, stdout: stdout.toString() };
  }

  /** A child of the one that promised is refused by SIGSYS. */
  for (const how of ['fork', 'vfork', 'thread', 'exec', 'forge']) {
    it(`${how}: refused`, async () => {
      const { won, status, stdout } = await attack(how, 'product');
      expect(won).to.equal(false);
      expect(status).to.equal(0);
      expect(stdout).to.equal(`${SIGSYS} 2\n`);
    });
    it(`${how}: wins where promises do not count`, async () =>
      expect((await attack(how, 'promises')).won).to.equal(true));
  }
  it('exec: wins where promises end with the program', async () =>
    expect((await attack('exec', 'forgetful-exec')).won).to.equal(true));

  it('main is said to be in protected memory: nothing is written there', async () => {
    const options = ['--pledge', 'stdio'];
    const { status, stderr } = await run({ cage: 'product', command: [guest('pledge-main.S')], options });
    expect(status, stderr).to.equal(BAD_CALL);
    expect(stderr).to.match(/main of .* was not found: what waits for it is in force from its entry/);
    const wide = await run({ cage: 'regions', command: [guest('pledge-main.S')], options });
    expect(wide.status, wide.stderr).to.equal(BAD_CALL);
    expect(wide.stderr, 'the control writes it').not.to.match(/was not found/);
  });

  it('what is executed before main is reached makes a directory before its own main: refused', async () => {
    const early = join(place, 'early');
    buildGuest('glibc-static', 'test/guests/early.c', early);
    const command = [early, 'exec', early, 'exec', early]; // the last one has nothing to do: status 2
    const options = ['--pledge', 'stdio exec'];
    const { status, stderr } = await run({ cage: 'product', command, options });
    expect(status, stderr).to.equal(BAD_CALL);
    const control = await run({ cage: 'forgetful-exec', command, options });
    expect(control.status, control.stderr).to.equal(2);
  });

  it('another thread calls while one promises: nothing that begins behind it', async () => {
    const { won, status } = await attack('race', 'product');
    expect(won).to.equal(false);
    expect(status).to.equal(0);
    expect((await attack('race', 'promises')).won, 'the control').to.equal(true);
  });
  it('the text changes while it is read: it is read once', async () => {
    const { won, status } = await attack('text', 'product');
    expect(won).to.equal(false);
    expect(status).to.equal(BAD_CALL);
    expect((await attack('text', 'promises')).won, 'the control').to.equal(true);
  });
});
