/**
 * What a call points at, or what a path leads to, is changed by a process outside while the call is judged. Each race
 * counts its outcomes: allowed and refused ones both prove that the change fell into every moment of the call.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import { acl, beside, errno, file, guest, killAll, place, run, type Cage } from './harness.js';

const TRIES = 100_000;
/** Where each try takes more than one judged call. */
const FEWER = 10_000;
/** A control stops at its first win, which must come within as many tries. */
const [TO_THE_END, FIRST_WIN] = ['0', '1'];
const [ALLOWED, WON] = ['A'.charCodeAt(0), 'D'.charCodeAt(0)];

const here = join(place, 'races');
mkdirSync(here);
const at = (name: string): string => join(here, name);
const secret = at('secret');
mkdirSync(secret);
writeFileSync(join(secret, 'f'), 'D');
writeFileSync(at('a'), 'A');
writeFileSync(at('d'), 'D');
// two names that are exchanged: a directory, and a symlink to the secret one
mkdirSync(at('x'));
writeFileSync(join(at('x'), 'f'), 'A');
symlinkSync(secret, at('y'));

const judging = acl(
  'races',
  [
    `{ deny: ["${at('d')}", "${secret}/**"], errno: EPERM }`,
    `{ read: ["${place}/**", "/dev/zero"] }`,
    `{ write: ["${at('shared')}-*", "${at('sock-a')}"] }`,
    `{ create: ["${at('x')}/**"], write: ["${at('x')}/**"] }`,
  ],
  ['network:', `  - { unix: ["${at('sock-a')}", "${at('x')}/**"] }`, '  - { send: ["127.0.0.1:*"] }'],
);

type Outcomes = ReadonlyMap<number, number>;

async function race(cage: Cage, mode: string, tries: number, ...what: string[]): Promise<Outcomes> {
  const command = [guest('race.c'), mode, String(tries), cage === 'product' ? TO_THE_END : FIRST_WIN, ...what];
  // a refusal is a line of the log each: only errors are wanted
  const options = cage === 'product' ? ['-d', 'ERROR'] : [];
  const { status, stdout, stderr } = await run({ cage, command, acl: judging, options });
  if (status !== 0) throw new Error(`status ${status}: ${stderr}`);
  const lines = stdout.toString().trimEnd().split('\n');
  return new Map(lines.map((line) => line.split(' ').map(Number) as [number, number]));
}

/** Runs with somebody outside at work. */
async function under<T>(outside: readonly string[], act: () => Promise<T>): Promise<T> {
  const stop = beside([guest('outside.c'), ...outside]);
  try {
    return await act();
  } finally {
    await stop();
  }
}

const O = { RDWR: 2, CLOEXEC: 0o2000000 } as const;
const PAGE = 0x1000;
let files = 0;
/** A file of two pages that starts with `first`, and the arguments that make it `first` and `second` in turns. */
function flipping(first: Buffer, second: Buffer): { shared: string; flip: string[] } {
  const shared = file(`races/shared-${files++}`, Buffer.concat([first, Buffer.alloc(2 * PAGE - first.length)]));
  const differs = first.findIndex((byte, i) => byte !== second[i]);
  const offset = differs - (differs % 4);
  const words = [first, second].map((b) => Buffer.concat([b, Buffer.alloc(4)]).readUInt32LE(offset));
  return { shared, flip: ['flip', shared, String(offset), ...words.map(String)] };
}

const sum = (outcomes: Outcomes): number => [...outcomes.values()].reduce((a, b) => a + b, 0);

/** Both what may be and what may not was asked for, often; the latter was never had. */
function expectNoWin(outcomes: Outcomes, tries: number, refusals: readonly number[]): void {
  expect(sum(outcomes)).to.equal(tries);
  expect(outcomes.get(WON) ?? 0).to.equal(0);
  const refused = refusals.reduce((n, e) => n + (outcomes.get(-e) ?? 0), 0);
  expect(outcomes.get(ALLOWED) ?? 0, 'allowed').to.be.above(tries / 1000);
  expect(refused, 'refused').to.be.above(tries / 1000);
}
const expectWin = (outcomes: Outcomes): void => void expect(outcomes.get(WON) ?? 0).to.be.above(0);

const sockaddr = (path: string): Buffer => Buffer.from(`\x01\0${path}\0`, 'latin1');
const how = (flags: number): Buffer => Buffer.from(BigUint64Array.of(BigInt(flags), 0n, 0n).buffer);
const text = (path: string): Buffer => Buffer.from(`${path}\0`, 'latin1');
const vector = Buffer.from(Uint32Array.of(0, 4).buffer);

