import { expect } from 'chai';
import { SEEK } from '../../src/abi/flags.js';
import { GRND } from '../../src/abi/flags-process.js';
import { NUMBERS, type SyscallName } from '../../src/abi/numbers.js';
import { stat64 } from '../../src/abi/structs.js';
import { ALSO_ASKED, ASKED } from '../../src/syscalls/calls-table.js';
import { type CallDescription, describeCalls, MECHANISMS } from '../../src/syscalls/describe-call.js';
import { describeKind } from '../../src/syscalls/describe-kind.js';
import { markdownOfCalls } from '../../src/syscalls/describe-markdown.js';
import {
  bytesOut,
  copyIn,
  dirfd,
  fd,
  flags,
  int,
  iovecIn,
  message,
  path,
  signal,
  sigset,
  sockaddr,
  string,
  structIn,
  structInOut,
  structs,
  words,
} from '../../src/syscalls/dsl.js';
import { families, rowOf } from '../../src/syscalls/table.js';
import { askers } from './askers.js';

const calls = describeCalls();
const own = (name: string): CallDescription => {
  const found = calls.find((call) => call.name === name && call.carried === undefined);
  if (found === undefined) throw new Error(`${name} is not described`);
  return found;
};
const carried = (by: string, number: number): CallDescription | undefined =>
  calls.find((call) => call.carried?.by === by && call.carried.number === number);

describe('the description of calls', () => {
  it('has every number once, in order', () => {
    const plain = calls.filter((call) => call.carried === undefined);
    expect(plain.map(({ number }) => number)).to.deep.equal(Object.values(NUMBERS).sort((a, b) => a - b));
    for (const { name, number } of plain) expect(NUMBERS[name as SyscallName]).to.equal(number);
  });
  it('has every sub-call of socketcall and ipc behind its carrier', () => {
    const numbers = (by: string): number[] => calls.flatMap((c) => (c.carried?.by === by ? [c.carried.number] : []));
    expect(numbers('socketcall')).to.deep.equal(Array.from({ length: 20 }, (_, i) => i + 1));
    expect(numbers('ipc')).to.deep.equal([1, 2, 3, 4, 11, 12, 13, 14, 21, 22, 23, 24]);
    const at = calls.findIndex(({ name }) => name === 'socketcall');
    expect(calls[at + 3])
      .to.include({ name: 'connect', number: 102 })
      .and.to.deep.include({
        carried: { by: 'socketcall', number: 3, runs: 'connect' },
      });
  });
  it('gives sub-calls the arguments that they carry, and what they ask', () => {
    expect(carried('socketcall', 5)?.arguments.map(({ name }) => name)).to.deep.equal(['socket', 'address', 'length']);
    expect(carried('socketcall', 9)?.asks, 'send has no address').to.deep.equal([]);
    expect(carried('socketcall', 11)?.asks).to.deep.equal(own('sendto').asks).and.not.to.deep.equal([]);
    expect(carried('ipc', 1)).to.include({ name: 'semop', mechanism: own('semtimedop_time64').mechanism });
  });
  it('says the mechanism of each row', () => {
    for (const call of calls) {
      expect(MECHANISMS).to.have.property(call.mechanism);
      const row = rowOf(call.carried?.runs ?? call.name);
      const by = row?.by === 'odd' ? 'decided' : row?.by;
      expect(call.mechanism, call.name).to.equal(by ?? 'carrier');
    }
    expect(own('socketcall')).to.include({ mechanism: 'carrier', family: 'multiplexed' });
  });
  it('says error and reason of what is denied, and only of that', () => {
    expect(own('mount')).to.include({ errno: 'EPERM', why: "the tree of mounts is the host's", family: 'denied' });
    for (const call of calls) expect('why' in call, call.name).to.equal(call.mechanism === 'denied');
  });
  it('names arguments in register order', () => {
    expect(own('getrandom').arguments.map(({ name, direction }) => [name, direction])).to.deep.equal([
      ['buffer', 'out'],
      ['count', 'in'],
      ['flags', 'in'],
    ]);
  });
  it('names only families of the table', () => {
    const known = [...Object.keys(families), 'multiplexed'];
    for (const call of calls) expect(known, call.name).to.include(call.family);
  });
});

