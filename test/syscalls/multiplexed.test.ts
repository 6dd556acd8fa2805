import { expect } from 'chai';
import { ERRNO } from '../../src/abi/errno.js';
import { NUMBERS } from '../../src/abi/numbers.js';
import type { Call } from '../../src/syscalls/dsl.js';
import { CARRIERS, demultiplex, IPC } from '../../src/syscalls/multiplexed.js';
import { rowOf } from '../../src/syscalls/table.js';
import { FakeCall, MEMORY } from './fake-process-call.js';

const words = (...list: number[]): Uint8Array => new Uint8Array(new Uint32Array(list).buffer);

function carried(carrier: 'socketcall' | 'ipc', registers: readonly number[], memory: Uint8Array = words()) {
  const fake = new FakeCall();
  fake.nr = NUMBERS[carrier];
  registers.forEach((r, i) => (fake.r[i] = r));
  fake.put(MEMORY, memory);
  const result = demultiplex(fake as unknown as Call);
  return typeof result === 'object' ? { ...result, registers: [...result.registers] } : result;
}
const ipc = (registers: readonly number[], memory?: Uint8Array) => carried('ipc', registers, memory);

describe('calls that carry others', () => {
  it('leaves other calls alone', () => {
    const fake = new FakeCall();
    fake.nr = NUMBERS.getpid;
    expect(demultiplex(fake as unknown as Call)).to.equal(undefined);
    for (const carrier of CARRIERS) expect(rowOf(carrier)).to.equal(undefined);
  });

  it('socketcall: reads as many words as the sub-call has, the other registers are 0', () => {
    expect(carried('socketcall', [3, MEMORY], words(5, 6, 7, 8))).to.deep.equal({
      row: 'connect',
      name: 'connect',
      registers: [5, 6, 7, 0, 0, 0],
      count: 3,
    });
    expect(carried('socketcall', [5, MEMORY], words(1, 2, 3, 4))).to.deep.include({ row: 'accept4', name: 'accept' });
    expect(carried('socketcall', [0, MEMORY])).to.equal(-ERRNO.EINVAL);
    expect(carried('socketcall', [21, MEMORY])).to.equal(-ERRNO.EINVAL);
    expect(carried('socketcall', [3, 8])).to.equal(-ERRNO.EFAULT);
  });

  it('ipc: brings the arguments into the order of the call of its own', () => {
    const cases: [number, string, number[]][] = [
      [1, 'semop', [11, 15, 12, 0, 0, 0]],
      [2, 'semget', [11, 12, 13, 0, 0, 0]],
      [4, 'semtimedop', [11, 15, 12, 16, 0, 0]],
      [11, 'msgsnd', [11, 15, 12, 13, 0, 0]],
      [13, 'msgget', [11, 12, 0, 0, 0, 0]],
      [14, 'msgctl', [11, 12, 15, 0, 0, 0]],
      [21, 'shmat', [11, 15, 12, 13, 0, 0]],
      [22, 'shmdt', [15, 0, 0, 0, 0, 0]],
      [23, 'shmget', [11, 12, 13, 0, 0, 0]],
      [24, 'shmctl', [11, 12, 15, 0, 0, 0]],
    ];
    for (const [number, name, registers] of cases)
      expect(ipc([number, 11, 12, 13, 15, 16]), name).to.deep.include({ name, registers });
  });

  it('ipc: semctl has a pointer to its union', () => {
    expect(ipc([3, 1, 2, 3, MEMORY, 9], words(0x1234))).to.deep.include({ registers: [1, 2, 3, 0x1234, 0, 0] });
    expect(ipc([3, 1, 2, 3, 0, 9])).to.equal(-ERRNO.EINVAL);
    expect(ipc([3, 1, 2, 3, 8, 9])).to.equal(-ERRNO.EFAULT);
  });

  it('ipc: msgrcv has a kludge in version 0, and its arguments in every other', () => {
    expect(ipc([12, 1, 2, 3, MEMORY, 9], words(0x5000, 7))).to.deep.include({ registers: [1, 0x5000, 2, 7, 3, 0] });
    for (const version of [1, 2, 0xffff])
      expect(ipc([(version << 16) | 12, 1, 2, 3, 0x6000, 9])).to.deep.include({ registers: [1, 0x6000, 2, 9, 3, 0] });
    expect(ipc([12, 1, 2, 3, 0, 9])).to.equal(-ERRNO.EINVAL);
    expect(ipc([12, 1, 2, 3, 8, 9])).to.equal(-ERRNO.EFAULT);
    expect(ipc([0x1000c, -1, 2, 3, MEMORY, 9])).to.equal(-ERRNO.EINVAL);
    expect(ipc([0x1000c, 1, -2, 3, MEMORY, 9])).to.equal(-ERRNO.EINVAL);
  });

  it('ipc: the version is no part of the number', () => {
    expect(ipc([0x10015, 1, 2, 3, 4, 5])).to.equal(-ERRNO.EINVAL); // shmat of iBCS2
    expect(ipc([0x20015, 1, 2, 3, 4, 5])).to.deep.include({ row: 'shmat' });
    expect(ipc([0x70002, 1, 2, 3, 4, 5])).to.deep.include({ row: 'semget' });
    for (const number of [0, 5, 10, 15, 20, 25, 0xffff]) expect(ipc([number])).to.equal(-ERRNO.ENOSYS);
  });

  it('ipc: every sub-call has its row', () => {
    for (const [number, { row, name }] of IPC) {
      expect(rowOf(row), `ipc ${number}`).to.not.equal(undefined);
      if (name === row) expect(rowOf(row)?.via?.ipc, name).to.equal(number);
    }
  });
});
