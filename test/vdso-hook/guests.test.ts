/** Small guests in the whole sandbox: what they see of the hook is what they see of the kernel when they run bare. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { bare, buildGuest, ENVIRONMENT, execute, makeTemporary, remove, sandbox, type Ended } from '../support/run.js';
import type { Choices } from '../support/sandbox-with.js';

const PYTHON = [
  '/usr/bin/python3.11',
  '-c',
  'import json, ctypes, hashlib; print(json.dumps([1, hashlib.md5(b"x").hexdigest()]))',
];
const PYTHON_SAYS = '[1, "9dd4e461268c8034f5c8564e155c67a6"]\n';
const QUIET = ['-d', 'ERROR'];

/** Guests that say one line and end with 0; a status tells which check failed. */
const GUESTS: [guest: string, stdin: string, says: string][] = [
  ['hook-registers.c', '', 'registers: kept\n'],
  ['hook-segment.c', '', 'fs: its own\n'],
  ['hook-native.c', '12345', 'read: 12345'],
  ['hook-constants.c', '', 'constants: as asked\n'],
  ['hook-memory.c', '', 'memory: as natively\n'],
  ['hook-tsc.c', '', 'time-stamp: counts\n'],
  ['hook-trap.S', '', 'trap: taken\n'],
];
const MODES: [name: string, choices: Choices | string[]][] = [
  ['as it is', []],
  ['with --peek=socket', ['--peek', 'socket']],
  ['through int $0x80', { entry: 'int80' }],
];

/** How a guest ends itself, the status, and what the log tells of it. */
const FAULTS: [how: string, status: number, log: RegExp | null][] = [
  ['write', 139, /SIGSEGV in thread \d+ at 0x[0-9a-f]{8} in \S*fault\+0x[0-9a-f]+, address 0x10$/m],
  ['constant', 139, /SIGSEGV in thread \d+ at 0x[0-9a-f]{8} in \S*fault\+0x[0-9a-f]+, address 0x[0-9a-f]+$/m],
  ['jump', 139, /SIGSEGV in thread \d+ at 0x00000000 in no mapping, address 0x0$/m],
  ['stack', 139, /SIGSEGV in thread \d+ at 0x[0-9a-f]{8} in \S*fault\+0x[0-9a-f]+, address 0xff[0-9a-f]+$/m],
  ['hlt', 139, /SIGSEGV in thread \d+ at 0x[0-9a-f]{8} in \S*fault\+0x[0-9a-f]+, address 0x0$/m],
  ['ud2', 132, /SIGILL in thread \d+ at 0x[0-9a-f]{8} in \S*fault\+0x[0-9a-f]+, address 0x/m],
  ['int3', 133, null],
  ['divide', 136, null],
  ['abort', 134, null],
  ['raise', 143, null],
];

describe('guests of the hook', function () {
  this.timeout(120_000);
  let directory: string;
  const path = (name: string): string => join(directory, name.replace(/\.\w+$/, ''));
  before(() => {
    directory = makeTemporary('hook');
    for (const [guest] of [...GUESTS, ['hook-forward.c']])
      buildGuest('bare', `test/guests/${guest}`, path(guest), '-O1', '-Wall', '-Wextra', '-Werror');
    buildGuest('glibc', 'test/guests/fault.c', path('fault'), '-O1');
    buildGuest('glibc', 'test/guests/hello.c', path('hello'));
  });
  after(() => remove(directory));

  function run(choices: Choices | string[], command: string[], stdin = ''): Promise<Ended> {
    if (Array.isArray(choices)) return sandbox(command, { stdin, options: [...QUIET, '--no-acl', ...choices] });
    const node = [process.execPath, '--import=tsx', 'test/support/sandbox-with.ts', JSON.stringify(choices)];
    return execute([...node, ...command], { stdin, env: ENVIRONMENT });
  }

  for (const [guest, stdin, says] of GUESTS) {
    it(`${guest}, bare`, async () => {
      expect(await bare([path(guest)], { stdin })).to.deep.include({ stdout: says, status: 0 });
    });
    for (const [name, choices] of MODES)
      it(`${guest}, ${name}`, async () => {
        expect(await run(choices, [path(guest)], stdin)).to.deep.equal({ stdout: says, stderr: '', status: 0 });
      });
  }
  for (const [name, choices] of MODES) {
    it(`hello, ${name}`, async () => {
      const native = await bare([path('hello'), '3', 'x']);
      expect(await run(choices, [path('hello'), '3', 'x'])).to.deep.equal(native);
    });
    it(`python, ${name}`, async () => {
      expect(await run(choices, PYTHON)).to.deep.equal({ stdout: PYTHON_SAYS, stderr: '', status: 0 });
    });
  }

  it('hook-forward.c: a policy on write makes the hook ask for it', async () => {
    const acl = join(directory, 'acl.yaml');
    writeFileSync(acl, 'files: [{ read: ["/**"] }]\nsyscalls: { write: { deny: EACCES } }\n');
    const ended = await sandbox([path('hook-forward')], { options: ['--acl', acl] });
    expect(ended).to.deep.include({ stdout: 'write: asked for\n', status: 0 });
    expect(ended.stderr).to.match(/denied write = EACCES by .*acl\.yaml:2/);
  });

  for (const [how, status, log] of FAULTS)
    it(`fault ${how} ends with ${status}, as bare`, async () => {
      const command = [path('fault'), how];
      const native = await bare(command);
      expect(native).to.deep.include({ stdout: `fault: ${how}\n`, status });
      for (const mode of [[], ['--peek', 'socket']]) {
        const ended = await sandbox(command, { options: ['--no-acl', '-d', 'WARNING', ...mode] });
        expect(ended).to.deep.include({ stdout: `fault: ${how}\n`, status });
        if (log !== null) expect(ended.stderr).to.match(log);
      }
    });
});
