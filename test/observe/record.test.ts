/** Records: what is written can be read, by others too; what is cut off, damaged or of another version is said. */
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { Packr, Unpackr } from 'msgpackr';
import { readRecord, Recorder, RECORD_VERSION, RecordError, type RecordHeader } from '../../src/observe/record.js';
import { Stats } from '../../src/observe/stats.js';
import type { CallEvent } from '../../src/referee/watch.js';
import { recordText } from '../../src/cli/show.js';
import { makeTemporary, remove } from '../support/run.js';

const HEADER: RecordHeader = { started: 1, command: ['/bin/caf\u00e9', 'a b'], cwd: '/tmp', acl: ['demo.yaml'] };
const EVENT: CallEvent = {
  pid: 7,
  tid: 8,
  nr: 295,
  name: 'openat',
  registers: [4294967196, 2, 3, 4, 5, 6],
  args: ['AT_FDCWD', '"/secret/\\377"', 'O_RDONLY'],
  note: '',
  returns: 'fd',
  asked: [
    {
      question: { ask: 'path', access: 'read', path: '/secret/\u00ff' },
      decision: {
        verdict: { verdict: 'deny', errno: 1 },
        rule: { file: 'demo.yaml', line: 5, column: 3, text: 'deny /secret/**', why: 'secret' },
      },
    },
  ],
  mechanism: 'denied',
  orders: 0,
  result: -1,
  time: 1000.5,
  micros: 12.25,
};

