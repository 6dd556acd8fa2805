/** Refusals in the log and as lines of JSON: the first is told, the same is counted, a flood is cut, nothing speaks to a terminal. */
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { JsonReceipts, receiptOf } from '../../src/observe/receipt.js';
import { omitted, receipt, receiptTable } from '../../src/observe/receipt-schema.js';
import { RefusalLog } from '../../src/observe/refusal-log.js';
import { allowAll } from '../../src/policy/compile.js';
import { decide } from '../../src/policy/decide.js';
import type { Decision, Question, RelabelQuestion } from '../../src/questions.js';
import type { Refusal } from '../../src/referee/refusal.js';
import { makeTemporary, remove } from '../support/run.js';

const EACCES: Decision = { verdict: { verdict: 'deny', errno: 13 }, rule: null };
const RULE = { file: 'a.yaml', line: 2, column: 3, text: 'deny /x', why: 'secret' };
const reading = (path: string): Question => ({ ask: 'path', access: 'read', path });
let decoded = 0;
const refusal = (question: Question | RelabelQuestion, decision = EACCES, more: Partial<Refusal> = {}): Refusal => ({
  pid: 7,
  tid: 8,
  program: '/bin/caf\xc3\xa9',
  call: 'openat',
  question,
  decision,
  judge: { decide: (q) => decide(allowAll(), q), mayRelabel: () => EACCES, calls: new Map() },
  arguments: () => (decoded++, ['AT_FDCWD', '"/x\\33"', 'O_RDONLY']),
  ...more,
});

