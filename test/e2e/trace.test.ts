/** --trace, --stats and --record of real runs. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { readRecord } from '../../src/observe/record.js';
import { SANDBOX, buildGuest, makeTemporary, remove, sandbox } from '../support/run.js';
import { eventually } from '../support/running.js';

describe('who looks on', () => {
  const top = makeTemporary('trace');
  after(() => remove(top));
  const at = (name: string): string => join(top, name);
  const lines = (file: string): string[] => readFileSync(file, 'latin1').trim().split('\n');

  it('--trace writes a line a call: reads and writes, constants, the verdict and the rule', async () => {
    const file = at('lines');
    const { status, stdout } = await sandbox(['cat', '/etc/hostname', '/nothing'], {
      options: ['-d', 'ERROR', `--trace=${file}`],
    });
    expect([stdout, status]).to.deep.equal([readFileSync('.sysroot/i386/etc/hostname', 'latin1'), 1]);
    const all = lines(file);
    const find = (pattern: RegExp): string => all.find((line) => pattern.test(line)) ?? `none of ${pattern}`;
    expect(find(/^openat.*hostname/)).to.match(
      /^openat\(AT_FDCWD, "\/etc\/hostname", O_RDONLY\|O_LARGEFILE\) = \d <\d\.\d{6}> \[delegated, allowed by \S+\.yaml:\d+:\d+\]$/,
    );
    expect(find(/^openat.*"\/nothing"/)).to.match(/ = -1 E\w+ \([\w ]+\) <\d\.\d{6}> \[(denied|answered)\b.*\]$/);
    expect(find(/^read\(\d, "\\177ELF/)).to.match(/\.\.\., 512\) = 512 <\d\.\d{6}> \[native\]$/);
    expect(find(/^read\(\d, "nurse/)).to.match(/^read\(\d, "nurse\\n", \d+\) = 6 /);
    expect(all.at(-1)).to.match(/^exit_group\(1\) = \? <\d\.\d{6}> \[delegated\]$/);
  });
  it('--trace alone writes to standard error', async () => {
    const { stderr } = await sandbox(['true'], { options: ['-d', 'ERROR', '--no-acl', '--trace'] });
    expect(stderr).to.match(/^brk\(NULL\) = 0x\w+ <\d\.\d{6}> \[delegated\]$/m);
  });
  it('calls that the hook answers by itself are asked for while somebody looks on', async () => {
    const script = 'import os; print(os.getpid() == int(os.readlink("/proc/self")), os.getuid())';
    const { stdout } = await sandbox(['python3', '-c', script], {
      options: ['-d', 'ERROR', '--no-acl', `--trace=${at('constants')}`],
    });
    expect(stdout).to.equal(`True ${process.getuid?.()}\n`);
    expect(
      lines(at('constants')).filter((line) => /^(getpid|getuid32)\(\) = \d+ .*\[answered\]$/.test(line)),
    ).to.have.length.above(1);
  });
  it('--stats prints a table that adds up', async () => {
    const { stderr } = await sandbox(['ls', '/etc'], {
      options: ['-d', 'ERROR', '--no-acl', '--stats', `--record=${at('sum')}`],
    });
    const { calls } = readRecord(at('sum'));
    expect(stderr).to.match(new RegExp(`^100\\.00 .* ${calls.length} .* total$`, 'm'));
    expect(stderr).to.match(/ openat \(delegated\)$/m);
  });
  it('--record holds questions, verdicts and results', async () => {
    writeFileSync(
      at('policy.yaml'),
      'include: [glibc]\nfiles:\n  - { deny: ["/etc/passwd"], errno: EPERM, why: not this one }\n',
    );
    const { status } = await sandbox(['cat', '/etc/passwd'], {
      options: ['-d', 'ERROR', '--acl', at('policy.yaml'), `--record=${at('record')}`],
    });
    expect(status).to.equal(1);
    const record = readRecord(at('record'));
    expect(record.header).to.deep.include({ command: ['cat', '/etc/passwd'], cwd: process.cwd() });
    expect(record.header.acl).to.deep.equal([at('policy.yaml')]);
    expect(record.status).to.equal(1);
    const refused = record.calls.find(({ args }) => args[1] === '"/etc/passwd"');
    expect(refused).to.deep.include({ name: 'openat', mechanism: 'denied', result: -1, orders: 0 });
    expect(refused?.asked).to.deep.equal([
      {
        question: { ask: 'path', access: 'read', path: '/etc/passwd' },
        decision: {
          verdict: { verdict: 'deny', errno: 1 },
          rule: { ...refused?.asked[0].decision.rule, line: 3, why: 'not this one' },
        },
      },
    ]);
  });
  it('a call that ends the program by the policy stands in the record', async () => {
    writeFileSync(at('kill.yaml'), 'include: [glibc]\nsyscalls: { uname: kill }\nfiles: [{ read: ["/**"] }]\n');
    const { status } = await sandbox(['uname'], {
      options: ['-d', 'CRITICAL', '--acl', at('kill.yaml'), `--record=${at('killed')}`],
    });
    expect(status).to.equal(159);
    const { calls, status: recorded } = readRecord(at('killed'));
    expect(recorded).to.equal(159);
    expect(calls.at(-1)).to.deep.include({ name: 'uname', mechanism: 'killed', result: null });
  });
  it('a record of a helper that was killed ends with a whole call', async () => {
    const child = spawn(SANDBOX, ['--no-acl', '-d', 'CRITICAL', `--record=${at('cut')}`, '--', 'find', '/'], {
      stdio: 'ignore',
    });
    await eventually('a record of some length', () => existsSync(at('cut')) && statSync(at('cut')).size > 100_000);
    child.kill('SIGKILL');
    await once(child, 'exit');
    const { calls, status } = readRecord(at('cut'));
    expect(status).to.equal(null);
    expect(calls.length).to.be.above(100);
    expect(calls.every(({ name, result }) => name !== '' && result !== undefined)).to.equal(true);
  });
  it('the program has no descriptor of a trace or a record', async () => {
    const script = 'import os; print(sorted(os.listdir("/proc/self/fd")))';
    const run = (...more: string[]) =>
      sandbox(['python3', '-c', script], { options: ['-d', 'ERROR', '--no-acl', ...more] });
    const [plain, watched] = [await run(), await run(`--trace=${at('t')}`, `--record=${at('r')}`, '--stats')];
    expect(watched.stdout).to.equal(plain.stdout);
  });
  it('what a trace tells of a path is what was judged, whatever memory holds by then', async () => {
    const guest = at('liar');
    buildGuest('glibc-static', 'test/guests/trace-liar.c', guest);
    symlinkSync('/etc/hostname', at('link'));
    await sandbox([guest, at('link')], { options: ['-d', 'ERROR', '--no-acl', `--trace=${at('liar.trace')}`] });
    const told = lines(at('liar.trace')).filter(
      (line) => line.startsWith('readlink(') && !line.includes('/proc/self/exe'),
    );
    expect(told).to.have.length(1);
    expect(told[0])
      .to.contain(`readlink("${at('link')}", `)
      .and.to.contain(' = 13 ');
  });
});
