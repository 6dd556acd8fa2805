/** What a program can try against the policies in a few words: --allow-write, and lists of calls. */
import { existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { errno, file, guest, Gone, killAll, place, run, withPuppet, type Cage, type Puppet } from './harness.js';

const AT_FDCWD = -100;
const AT = { EMPTY_PATH: 0x1000, SYMLINK_FOLLOW: 0x400 };
const O = { RDONLY: 0, WRONLY: 1, RDWR: 2, PATH: 0o10000000, TMPFILE: 0o20200000 };
const RENAME_EXCHANGE = 2;

describe('attacks: restrictions', function () {
  this.timeout(60_000);
  after(killAll);

  describe('--allow-write', () => {
    const here = join(place, 'restrictions');
    const open = join(here, 'open');
    let number = 0;
    before(() => {
      mkdirSync(open, { recursive: true });
      symlinkSync('..', join(open, 'up'));
    });
    const outside = (): string => file(`restrictions/victim-${number++}`, 'V');
    const inside = (): string => join(open, `own-${number++}`);
    const writing = <T>(cage: Cage, act: (puppet: Puppet) => Promise<T>): Promise<T> =>
      withPuppet({ cage, options: [`--allow-write=${open}`] }, act);

    /** Each gives the file that may only be read a name where all may be written; what they return is the last call's result. */
    const NAMINGS: Record<string, (p: Puppet, victim: string, own: string) => Promise<number>> = {
      link: (p, victim, own) => p.call('link', victim, own),
      'linkat of a descriptor': async (p, victim, own) =>
        p.call('linkat', await p.call('open', victim, O.RDONLY), '', AT_FDCWD, own, AT.EMPTY_PATH),
      'linkat of an O_PATH descriptor': async (p, victim, own) =>
        p.call('linkat', await p.call('open', victim, O.PATH), '', AT_FDCWD, own, AT.EMPTY_PATH),
      'linkat by /proc': async (p, victim, own) => {
        const fd = await p.call('open', victim, O.RDONLY);
        return p.call('linkat', AT_FDCWD, `/proc/self/fd/${fd}`, AT_FDCWD, own, AT.SYMLINK_FOLLOW);
      },
    };
    for (const [way, name] of Object.entries(NAMINGS))
      it(`no file gets a name below it: ${way}`, () =>
        writing('product', async (puppet) => {
          const [victim, own] = [outside(), inside()];
          expect(await name(puppet, victim, own)).to.equal(errno('EPERM'));
          expect(existsSync(own)).to.equal(false);
        }));
    it('control: where links are not asked about, one is written through', () =>
      writing('relabel', async (puppet) => {
        const [victim, own] = [outside(), inside()];
        expect(await NAMINGS.link(puppet, victim, own)).to.equal(0);
        const fd = await puppet.call('open', own, O.WRONLY);
        await puppet.call('pwrite64', fd, Buffer.from('D'), 1, 0, 0);
        expect(readFileSync(victim, 'latin1')).to.equal('D');
      }));

    it('no way leads out of it', () =>
      writing('product', async (puppet) => {
        const victim = outside();
        const [name] = victim.split('/').slice(-1);
        const own = inside();
        const reading = await puppet.call('open', victim, O.RDONLY);
        expect(reading).to.be.at.least(0);
        expect(await puppet.call('open', own, O.WRONLY | 0o100, 0o600)).to.be.at.least(0);
        for (const [what, result] of Object.entries({
          exchange: await puppet.call('renameat2', AT_FDCWD, own, AT_FDCWD, victim, RENAME_EXCHANGE),
          'over it': await puppet.call('rename', own, victim),
          'out of it': await puppet.call('rename', own, join(here, 'out')),
          'into it': await puppet.call('rename', victim, inside()),
          'by a symlink': await puppet.call('open', join(open, 'up', name), O.WRONLY),
          'by dots': await puppet.call('open', join(open) + `/../${name}`, O.WRONLY),
          'by /proc': await puppet.call('open', `/proc/self/fd/${reading}`, O.RDWR),
          'without a name': await puppet.call('open', here, O.TMPFILE | O.RDWR, 0o600),
          fchmod: await puppet.call('fchmod', reading, 0o777),
        }))
          expect(result, what).to.equal(errno('EPERM'));
        expect(await puppet.call('ftruncate', reading, 0)).to.equal(errno('EINVAL'));
        expect(readFileSync(victim, 'latin1')).to.equal('V');
      }));
  });

  describe('lists of calls', () => {
    const listed = (list: string) => ({ cage: 'product' as const, env: { SECCOMP_SYSCALL_DENY: list } });
    const made = join(place, 'made-by-list');

    it('a call that is denied is not made, by the hook or around it', async () => {
      await withPuppet(listed('mkdir=EPERM'), async (puppet) => {
        expect(await puppet.call('mkdir', made, 0o700)).to.equal(errno('EPERM'));
        const raw = await puppet.raw('mkdir', made, 0o700).catch((error: unknown) => error);
        expect(raw).to.be.instanceOf(Gone);
      });
      expect(existsSync(made)).to.equal(false);
    });
    it('control: it is made where the list does not name it', async () => {
      await withPuppet(listed('rmdir=EPERM'), async (puppet) => {
        expect(await puppet.call('mkdir', made, 0o700)).to.equal(0);
        expect(await puppet.call('rmdir', made)).to.equal(errno('EPERM'));
      });
      expect(existsSync(made)).to.equal(true);
    });
    it('of write it binds a program that asks, and no other, as it says at the start', async () => {
      const [REFUSED, NATIVE] = [1, 2];
      const { status, stdout, stderr } = await run({ ...listed('write=EPERM'), command: [guest('native-write.c')] });
      expect(status).to.equal(REFUSED + NATIVE);
      expect(stdout.toString()).to.equal('native\n');
      expect(stderr).to.contain('asks before write: hostile code can make them past it');
    });
  });
});