describe('the description of a kind', () => {
  const CASES: readonly [what: string, got: unknown, is: object][] = [
    ['a number', describeKind(int()), { kind: 'value', direction: 'in', text: 'a number' }],
    ['a signal', describeKind(signal()), { kind: 'value', text: 'a signal' }],
    ['bits', describeKind(flags(GRND)), { text: 'bits', names: ['GRND_NONBLOCK', 'GRND_RANDOM', 'GRND_INSECURE'] }],
    ['one of several values', describeKind(flags(SEEK)), { kind: 'value', text: 'one of' }],
    ['a descriptor', describeKind(fd()), { kind: 'descriptor', text: 'a descriptor' }],
    ['a directory', describeKind(dirfd()), { kind: 'descriptor', text: "a directory's descriptor, or AT_FDCWD" }],
    ['a path from a directory', describeKind(path('stat', { at: 'at' })), { text: 'a path from at', from: 'at' }],
    [
      'a path that is not followed',
      describeKind(path('stat', { follow: false })),
      { text: 'a path, a last symlink itself' },
    ],
    ['a text', describeKind(string(256)), { kind: 'text', length: { most: 256 } }],
    [
      'bytes of a fixed size',
      describeKind(bytesOut(8)),
      { kind: 'bytes', direction: 'out', text: '8 bytes, written', length: { bytes: 8 } },
    ],
    [
      'bytes by an argument',
      describeKind(copyIn('count', 4096, 8)),
      {
        direction: 'in',
        text: 'count times 8 bytes, at most 4096, read',
        length: { argument: 'count', times: 8, most: 4096 },
      },
    ],
    [
      'a struct',
      describeKind(structIn(stat64)),
      { kind: 'struct', direction: 'in', struct: 'stat64', length: { bytes: 96 } },
    ],
    ['an optional struct', describeKind(structInOut(stat64, true)), { direction: 'inout', optional: true }],
    ['numbers in memory', describeKind(words('in', 'fd', 2)), { kind: 'words', length: { bytes: 8 } }],
    ['an array of structs', describeKind(structs('out', stat64, 'n')), { length: { argument: 'n', times: 96 } }],
    ['a socket address', describeKind(sockaddr('out', 'n')), { kind: 'address', direction: 'out' }],
    ['messages', describeKind(message('in', 'n')), { kind: 'message', struct: 'mmsghdr' }],
    ['a set of signals', describeKind(sigset('in', 8)), { kind: 'signal set', length: { bytes: 8 } }],
    [
      'an iovec',
      describeKind(iovecIn('count')),
      { kind: 'iovec', direction: 'in', length: { argument: 'count', times: 8 } },
    ],
  ];
  for (const [what, got, is] of CASES) it(`of ${what}`, () => expect(got).to.deep.include(is));

  it('of a choice lists what it is for the values that have names', () => {
    const argument = own('fcntl64').arguments[2];
    expect(argument).to.include({ kind: 'choice', on: 'command', text: 'depends on command' });
    const lock = argument.alternatives?.find(({ when }) => when.includes('F_SETLK64'));
    expect(lock?.text).to.match(/^flock64, 24 bytes/);
    expect(argument.alternatives?.flatMap(({ when }) => when)).to.include('F_DUPFD');
  });
  it('knows the length of all that is pointed to', () => {
    for (const { name, arguments: all } of calls)
      for (const argument of all)
        if (['bytes', 'struct', 'words', 'address', 'signal set', 'iovec', 'text'].includes(argument.kind))
          expect(Object.keys(argument.length ?? {}), `${name}: ${argument.name}`).not.to.be.empty;
  });
});

describe('what calls ask', function () {
  let asking: string[] = [];
  before(() => {
    asking = askers();
  });
  it('is found in the source', () =>
    expect(asking).to.include.members(['openat', 'rename', 'connect', 'fchmod', 'listen']));
  it('is said for every row that asks by code of its own', () => {
    const silent = asking.filter((name) => !(name in ASKED) && !(name in ALSO_ASKED));
    expect(silent, 'say what they ask, in ASKED or ALSO_ASKED of src/syscalls/calls-table.ts').to.deep.equal([]);
  });
  it('is said of no row that does not', () => {
    expect(Object.keys(ALSO_ASKED).filter((name) => !asking.includes(name))).to.deep.equal([]);
    const byKind = (name: string): boolean => rowOf(name)?.args.some(([, kind]) => kind.kind === 'path') ?? false;
    const stale = Object.keys(ASKED).filter((name) => !asking.includes(name) && !byKind(name) && !/^execve/.test(name));
    expect(stale).to.deep.equal([]);
  });
  it('stands in the description', () => {
    for (const name of asking) expect(own(name).asks, name).not.to.be.empty;
    expect(own('rename').asks).to.deep.equal([
      { argument: 'from', what: 'create' },
      { argument: 'to', what: 'create' },
      { what: 'that the new name grants no more than the old one' },
    ]);
  });
});

describe('docs/syscalls.md', () => {
  const page = markdownOfCalls();
  it('has a row for every call', () => {
    for (const { name } of calls) expect(page).to.contain(`| \`${name}\` |`);
  });
  it('has tables whose rows have the cells of their head', () => {
    let cells = 0;
    for (const line of page.split('\n')) {
      const count = line.startsWith('|') ? line.replaceAll('\\|', '').split('|').length : 0;
      if (cells > 0 && count > 0) expect(count, line).to.equal(cells);
      cells = count;
    }
  });
});