describe('records', () => {
  const top = makeTemporary('record');
  after(() => remove(top));
  const file = join(top, 'a.rec');

  function write(events: readonly CallEvent[], status?: number, header = HEADER): Buffer {
    const fd = openSync(file, 'w');
    const recorder = new Recorder(fd, header);
    for (const event of events) recorder.call(event);
    if (status !== undefined) recorder.end(status);
    closeSync(fd);
    return readFileSync(file);
  }

  it('come back as they were written', () => {
    write([EVENT, { ...EVENT, result: null, why: 'no program gets it' }], 3);
    const record = readRecord(file);
    expect(record.header).to.deep.include(HEADER);
    expect(record.status).to.equal(3);
    expect(record.calls.map((call) => ({ ...call, is: undefined }))).to.deep.equal([
      { ...EVENT, is: undefined },
      { ...EVENT, is: undefined, result: null, why: 'no program gets it' },
    ]);
  });
  it('are plain MessagePack maps, one after the other', () => {
    const all: unknown[] = [];
    new Unpackr({ mapsAsObjects: true }).unpackMultiple(write([EVENT], 0), (value) => void all.push(value));
    expect(all).to.have.length(3);
    expect(all[0]).to.include({ is: 'header', format: 'seccomp-nurse record', version: RECORD_VERSION });
    expect(all[2]).to.deep.equal({ is: 'ending', status: 0, calls: 1 });
  });
  it('that were cut off anywhere behind the header keep their whole calls', () => {
    const bytes = write([EVENT, EVENT, EVENT]);
    const start = write([]).length;
    const each = (bytes.length - start) / 3;
    for (const cut of [start, start + 1, start + each - 1, start + each, start + 2 * each + 5, bytes.length]) {
      writeFileSync(file, bytes.subarray(0, cut));
      const { calls, status } = readRecord(file);
      expect(calls, `cut at ${cut} of ${bytes.length}`).to.have.length(Math.floor((cut - start) / each));
      expect(status).to.equal(null);
    }
  });
  it('of another version, of no version, damaged or none are refused with the reason', () => {
    const why = (bytes: Uint8Array): string => {
      writeFileSync(file, bytes);
      try {
        readRecord(file);
      } catch (error) {
        if (error instanceof RecordError) return error.message.replace(file, 'FILE');
        throw error;
      }
      return 'nothing';
    };
    const pack = (value: object): Buffer => new Packr({ useRecords: false }).pack(value);
    const head = { is: 'header', format: 'seccomp-nurse record', ...HEADER };
    expect(why(pack({ ...head, version: 2 }))).to.equal('FILE is version 2, this program reads 1');
    expect(why(pack(head))).to.contain('version');
    expect(why(Buffer.from('root:x:0:0'))).to.equal('FILE must be a record that ./sandbox --record wrote');
    expect(why(new Uint8Array(0))).to.equal('FILE must be a record that ./sandbox --record wrote');
    const good = write([EVENT], 0);
    const call = pack({ is: 'call', ...EVENT, nr: 'open' });
    expect(why(Buffer.concat([pack({ ...head, version: 1 }), call]))).to.equal('FILE is damaged: entry 2');
    expect(why(Buffer.concat([good, good]))).to.contain('is damaged: entry 4');
    expect(() => readRecord(join(top, 'nothing'))).to.throw(RecordError, 'cannot be read');
  });
  it('are shown as a trace, as JSON lines, as statistics', () => {
    write(
      [EVENT, { ...EVENT, name: 'read', mechanism: 'native', asked: [], result: 5, args: ['0', '"hello"', '9'] }],
      3,
    );
    expect(recordText(file, {}).split('\n')).to.deep.equal([
      '# /bin/caf\\ufffd a b',
      '# in /tmp, 1970-01-01T00:00:00.001Z, policy demo.yaml',
      'openat(AT_FDCWD, "/secret/\\377", O_RDONLY) = -1 EPERM (operation not permitted) <0.000012> ' +
        '[denied by demo.yaml:5:3: deny /secret/** (secret)]',
      'read(0, "hello", 9) = 5 <0.000012> [native]',
      '# ended with status 3 after 2 calls',
      '',
    ]);
    const lines = recordText(file, { json: true }).trim().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { is: string }).is)).to.deep.equal([
      'header',
      'call',
      'call',
      'ending',
    ]);
    expect(recordText(file, { stats: true })).to.match(/ 1 +1 +1\.00 openat \(denied\)\n/);
    write([]);
    expect(recordText(file, {})).to.contain('# cut off after 0 calls');
  });
  it('do not speak to a terminal, whoever wrote them', () => {
    const evil = '\u001b]0;x\u0007\u009b2J\u202e\u2028\nread() = 0';
    const question = { ask: 'path', access: 'read', path: evil } as const;
    const asked = [{ ...EVENT.asked[0], question }];
    const all = { name: evil, args: [evil], note: evil, why: evil, asked };
    const head = { ...HEADER, command: [evil], cwd: evil, acl: [evil] };
    write([{ ...EVENT, ...all }], 0, head);
    for (const shape of [{}, { stats: true }, { json: true }] as const) {
      const text = recordText(file, shape);
      expect(text).not.to.match(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u202e]/);
      for (const line of text.split('\n')) expect(line).not.to.match(/^read/);
    }
    const [, call] = recordText(file, { json: true }).split('\n');
    expect(JSON.parse(call)).to.deep.include(all);
  });
  it('of no time that there is are no records', () => {
    write([EVENT], 0, { ...HEADER, started: 1e300 });
    expect(() => recordText(file, {})).to.throw(RecordError, 'must be a record');
  });
});

describe('statistics', () => {
  it('add up calls by name and mechanism, and trips by request and orders', () => {
    const stats = new Stats();
    stats.call({ ...EVENT, mechanism: 'delegated', orders: 2, result: 3, micros: 30 });
    stats.call({ ...EVENT, mechanism: 'delegated', orders: 1, result: -2, micros: 10 });
    stats.call({ ...EVENT, micros: 60 });
    const table = stats.table();
    expect(table).to.match(/^ 60\.00 +0\.000060 +60\.0 +1 +1 +1\.00 openat \(denied\)$/m);
    expect(table).to.match(/^ 40\.00 +0\.000040 +20\.0 +2 +1 +2\.50 openat \(delegated\)$/m);
    expect(table).to.match(/^100\.00 +0\.000100 +33\.3 +3 +2 +2\.00 total$/m);
    expect(table.indexOf('(denied)')).to.be.below(table.indexOf('(delegated)'));
  });
  it('of nothing are a table, too', () => {
    expect(new Stats().table()).to.match(/^ {2}0\.00 +0\.000000 +0\.0 +0 +0\.00 total$/m);
  });
});
