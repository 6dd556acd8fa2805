/** System calls that go around the hook: strict mode kills the thread, the helper ends the process and says why. */
import { existsSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { errno, fate, killAll, place, type Cage, type Ended, type Puppet } from './harness.js';
import { FORM, SLOT } from '../../src/wire/layout.js';

/** A directory that an attack makes when it wins. */
const canary = join(place, 'canary');
function won(): boolean {
  if (!existsSync(canary)) return false;
  rmdirSync(canary);
  return true;
}

const KILLED = 137;
const LONG_MODE = process.arch === 'x64';
const NR64 = { write: 1, rt_sigreturn: 15, exit: 60, mkdir: 83 } as const;
const X32 = 0x40000000;

const word = (n: number): number[] => [n & 0xff, (n >> 8) & 0xff, (n >> 16) & 0xff, n >>> 24];
const bytes = (...code: (number | number[])[]): Uint8Array => Uint8Array.from(code.flat());

/** 64-bit code: a call with two arguments by `enter`, then back to where the 32-bit code called from. */
const in64 = (nr: number, a: number, b: number, enter: number[]): number[] => [
  ...[0xb8, ...word(nr)], // mov nr, %eax
  ...[0xbf, ...word(a)], // mov a, %edi
  ...[0xbe, ...word(b)], // mov b, %esi
  ...[0xbb, ...word(a)], // mov a, %ebx
  ...[0xb9, ...word(b)], // mov b, %ecx
  ...enter,
  0xcb, // lret
];
const SYSCALL = [0x0f, 0x05];
const INT80 = [0xcd, 0x80];
/** call *%rax of the time() entry in the vsyscall page */
const VSYSCALL = [0x48, 0xc7, 0xc0, 0x00, 0x04, 0x60, 0xff, 0xff, 0xd0];

/** lcall $0x33, the code behind; ret. */
const farCall =
  (code: number[]) =>
  (at: number): Uint8Array =>
    bytes(0x9a, word(at + 8), 0x33, 0x00, 0xc3, code);

/** A sigreturn whose frame names the 64-bit segment and the code behind the frame. */
const sigreturn64 =
  (code: number[]) =>
  (at: number): Uint8Array => {
    const frame = at + 0x100;
    const entry = at + 0x500;
    const data = 0x2b;
    const sc = [0, 0, data, data, 0, 0, 0, at + 0xf00, 0, 0, 0, 0, 0, 0, entry, 0x33, 0x202, at + 0xf00, data, 0, 0, 0];
    const out = new Uint8Array(0x600);
    out.set(bytes(0xbc, word(frame), 0xb8, word(119), INT80)); // mov frame, %esp; mov $119, %eax; int $0x80
    out.set(sc.flatMap(word), 0x100);
    out.set(code, 0x500);
    return out;
  };

const product = (act: (p: Puppet) => Promise<unknown>): Promise<Ended> => fate({ cage: 'product' }, act);

async function expectKilled(act: (p: Puppet) => Promise<unknown>, what: string): Promise<string> {
  const { status, stderr } = await product(act);
  expect(status, what).to.equal(KILLED);
  expect(won(), what).to.equal(false);
  return stderr;
}
async function expectWin(cage: Cage, act: (p: Puppet) => Promise<unknown>, what: string): Promise<void> {
  await fate({ cage }, act);
  expect(won(), `${what}, ${cage}`).to.equal(true);
}

describe('attacks: raw system calls', function () {
  this.timeout(120_000);
  after(killAll);

  it('an int $0x80 that no patcher saw: 137, with thread, place and mapping', async () => {
    let pid = 0;
    const said = await expectKilled(async (p) => {
      pid = p.pid;
      await p.raw('mkdir', canary, 0o700);
    }, 'mkdir');
    expect(said).to.match(new RegExp(`thread ${pid} \\(host \\d+\\)`));
    expect(said).to.match(/0x[0-9a-f]{8} in \S*puppet\S*\+0x[0-9a-f]+/);
  });

  it('control: bare it makes the directory', () => expectWin('bare', (p) => p.raw('mkdir', canary, 0o700), 'raw'));

  for (const [what, nr] of [
    ['fork', 2],
    ['restart_syscall', 0],
    ['rt_sigreturn', 173],
    ['exit_group', 252],
    ['socketcall', 102],
    ['prctl', 172],
    ['no call at all', 0x7fffffff],
    ['a negative number', 0xffffffff],
    ['mkdir with the bit of x32', X32 | 39],
  ] as const)
    it(`${what} kills`, async () => void (await expectKilled((p) => p.raw(nr, canary, 0o700), what)));

  it('the entry of the vDSO behind its rewritten bytes is no way around', async () => {
    // what stands there before the tail: push ecx, edx, ebp; load ebp; the landing pad pops them and returns to the `ret` behind
    const jump = async (p: Puppet): Promise<number> => {
      const [tail, path] = [(await p.slot(SLOT.tail)) >>> 0, p.hold(canary)];
      const toEbp = (await p.slot(SLOT.form)) === FORM.sysenter ? 0xe5 : 0xcd; // esp, or ecx
      const load = [0xbb, ...word(path), 0xb9, ...word(0o700), 0xb8, ...word(39), 0x89, toEbp];
      const push = (at: number): number[] => [0x68, ...word(at), 0x51, 0x52, 0x55];
      return p.execute((at) =>
        bytes(push(at + 0x100), load, 0xe9, word(tail - (at + 8 + load.length + 5)), new Array(0x100).fill(0xc3)),
      );
    };
    await expectKilled(jump, 'vDSO');
  });

  for (const [what, where] of [
    ['the loop', 0x14 * 2 + 0x10],
    ['its start', 0],
  ] as const)
    it(`the trustee's text, run by the untrustee at ${what}, is as confined`, async () => {
      await fate({ cage: 'product' }, async (p) => {
        const text = p.maps().find((m) => m.name.includes('memfd:trustee'));
        const slot = await p.slotAddress();
        await p.execute(() => bytes(0xbc, word(slot), 0xb8, word((text?.start ?? 0) + where), 0xff, 0xe0));
      }).then(({ status }) => expect(status).to.be.within(128, 159));
    });

  if (!LONG_MODE)
    it('a 32-bit kernel has no 64-bit segment: the far call faults', async () => {
      const { status } = await product((p) => p.execute(farCall(in64(NR64.mkdir, 0, 0, SYSCALL))));
      expect(status).to.equal(139);
    });
  else {
    const ways: [what: string, code: (path: number) => (at: number) => Uint8Array][] = [
      ['a far call and syscall', (path) => farCall(in64(NR64.mkdir, path, 0o700, SYSCALL))],
      ['a far call and int $0x80', (path) => farCall(in64(39, path, 0o700, INT80))],
      ['a forged signal frame and syscall', (path) => sigreturn64(in64(NR64.mkdir, path, 0o700, SYSCALL))],
    ];
    for (const [what, code] of ways) {
      const attack = (p: Puppet): Promise<number> => p.execute(code(p.hold(canary)));
      it(`64-bit code by ${what} is killed`, async () => void (await expectKilled(attack, what)));
      it(`control: bare 64-bit code by ${what} makes the directory`, () => expectWin('bare', attack, what));
    }

    it('the x32 bit, the vsyscall page and an exit in 64-bit code: dead, and noticed', async () => {
      await expectKilled((p) => p.execute(farCall(in64(X32 | NR64.mkdir, p.hold(canary), 0o700, SYSCALL))), 'x32');
      await expectKilled((p) => p.execute(farCall(in64(0, 0, 0, VSYSCALL))), 'vsyscall');
      await expectKilled((p) => p.execute(sigreturn64(in64(NR64.exit, 42, 0, SYSCALL))), 'exit');
    });
  }

  it('what strict mode allows goes on: read, write, and a sigreturn to where it came from', async () => {
    const { status } = await fate({ cage: 'product' }, async (p) => {
      expect(await p.raw('write', -1, 0, 0)).to.equal(errno('EBADF'));
      expect(await p.raw('read', -1, 0, 0)).to.equal(errno('EBADF'));
    });
    expect(status).to.equal(0);
  });

  it('a raw exit is noticed although the trustee lives on', async () => {
    const { status, stderr } = await product((p) => p.raw('exit', 0));
    expect(status).to.equal(KILLED);
    expect(stderr).to.contain('raw exit');
  });

  it('a thread that dies while its request is at work does not leave the sandbox waiting', async () => {
    const { status } = await product(async (p) => {
      const pause = new Uint8Array(Uint32Array.of(0, 0, 0, 29, 0, 0, 0, 0, 0, 0, 0x202, 0).buffer);
      expect(await p.raw('write', (await p.reserved()).socket, pause, pause.length)).to.equal(pause.length);
      await p.raw('getpid');
    });
    expect(status).to.equal(KILLED);
  });
});