describe('refusals in the log', () => {
  let lines: string[];
  let time: number;
  let log: RefusalLog;
  beforeEach(() => {
    [lines, time, decoded] = [[], 0, 0];
    log = new RefusalLog(
      (level, message) => level === 'warn' && lines.push(typeof message === 'string' ? message : message()),
      () => time,
    );
  });
  const told = 'denied openat: read "/x" = EACCES by default: no rule names it';

  it('the first is told at once, the same is counted, and told again after a while and at the end', () => {
    for (let i = 0; i < 3; i++) log.take(refusal(reading('/x')));
    expect(lines).to.deep.equal([told]);
    time = 5000;
    log.take(refusal(reading('/x')));
    expect(lines.slice(1)).to.deep.equal([`${told} (2 more since it was last told)`]);
    log.take(refusal(reading('/x')));
    log.end();
    expect(lines.slice(2)).to.deep.equal([`${told} (1 more)`]);
    log.end();
    expect(lines).to.have.lengthOf(3);
  });
  it('no argument is decoded for a line that nobody wants', () => {
    log.take(refusal(reading('/x')));
    expect(decoded).to.equal(0);
  });
  it('a flood of different ones is cut, and says so', () => {
    for (let i = 0; i < 100_000; i++) log.take(refusal(reading(`/${i}`)));
    expect(lines).to.have.lengthOf(200);
    time = 1000;
    log.take(refusal(reading('/last')));
    expect(lines.slice(200)).to.deep.equal([
      '99800 refusals were not shown: too many at once',
      'denied openat: read "/last" = EACCES by default: no rule names it',
    ]);
  });
  it('none is lost in the sum, however many kinds there are', () => {
    let made = 0;
    for (; made < 40_000; made++, time += 60) log.take(refusal(reading(`/${made % 3000}`)));
    log.end();
    const counted = lines.map((line) => {
      const more = /\((\d+) more/.exec(line);
      const cut = /^(\d+) (more )?refusals were not shown/.exec(line);
      return cut ? Number(cut[1]) : /\(\d+ more\)$/.test(line) ? Number(more?.[1]) : 1 + Number(more?.[1] ?? 0);
    });
    expect(counted.reduce((sum, n) => sum + n, 0)).to.equal(made);
  });
  it('an end by the policy has a line of its own', () => {
    log.take(refusal(reading('/x'), { verdict: { verdict: 'kill' }, rule: RULE }));
    expect(lines).to.deep.equal([]);
  });
  it('has no control bytes, whatever the names', () => {
    log.take(refusal(reading('/\x1b[31m\n\xe2\x80\xae'), EACCES, { program: '\x1b' }));
    expect(lines.join('')).to.match(/^[ -~]*$/);
  });
  it('says what was let through', () => {
    const instead = { verdict: 'deny', errno: 1 } as const;
    log.take(refusal(reading('/x'), { verdict: { verdict: 'allow', log: true, instead }, rule: RULE }));
    expect(lines).to.deep.equal([
      'let through, would be denied: openat: read "/x" = EPERM by a.yaml:2:3: deny /x (secret)',
    ]);
  });
});

describe('receipts', () => {
  const top = makeTemporary('receipts');
  after(() => remove(top));

  it('have the shape that is documented, for each kind of question', () => {
    const relabel: RelabelQuestion = { ask: 'relabel', from: '/a', to: '/b', directory: true };
    for (const one of [
      refusal(reading('/x')),
      refusal(relabel),
      refusal({ ask: 'syscall', name: 'mount' }, EACCES, { why: 'no program gets it', call: 'mount' }),
      refusal({ ask: 'socket', family: 'inet', type: 'raw', protocol: -1 }),
      refusal({ ask: 'connect', family: 'inet6', address: '::1', port: 80 }),
      refusal({ ask: 'unix', action: 'bind', path: '/s' }),
      refusal({ ask: 'name', space: 'sysv', name: 'shm:0x1' }),
      refusal(reading('/x'), { verdict: { verdict: 'kill' }, rule: RULE }),
    ])
      expect(receipt.safeParse(receiptOf(one)).error?.issues).to.equal(undefined);
  });
  it('tell call, program, thread, rule and what would allow it, in one line of ASCII each', () => {
    const file = join(top, 'json');
    const fd = openSync(file, 'w');
    const receipts = new JsonReceipts(fd);
    receipts.take(refusal(reading('/\x1b\xff')));
    receipts.take(refusal(reading('/x'), { verdict: { verdict: 'deny', errno: 1 }, rule: RULE }));
    receipts.end();
    closeSync(fd);
    const text = readFileSync(file, 'utf8');
    expect(text).to.match(/^[ -~\n]*$/);
    const [one, other] = text
      .trimEnd()
      .split('\n')
      .map((line) => receipt.parse(JSON.parse(line)));
    expect(one).to.deep.include({ pid: 7, tid: 8, call: 'openat', outcome: 'denied', error: 'EACCES', rule: null });
    expect(one.question).to.deep.equal(reading('/\x1b\xff'));
    expect(one.arguments).to.deep.equal(['AT_FDCWD', '"/x\\33"', 'O_RDONLY']);
    expect(one.allow).to.deep.equal({ section: 'files', rule: '- { read: ["/\\u001b\\\\xff"] }' });
    expect(other).to.deep.include({ error: 'EPERM', rule: RULE, allow: null });
  });
  it('are cut in a flood, and none is lost in the sum', () => {
    const file = join(top, 'flood');
    const fd = openSync(file, 'w');
    let time = 0;
    const receipts = new JsonReceipts(fd, () => time);
    const flood = (n: number): void => {
      for (let i = 0; i < n; i++) receipts.take(refusal(reading('/x')));
    };
    flood(5000);
    time = 1000;
    flood(300);
    receipts.end();
    receipts.end();
    closeSync(fd);
    const lines = readFileSync(file, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line): unknown => JSON.parse(line));
    const cut = lines.map((line) => omitted.safeParse(line).data?.omitted ?? 0);
    expect(cut.flatMap((n, i) => (n === 0 ? [] : [[i, n]]))).to.deep.equal([
      [2000, 3000],
      [2201, 100],
    ]);
    for (const line of lines.filter((_, i) => cut[i] === 0)) receipt.parse(line);
  });
  it('are documented field by field', () => {
    expect(readFileSync('docs/policy-tools.md', 'utf8')).to.contain(receiptTable());
  });
});
