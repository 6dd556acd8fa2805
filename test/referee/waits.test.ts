/** The engine of waits: by a fake clock and a fake epoll, then by the kernel's own. */
import { readdirSync } from 'node:fs';
import { expect } from 'chai';
import { ERRNO } from '../../src/abi/errno.js';
import { native } from '../../src/native/index.js';
import { Waits, type Watcher } from '../../src/referee/waits.js';

const POLLIN = 1;
const POLLOUT = 4;
const ALWAYS = 0x38;
const EINTR = -ERRNO.EINTR;
const ETIMEDOUT = -ERRNO.ETIMEDOUT;

class Fake implements Watcher {
  time = 1000;
  readonly watched = new Map<number, number>();
  readonly failures = new Map<number, number>();
  set = 0;
  settings = 0;
  now(): number {
    return this.time;
  }
  epollWatch(_epoll: number, fd: number, events: number, _tag: number, change: 0 | 1): number {
    const failure = this.failures.get(fd);
    if (failure !== undefined) return failure;
    if ((change === 1) !== this.watched.has(fd)) throw new Error(`descriptor ${fd}: change ${change}`);
    this.watched.set(fd, events);
    return 0;
  }
  epollRemove(_epoll: number, fd: number): number {
    if (!this.watched.delete(fd)) throw new Error(`descriptor ${fd} is not watched`);
    return 0;
  }
  timerSet(_timer: number, nanoseconds: number): number {
    this.set = nanoseconds;
    this.settings++;
    return 0;
  }
}

function made(): {
  fake: Fake;
  waits: Waits<string>;
  ends: [string, number][];
  end: (who: string) => (n: number) => void;
} {
  const fake = new Fake();
  const ends: [string, number][] = [];
  const waits = new Waits<string>({ watcher: fake, epoll: 3, timer: 4, tag: (fd) => fd });
  return { fake, waits, ends, end: (who) => (n) => void ends.push([who, n]) };
}

