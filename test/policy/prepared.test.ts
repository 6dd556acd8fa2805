import { expect } from 'chai';
import { join } from 'node:path';
import { loadFiles, loadPolicy } from '../../src/policy/load.js';
import { DEFAULT_ACL, prepare, preparedRules, SHIPPED_ACL_DIRECTORY, shippedOr } from '../../src/policy/prepared.js';
import { rowOf } from '../../src/syscalls/table.js';
import { withFiles } from './helpers.js';

const options = { knownSyscall: (name: string) => rowOf(name) !== undefined };
const prepared = prepare(loadFiles([DEFAULT_ACL], options));
const rulesFrom = (text: string) =>
  withFiles({ 'prepared.json': text }, (at) => preparedRules(join(at, 'prepared.json')));

describe('the prepared default policy', () => {
  it('gives the rules that its files give, at the same places', () => {
    expect(rulesFrom(prepared)).to.deep.equal(loadPolicy([DEFAULT_ACL], options));
  });

  it('has been made by the build', () => {
    expect(preparedRules(), 'run `npm run build`').to.deep.equal(loadPolicy([DEFAULT_ACL], options));
  });

  it('does not count when one of its files has another text, or is gone', () => {
    for (const [from, to] of [
      ['"text":"', '"text":"#'],
      ['"name":"glibc.yaml"', '"name":"no-such-file.yaml"'],
    ]) {
      expect(prepared).to.include(from);
      expect(rulesFrom(prepared.replace(from, to))).to.equal(undefined);
    }
  });

  it('does not count when there is none', () => {
    expect(preparedRules('/nonexistent.json')).to.equal(undefined);
  });
});

describe('names of shipped files', () => {
  it('are those of files in acl/, and count before a file of that name', () => {
    for (const name of ['glibc', 'default'])
      expect(shippedOr(name)).to.equal(join(SHIPPED_ACL_DIRECTORY, `${name}.yaml`));
  });
  it('are words: all else is a path', () => {
    for (const path of [
      './glibc',
      'glibc.yaml',
      '../acl/glibc',
      'no-such',
      '',
      '.',
      '..',
      `${SHIPPED_ACL_DIRECTORY}/glibc`,
    ])
      expect(shippedOr(path)).to.equal(path);
  });
});
