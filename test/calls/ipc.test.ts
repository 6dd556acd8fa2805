/**
 * System V IPC and message queues for real: what a guest is told, bare and in the sandbox, with a policy that names its
 * objects and with ones that do not. Each run of the tests has keys and names of its own.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { readRecord } from '../../src/observe/record.js';
import { families, rowOf } from '../../src/syscalls/table.js';
import { Coverage } from './coverage.js';
import { bare, buildGuest, makeTemporary, remove, sandbox, type Ended } from '../support/run.js';

const GUESTS = ['shm', 'sem', 'msg', 'mqueue'] as const;
type Guest = (typeof GUESTS)[number];
const KEY = `0x${(0x5e000000 + (process.pid & 0xffffff)).toString(16)}`;
const QUEUE = `nurse-${process.pid}`;
const argument = (guest: Guest): string => (guest === 'mqueue' ? QUEUE : KEY);
const REMOVE = { shm: ['-m', '-M'], sem: ['-s', '-S'], msg: ['-q', '-Q'] } as const;

describe('IPC of programs', function () {
  this.timeout(60_000);
  let directory: string;
  const coverage = new Coverage({ ipc: families.ipc, mqueue: families.mqueue });
  const file = (name: string): string => join(directory, name);
  const acl = (name: string, ...names: string[]): string => {
    const rules = names.length === 0 ? 'names: []' : ['names:', ...names.map((rule) => `  - ${rule}`)].join('\n');
    writeFileSync(file(`${name}.yaml`), `include: [glibc]\nfiles:\n  - { read: ["${directory}/**"] }\n${rules}\n`);
    return file(`${name}.yaml`);
  };

  /** What a run left behind: it is known by what the guest told on its standard error. */
  function cleanUp(stderr: string): void {
    for (const [, kind, id] of stderr.matchAll(/^made (shm|sem|msg) (\d+)$/gm))
      spawnSync('ipcrm', [REMOVE[kind as keyof typeof REMOVE][0], id]);
  }
  const inside = async (guest: Guest, policy: string): Promise<Ended> => {
    const record = file(`${guest}.record`);
    const options = ['-d', 'WARNING', '--record', record, '--acl', policy];
    const ended = await sandbox([file(guest), argument(guest)], { options });
    cleanUp(ended.stderr);
    coverage.add(readRecord(record).calls);
    return ended;
  };
  const outside = async (guest: Guest): Promise<Ended> => {
    const ended = await bare([file(guest), argument(guest)]);
    cleanUp(ended.stderr);
    return ended;
  };

  before(() => {
    directory = makeTemporary('ipc');
    for (const guest of GUESTS)
      buildGuest('glibc-static', `test/guests/calls/ipc-${guest}.c`, file(guest), '-Wall', '-Wextra', '-Werror');
  });
  after(async () => {
    for (const kind of ['shm', 'sem', 'msg'] as const) spawnSync('ipcrm', [REMOVE[kind][1], KEY]);
    await bare([file('mqueue'), QUEUE, 'clean']);
    remove(directory);
  });

  for (const guest of GUESTS)
    it(`${guest}: each call tells and does what it does bare`, async () => {
      const policy = acl(
        'all',
        `{ space: sysv, names: ["*:private", "*:${KEY}"] }`,
        `{ space: mqueue, names: ["/nurse-*"] }`,
      );
      const [expected, found] = [await outside(guest), await inside(guest, policy)];
      expect(expected.stdout.split('\n').length).to.be.above(30);
      expect(found.stdout).to.equal(expected.stdout);
      expect([expected.status, found.status]).to.deep.equal([0, 0]);
    });

  it('what no rule names is refused, and the log says so', async () => {
    for (const guest of ['shm', 'sem', 'msg'] as const) {
      const { stdout, stderr } = await inside(guest, acl('none'));
      expect(stdout).to.include(`${guest}get private: EACCES\n${guest}get of none: EACCES\n${guest}get: EACCES\n`);
      expect(stderr).to.include(
        `denied ${guest}get: sysv name "${guest}:private" = EACCES by default: no rule names it`,
      );
      expect(stderr).to.include(`sysv name "${guest}:${KEY}" = EACCES`);
    }
    const { stdout, stderr } = await inside('mqueue', acl('none'));
    expect(stdout).to.include('mq_open: EACCES\n').and.to.include('mq_unlink: EACCES\n');
    expect(stderr).to.include(`denied mq_open: mqueue name "/${QUEUE}" = EACCES`);
  });

  it('a rule is about one kind and one key', async () => {
    const policy = acl('some', `{ space: sysv, names: ["shm:private", "sem:${KEY}"] }`);
    const [shm, sem] = [await inside('shm', policy), await inside('sem', policy)];
    expect(shm.stdout).to.include('shmget private: done\n').and.to.include('shmget: EACCES\n');
    expect(sem.stdout).to.include('semget private: EACCES\n').and.to.include('semget: done\n');
    const queues = acl('others', '{ space: mqueue, names: ["/other-*", "nurse-*"] }');
    expect((await inside('mqueue', queues)).stdout).to.include('mq_open: EACCES\n');
  });

  it('every declared call, command and flag of these families is tested', () => {
    // keyrings are refused; calls/denied.c reaches them
    const denied = Object.keys(families.ipc).filter((name) => rowOf(name)?.by === 'denied');
    expect(coverage.missingCalls(new Set())).to.deep.equal(denied);
    // those of mq_open are those of open, which calls/guests.test.ts counts
    const missing = coverage.missingFlags(new Set()).filter((flag) => !flag.startsWith('open: '));
    expect(missing).to.deep.equal([]);
  });
});