describe('waits', () => {
  it('end when a descriptor is ready, and nothing stays watched', () => {
    const { fake, waits, ends, end } = made();
    waits.begin(
      'a',
      {
        fds: [
          { fd: 7, events: POLLIN },
          { fd: 8, events: POLLOUT },
        ],
      },
      end('a'),
    );
    expect([...fake.watched]).to.deep.equal([
      [7, POLLIN | ALWAYS],
      [8, POLLOUT | ALWAYS],
    ]);
    waits.ready(8);
    expect(ends).to.deep.equal([['a', 0]]);
    expect(fake.watched.size).to.equal(0);
    expect(waits.size).to.equal(0);
    waits.ready(8);
    expect(ends.length).to.equal(1);
  });

  it('a descriptor named twice is watched once, for both', () => {
    const { fake, waits, end } = made();
    waits.begin(
      'a',
      {
        fds: [
          { fd: 7, events: POLLIN },
          { fd: 7, events: POLLOUT },
        ],
      },
      end('a'),
    );
    expect([...fake.watched]).to.deep.equal([[7, POLLIN | POLLOUT | ALWAYS]]);
  });

  it('several wait on one descriptor, each for its own events', () => {
    const { fake, waits, ends, end } = made();
    waits.begin('a', { fds: [{ fd: 7, events: POLLIN }] }, end('a'));
    waits.begin('b', { fds: [{ fd: 7, events: POLLOUT }] }, end('b'));
    expect(fake.watched.get(7)).to.equal(POLLIN | POLLOUT | ALWAYS);
    waits.forget('b');
    expect(fake.watched.get(7)).to.equal(POLLIN | ALWAYS);
    waits.begin('c', { fds: [{ fd: 7, events: POLLIN }] }, end('c'));
    waits.ready(7);
    expect(ends).to.deep.equal([
      ['a', 0],
      ['c', 0],
    ]);
    expect(fake.watched.size).to.equal(0);
  });

  it('who waits again as it is resumed is not resumed again for the same', () => {
    const { waits, ends, end } = made();
    const wait = { fds: [{ fd: 7, events: POLLIN }] };
    const again = (n: number): void => {
      ends.push(['a', n]);
      waits.begin('a', wait, again);
    };
    waits.begin('a', wait, again);
    waits.begin('b', wait, end('b'));
    waits.ready(7);
    expect(ends).to.deep.equal([
      ['a', 0],
      ['b', 0],
    ]);
    expect(waits.size).to.equal(1);
  });

  it('who is resumed may end the wait of another', () => {
    const { waits, ends, end } = made();
    const wait = { fds: [{ fd: 7, events: POLLIN }] };
    waits.begin('a', wait, () => waits.forget('b'));
    waits.begin('b', wait, end('b'));
    waits.ready(7);
    expect(ends).to.deep.equal([]);
  });

  it('end in time: ETIMEDOUT at the deadline, not before', () => {
    const { fake, waits, ends, end } = made();
    waits.begin('a', { until: 1050.5 }, end('a'));
    expect(fake.set).to.equal(50.5e6);
    waits.begin('b', { until: 1010 }, end('b'));
    expect(fake.set).to.equal(10e6);
    fake.time = 1010;
    waits.expire();
    expect(ends).to.deep.equal([['b', ETIMEDOUT]]);
    expect(fake.set).to.equal(40.5e6);
    fake.time = 1050;
    waits.expire();
    expect(ends.length).to.equal(1);
    fake.time = 1051;
    waits.expire();
    expect(ends[1]).to.deep.equal(['a', ETIMEDOUT]);
    expect(fake.set, 'the timer is stopped').to.equal(0);
  });

  it('a deadline that is over ends later, not within begin', () => {
    const { waits, ends, end } = made();
    waits.begin('a', { until: -5 }, end('a'));
    expect(ends).to.deep.equal([]);
    waits.expire();
    expect(ends).to.deep.equal([['a', ETIMEDOUT]]);
  });

  it('a far deadline does not overflow the timer', () => {
    const { fake, waits, end } = made();
    waits.begin('a', { until: 1e300 }, end('a'));
    expect(fake.set).to.equal(3_600_000e6);
    fake.time += 3_600_000;
    waits.expire();
    expect(waits.size).to.equal(1);
    expect(fake.set).to.equal(3_600_000e6);
  });

  it('look again: 0, unless the deadline comes first', () => {
    const { fake, waits, ends, end } = made();
    waits.begin('a', { again: 20, until: 1030 }, end('a'));
    waits.begin('b', { again: 20, until: 1015 }, end('b'));
    fake.time = 1020;
    waits.expire();
    expect(ends).to.deep.equal([
      ['a', 0],
      ['b', ETIMEDOUT],
    ]);
  });

  it('the end of a process ends the waits for one, and no other', () => {
    const { waits, ends, end } = made();
    let ended = false;
    waits.begin('a', { processes: () => ended }, end('a'));
    waits.begin('b', {}, end('b'));
    waits.processEnded();
    expect(ends).to.deep.equal([]);
    ended = true;
    waits.processEnded();
    expect(ends).to.deep.equal([['a', 0]]);
  });

  it('a process that ended between the look and the wait is not lost, nor after a signal', () => {
    const { waits, ends, end } = made();
    waits.begin('a', { processes: () => true }, end('a'));
    waits.begin('b', { processes: () => true }, end('b'), true);
    expect(ends).to.deep.equal([]);
    waits.expire();
    expect(ends).to.deep.equal([
      ['a', 0],
      ['b', 0],
    ]);
  });

  it('are cancelled: EINTR, once, later, and nothing stays watched', () => {
    const { fake, waits, ends, end } = made();
    expect(waits.cancel('a')).to.equal(false);
    waits.begin('a', { fds: [{ fd: 7, events: POLLIN }], until: 5000 }, end('a'));
    expect(waits.cancel('a')).to.equal(true);
    expect(fake.watched.size).to.equal(0);
    expect(ends).to.deep.equal([]);
    waits.ready(7);
    waits.expire();
    expect(ends).to.deep.equal([['a', EINTR]]);
    expect(waits.cancel('a')).to.equal(false);
  });

  it('a signal that came before the wait is not lost', () => {
    const { fake, waits, ends, end } = made();
    waits.begin('a', { fds: [{ fd: 7, events: POLLIN }] }, end('a'), true);
    expect(fake.watched.size).to.equal(0);
    waits.expire();
    expect(ends).to.deep.equal([['a', EINTR]]);
  });

  it('deaf ones hear no signal', () => {
    const { fake, waits, ends, end } = made();
    waits.begin('a', { again: 1, deaf: true }, end('a'), true);
    expect(waits.cancel('a')).to.equal(false);
    fake.time += 1;
    waits.expire();
    expect(ends).to.deep.equal([['a', 0]]);
  });

  it('are forgotten without a word', () => {
    const { fake, waits, ends, end } = made();
    waits.begin('a', { fds: [{ fd: 7, events: POLLIN }], until: 1001 }, end('a'));
    waits.forget('a');
    waits.forget('a');
    fake.time = 2000;
    waits.ready(7);
    waits.expire();
    expect(ends).to.deep.equal([]);
    expect([fake.watched.size, waits.size]).to.deep.equal([0, 0]);
  });

  it('what epoll does not take is ready, what it cannot take is looked at', () => {
    const { fake, waits, ends, end } = made();
    fake.failures.set(7, -ERRNO.EPERM).set(8, -ERRNO.ENOSPC);
    waits.begin('a', { fds: [{ fd: 7, events: POLLIN }] }, end('a'));
    waits.begin('b', { fds: [{ fd: 8, events: POLLIN }] }, end('b'));
    waits.expire();
    expect(ends).to.deep.equal([['a', 0]]);
    fake.time += 10;
    waits.expire();
    expect(ends[1]).to.deep.equal(['b', 0]);
  });

  it('a thread waits for one thing at a time', () => {
    const { waits, end } = made();
    waits.begin('a', {}, end('a'));
    expect(() => waits.begin('a', {}, end('a'))).to.throw('one thing');
  });
});

