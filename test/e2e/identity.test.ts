/** The life of a program that was root and is somebody else: the sandbox still rules it. */
import { chmodSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'chai';
import { buildGuest, makeTemporary, remove, sandbox } from '../support/run.js';
import { Running } from '../support/running.js';

const SOMEBODY = 65533;

const userOf = (pid: number): number =>
  Number(/^Uid:\t\d+\t(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]);

describe('a program that was root', function () {
  this.timeout(60_000);
  let directory: string;
  let hold: string;
  const running = new Set<Running>();
  const start = async (how: string): Promise<Running> => {
    const r = new Running([hold, how, String(SOMEBODY)]);
    running.add(r);
    await r.said('ready>');
    return r;
  };
  before(function () {
    if (process.geteuid?.() !== 0) this.skip();
    directory = makeTemporary('ids');
    chmodSync(directory, 0o755);
    hold = join(directory, 'hold');
    buildGuest('glibc-static', 'test/guests/hold.c', hold);
  });
  afterEach(async () => {
    await Promise.all([...running].map((r) => r.destroy()));
    running.clear();
  });
  after(() => {
    if (directory !== undefined) remove(directory);
  });

  for (const how of ['compute', 'calls', 'read']) {
    it(`ends with its helper while it does ${how}`, async () => {
      const r = await start(how);
      expect(userOf(await r.program())).to.equal(SOMEBODY);
      r.child.kill('SIGKILL');
      expect(await r.status).to.equal(137);
      await r.gone();
    });
    it(`is told SIGTERM by its helper while it does ${how}`, async () => {
      const r = await start(how);
      r.child.kill('SIGTERM');
      expect(await r.status).to.equal(143);
      await r.gone();
    });
  }
  it('ends with its helper when it is stopped', async () => {
    const r = await start('calls');
    process.kill(await r.program(), 'SIGSTOP');
    await pause(200);
    r.child.kill('SIGKILL');
    await r.gone();
  });

  it('has threads, children and other programs after the change, within its limit of open files', async () => {
    const script = `
import os, subprocess, threading
p = os.fork()
if p == 0:
  os.setgroups([]); os.setresgid(65534, 65534, 65534); os.setresuid(65534, 65534, 65534)
  t = threading.Thread(target=print, args=['a thread'], kwargs={'flush': True}); t.start(); t.join()
  print(subprocess.run(['id', '-u'], capture_output=True).stdout, flush=True)
  os.execv('/bin/sh', ['sh', '-c', 'id -u; ulimit -n'])
print(os.waitpid(p, 0)[1])`;
    const options = ['--no-acl', '-d', 'ERROR'];
    const { status, stdout, stderr } = await sandbox(['python3.11', '-c', script], { options });
    const [limit] = /\d+(?=\n0\n$)/.exec(stdout) ?? [];
    expect([status, stderr]).to.deep.equal([0, '']);
    expect(stdout).to.equal(`a thread\nb'65534\\n'\n65534\n${limit}\n0\n`);
    expect(Number(limit), 'below the reserved descriptors').to.be.below(16128);
  });
});
