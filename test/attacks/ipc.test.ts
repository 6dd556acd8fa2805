/** System V IPC and message queues: the objects of others, and protected memory. Objects are removed whatever happens. */
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import type { SyscallName } from '../../src/abi/numbers.js';
import { acl, errno, killAll, place, Puppet, withPuppet, type Cage } from './harness.js';
import { bytesOf, KINDS, mapOf, protectedRegions } from './regions.js';

const PAGE = 0x1000;
/** Of this run; the second is what no rule names. */
const OPEN_KEY = 0x5f000000 + (process.pid & 0xffffff);
const SHUT_KEY = 0x7f000000 + (process.pid & 0xffffff);
const QUEUE = `attack-${process.pid}`;
const SECRET = 'what others have';
const [RDONLY, RND, REMAP] = [0o10000, 0o20000, 0o40000];
const [CREATE, NOWAIT, IPC_64] = [0o1600, 0o4000, 0x100];
const [RMID, SET, STAT, LOCK, SHM_STAT, SHM_STAT_ANY, MSG_STAT, SEM_STAT] = [0, 1, 2, 11, 13, 15, 11, 18];
const [GETVAL, GETALL, SETVAL] = [12, 13, 16];
const INDEX = 0x7fff;
const EVERYTHING = 0xfff00000;

const judging = acl(
  'ipc',
  [`{ read: ["${place}/**"] }`],
  [
    'names:',
    `  - { space: sysv, names: ["*:private", "*:0x${OPEN_KEY.toString(16)}"] }`,
    `  - { space: mqueue, names: ["/${QUEUE}"] }`,
  ],
);

interface Objects {
  readonly shm: number;
  readonly sem: number;
  readonly msg: number;
}
type Attempt = readonly [what: string, call: SyscallName, ...args: (number | Uint8Array)[]];