describe('waits on the kernel', () => {
  const descriptors = (): number => readdirSync('/proc/self/fd').length;
  const TIME = 1 << 23;

  /** The loop, until the wait ends. */
  class Loop {
    readonly epoll = native.epollCreate();
    readonly timer = native.timerCreate();
    readonly waits = new Waits<number>({
      watcher: { ...native, now: () => performance.now() },
      epoll: this.epoll,
      timer: this.timer,
      tag: (fd) => fd,
    });
    constructor() {
      native.epollAdd(this.epoll, this.timer, TIME);
    }
    turn(milliseconds: number): boolean {
      const event = new Uint32Array(2);
      if (native.step(this.epoll, milliseconds, event) !== 1) return false;
      if (event[0] === TIME) this.waits.expire();
      else this.waits.ready(event[0]);
      return true;
    }
    close(): void {
      native.close(this.epoll);
      native.close(this.timer);
    }
  }

  it('10,000 waits leave no descriptor and no readiness behind', function () {
    this.timeout(20_000);
    const loop = new Loop();
    const pipe = new Int32Array(2);
    native.pipe2(0o2000000, pipe);
    const before = descriptors();
    let ended = 0;
    for (let i = 0; i < 10_000; i++) {
      const pin = native.fcntl(pipe[0], 1030, 0);
      if (i % 2 === 0) native.write(pipe[1], new Uint8Array(1), 1);
      loop.waits.begin(0, { fds: [{ fd: pin, events: POLLIN }], until: performance.now() + 0.01 }, () => ended++);
      if (i % 3 === 0) loop.waits.cancel(0);
      while (ended <= i) loop.turn(1000);
      native.close(pin);
      if (i % 2 === 0) native.read(pipe[0], new Uint8Array(1), 1);
    }
    expect(descriptors()).to.equal(before);
    expect(loop.turn(5), 'the loop sleeps').to.equal(false);
    loop.close();
  });

  it('a set of 4096, of which one is ready', () => {
    const loop = new Loop();
    const pipe = new Int32Array(2);
    native.pipe2(0o2000000, pipe);
    const pins = Array.from({ length: 4096 }, () => native.fcntl(pipe[0], 1030, 0)).filter((fd) => fd >= 0);
    let end: number | undefined;
    loop.waits.begin(0, { fds: pins.map((fd) => ({ fd, events: POLLIN })) }, (n) => (end = n));
    expect(loop.turn(5)).to.equal(false);
    native.write(pipe[1], new Uint8Array(1), 1);
    loop.turn(1000);
    expect(end).to.equal(0);
    expect(loop.turn(5), 'none of the others stays watched').to.equal(false);
    for (const fd of pins) native.close(fd);
    loop.close();
  });

  it('a regular file is ready at once', () => {
    const loop = new Loop();
    const fd = native.openat(-100, '/etc/passwd', 0, 0);
    let end: number | undefined;
    loop.waits.begin(0, { fds: [{ fd, events: POLLIN }] }, (n) => (end = n));
    expect(end).to.equal(undefined);
    loop.turn(1000);
    expect(end).to.equal(0);
    native.close(fd);
    loop.close();
  });
});
