/** Where the code at an entry gives main to the C library: real programs' (test/e2e/pledge.test.ts), and what a liar writes. */
import { expect } from 'chai';
import { callOfStart } from '../../src/launch/start-code.js';

const ENTRY = 0x8049000;
const START_C = ENTRY + 0x20;
const bytes = (hex: string): Buffer => Buffer.from(hex.replace(/ /g, ''), 'hex');
const MUSL = '31ed 89e0 83e4f0 50 50 e800000000 8104240000f7ff 50';
/** What stands where, 96 bytes of it with zeros behind. */
const found = (pieces: Readonly<Record<number, string>>): number | undefined =>
  callOfStart((address, length) => {
    const code = Object.entries(pieces).find(([at]) => Number(at) === address)?.[1];
    return code === undefined
      ? new Uint8Array(0)
      : Buffer.concat([bytes(code), Buffer.alloc(length)]).subarray(0, length);
  }, ENTRY);
const musl = (startC: string, to = 'e805000000', more: Readonly<Record<number, string>> = {}): number | undefined =>
  found({ [ENTRY]: `${MUSL} ${to} 6690 9090 90`, [START_C]: startC, ...more });

describe('launch/start-code', () => {
  it("glibc's: the call before hlt", () => {
    expect(found({ [ENTRY]: '31ed 5e 89e1 83e4f0 50 54 52 e80d000000 81c300000000 56 ff750c e811223344 f4' })).to.equal(
      ENTRY + 26,
    );
    expect(found({ [ENTRY]: 'f30f1efb 31ed 5e ff9300000000 f4' })).to.equal(ENTRY + 7);
  });
  it("musl's: the first call of what gets the stack, behind the one for %ebx", () => {
    expect(musl('53 83ec10 ff30 6800900408 e800010000 c3')).to.equal(START_C + 11);
    const thunk = { [START_C + 6 + 0x31]: '8b1c24c3' };
    expect(musl('53 e831000000 81c300000000 ffb300000000 e89effffff', undefined, thunk)).to.equal(START_C + 18);
    expect(musl('53 ffb300000000 ff93f0ffffff')).to.equal(START_C + 7);
  });
  for (const [what, code] of [
    ['returns', '53 5b c3 e800010000'],
    ['branches', '53 7405 e800010000'],
    ['jumps', '53 e900010000 e800010000'],
    ['is no code', '53 0fff ffff e800010000'],
    ['calls nothing', '53'],
  ] as const)
    it(`where that ${what}, no call is found`, () => expect(musl(code)).to.equal(undefined));
  it('where that is not in memory, or behind the end of it, no call is found', () => {
    expect(found({ [ENTRY]: `${MUSL} e8ffffff7f` })).to.equal(undefined);
    expect(found({ [ENTRY]: `${MUSL} e80000b8f7` })).to.equal(undefined);
    expect(found({ [ENTRY]: `${MUSL} e800000080` })).to.equal(undefined);
  });
  it('where the code looks otherwise, or there is none, no call is found', () => {
    for (const code of ['', '90', '31ed f4', '31ed e80000000090 f4', MUSL, `${MUSL} e9`])
      expect(found({ [ENTRY]: code }), code).to.equal(undefined);
    expect(found({})).to.equal(undefined);
  });
});