describe('attacks: races', function () {
  this.timeout(240_000);
  after(killAll);

  describe('arguments that change while they are judged', () => {
    it('a path', async () => {
      const { shared, flip } = flipping(text(at('a')), text(at('d')));
      const outcomes = await under(flip, () => race('product', 'path', TRIES, shared));
      expectNoWin(outcomes, TRIES, [errno('EPERM')]);
    });
    it('control: a path that is read twice', async () => {
      const { shared, flip } = flipping(text(at('a')), text(at('d')));
      expectWin(await under(flip, () => race('reread', 'path', TRIES, shared)));
    });

    it('the flags of openat2', async () => {
      const { shared, flip } = flipping(how(O.CLOEXEC), how(O.CLOEXEC | O.RDWR));
      const outcomes = await under(flip, () => race('product', 'how', TRIES, shared, at('a')));
      expectNoWin(outcomes, TRIES, [errno('EACCES')]);
    });
    it('control: flags that are read twice', async () => {
      const { shared, flip } = flipping(how(O.CLOEXEC), how(O.CLOEXEC | O.RDWR));
      expectWin(await under(flip, () => race('reread', 'how', TRIES, shared, at('a'))));
    });

    it('a vector of buffers', async () => {
      const { shared, flip } = flipping(vector, vector);
      const outcomes = await under([...flip.slice(0, 2), '0', '0', '0'], () =>
        race('product', 'vector', TRIES, shared),
      );
      expectNoWin(outcomes, TRIES, [errno('EFAULT')]);
    });
    it('control: a vector that is read twice', async () => {
      const { shared, flip } = flipping(vector, vector);
      expectWin(await under([...flip.slice(0, 2), '0', '0', '0'], () => race('reread', 'vector', TRIES, shared)));
    });

    describe('the address of a socket', () => {
      const reached = { a: 0, d: 0 };
      const servers: Server[] = [];
      before(() =>
        Promise.all(
          (['a', 'd'] as const).map(
            (name) =>
              new Promise<void>((resolve) => {
                const server = createServer((socket) => {
                  reached[name]++;
                  socket.on('error', () => undefined).destroy();
                });
                servers.push(server.listen(at(`sock-${name}`), resolve));
              }),
          ),
        ),
      );
      after(() => servers.forEach((server) => server.close()));
      const { shared, flip } = flipping(sockaddr(at('sock-a')), sockaddr(at('sock-d')));

      it('is judged as it is used', async () => {
        const outcomes = await under(flip, () => race('product', 'name', FEWER, shared));
        expectNoWin(outcomes, FEWER, [errno('EACCES')]);
        expect(reached.a).to.be.above(0);
        expect(reached.d).to.equal(0);
      });
      it('control: an address that is read twice', async () => {
        await under(flip, () => race('reread', 'name', FEWER, shared));
        expect(reached.d).to.be.above(0);
      });
    });
  });

  describe('the host that a datagram is sent to', () => {
    const [allowed, refused] = ['127.0.0.1', '127.0.0.2'];
    const heard = { [allowed]: 0, [refused]: 0 };
    const sockets = [allowed, refused].map((host) => createSocket('udp4').on('message', () => heard[host]++));
    let racing: ReturnType<typeof flipping>;
    before(async () => {
      sockets[0].bind(0, allowed);
      await once(sockets[0], 'listening');
      const { port } = sockets[0].address();
      sockets[1].bind(port, refused);
      await once(sockets[1], 'listening');
      const address = (last: number): Buffer => Buffer.from([2, 0, port >> 8, port & 0xff, 127, 0, 0, last, ...Array<number>(8).fill(0)]); // prettier-ignore
      racing = flipping(address(1), address(2));
    });
    beforeEach(() => (heard[allowed] = heard[refused] = 0));
    after(() => sockets.forEach((socket) => socket.close()));
    for (const mode of ['sendto', 'sendmsg']) {
      it(`${mode}: is the one that was judged`, async () => {
        const outcomes = await under(racing.flip, () => race('product', mode, FEWER, racing.shared));
        expectNoWin(outcomes, FEWER, [errno('EACCES')]);
        expect(heard[allowed]).to.be.above(0);
        expect(heard[refused]).to.equal(0);
      });
      it(`control: ${mode} with an address that is read twice`, async () => {
        await under(racing.flip, () => race('reread', mode, FEWER, racing.shared));
        expect(heard[refused]).to.be.above(0);
      });
    }
  });

  describe('directories that change while a path is walked', () => {
    const swap = ['swap', at('x'), at('y')];
    const refused = [errno('EPERM'), errno('ELOOP'), errno('EAGAIN'), errno('ENOENT'), errno('EACCES')];
    const inside = (name: string): string => join(at('x'), name);

    it('open', async () => {
      const outcomes = await under(swap, () => race('product', 'open', TRIES, inside('f')));
      expectNoWin(outcomes, TRIES, refused);
    });
    it('control: open that follows symlinks', async () => {
      expectWin(await under(swap, () => race('symlinks', 'open', TRIES, inside('f'))));
    });

    it('chdir, and a name in the directory that it led to', async () => {
      const outcomes = await under(swap, () => race('product', 'enter', FEWER, at('x')));
      expectNoWin(outcomes, FEWER, refused);
    });

    /** The outcomes, and what was in the secret directory meanwhile. */
    async function watched(cage: Cage, mode: string): Promise<{ outcomes: Outcomes; seen: string[] }> {
      const seen = new Set<string>();
      const outcomes = await under(swap, async () => {
        const racing = race(cage, mode, FEWER, inside(`new-${mode}`));
        let over = false;
        void racing.finally(() => (over = true)).catch(() => undefined);
        while (!over) {
          for (const name of readdirSync(secret)) seen.add(name);
          await new Promise((resolve) => setTimeout(resolve, 1));
        }
        return racing;
      });
      return { outcomes, seen: [...seen, ...readdirSync(secret)].filter((name) => name !== 'f') };
    }

    for (const mode of ['make', 'create', 'bind'])
      it(`${mode}: nothing is made in the secret directory`, async () => {
        const { outcomes, seen } = await watched('product', mode);
        expectNoWin(outcomes, FEWER, refused);
        expect(seen).to.deep.equal([]);
      });
    it('control: bind to a name that is read twice', async () => {
      const { seen } = await watched('reread', 'bind');
      rmSync(join(secret, 'new-bind'), { force: true });
      expect(seen).to.include('new-bind');
    });
  });

  it('what was secret is as it was', () => {
    expect(readdirSync(secret)).to.deep.equal(['f']);
    expect(readFileSync(join(secret, 'f'), 'latin1')).to.equal('D');
    expect(readFileSync(at('a'), 'latin1')).to.equal('A');
  });
});
