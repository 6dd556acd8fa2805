import { expect } from 'chai';
import { spawn, type ChildProcess } from 'node:child_process';
import { ERRNO } from '../../src/abi/errno.js';
import { FCNTL, IOCTL, OPEN } from '../../src/abi/flags.js';
import { fOwnerEx } from '../../src/abi/structs.js';
import { native } from '../../src/native/index.js';
import { descriptors } from '../../src/syscalls/descriptors.js';
import { FakeCall, MEMORY, PARENT, PROTECTED, RESERVED, run, UNTRUSTEE } from './fake-process-call.js';

const F = FCNTL.values;
const AT = MEMORY + 64;
const SOCK_STREAM = 1;

/** The owner of a real socket, whose members are real processes. */
describe('the owner of a file', () => {
  const sockets = new Int32Array(2);
  let call: FakeCall;
  let child: ChildProcess;
  let pid: number;
  const owner = (): number => native.fcntl(sockets[0], F.F_GETOWN, 0);
  const set = (who: number): unknown => run(descriptors.fcntl64, call, [3, F.F_SETOWN, who]).result;
  const setEx = (type: number, who: number): unknown => {
    call.put(AT, fOwnerEx.encode({ type, pid: who }));
    return run(descriptors.fcntl64, call, [3, F.F_SETOWN_EX, AT]).result;
  };
  const byRequest = (request: number, who: number): unknown => {
    call.put(AT, new Uint8Array(Int32Array.of(who).buffer));
    return run(descriptors.ioctl, call, [3, request, AT]).result;
  };

  beforeEach(() => {
    native.socketpair(SOCK_STREAM | 0o2000000, sockets);
    child = spawn('sleep', ['600'], { detached: true, stdio: 'ignore' });
    pid = child.pid ?? 0;
    call = new FakeCall();
    call.pinned = sockets[0];
    call.join(pid, { pidfd: native.pidfdOpen(pid, 0), group: pid }, [pid, pid + 500]);
  });
  afterEach((done) => {
    for (const fd of [...sockets, call.members[1].pidfd]) native.close(fd);
    if (child.exitCode !== null || child.signalCode !== null) return done();
    child.once('close', () => done());
    child.kill('SIGKILL');
  });

  it('can be a process of the sandbox, or a group of its processes', () => {
    for (const [how, expected] of [
      [() => set(pid), pid],
      [() => set(0), 0],
      [() => set(pid + 500), pid],
      [() => setEx(1, pid), pid],
      [() => setEx(1, 0), 0],
      [() => setEx(0, pid), pid],
      [() => byRequest(IOCTL.values.FIOSETOWN, 0), 0],
      [() => byRequest(IOCTL.values.SIOCSPGRP, pid), pid],
    ] as const) {
      expect(how()).to.equal(0);
      expect(owner()).to.equal(expected);
    }
    // what the kernel has for a group looks like an error
    for (const how of [() => set(-pid), () => setEx(2, pid), () => byRequest(IOCTL.values.FIOSETOWN, -pid)]) {
      set(pid);
      expect(how()).to.equal(0);
      expect(owner()).to.be.at.most(0);
    }
  });

  it('is nobody else, by whatever door', () => {
    const others = [1, PARENT, process.pid, process.ppid, pid + UNTRUSTEE, pid + 1, 0x7fffffff];
    const groups = [...others, call.process.firstGroup];
    set(pid);
    for (const who of others)
      for (const how of [
        () => set(who),
        () => setEx(0, who),
        () => setEx(1, who),
        () => byRequest(IOCTL.values.FIOSETOWN, who),
        () => byRequest(IOCTL.values.SIOCSPGRP, who),
      ])
        expect(how(), String(who)).to.equal(-ERRNO.ESRCH);
    for (const group of groups)
      for (const how of [() => set(-group), () => setEx(2, group), () => byRequest(IOCTL.values.SIOCSPGRP, -group)])
        expect(how(), String(group)).to.equal(-ERRNO.ESRCH);
    expect(setEx(0, pid + 500)).to.equal(-ERRNO.EINVAL);
    expect(setEx(3, pid)).to.equal(-ERRNO.EINVAL);
    expect(setEx(-1, pid)).to.equal(-ERRNO.EINVAL);
    expect(setEx(1, -pid)).to.equal(-ERRNO.ESRCH);
    expect(set(-0x80000000)).to.equal(-ERRNO.EINVAL);
    expect(owner()).to.equal(pid);
  });

  it('is the first group neither, though members are in it', () => {
    call.join(5000, { group: PARENT });
    expect(set(-PARENT)).to.equal(-ERRNO.EPERM);
  });

  it('is nobody when the member ended meanwhile', (done) => {
    child.once('exit', () => {
      expect(set(pid)).to.equal(-ERRNO.ESRCH);
      expect(owner()).to.equal(0);
      done();
    });
    child.kill('SIGKILL');
  });

  it('is read from memory that can be read, of descriptors that are the program’s', () => {
    expect(run(descriptors.fcntl64, call, [3, F.F_SETOWN_EX, 8]).result).to.equal(-ERRNO.EFAULT);
    expect(run(descriptors.fcntl64, call, [3, F.F_SETOWN_EX, PROTECTED]).result).to.equal(-ERRNO.EFAULT);
    expect(run(descriptors.ioctl, call, [3, IOCTL.values.FIOSETOWN, 8]).result).to.equal(-ERRNO.EFAULT);
    call.pinned = -ERRNO.EBADF;
    expect(run(descriptors.fcntl64, call, [RESERVED.from, F.F_SETOWN, pid]).result).to.equal(-ERRNO.EBADF);
    expect(setEx(1, pid)).to.equal(-ERRNO.EBADF);
  });

  describe('is sent signals', () => {
    const { FASYNC, O_NONBLOCK } = OPEN.values;
    const flags = (): number => native.fcntl(sockets[0], F.F_GETFL, 0);
    const byFlags = (value: number): unknown => run(descriptors.fcntl64, call, [3, F.F_SETFL, value]).result;
    const ways = [
      { on: () => byRequest(IOCTL.values.FIOASYNC, 1), off: () => byRequest(IOCTL.values.FIOASYNC, 0) },
      { on: () => byFlags(FASYNC | O_NONBLOCK), off: () => byRequest(IOCTL.values.FIOASYNC, 0) },
    ];
    it('when it is of the sandbox, or nobody yet', () => {
      for (const who of [0, pid])
        for (const { on, off } of ways) {
          set(who);
          expect(on()).to.equal(0);
          expect(flags() & FASYNC).to.equal(FASYNC);
          expect(on()).to.equal(0);
          expect(off()).to.equal(0);
          expect(flags() & FASYNC).to.equal(0);
        }
    });
    it('when it is another process or a group: never', () => {
      for (const who of [process.pid, process.ppid, -pid])
        for (const { on, off } of ways) {
          native.fcntl(sockets[0], F.F_SETOWN, who);
          expect(on()).to.equal(-ERRNO.EPERM);
          expect(off()).to.equal(0);
          expect(flags() & FASYNC).to.equal(0);
        }
    });
    it('of sockets and pipes: a terminal names its owner itself', () => {
      const pipe = new Int32Array(2);
      native.pipe2(0, pipe);
      const plain = native.openat(-100, '/dev/null', 0, 0);
      for (const [fd, result] of [
        [pipe[0], 0],
        [plain, -ERRNO.EPERM],
        [-ERRNO.EBADF, -ERRNO.EBADF],
      ]) {
        call.pinned = fd;
        for (const { on } of ways) expect(on()).to.equal(result);
      }
      for (const fd of [...pipe, plain]) native.close(fd);
    });
  });

  it('is asked for by requests of sockets only', () => {
    call.pinned = native.epollCreate();
    expect(byRequest(IOCTL.values.FIOSETOWN, pid)).to.equal(-ERRNO.ENOTTY);
    native.close(call.pinned);
  });
});
