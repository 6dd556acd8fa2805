/** The first process's parent is who started the sandbox, as it would be bare: by getppid and by /proc, until that ends. */
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { buildGuest, execute, makeTemporary, remove, SANDBOX } from '../support/run.js';
import { Running } from '../support/running.js';

describe('the first process’s parent', function () {
  this.timeout(60_000);
  let directory: string;
  let parent: string;
  before(() => {
    directory = makeTemporary('parent');
    chmodSync(directory, 0o755);
    parent = join(directory, 'parent');
    buildGuest('glibc-static', 'test/guests/parent.c', parent, '-D_GNU_SOURCE');
  });
  after(() => remove(directory));

  it('is who started the sandbox, everywhere', async () => {
    const run = new Running([parent]);
    const own = process.pid;
    await run.said(`getppid ${own}, stat ${own}, status ${own}\n`);
    await run.destroy();
  });

  it('is another when that ends, which is told by the signal that was asked for', async () => {
    const ready = join(directory, 'ready');
    await execute(['mkfifo', ready]);
    const script = `${SANDBOX} --no-acl -d ERROR -- ${parent} ${ready} & echo $$; read line < ${ready}`;
    const { stdout } = await execute(['bash', '-c', `(bash -c '${script}'; wait) | cat`]);
    const [shell, ...lines] = stdout.split('\n').sort((a, b) => Number(/\D/.test(a)) - Number(/\D/.test(b)));
    expect(lines.find((one) => one.startsWith('getppid'))).to.equal(`getppid ${shell}, stat ${shell}, status ${shell}`);
    const behind = lines.find((one) => one.startsWith('signalled'));
    expect(behind)
      .to.match(/^signalled: getppid (\d+), stat \1, status \1$/)
      .and.not.contain(` ${shell},`);
  });
});
