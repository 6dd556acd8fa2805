/** Which births and executions are asked of the referee, and which flags are refused. */
import { expect } from 'chai';
import { CLONE } from '../../src/abi/flags-process.js';
import { ERRNO } from '../../src/abi/errno.js';
import { cloneArgs, userDesc } from '../../src/abi/structs-process.js';
import { births } from '../../src/syscalls/births.js';
import type { Birth } from '../../src/syscalls/dsl.js';
import { FakeCall, MEMORY, PROTECTED, run } from './fake-process-call.js';

const C = CLONE.values;
const THREAD = C.CLONE_VM | C.CLONE_FS | C.CLONE_FILES | C.CLONE_SIGHAND | C.CLONE_THREAD;
const PTHREAD = THREAD | C.CLONE_SYSVSEM | C.CLONE_SETTLS | C.CLONE_PARENT_SETTID | C.CLONE_CHILD_CLEARTID;
const SIGCHLD = 17;
const STACK = MEMORY + 0x8000;
const [PARENT, TLS, CHILD] = [MEMORY + 0x10, MEMORY + 0x20, MEMORY + 0x40];

describe('births', () => {
  let call: FakeCall;
  beforeEach(() => (call = new FakeCall()));
  const clone = (flags: number, stack = STACK) =>
    run(births.clone, call, [flags >>> 0, stack, PARENT, TLS, CHILD]).result;
  const birthOf = (result: unknown): Birth => (result as { birth: Birth }).birth;

  it('a thread, as pthread_create asks for it', () => {
    call.put(TLS, userDesc.encode({ entry: 12, base: 0x4000, limit: 0xfffff, flags: 0x51 }));
    const birth = birthOf(clone(PTHREAD));
    expect(birth).to.deep.include({
      kind: 'thread',
      held: false,
      stack: STACK,
      parentTid: PARENT,
      childTid: 0,
      clearTid: CHILD,
    });
    expect(userDesc.decode(birth.tls as Uint8Array).base).to.equal(0x4000);
  });
  it('a fork, a vfork, and what posix_spawn asks for', () => {
    expect(birthOf(run(births.fork, call, []).result)).to.deep.include({
      kind: 'process',
      held: false,
      exitSignal: SIGCHLD,
    });
    expect(birthOf(run(births.vfork, call, []).result)).to.deep.include({ kind: 'process', held: true });
    expect(birthOf(clone(SIGCHLD, 0))).to.deep.include({ kind: 'process', held: false, exitSignal: SIGCHLD });
    const vfork = C.CLONE_VM | C.CLONE_VFORK | SIGCHLD;
    expect(birthOf(clone(vfork))).to.deep.include({ kind: 'sharing', held: true, stack: STACK });
    expect(birthOf(clone(vfork, 0)), 'on the stack of its parent').to.deep.include({ kind: 'process', held: true });
  });

  const SPARED = C.CLONE_SYSVSEM | C.CLONE_DETACHED | C.CLONE_UNTRACED | C.CLONE_IO;
  it('no other combination of two flags is any of these', () => {
    const bits = Array.from({ length: 24 }, (_, i) => (1 << (i + 8)) >>> 0);
    for (const a of bits)
      for (const b of bits) {
        const flags = (a | b) >>> 0;
        const result = clone(flags | SIGCHLD, STACK);
        const known = C.CLONE_VM | C.CLONE_VFORK | C.CLONE_PIDFD | SPARED;
        const ids = C.CLONE_PARENT_SETTID | C.CLONE_CHILD_SETTID | C.CLONE_CHILD_CLEARTID | C.CLONE_SETTLS;
        const allowed = (flags & ~(known | ids)) === 0 && ((flags & C.CLONE_VM) === 0 || (flags & C.CLONE_VFORK) !== 0);
        if (allowed) expect(birthOf(result), flags.toString(16)).to.be.an('object');
        else expect(result, flags.toString(16)).to.equal(-ERRNO.EPERM);
      }
  });
  it('a thread lacks nothing that threads share, and has nothing more', () => {
    for (const missing of [C.CLONE_VM, C.CLONE_FS, C.CLONE_FILES, C.CLONE_SIGHAND])
      expect(clone(THREAD & ~missing)).to.equal(-ERRNO.EPERM);
    for (const more of [C.CLONE_VFORK, C.CLONE_PIDFD, C.CLONE_PARENT, C.CLONE_NEWUSER, C.CLONE_PTRACE])
      expect(clone(THREAD | more)).to.equal(-ERRNO.EPERM);
  });
  it('a pidfd is not put into protected memory, nor TLS read from nowhere', () => {
    expect(run(births.clone, call, [C.CLONE_PIDFD | SIGCHLD, 0, PROTECTED, 0, 0]).result).to.equal(-ERRNO.EFAULT);
    expect(run(births.clone, call, [PTHREAD, STACK, 0, 1, 0]).result).to.equal(-ERRNO.EFAULT);
  });

  describe('clone3', () => {
    const ARGS = MEMORY + 0x100;
    const clone3 = (values: Record<string, number>, size = cloneArgs.size) => {
      const all = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, BigInt(value)]));
      call.put(ARGS, cloneArgs.encode(all));
      return run(births.clone3, call, [ARGS, size]).result;
    };
    it('means the same, with the stack from its lower end', () => {
      const flags = C.CLONE_VM | C.CLONE_VFORK;
      const birth = birthOf(clone3({ flags, exitSignal: SIGCHLD, stack: MEMORY, stackSize: 0x1000 }));
      expect(birth).to.deep.include({ kind: 'sharing', held: true, stack: MEMORY + 0x1000, exitSignal: SIGCHLD });
    });
    it('refuses sizes, flags and fields that it does not know', () => {
      expect(clone3({}, 63)).to.equal(-ERRNO.EINVAL);
      expect(clone3({}, 4097)).to.equal(-ERRNO.E2BIG);
      call.put(ARGS + cloneArgs.size, Uint8Array.of(1));
      expect(clone3({}, cloneArgs.size + 8)).to.equal(-ERRNO.E2BIG);
      expect(clone3({ flags: 2 ** 32 })).to.equal(-ERRNO.EINVAL);
      expect(clone3({ setTid: ARGS, setTidSize: 1 })).to.equal(-ERRNO.EINVAL);
      expect(clone3({ stack: MEMORY })).to.equal(-ERRNO.EINVAL);
      expect(clone3({ exitSignal: 65 })).to.equal(-ERRNO.EINVAL);
    });
  });

  it('an execution names its path as it stands', () => {
    call.put(MEMORY, Buffer.from('/bin/x\0'));
    const asked = { dir: -100, path: '/bin/x', flags: 0, argv: 0x30, envp: 0x40 };
    expect(run(births.execve, call, [MEMORY, 0x30, 0x40]).result).to.deep.equal({
      outcome: 'execution',
      execution: asked,
    });
    expect(run(births.execveat, call, [5, MEMORY, 0x30, 0x40, 0x1000]).result).to.deep.equal({
      outcome: 'execution',
      execution: { ...asked, dir: 5, flags: 0x1000 },
    });
    expect(run(births.execveat, call, [5, MEMORY, 0, 0, 0x2000]).result).to.equal(-ERRNO.EINVAL);
  });
  it("exit is the thread's, exit_group the process's", () => {
    expect(run(births.exit, call, [7]).result).to.deep.equal({ outcome: 'exit', status: 7 });
    expect(run(births.exit_group, call, [42]).orders).to.deep.equal([[252, 42]]);
  });
});
