import { chmodSync, linkSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { outputFile, sameFile, unwritable } from '../../src/cli/values.js';

describe('values of options', () => {
  const top = mkdtempSync(join(tmpdir(), 'nurse-values-'));
  const at = (name: string): string => join(top, name);
  after(() => rmSync(top, { recursive: true, force: true }));

  it('a file to write is named from the working directory', () => {
    expect(outputFile('x')).to.equal(join(process.cwd(), 'x'));
    expect(outputFile('/x/../y')).to.equal('/y');
    expect(() => outputFile('')).to.throw('A file name must follow "="');
  });
  it('a file to write is made, and one that is there keeps its content until the run', () => {
    expect(unwritable(at('new'))).to.equal(undefined);
    expect(readFileSync(at('new'), 'utf8')).to.equal('');
    writeFileSync(at('old'), 'content');
    expect(unwritable(at('old'))).to.equal(undefined);
    expect(readFileSync(at('old'), 'utf8')).to.equal('content');
  });
  it('why a file cannot be written', function () {
    expect(unwritable(top)).to.equal('it is a directory');
    expect(unwritable(at('none/x'))).to.equal('no such file or directory');
    expect(unwritable(at('old/x'))).to.equal('not a directory');
    expect(unwritable(at('x'.repeat(300)))).to.equal('name too long');
    if (process.getuid?.() === 0) return;
    chmodSync(at('old'), 0o444);
    expect(unwritable(at('old'))).to.equal('permission denied');
  });
  it('a FIFO is not opened: it would wait for its reader', () => {
    execFileSync('mkfifo', [at('fifo')]);
    expect(unwritable(at('fifo'))).to.equal(undefined);
  });
  it('two names may be one file; a terminal or /dev/null may be shared', () => {
    linkSync(at('new'), at('link'));
    expect([sameFile(at('new'), at('link')), sameFile(at('new'), at('old'))]).to.deep.equal([true, false]);
    expect(sameFile('/dev/null', '/dev/null')).to.equal(false);
  });
});
