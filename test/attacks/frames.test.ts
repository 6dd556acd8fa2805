/** sigreturn(2) with frames that no kernel made: strict mode lets everybody load any registers and any mask. */
import { expect } from 'chai';
import { SLOT, TLS_COUNT, USER_DESC_SIZE } from '../../src/wire/layout.js';
import { acl, file, guest, killAll, place, run, type Cage, type Ended } from './harness.js';

const frames = (): string => guest('frames.c', 'glibc-static', '-pthread');
const secret = file('frames-secret', 'S');
const judging = acl('frames', [
  `{ deny: ["${secret}"], errno: EPERM }`,
  `{ read: ["${place}/**", "/proc/self/maps"] }`,
]);
/** Where a slot has its own address. */
const SLOT_ADDRESS = SLOT.tls + Math.floor(TLS_COUNT / 2) * USER_DESC_SIZE + 4;
const RAN = 'exit 66';

const hostile = (cage: Cage, mode: string, ...rest: string[]): Promise<Ended> => {
  const options = cage === 'product' ? ['-d', 'ERROR'] : [];
  return run({ cage, command: [frames(), mode, ...rest], acl: judging, options });
};

interface Case {
  readonly name: string;
  readonly group: number;
  readonly end: string;
}
/** How each case ended: the group's number and the case's. */
async function ends(cage: Cage, mode: string, offset: number): Promise<{ cases: Case[]; stderr: string }> {
  const { status, stdout, stderr } = await hostile(cage, mode, secret, String(offset));
  expect(status, stderr).to.equal(0);
  const cases = [...stdout.toString().matchAll(/^((\d+) \d+): (.*)$/gm)];
  return { cases: cases.map(([, name, group, end]) => ({ name, group: Number(group), end })), stderr };
}
const GOOD = 0;
const LONG = 1;
const SELECTORS = 2;
const BLOCKED = 8;
const FOREVER = 10;
const of = (cases: readonly Case[], group: number): string[] =>
  cases.filter((one) => one.group === group).map(({ end }) => end);

describe('attacks: forged frames', function () {
  this.timeout(120_000);
  after(killAll);

  it('load what they like: no call behind them goes unjudged, and all end or go on', async () => {
    const { cases, stderr } = await ends('product', 'cases', SLOT_ADDRESS);
    expect(cases).to.have.length(1 + 1 + 2 * 6 * 25 + 10 + 20 + 6 + 5 + 1 + 1 + 1);
    expect(cases.filter(({ end }) => end === RAN)).to.deep.equal([]);
    expect(of(cases, GOOD), 'a raw call').to.deep.equal(['signal 9']);
    expect(of(cases, LONG), '64-bit code').to.deep.equal(['signal 9']);
    expect(of(cases, BLOCKED), 'a call with all signals blocked').to.deep.equal(['exit 0']);
    expect(of(cases, FOREVER), 'who blocks all can be killed').to.deep.equal(['signal 9']);
    expect(stderr).to.not.contain('defect');
  });
  it('control: without a sandbox the frames are good, 64-bit ones too, and whatever a selector is', async () => {
    const { cases } = await ends('bare', 'cases', 0);
    expect(of(cases, GOOD)).to.deep.equal([RAN]);
    expect(of(cases, LONG)).to.deep.equal([RAN]);
    expect(of(cases, SELECTORS).filter((end) => end === RAN)).to.have.length.above(50);
    expect(of(cases, BLOCKED)).to.deep.equal([RAN]);
  });

  it('lead into the sandbox’s own code: an open that was refused does not happen there', async () => {
    const { status, stdout, stderr } = await hostile('product', 'inside', secret);
    const text = stdout.toString();
    expect(status, stderr).to.equal(0);
    expect(text)
      .to.match(/^places (2[4-9]\d|3\d\d|4\d\d)$/m)
      .and.not.contain('LEAK');
    expect(stderr).to.not.contain('defect');
  });
  it('control: the vDSO’s code, bare, does it', async () => {
    expect((await hostile('bare', 'inside', secret)).stdout.toString()).to.contain('LEAK');
  });

  it('of a thread that blocks all and never ends: signals reach the others, which go on', async () => {
    const { status, stdout, stderr } = await hostile('product', 'threads');
    expect(`${stdout.toString()}status ${status}`, stderr).to.equal('good 50\nstatus 0');
  });
});