/** CAP_SYS_RAWIO passes vm.mmap_min_addr. */
function mayMapAtZero(): boolean {
  const effective = /^CapEff:\s+([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1] ?? '0';
  return ((BigInt(`0x${effective}`) >> 17n) & 1n) === 1n;
}

/** The message that others wait for. */
const letter = (text: string): Buffer => Buffer.concat([Buffer.from([5, 0, 0, 0]), Buffer.from(text)]);

/** Objects with content, of a process outside. */
async function makeObjects(p: Puppet, key: number): Promise<Objects> {
  const shm = await p.call('shmget', key, PAGE, CREATE);
  const sem = await p.call('semget', key, 2, CREATE);
  const msg = await p.call('msgget', key, CREATE);
  const at = (await p.call('shmat', shm, 0, 0)) >>> 0;
  p.poke(at, Buffer.from(SECRET));
  expect(await p.call('semctl', sem, 0, SETVAL, 7)).to.equal(0);
  expect(await p.call('msgsnd', msg, letter(SECRET), SECRET.length, 0)).to.equal(0);
  return { shm, sem, msg };
}
async function removeObjects(p: Puppet, { shm, sem, msg }: Objects): Promise<void> {
  await p.call('shmctl', shm, RMID, 0);
  await p.call('semctl', sem, 0, RMID, 0);
  await p.call('msgctl', msg, RMID, 0);
}
/** Everything that the objects hold is as it was. */
async function intact(p: Puppet, { shm, sem, msg }: Objects): Promise<boolean> {
  const out = p.room(128);
  const there = [await p.call('shmctl', shm, STAT, out), await p.call('msgctl', msg, STAT, out)];
  const messages = await p.peekWord(out + 64);
  return there.every((n) => n === 0) && messages === 1 && (await p.call('semctl', sem, 0, GETVAL, 0)) === 7;
}

const words = (...list: number[]): Uint8Array => new Uint8Array(Uint32Array.from(list).buffer);

/** Every call that takes an id, by its own number and by ipc(2); `out` is room of the guest. */
function uses({ shm, sem, msg }: Objects, out: number): Attempt[] {
  const one = new Uint8Array([0, 0, 0xff, 0xff, 0, 8]); // sembuf: take one, do not wait
  return [
    ['shmat', 'shmat', shm, 0, 0],
    ['shmat to read', 'shmat', shm, 0, RDONLY],
    ['shmat by ipc', 'ipc', 21, shm, 0, out, 0, 0],
    ['SHM_STAT', 'shmctl', shm & INDEX, SHM_STAT, out],
    ['SHM_STAT_ANY', 'shmctl', shm & INDEX, SHM_STAT_ANY, out],
    ['SHM_STAT_ANY of the id', 'shmctl', shm, SHM_STAT_ANY, out],
    ['shm IPC_STAT', 'shmctl', shm, STAT, out],
    ['shm IPC_STAT by ipc', 'ipc', 24, shm, STAT | IPC_64, 0, out, 0],
    ['shm IPC_STAT by ipc, old', 'ipc', 24, shm, STAT, 0, out, 0],
    ['SHM_LOCK', 'shmctl', shm, LOCK, 0],
    ['shm IPC_SET', 'shmctl', shm, SET, new Uint8Array(84)],
    ['shm IPC_RMID', 'shmctl', shm, RMID, 0],
    ['shm IPC_RMID by ipc', 'ipc', 24, shm, RMID, 0, 0, 0],
    ['SEM_STAT', 'semctl', sem & INDEX, 0, SEM_STAT, out],
    ['GETVAL', 'semctl', sem, 0, GETVAL, 0],
    ['GETALL', 'semctl', sem, 0, GETALL, out],
    ['SETVAL', 'semctl', sem, 0, SETVAL, 1],
    ['SETVAL by ipc', 'ipc', 3, sem, 0, SETVAL, words(1), 0],
    ['semop', 'ipc', 1, sem, 1, 0, one, 0],
    ['semtimedop', 'semtimedop_time64', sem, one, 1, 0],
    ['sem IPC_RMID', 'semctl', sem, 0, RMID, 0],
    ['MSG_STAT', 'msgctl', msg & INDEX, MSG_STAT, out],
    ['msg IPC_STAT', 'msgctl', msg, STAT, out],
    ['msgsnd', 'msgsnd', msg, letter('x'), 1, NOWAIT],
    ['msgrcv', 'msgrcv', msg, out, 64, 0, NOWAIT],
    ['msgrcv by ipc', 'ipc', 12, msg, 64, NOWAIT, words(out, 0), 0],
    ['msgrcv by ipc, version 1', 'ipc', 0x1000c, msg, 64, NOWAIT, out, 0],
    ['msg IPC_RMID', 'msgctl', msg, RMID, 0],
  ];
}

async function won(p: Puppet, attempts: (out: number) => Attempt[]): Promise<string[]> {
  p.reset();
  const out = p.room(256);
  const list: string[] = [];
  for (const [what, call, ...args] of attempts(out)) {
    const result = await p.call(call, ...args);
    if (result >= 0 || result < -4095) list.push(what);
  }
  return list;
}

describe('attacks: System V IPC and message queues', function () {
  this.timeout(120_000);
  let outsider: Puppet;
  before(async () => void (outsider = await Puppet.start({ cage: 'bare' })));
  after(async () => {
    outsider.kill();
    await outsider.ended;
    killAll();
  });
  beforeEach(() => outsider.reset());
  const inCage = <T>(cage: Cage, act: (p: Puppet) => Promise<T>): Promise<T> => withPuppet({ cage, acl: judging }, act);
  const withObjects = async (key: number, act: (objects: Objects) => Promise<void>): Promise<void> => {
    const objects = await makeObjects(outsider, key);
    try {
      await act(objects);
    } finally {
      await removeObjects(outsider, objects);
    }
  };

  for (const [whose, key] of [
    ['private', 0],
    ['of a key that no rule names', SHUT_KEY],
  ] as const)
    it(`ids of objects of others, ${whose}, are of no use`, () =>
      withObjects(key, async (objects) => {
        await inCage('product', async (p) => {
          expect(await won(p, (out) => uses(objects, out))).to.deep.equal([]);
          for (const name of ['shmget', 'semget', 'msgget'] as const)
            expect(await p.call(name, SHUT_KEY, ...(name === 'msgget' ? [0] : [1, 0]))).to.equal(errno('EACCES'));
        });
        expect(await intact(outsider, objects)).to.equal(true);
      }));

  it('nothing tells whether a guessed id is somebody’s', () =>
    withObjects(0, ({ shm }) =>
      inCage('product', async (p) => {
        const out = p.room(128);
        for (const id of [shm, shm + 1, shm + INDEX + 1])
          expect(await p.call('shmctl', id, STAT, out)).to.equal(errno('EINVAL'));
      }),
    ));

  it('control: what a rule names is open by its key and by its id', () =>
    withObjects(OPEN_KEY, (objects) =>
      inCage('product', async (p) => {
        expect(await p.call('shmget', OPEN_KEY, 0, 0)).to.equal(objects.shm);
        const at = (await p.call('shmat', objects.shm, 0, RDONLY)) >>> 0;
        expect((await p.peek(at, SECRET.length)).toString()).to.equal(SECRET);
        expect(await p.call('semctl', objects.sem, 0, GETVAL, 0)).to.equal(7);
        expect(await p.call('msgrcv', objects.msg, p.room(64), 64, 0, 0)).to.equal(SECRET.length);
      }),
    ));

  it('control: a helper that delegates such calls gives all of it away', () =>
    withObjects(0, async (objects) => {
      await inCage('delegate:shmat,shmctl,semctl,msgrcv,msgctl', async (p) => {
        const at = (await p.call('shmat', objects.shm, 0, RDONLY)) >>> 0;
        expect((await p.peek(at, SECRET.length)).toString()).to.equal(SECRET);
        const taken = await won(p, (out) => uses(objects, out));
        expect(taken).to.include.members(['SHM_STAT', 'GETVAL', 'SETVAL', 'msgrcv', 'shm IPC_RMID', 'msg IPC_RMID']);
      });
      expect(await intact(outsider, objects)).to.equal(false);
    }));

  // ---- protected memory ----

  /** A segment of the guest's own, removed at the end. */
  async function withSegment(p: Puppet, size: number, act: (id: number) => Promise<void>): Promise<void> {
    const id = await p.call('shmget', 0, size, CREATE);
    expect(id).to.be.at.least(0);
    try {
      await act(id);
    } finally {
      await outsider.call('shmctl', id, RMID, 0); // the guest may be dead
    }
  }
  /** All ways to have a segment at, around and into a region. */
  const placings = (id: number, start: number, size: number): Attempt[] =>
    [0, RDONLY, REMAP, REMAP | RND, REMAP | RDONLY].flatMap((how) =>
      [start, start + 1, start - PAGE, start - size + PAGE, start - size + PAGE + 1, start + PAGE - 1].map(
        (at): Attempt => [
          `at 0x${at.toString(16)}, 0o${how.toString(8)}`,
          'shmat',
          id,
          at,
          how | (at % PAGE ? RND : 0),
        ],
      ),
    );

  it('no segment is put over protected memory, and none is detached there', () =>
    inCage('product', async (p) => {
      const regions = await protectedRegions(p);
      expect(regions.map((r) => r.what)).to.have.members(KINDS);
      const [bytes, map] = [bytesOf(p, regions), mapOf(p, regions)];
      await withSegment(p, 2 * PAGE + 1, async (id) => {
        for (const { start, what } of regions) {
          expect(await won(p, () => placings(id, start, 3 * PAGE)), what).to.deep.equal([]);
          expect(await won(p, () => [['shmdt', 'shmdt', start]]), what).to.deep.equal([]);
          expect(await p.call('ipc', 21, id, REMAP, p.room(4), start, 0)).to.equal(errno('EINVAL'));
        }
      });
      expect(mapOf(p, regions)).to.deep.equal(map);
      expect(bytesOf(p, regions)).to.deep.equal(bytes);
    }));

  it('nor over all memory, from where SHM_RND rounds to', () =>
    inCage('product', async (p) => {
      const regions = await protectedRegions(p);
      const map = mapOf(p, regions);
      // without a reservation; at 0 it would be over everything
      const id = await p.call('shmget', 0, EVERYTHING, CREATE | 0o10000);
      try {
        for (const how of [RND, RND | REMAP])
          for (const at of [1, PAGE - 1]) expect(await p.call('shmat', id, at, how)).to.be.below(0);
        expect(await p.call('shmat', id, PAGE, REMAP)).to.be.below(0);
      } finally {
        await outsider.call('shmctl', id, RMID, 0);
      }
      expect(mapOf(p, regions)).to.deep.equal(map);
    }));

  it('control: delegated as it is, that replaces what is there, where the kernel lets map at 0', () =>
    inCage('delegate:shmat', async (p) => {
      const [lowest] = (await protectedRegions(p)).sort((a, b) => a.start - b.start);
      const map = mapOf(p, [lowest]);
      const id = await p.call('shmget', 0, lowest.end, CREATE | 0o10000);
      try {
        const done = p.call('shmat', id, 1, RND).catch(() => 0);
        const result = await Promise.race([done, p.ended.then(() => 0)]);
        if (mayMapAtZero()) expect(mapOf(p, [lowest])).not.to.deep.equal(map);
        else expect(result).to.equal(errno('EPERM'));
      } finally {
        await outsider.call('shmctl', id, RMID, 0);
      }
    }));

  it('control: without protected ranges a segment takes their place', () =>
    inCage('regions', async (p) => {
      const r = (await protectedRegions(p)).find(({ what }) => what === 'landing stacks');
      if (r === undefined) throw new Error('no landing stack');
      await withSegment(p, r.end - r.start, async (id) => {
        expect((await p.call('shmat', id, r.start, REMAP)) >>> 0).to.equal(r.start);
        expect(mapOf(p, [r]).join()).to.include('SYSV');
      });
    }));

  it('control: delegated as it is, the hook is lost to a segment', () =>
    inCage('delegate:shmat', async (p) => {
      const r = (await protectedRegions(p)).find(({ what }) => what === 'hook');
      if (r === undefined) throw new Error('no hook');
      const map = mapOf(p, [r]);
      expect(map).to.have.lengthOf(1);
      await withSegment(p, r.end - r.start, async (id) => {
        const done = p.call('shmat', id, r.start, REMAP).catch(() => 0);
        await Promise.race([done, p.ended]);
        expect(mapOf(p, [r])).not.to.deep.equal(map);
      });
    }));

  it('no result is written to protected memory', () =>
    inCage('product', async (p) => {
      const regions = await protectedRegions(p);
      const bytes = bytesOf(p, regions);
      const sem = await p.call('semget', 0, 100, CREATE);
      const msg = await p.call('msgget', 0, CREATE);
      try {
        await withSegment(p, PAGE, async (shm) => {
          for (const { start, what } of regions) {
            p.reset();
            await p.call('msgsnd', msg, letter(SECRET), SECRET.length, 0);
            const taken = await won(p, () => [
              ...[start, start - 8].flatMap((at): Attempt[] => [
                ['shmctl', 'shmctl', shm, STAT, at],
                ['shmctl, old', 'ipc', 24, shm, STAT, 0, at, 0],
                ['SHM_INFO', 'shmctl', 0, 14, at],
                ['SHM_STAT', 'shmctl', shm & INDEX, SHM_STAT, at],
                ['semctl', 'semctl', sem, 0, STAT, at],
                ['GETALL', 'semctl', sem, 0, GETALL, at],
                ['GETALL by ipc', 'ipc', 3, sem, 0, GETALL, words(at), 0],
                ['SEM_INFO', 'semctl', 0, 0, 19, at],
                ['msgctl', 'msgctl', msg, STAT, at],
                ['MSG_INFO', 'msgctl', 0, 12, at],
                ['msgrcv', 'msgrcv', msg, at, 64, 0, NOWAIT],
                ['msgrcv by ipc', 'ipc', 12, msg, 64, NOWAIT, words(at, 0), 0],
              ]),
              ['shmat by ipc', 'ipc', 21, shm, 0, start, 0, 0],
            ]);
            expect(taken, what).to.deep.equal([]);
          }
        });
      } finally {
        await removeObjects(outsider, { shm: -1, sem, msg });
      }
      expect(bytesOf(p, regions)).to.deep.equal(bytes);
    }));

  // ---- message queues ----

  const SIGEV = { SIGNAL: 0, THREAD: 2, THREAD_ID: 4 };
  /** struct sigevent: a value, the number of a signal or a socket, who is told. */
  const notice = (how: number, number: number, value = 0): Uint8Array => {
    const event = new Uint8Array(64);
    event.set(new Uint8Array(Int32Array.of(value, number, how).buffer));
    return event;
  };
  const openQueue = (p: Puppet): Promise<number> => p.call('mq_open', QUEUE, 0o102, 0o600, 0);

  it('a message signals who asked for it alone, and queues have no other names', async () => {
    try {
      await inCage('product', async (p) => {
        const queue = await openQueue(p);
        expect(queue).to.be.at.least(0);
        expect(await p.call('mq_notify', queue, notice(SIGEV.THREAD_ID, 9, p.pid))).to.equal(errno('EINVAL'));
        for (const fd of Object.values(await p.reserved())) {
          const told = await p.call('mq_notify', queue, notice(SIGEV.THREAD, fd, p.room(32)));
          expect(told, `socket ${fd}`).to.equal(errno('EBADF'));
          p.reset();
        }
        expect(await p.call('mq_timedsend', queue, 'x', 1, 0, 0)).to.equal(0);
        for (const name of [`${QUEUE}-2`, `./${QUEUE}`, `/${QUEUE}`, '../tmp', ''])
          expect(await p.call('mq_open', name, 0o102, 0o600, 0), name).to.be.below(0);
        for (const fd of Object.values(await p.reserved()))
          for (const [name, ...args] of [
            ['mq_timedsend', 'x', 1, 0, 0],
            ['mq_timedreceive', p.room(16), 16, 0, 0],
            ['mq_timedsend_time64', 'x', 1, 0, 0],
            ['mq_timedreceive_time64', p.room(16), 16, 0, 0],
            ['mq_notify', 0],
            ['mq_getsetattr', 0, p.room(32)],
          ] as const)
            expect(await p.call(name, fd, ...args), name).to.equal(errno('EBADF'));
        for (const { start } of await protectedRegions(p)) {
          expect(await p.call('mq_timedreceive', queue, start, 8192, 0, 0)).to.equal(errno('EFAULT'));
          expect(await p.call('mq_timedreceive', queue, p.room(16), 8192, start, 0)).to.equal(errno('EFAULT'));
          expect(await p.call('mq_getsetattr', queue, 0, start)).to.equal(errno('EFAULT'));
          p.reset();
        }
      });
    } finally {
      await outsider.call('mq_unlink', QUEUE);
    }
  });

  it('the signal of a message, sent by whomever, ends the process that asked and no other', async () => {
    try {
      await inCage('product', async (p) => {
        const queue = await openQueue(p);
        expect(await p.call('mq_notify', queue, notice(SIGEV.SIGNAL, 9))).to.equal(0);
        const same = await outsider.call('mq_open', QUEUE, 2, 0, 0);
        expect(await outsider.call('mq_timedsend', same, 'x', 1, 0, 0)).to.equal(0);
        expect((await p.ended).status).to.equal(137);
        await outsider.call('close', same);
      });
    } finally {
      await outsider.call('mq_unlink', QUEUE);
    }
  });
});
