/** file_getattr(2) for real: what test/guests/calls/file-attr.c prints inside is what it prints bare, and file_setattr is refused. */
import { join } from 'node:path';
import { expect } from 'chai';
import { bare, buildGuest, makeTemporary, remove, sandbox } from '../support/run.js';

describe('file_getattr', function () {
  this.timeout(60_000);
  const top = makeTemporary('file-attr');
  const guest = join(top, 'guest');
  before(() => buildGuest('glibc-static', 'test/guests/calls/file-attr.c', guest));
  after(() => remove(top));

  it('inside as bare, on this kernel and file system', async () => {
    const outside = await bare([guest], { cwd: top });
    const inside = await sandbox([guest], { cwd: top, options: ['-d', 'ERROR', '--no-acl'] });
    const lines = (text: string): string[] => text.trimEnd().split('\n');
    expect(lines(outside.stdout)).to.have.lengthOf(21);
    expect(lines(inside.stdout).slice(0, 20)).to.deep.equal(lines(outside.stdout).slice(0, 20));
    expect(lines(inside.stdout)[20]).to.equal('file_setattr = -1 EPERM');
    expect([inside.status, outside.status]).to.deep.equal([0, 0]);
  });
});
