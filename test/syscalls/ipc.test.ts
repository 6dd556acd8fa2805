/** The rows of System V IPC and of message queues; the host's objects are a table here, in place of the kernel's. */
import { expect } from 'chai';
import { ERRNO } from '../../src/abi/errno.js';
import { IPC, IPC_64, MSGCTL, SEMCTL, SHMAT, SHMCTL } from '../../src/abi/flags-ipc.js';
import { NUMBERS } from '../../src/abi/numbers.js';
import { mqAttr, sembuf, sigevent } from '../../src/abi/structs-ipc.js';
import { timespec32, timespec64 } from '../../src/abi/structs-process.js';
import { native } from '../../src/native/index.js';
import { ipc } from '../../src/syscalls/ipc.js';
import { mqueue } from '../../src/syscalls/mqueue.js';
import { IpcGrants, ipcName, objectOf, type IpcObject } from '../../src/syscalls/support-ipc.js';
import { FakeCall, MEMORY, PROTECTED, run, type Ran } from './fake-process-call.js';

interface HostObject {
  readonly id: number;
  readonly key: number;
  readonly uid?: number;
  readonly pid?: number;
  readonly mode?: number;
  readonly size?: number;
  readonly semaphores?: number;
  readonly huge?: boolean;
}

const INDEX = 0x7fff;
const HELD_AT = 0x7f0000000000;
const { IPC_RMID, IPC_SET, IPC_STAT, IPC_INFO } = IPC.values;
const { SHM_RND, SHM_REMAP, SHM_RDONLY, SHM_EXEC } = SHMAT.values;
const ID = 0x8001;
const KEY = 0x1234;
const OUT = MEMORY + 0x100;

