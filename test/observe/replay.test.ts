/** Recorded questions, asked of other policies. */
import { expect } from 'chai';
import { diffText, placeOf, rulesUsed, testText } from '../../src/observe/replay.js';
import { compile } from '../../src/policy/compile.js';
import { judgeOf } from '../../src/policy/judge-of.js';
import type { Asked, CallEvent } from '../../src/referee/watch.js';
import { NUMBERS, type SyscallName } from '../../src/abi/numbers.js';
import { rulesOfTexts } from '../policy/helpers.js';

const judge = (text: string) => judgeOf(compile(rulesOfTexts(text)));
const ALLOW = { verdict: { verdict: 'allow' }, rule: null } as const;
const DENY = { verdict: { verdict: 'deny', errno: 13 }, rule: null } as const;
const call = (name: SyscallName, ...asked: Asked[]): CallEvent => ({
  pid: 7,
  tid: 7,
  nr: NUMBERS[name],
  name,
  registers: [0, 0, 0, 0, 0, 0],
  args: [],
  note: '',
  returns: 'int',
  asked,
  mechanism: 'answered',
  orders: 0,
  result: 0,
  time: 0,
  micros: 0,
});
const read = (path: string, decision: Asked['decision'] = ALLOW): Asked => ({
  question: { ask: 'path', access: 'read', path },
  decision,
});
const CALLS = [
  call('getpid'),
  call('openat', read('/a')),
  call('openat', read('/a')),
  call('openat', read('/b', DENY)),
  call('rename', { question: { ask: 'relabel', from: '/b', to: '/a', directory: false }, decision: ALLOW }),
];
const told = (text: string): string[] => text.replace(/\/\S*\/(?=\d\.yaml)/g, '').split('\n');

describe('policy test', () => {
  it('tells what would be refused, and whether it was', () => {
    const { text, differs } = testText(judge('files: [{ read: ["/a"] }]'), CALLS);
    expect(told(text)).to.deep.equal([
      'denied, as it was: openat: read "/b" = EACCES by default: no rule names it',
      'denied: rename: "/a" would grant more than "/b" = EACCES by 0.yaml:1:9: read /a',
      '# 9 questions, 2 denied, 1 of them allowed in the record',
      '',
    ]);
    expect(differs).to.equal(true);
  });
  it('nothing new is refused: no difference', () => {
    expect(testText(judge('files: [{ read: ["/a"] }]'), CALLS.slice(0, 4)).differs).to.equal(false);
  });
  it('equal ones are one line, and a call that no rule named in the record is judged by its name', () => {
    const { text } = testText(
      judge('files: [{ read: ["/**"] }]\nsyscalls: { getpid: kill, openat: { deny: EROFS } }'),
      CALLS,
    );
    expect(told(text)).to.deep.equal([
      'denied: getpid = kill by 0.yaml:2:21: getpid: kill',
      'denied: openat = EROFS by 0.yaml:2:35: openat: deny EROFS (3 times)',
      '# 6 questions, 4 denied, 4 of them allowed in the record',
      '',
    ]);
  });
});

describe('policy diff', () => {
  const one = judge('files: [{ read: ["/a"] }]');
  it('lists what flips, with both rules', () => {
    const other = judge('files: [{ read: ["/b"] }, { deny: ["/a"], errno: EPERM }]');
    const { text, differs } = diffText(one, other, CALLS);
    expect(told(text)).to.deep.equal([
      'openat: read "/a": allow (0.yaml:1:9: read /a) -> EPERM (0.yaml:1:27: deny /a) (2 times)',
      'openat: read "/b": EACCES (default) -> allow (0.yaml:1:9: read /b)',
      'rename: "/a" would grant more than "/b": EACCES (0.yaml:1:9: read /a) -> allow (default)',
      '# 4 flipped',
      '',
    ]);
    expect(differs).to.equal(true);
  });
  it('a call that is refused whole flips once', () => {
    const { text } = diffText(one, judge('files: [{ read: ["/a"] }]\nsyscalls: { openat: kill }'), CALLS.slice(1, 2));
    expect(told(text)).to.deep.equal([
      'openat: allow (default) -> kill (0.yaml:2:21: openat: kill)',
      '# 1 flipped',
      '',
    ]);
  });
  it('of a policy and itself is nothing', () => {
    expect(diffText(one, one, CALLS)).to.deep.equal({ text: '# 0 flipped\n', differs: false });
  });
});

it('rules that decided something', () => {
  const rules = rulesOfTexts('files: [{ read: ["/a", "/c"] }]');
  expect(rulesUsed(judgeOf(compile(rules)), CALLS)).to.deep.equal(new Set([placeOf(rules[0].rule)]));
});
