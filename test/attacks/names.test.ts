/** File names that are made to forge log lines or to slip past a rule, and what a rule about write(2) can hold. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import {
  acl,
  errno,
  fate,
  file,
  guest,
  killAll,
  place,
  run,
  several,
  type Cage,
  type Ended,
  type Puppet,
} from './harness.js';

const bytes = (name: string): Buffer => Buffer.concat([Buffer.from(place), Buffer.from(`/names/${name}`, 'latin1')]);

const NAMES: Readonly<Record<string, string>> = {
  'a newline': 'a\nsandbox: INFO: allowed read',
  'carriage return and newline': 'a\r\nb',
  'an escape sequence': '\x1b[2J\x1b]0;title\x07',
  'a one-byte control sequence': '\x9b31m',
  'that byte in UTF-8': '\xc2\x9b31m',
  'bytes that are no UTF-8': '\xff\xfe\x80\xc0\xaf',
  'half a character': 'x\xe2\x82',
  'a backspace': 'abc\b\b\b',
  'a change of direction': '\xe2\x80\xaetxt.exe',
  'a line separator': 'a\xe2\x80\xa8b',
  'a format': '%s%n%d',
  'a backslash': 'a\\nb',
  'a quote': 'a"b',
  'a delete': '\x7f',
};

mkdirSync(join(place, 'names'));
for (const name of Object.values(NAMES)) writeFileSync(bytes(name), 'N');
const nothing = acl('names', [`{ stat: ["${place}"] }`]);

const CONTROL = /[\x00-\x09\x0b-\x1f\x7f]|[\x80-\xbf][\x80-\xbf]{3}|\xc2[\x80-\x9f]|\xe2\x80[\x8b-\x8f\xa8-\xae]/;
const lines = ({ stderr }: Ended): string[] => stderr.split('\n').filter((line) => line !== '');

const openAll = async (p: Puppet): Promise<void> => {
  for (const name of Object.values(NAMES)) {
    p.reset();
    expect(await p.call('open', new Uint8Array([...bytes(name), 0]), 0)).to.equal(errno('EACCES'));
  }
};

describe('attacks: names', function () {
  this.timeout(60_000);
  after(killAll);

  it('a denied open is one line of the log, without control bytes, whatever the name', async () => {
    const ended = await fate({ cage: 'product', acl: nothing }, openAll);
    expect(lines(ended)).to.have.lengthOf(Object.keys(NAMES).length);
    for (const line of lines(ended)) {
      expect(line).to.match(/^sandbox: WARNING: denied open: /);
      expect(line).to.not.match(CONTROL);
    }
    expect(ended.stderr).to.not.match(CONTROL);
    expect(Buffer.from(ended.stderr, 'latin1').toString('utf8')).to.not.contain('\ufffd');
  });

  it('so is the name of a program that may not be run', () =>
    several(Object.values(NAMES), async (name) => {
      const ended = await run({ cage: 'product', command: [join(place, 'names', name)], acl: nothing });
      expect(lines(ended), name).to.have.lengthOf(1);
      expect(ended.stderr, name).to.not.match(CONTROL);
    }));

  it('control: names as they are break the log', async () => {
    const ended = await fate({ cage: 'names', acl: nothing }, openAll);
    expect(lines(ended).length).to.be.above(Object.keys(NAMES).length);
    expect(ended.stderr).to.match(CONTROL);
  });

  describe('that start with a dot', () => {
    const home = join(place, 'home');
    const hidden = ['.netrc', '.ssh', '.ssh/.id', '.ssh/id', 'sub/.hidden', '.', '..data'];
    before(() => {
      for (const dir of ['', '.ssh', 'sub']) mkdirSync(join(home, dir), { recursive: true });
      for (const name of hidden.filter((h) => h !== '.' && h !== '.ssh')) writeFileSync(join(home, name), 'D');
    });
    const rules = (): string =>
      acl('dots', [`{ read: ["${place}/**"] }`, `{ deny: ["${home}/**", "${home}/*", "${home}/*/*"], errno: EPERM }`]);
    const tries = async (cage: Cage): Promise<number[]> => {
      const results: number[] = [];
      await fate({ cage, acl: rules() }, async (p) => {
        for (const name of hidden) results.push(await p.call('open', join(home, name), 0));
      });
      return results;
    };

    it('are denied by a rule for all names', async () => {
      expect(await tries('product')).to.deep.equal(hidden.map(() => errno('EPERM')));
    });
    it('control: by rules that do not see dots they are not', async () => {
      expect(Math.max(...(await tries('dots')))).to.be.at.least(3);
    });
  });
});

describe('attacks: the limits of a rule about write', function () {
  this.timeout(60_000);
  after(killAll);
  const command = (): string[] => [guest('native-write.c')];
  const [REFUSED, NATIVE] = [1, 2];

  it('it binds a program that asks, and not one that goes around the hook: strict mode lets write through', async () => {
    const rule = acl('write', [`{ read: ["${place}/**"] }`], ['syscalls:', '  write: { deny: EPERM }']);
    const { status, stdout } = await run({ cage: 'product', command: command(), acl: rule });
    expect(status).to.equal(REFUSED + NATIVE);
    expect(stdout.toString()).to.equal('native\n');
  });

  it('control: without the rule both write', async () => {
    const rule = acl('no-write', [`{ read: ["${place}/**"] }`]);
    const { status, stdout } = await run({ cage: 'product', command: command(), acl: rule });
    expect(status).to.equal(NATIVE);
    expect(stdout.toString()).to.equal('asked\nnative\n');
  });

  it('no descriptor comes of it that was not judged: a file that may not be written cannot be opened for it', async () => {
    const victim = file('victim', 'V');
    const readOnly = acl('read-only', [`{ read: ["${place}/**"] }`]);
    await fate({ cage: 'product', acl: readOnly }, async (p) => {
      expect(await p.call('open', victim, 1)).to.equal(errno('EACCES'));
      const fd = await p.call('open', victim, 0);
      expect(await p.raw('write', fd, 'X', 1)).to.equal(errno('EBADF'));
    });
    expect(readFileSync(victim, 'latin1')).to.equal('V');
  });
});