describe('System V IPC', () => {
  let call: FakeCall;
  let host: HostObject[];
  /** Segments that the helper holds at the moment, and those that it ever held. */
  let held: number[];
  let everHeld: number;
  const real = { ...native };
  const anything = native as unknown as Record<string, unknown>;

  const stat = (id: number, out: Uint32Array): number => {
    const found = host.find((o) => (o.id & INDEX) === (id & INDEX));
    if (found === undefined) return -ERRNO.EINVAL;
    const { key, uid = 1000, pid = 0, mode = 0o600, semaphores = 0, size = 0 } = found;
    out.set([key, uid, 100, mode, pid, semaphores, size, 0]);
    return found.id;
  };

  before(() => {
    for (const name of ['shmStat', 'semStat', 'msgStat']) anything[name] = stat;
    anything['shmat'] = (id: number): number => {
      held.push(id);
      everHeld++;
      return HELD_AT;
    };
    anything['shmdt'] = (): number => (held.pop() === undefined ? -ERRNO.EINVAL : 0);
    anything['mprotect'] = (): number => (host.find((o) => o.id === held.at(-1))?.huge ? -ERRNO.EINVAL : 0);
  });
  after(() => {
    for (const name of ['shmStat', 'semStat', 'msgStat', 'shmat', 'shmdt', 'mprotect'] as const)
      anything[name] = real[name];
  });
  beforeEach(() => {
    call = new FakeCall();
    host = [];
    held = [];
    everHeld = 0;
  });
  afterEach(() => expect(held).to.deep.equal([]));

  const make = (
    name: keyof typeof ipc | keyof typeof mqueue,
    registers: readonly number[],
    results: readonly number[] = [],
  ): Ran => run({ ...ipc, ...mqueue }[name], call, registers, results);
  /** By ipc(2), in the row's order of arguments. */
  const carried = (name: keyof typeof ipc, registers: readonly number[], results?: readonly number[]): Ran => {
    call.carried = name;
    const ran = make(name, registers, results);
    call.carried = undefined;
    return ran;
  };
  const refused = (ran: Ran, errno: keyof typeof ERRNO, what?: string): void => {
    expect(ran, what).to.deep.equal({ orders: [], result: -ERRNO[errno] });
  };
  const asks = (): string[] => call.asked.map((q) => (q.ask === 'name' ? `${q.space} ${q.name}` : q.ask));
  /** An object that an allowed call of the program got. */
  const own = (object: HostObject, name: 'shmget' | 'semget' | 'msgget' = 'shmget'): HostObject => {
    host.push(object);
    expect(make(name, [object.key, 1, 0o600], [object.id]).result).to.equal(object.id);
    call.asked.length = 0;
    return object;
  };

  describe('getting', () => {
    it('asks for the kind and the key', () => {
      make('shmget', [KEY, 1, 0o600], [-ERRNO.ENOENT]);
      make('semget', [0xfedcba98, 1, 0o600], [-ERRNO.ENOENT]);
      make('msgget', [0, 0o600], [-ERRNO.ENOENT]);
      expect(asks()).to.deep.equal(['sysv shm:0x1234', 'sysv sem:0xfedcba98', 'sysv msg:private']);
    });
    it('makes no call for a name that is refused', () => {
      call.refused.add('shm:private');
      refused(make('shmget', [0, 1, 0o1600]), 'EACCES');
    });
    it('refuses huge pages', () => {
      refused(make('shmget', [0, 1 << 21, 0o5600]), 'EINVAL');
      expect(call.logs.join()).to.include('huge');
    });
    it('hands the registers to the trustee', () =>
      expect(make('shmget', [KEY, 4096, 0o1600], [-ERRNO.ENOSPC])).to.deep.equal({
        orders: [[NUMBERS.shmget, KEY, 4096, 0o1600, 0, 0, 0]],
        result: -ERRNO.ENOSPC,
      }));
  });

  describe('ids', () => {
    const message = (id: number): Ran => make('msgsnd', [id, MEMORY, 5, 0], [0]);

    it('of what was got are good, without asking again', () => {
      own({ id: ID, key: 0 }, 'msgget');
      expect(message(ID).result).to.equal(0);
      expect(asks()).to.deep.equal([]);
    });
    it('that were guessed are good when the policy allows the key', () => {
      host = [{ id: ID, key: KEY }];
      expect(message(ID).result).to.equal(0);
      expect(asks()).to.deep.equal(['sysv msg:0x1234']);
    });
    it('that were guessed are as if they were not there', () => {
      host = [{ id: ID, key: KEY }];
      call.refused.add('msg:0x1234');
      refused(message(ID), 'EINVAL');
      refused(message(ID + 1), 'EINVAL');
    });
    it('of private objects of others are never good, whatever the policy says', () => {
      host = [{ id: ID, key: 0 }];
      refused(message(ID), 'EINVAL');
      expect(call.logs.join()).to.include('private');
      expect(asks()).to.deep.equal([]);
    });
    it('are good for one kind only', () => {
      own({ id: ID, key: 0 }, 'semget');
      refused(message(ID), 'EINVAL');
    });
    it('of an older generation, and negative ones, are EINVAL', () => {
      own({ id: ID, key: 0 }, 'msgget');
      refused(message(ID + INDEX + 1), 'EINVAL');
      refused(message(-1), 'EINVAL');
    });
    it('that come back for another object are judged anew', () => {
      own({ id: ID, key: 0 }, 'msgget');
      host = [{ id: ID, key: 0, uid: 0 }];
      refused(message(ID), 'EINVAL');
      host = [{ id: ID, key: KEY }];
      call.refused.add('msg:0x1234');
      refused(message(ID), 'EINVAL');
    });
    it('of a segment that lost its key on removal stay good while it is attached', () => {
      own({ id: ID, key: KEY, pid: 7, size: 1 });
      host = [{ id: ID, key: 0, pid: 7, size: 1, mode: 0o1600 }];
      expect(make('shmctl', [ID, IPC_RMID, 0], [0]).result).to.equal(0);
      expect(make('shmat', [ID, 0, 0], [0x5000]).result).to.equal(0x5000);
      host = [{ id: ID, key: 0, pid: 8, size: 1, mode: 0o1600 }];
      refused(make('shmat', [ID, 0, 0]), 'EINVAL');
    });
    it('are forgotten on removal', () => {
      own({ id: ID, key: 0 }, 'semget');
      call.nr = NUMBERS.semctl;
      const steps =
        ipc.semctl?.by === 'odd'
          ? ipc.semctl.steps(Object.assign(call, { r: Uint32Array.of(ID, 0, IPC_RMID, 0, 0, 0) }) as never)
          : undefined;
      if (steps === undefined || typeof steps === 'number' || 'outcome' in steps)
        throw new Error('semctl is not made in steps');
      expect(steps.next().value).to.deep.equal([NUMBERS.semctl, ID, 0, IPC_RMID, 0]);
      host = [];
      expect(steps.next(0)).to.deep.equal({ done: true, value: 0 });
      host = [{ id: ID, key: 0 }];
      refused(make('semtimedop_time64', [ID, MEMORY, 1, 0]), 'EINVAL');
    });
    it('are kept up to a number; those of removed objects make room', () => {
      const object = (id: number): IpcObject => ({ id, key: 0, creator: '', dying: false, size: 0, semaphores: 0 });
      const grants = new IpcGrants(2);
      host = [1, 2, 3].map((id) => ({ id, key: 0 }));
      expect([1, 2, 3].map((id) => grants.add('sem', object(id)))).to.deep.equal([true, true, false]);
      expect(grants.add('sem', object(2))).to.equal(true);
      expect(grants.has('sem', object(3))).to.equal(false);
      host = host.filter(({ id }) => id !== 1);
      expect(grants.add('sem', object(3))).to.equal(true);
      expect(grants.has('sem', object(1))).to.equal(false);
    });
  });

  describe('control', () => {
    const { SHM_STAT, SHM_STAT_ANY, SHM_INFO, SHM_LOCK } = SHMCTL.values;
    const { GETALL, SETALL, SETVAL, SEM_STAT } = SEMCTL.values;

    it('goes by its own number with the wide structures, by ipc(2) with the old ones', () => {
      own({ id: ID, key: 0 });
      expect(make('shmctl', [ID, IPC_STAT, OUT]).orders).to.deep.equal([[NUMBERS.shmctl, ID, IPC_STAT, OUT]]);
      expect(carried('shmctl', [ID, IPC_STAT | IPC_64, OUT]).orders).to.deep.equal([
        [NUMBERS.shmctl, ID, IPC_STAT, OUT],
      ]);
      expect(carried('shmctl', [ID, IPC_STAT, OUT]).orders).to.deep.equal([[NUMBERS.ipc, 24, ID, IPC_STAT, 0, OUT]]);
      refused(make('shmctl', [ID, IPC_STAT | IPC_64, OUT]), 'EINVAL');
    });
    it('semctl has its union in the arena where ipc(2) makes it', () => {
      own({ id: ID, key: 0, semaphores: 3 }, 'semget');
      const [order] = carried('semctl', [ID, 1, SETVAL, 0xfffffff7]).orders;
      expect(order.slice(0, 5)).to.deep.equal([NUMBERS.ipc, 3, ID, 1, SETVAL]);
      expect([...call.inArena(order[5])]).to.deep.equal([0xf7, 0xff, 0xff, 0xff]);
    });
    it('gives nothing into protected memory', () => {
      own({ id: ID, key: 0 });
      own({ id: ID, key: 0, semaphores: 3000 }, 'semget');
      own({ id: ID, key: 0 }, 'msgget');
      host = [{ id: ID, key: 0, semaphores: 3000 }];
      refused(make('shmctl', [ID, IPC_STAT, PROTECTED - 80]), 'EFAULT', 'shm, wide');
      refused(carried('shmctl', [ID, IPC_STAT, PROTECTED - 40]), 'EFAULT', 'shm, old');
      refused(make('msgctl', [ID, IPC_STAT, PROTECTED - 80]), 'EFAULT', 'msg');
      refused(make('semctl', [ID, 0, IPC_STAT, PROTECTED - 60]), 'EFAULT', 'sem');
      refused(make('semctl', [ID, 0, GETALL, PROTECTED - 5999]), 'EFAULT', 'GETALL');
      refused(make('semctl', [ID, 0, SETALL, PROTECTED - 5999]), 'EFAULT', 'SETALL');
      refused(make('semctl', [0, 0, SEMCTL.values.SEM_INFO, PROTECTED - 4]), 'EFAULT', 'SEM_INFO');
      refused(make('msgctl', [0, MSGCTL.values.MSG_INFO, PROTECTED - 4]), 'EFAULT', 'MSG_INFO');
      refused(make('shmctl', [0, SHM_INFO, PROTECTED - 4]), 'EFAULT', 'SHM_INFO');
      refused(make('shmctl', [0, IPC_INFO, PROTECTED - 4]), 'EFAULT', 'IPC_INFO');
      expect(make('semctl', [ID, 0, GETALL, PROTECTED - 6000]).orders).to.have.lengthOf(1);
    });
    it('copies what it sets once', () => {
      own({ id: ID, key: 0 });
      call.put(MEMORY, new Uint8Array(84).fill(7));
      const [order] = make('shmctl', [ID, IPC_SET, MEMORY]).orders;
      expect(call.inArena(order[3])).to.deep.equal(new Uint8Array(84).fill(7));
      const [old] = carried('shmctl', [ID, IPC_SET, MEMORY]).orders;
      expect(call.inArena(old[5])).to.have.lengthOf(48);
      refused(make('shmctl', [ID, IPC_SET, 0]), 'EFAULT');
      refused(make('shmctl', [ID, IPC_SET, 8]), 'EFAULT');
    });
    it('by index tells of what the program may use, and is ordered by its id', () => {
      own({ id: ID, key: 0 });
      host.push({ id: 0x8002, key: 0 });
      for (const command of [SHM_STAT, SHM_STAT_ANY])
        expect(make('shmctl', [ID & INDEX, command, OUT])).to.deep.equal({
          orders: [[NUMBERS.shmctl, ID, IPC_STAT, OUT]],
          result: ID,
        });
      refused(make('shmctl', [2, SHM_STAT, OUT]), 'EINVAL');
      refused(make('shmctl', [2, SHM_STAT_ANY, OUT]), 'EINVAL');
      refused(make('semctl', [2, 0, SEM_STAT, OUT]), 'EINVAL');
      refused(make('shmctl', [5, SHM_STAT, OUT]), 'EINVAL');
    });
    it('refuses what others have', () => {
      host = [{ id: ID, key: 0 }];
      for (const command of [IPC_RMID, IPC_SET, IPC_STAT, SHM_LOCK])
        refused(make('shmctl', [ID, command, OUT]), 'EINVAL');
      refused(make('semctl', [ID, 0, SETVAL, 1]), 'EINVAL');
      refused(make('msgctl', [ID, IPC_RMID, 0]), 'EINVAL');
    });
    it('knows its commands', () => {
      own({ id: ID, key: 0 });
      refused(make('shmctl', [ID, 99, OUT]), 'EINVAL');
      expect(make('shmctl', [-1, IPC_INFO, OUT]).orders).to.have.lengthOf(1);
    });
  });

  describe('segments', () => {
    const AT = 0x60000000;
    const shmat = (at: number, how: number, results: readonly number[] = [at]): Ran =>
      make('shmat', [ID, at, how], results);

    it('are held in the helper while they are attached', () => {
      own({ id: ID, key: 0, size: 5000 });
      expect(shmat(0, SHM_RDONLY | 0x1ff, [AT])).to.deep.equal({
        orders: [[NUMBERS.shmat, ID, 0, SHM_RDONLY]],
        result: AT,
      });
      expect(everHeld).to.equal(1);
    });
    it('are judged again when they are held: the id may have changed its meaning', () => {
      own({ id: ID, key: 0, size: 5000 });
      const attached = anything['shmat'] as (id: number) => number;
      anything['shmat'] = (id: number) => {
        host = [{ id: ID, key: 0, uid: 0 }];
        return attached(id);
      };
      refused(shmat(0, 0), 'EINVAL');
      anything['shmat'] = attached;
      expect(everHeld).to.equal(1);
    });
    it('never meet protected memory, by the size they have', () => {
      own({ id: ID, key: 0, size: 5000 });
      for (const how of [0, SHM_REMAP, SHM_RDONLY | SHM_REMAP]) {
        refused(shmat(PROTECTED, how), 'EINVAL');
        refused(shmat(PROTECTED - 0x1000, how), 'EINVAL');
        refused(shmat(PROTECTED + 0x1fff, how | SHM_RND), 'EINVAL');
      }
      expect(shmat(PROTECTED - 0x2000, 0).result).to.equal(PROTECTED - 0x2000);
    });
    it('take a place by unmapping what was checked, never by SHM_REMAP', () => {
      own({ id: ID, key: 0, size: 5000 });
      expect(shmat(AT, SHM_REMAP, [0x5000, 0, AT, 0])).to.deep.equal({
        orders: [
          [NUMBERS.shmat, ID, 0, 0],
          [NUMBERS.munmap, AT, 0x2000],
          [NUMBERS.shmat, ID, AT, 0],
          [NUMBERS.shmdt, 0x5000],
        ],
        result: AT,
      });
      expect(shmat(AT, SHM_REMAP, [-ERRNO.EACCES]).orders).to.have.lengthOf(1);
    });
    it('are never put at 0, where the kernel would replace without being told to', () => {
      own({ id: ID, key: 0, size: 0x70000000 });
      refused(shmat(1, SHM_RND), 'EINVAL');
      refused(shmat(0xfff, SHM_RND | SHM_REMAP), 'EINVAL');
      refused(shmat(0, SHM_REMAP), 'EINVAL');
      refused(shmat(AT + 1, 0), 'EINVAL');
    });
    it('of huge pages are refused', () => {
      own({ id: ID, key: 0, size: 100, huge: true });
      refused(shmat(0, 0), 'EINVAL');
      expect(call.logs.join()).to.include('huge');
    });
    it('whose pages cannot be told to be small are refused', () => {
      own({ id: ID, key: 0, size: 100 });
      const probe = anything['mprotect'];
      anything['mprotect'] = () => -ERRNO.ENOMEM;
      refused(shmat(0, 0), 'ENOMEM');
      anything['mprotect'] = probe;
    });
    it('of others are not even held', () => {
      host = [{ id: ID, key: 0 }];
      refused(shmat(0, 0), 'EINVAL');
      expect(everHeld).to.equal(0);
    });
    it('that are executable are not patched', () => {
      own({ id: ID, key: 0, size: 1 });
      expect(shmat(0, SHM_EXEC, [AT]).orders).to.deep.equal([[NUMBERS.shmat, ID, 0, SHM_EXEC]]);
      expect(call.patches).to.deep.equal([]);
    });
    it('have their address written where ipc(2) wants it', () => {
      own({ id: ID, key: 0, size: 1 });
      expect(carried('shmat', [ID, 0, 0, OUT], [AT]).result).to.equal(0);
      expect(new DataView((call.get(OUT, 4) as Uint8Array).buffer).getUint32(0, true)).to.equal(AT);
      expect(carried('shmat', [ID, 0, 0, PROTECTED], [AT]).result).to.equal(-ERRNO.EFAULT);
      expect(carried('shmat', [ID, 0, 0, OUT], [-ERRNO.EACCES]).result).to.equal(-ERRNO.EACCES);
    });
    it('are detached, but nothing that is protected is', () => {
      expect(make('shmdt', [AT]).orders).to.deep.equal([[NUMBERS.shmdt, AT]]);
      refused(make('shmdt', [PROTECTED]), 'EINVAL');
    });
  });

  describe('semaphores and messages', () => {
    beforeEach(() => {
      own({ id: ID, key: 0 }, 'semget');
      host = [];
      own({ id: ID, key: 0 }, 'msgget');
    });
    it('bound what is read and written', () => {
      refused(make('semtimedop_time64', [ID, PROTECTED - 11, 2, 0]), 'EFAULT');
      refused(make('semtimedop_time64', [ID, MEMORY, 0, 0]), 'EINVAL');
      refused(make('semtimedop_time64', [ID, MEMORY, 0x10001, 0]), 'E2BIG');
      for (const name of ['msgsnd', 'msgrcv'] as const) {
        refused(make(name, [ID, PROTECTED - 8, 5, 0]), 'EFAULT');
        refused(make(name, [ID, 0x1000, 0x7fffffff, 0]), 'EFAULT');
        refused(make(name, [ID, MEMORY, -1, 0]), 'EINVAL');
        expect(make(name, [ID, PROTECTED - 8, 4, 0, 0]).orders, name).to.have.lengthOf(1);
      }
    });
    it('semtimedop through ipc(2) has a short timeout', () => {
      const bad = MEMORY + 0x100;
      call.put(bad, timespec32.encode({ sec: 3, nsec: -5 }));
      refused(carried('semtimedop_time64', [ID, MEMORY, 1, bad]), 'EINVAL');
      call.put(bad, timespec64.encode({ sec: 1n << 40n, nsec: 6n }));
      expect(make('semtimedop_time64', [ID, MEMORY, 1, bad]).orders).to.have.lengthOf(1);
      refused(make('semtimedop_time64', [ID, MEMORY, 1, 8]), 'EFAULT');
    });
    it('what would wait is tried without waiting, and with whose time', () => {
      call.put(MEMORY, sembuf.encode({ sem_num: 1, sem_op: 0xffff, sem_flg: 0x1000 }));
      const { orders } = make('semtimedop_time64', [ID, MEMORY, 1, 0]);
      expect(orders[0].slice(0, 2).concat(orders[0].slice(3))).to.deep.equal([NUMBERS.semtimedop_time64, ID, 1, 0]);
      const tried = sembuf.decode(call.inArena(orders[0][2] as number));
      expect(tried).to.deep.equal({ sem_num: 1, sem_op: 0xffff, sem_flg: 0x1000 | IPC_NOWAIT });
    });
  });
  const IPC_NOWAIT = 0o4000;

  describe('POSIX message queues', () => {
    const named = (name: string): number => {
      call.put(MEMORY, Buffer.from(`${name}\0`));
      return MEMORY;
    };
    it('are asked for with a slash, and opened by a copy without', () => {
      call.put(OUT, mqAttr.encode({ mq_maxmsg: 2 }));
      const [order] = make('mq_open', [named('jobs'), 0o102, 0o600, OUT]).orders;
      expect(asks()).to.deep.equal(['mqueue /jobs']);
      expect(Buffer.from(call.inArena(order[1])).toString()).to.equal('jobs\0');
      expect([order[0], order[2], order[3]]).to.deep.equal([NUMBERS.mq_open, 0o102, 0o600]);
      expect(mqAttr.decode(call.inArena(order[4])).mq_maxmsg).to.equal(2);
      make('mq_unlink', [named('old')]);
      expect(asks()).to.deep.equal(['mqueue /jobs', 'mqueue /old']);
    });
    it('have no names that are paths', () => {
      for (const name of ['/jobs', 'a/b', '..', '.']) refused(make('mq_open', [named(name), 0, 0, 0]), 'EACCES', name);
      for (const name of ['/jobs', '../x']) refused(make('mq_unlink', [named(name)]), 'EACCES', name);
      refused(make('mq_open', [named(''), 0, 0, 0]), 'ENOENT');
      refused(make('mq_open', [named('x'.repeat(256)), 0, 0, 0]), 'ENAMETOOLONG');
      refused(make('mq_open', [8, 0, 0, 0]), 'EFAULT');
      expect(asks()).to.deep.equal([]);
    });
    it('that are refused are not opened', () => {
      call.refused.add('/jobs');
      refused(make('mq_open', [named('jobs'), 0o102, 0o600, 0]), 'EACCES');
      refused(make('mq_unlink', [named('jobs')]), 'EACCES');
    });
    it('announce messages to the process that asks, or to a socket of it', () => {
      const event = (sigev_notify: number, sigev_signo = 9, sigev_value = 0): number => {
        call.put(MEMORY, sigevent.encode({ sigev_notify, sigev_signo, sigev_value }));
        return MEMORY;
      };
      for (const how of [0, 1, 4]) {
        const [[nr, queue, at]] = make('mq_notify', [3, event(how)]).orders;
        expect([nr, queue]).to.deep.equal([NUMBERS.mq_notify, 3]);
        expect(sigevent.decode(call.inArena(at)).sigev_notify).to.equal(how);
      }
      expect(make('mq_notify', [3, 0]).orders).to.deep.equal([[NUMBERS.mq_notify, 3, 0]]);
      refused(make('mq_notify', [3, 8]), 'EFAULT');
      const cookie = Uint8Array.from({ length: 32 }, (_, i) => i);
      call.put(MEMORY + 0x100, cookie);
      const [[, , at]] = make('mq_notify', [3, event(2, 7, MEMORY + 0x100)]).orders;
      const { sigev_value } = sigevent.decode(call.inArena(at)) as Record<string, number>;
      expect(call.inArena(sigev_value).slice(0, 32)).to.deep.equal(cookie);
      refused(make('mq_notify', [3, event(2, 7, 8)]), 'EFAULT');
      refused(make('mq_notify', [3, event(2, call.reserved.from, MEMORY)]), 'EBADF');
    });
  });

  it('names', () => {
    expect(ipcName('shm', 0)).to.equal('shm:private');
    expect(ipcName('sem', -1)).to.equal('sem:0xffffffff');
  });
  it('an object is found by its own id only', () => {
    host = [{ id: ID, key: KEY, size: 9 }];
    expect(objectOf('shm', ID)).to.deep.include({ id: ID, key: KEY, size: 9 });
    expect(objectOf('shm', ID & INDEX)).to.equal(-ERRNO.EINVAL);
  });
});
