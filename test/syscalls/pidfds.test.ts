import { expect } from 'chai';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { ERRNO } from '../../src/abi/errno.js';
import { SIGNAL } from '../../src/abi/flags-process.js';
import { siginfo } from '../../src/abi/structs-process.js';
import { native } from '../../src/native/index.js';
import { signals } from '../../src/syscalls/signals.js';
import { FakeCall, MEMORY, run, type Ran } from './fake-process-call.js';

const { SIGUSR1, SIGUSR2 } = SIGNAL;
const INFO = MEMORY + 64;

/** Descriptors of real processes, one of which is a member. */
describe('pidfd_send_signal', () => {
  let call: FakeCall;
  let child: ChildProcess;
  let pid: number;
  const opened: number[] = [];
  const open = (fd: number): number => {
    opened.push(fd);
    return fd;
  };
  const send = (pinned: number, sig: number = SIGUSR1, info = 0, flags = 0): Ran => {
    call.pinned = pinned;
    return run(signals.pidfd_send_signal, call, [3, sig, info, flags]);
  };
  const refused = (errno: number): Ran => ({ orders: [], result: -errno });

  beforeEach(() => {
    child = spawn('sleep', ['600'], { stdio: 'ignore' });
    pid = child.pid ?? 0;
    call = new FakeCall();
    call.join(pid, { pidfd: open(native.pidfdOpen(pid, 0)) });
  });
  afterEach(async () => {
    opened.splice(0).forEach((fd) => native.close(fd));
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'close');
  });

  it('reaches a member by its number: the descriptor may be another by then', () => {
    const own = open(native.pidfdOpen(pid, 0));
    expect(send(own)).to.deep.equal({ orders: [[37, pid, SIGUSR1]], result: 0 });
    expect(send(own, 0).orders).to.deep.equal([[37, pid, 0]]);
  });
  it('a directory of procfs is as good', () => {
    expect(send(open(openSync(`/proc/${pid}`, 'r'))).orders).to.deep.equal([[37, pid, SIGUSR1]]);
    for (const other of [`/proc/${pid}/task/${pid}`, `/proc/${process.pid}`, '/proc', '/tmp'])
      expect(send(open(openSync(other, 'r'))), other).to.deep.equal(refused(ERRNO.EBADF));
  });
  it('reaches nobody else', () => {
    for (const who of [1, process.pid, process.ppid])
      expect(send(open(native.pidfdOpen(who, 0)), 0), `${who}`).to.deep.equal(refused(ERRNO.ESRCH));
    for (const file of ['/dev/null', '/proc/self/status'])
      expect(send(open(openSync(file, 'r'))), file).to.deep.equal(refused(ERRNO.EBADF));
    expect(send(-ERRNO.EBADF)).to.deep.equal(refused(ERRNO.EBADF));
  });
  it('a member that was waited for is gone, whoever has its number', async () => {
    const own = open(native.pidfdOpen(pid, 0));
    const directory = open(openSync(`/proc/${pid}`, 'r'));
    child.kill('SIGKILL');
    await once(child, 'close');
    expect(send(own)).to.deep.equal(refused(ERRNO.ESRCH));
    expect(send(directory)).to.deep.equal(refused(ERRNO.EBADF));
  });
  it('a siginfo is copied, and is of that signal', () => {
    const own = open(native.pidfdOpen(pid, 0));
    call.put(INFO, siginfo.encode({ signo: SIGUSR1, code: -1 }));
    const { orders } = send(own, SIGUSR1, INFO);
    expect(orders[0].slice(0, 3)).to.deep.equal([178, pid, SIGUSR1]);
    expect(siginfo.decode(call.inArena(orders[0][3]))).to.include({ signo: SIGUSR1, code: -1 });
    expect(send(own, SIGUSR2, INFO)).to.deep.equal(refused(ERRNO.EINVAL));
    expect(send(own, SIGUSR1, 4)).to.deep.equal(refused(ERRNO.EFAULT));
  });
  it('flags are of a later kernel', () => {
    expect(send(open(native.pidfdOpen(pid, 0)), SIGUSR1, 0, 1)).to.deep.equal(refused(ERRNO.EINVAL));
  });
});
