import { expect } from 'chai';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { compile, type Policy } from '../../src/policy/compile.js';
import { check } from '../../src/policy/check.js';
import { lint } from '../../src/policy/lint.js';
import { loadPolicy } from '../../src/policy/load.js';
import { SHIPPED_ACL_DIRECTORY } from '../../src/policy/prepared.js';
import { SOMEBODY, withEnvironment } from '../../src/policy/variables.js';
import type { Access } from '../../src/questions.js';
import { ask, knownSyscall } from './helpers.js';

const shipped = (name: string): Policy =>
  compile(loadPolicy([join(SHIPPED_ACL_DIRECTORY, `${name}.yaml`)], { knownSyscall }));
const files = readdirSync(SHIPPED_ACL_DIRECTORY).filter((name) => name.endsWith('.yaml'));

const EXPECTED: Record<string, [answer: string, access: Access, ...paths: string[]][]> = {
  glibc: [
    [
      'allow',
      'read',
      '/etc/ld.so.cache',
      '/usr/lib/i386-linux-gnu/libc.so.6',
      '/usr/lib/locale/locale-archive',
      '/dev/urandom',
    ],
    [
      'allow',
      'read',
      '/lib/i386-linux-gnu/libm.so.6',
      '/etc/localtime',
      '/proc/self/maps',
      '/proc/self/fd',
      '/proc/self/task/4712',
      '/proc/self/task/4712/comm',
      '/proc/PID/status',
      '/proc/PID/cmdline',
      '/proc/PID/task/4712/stat',
      '/lib/ld-musl-i386.so.1',
    ],
    ['allow', 'execute', '/lib/ld-linux.so.2', '/usr/lib/i386-linux-gnu/ld-linux.so.2', '/lib/ld-musl-i386.so.1'],
    ['allow', 'write', '/dev/null', '/dev/tty', '/proc/self/task/4712/comm'],
    ['allow', 'stat', '/', '/usr', '/usr/lib', '/proc/self/exe', '/proc/self/fd/0', '/dev/pts/0'],
    [
      'EACCES',
      'read',
      '/',
      '/usr',
      '/etc',
      '/home/u/x',
      '/etc/shadow',
      '/proc/self/mem',
      '/proc/1/maps',
      '/proc/1/status',
      '/proc/4712/task/4712/stat',
      '/proc/PID/maps',
      '/proc/PID/environ',
      '/proc/PID/fd',
      '/proc/PID/fd/3',
      '/proc/self/fd/3',
    ],
    [
      'EACCES',
      'write',
      '/usr/lib/x',
      '/proc/self/maps',
      '/proc/PID/comm',
      '/proc/1/comm',
      '/etc/passwd',
      '/dev/urandom',
    ],
    ['EACCES', 'execute', '/usr/bin/true', '/usr/lib/x/evil', '/lib/ld-linux.so.2/x'],
  ],
  cpython: [
    ['allow', 'execute', '/usr/bin/python3.11', '/usr/bin/python'],
    ['allow', 'read', '/usr/pyvenv.cfg', '/usr/bin/pybuilddir.txt', '/etc/inputrc', '/etc/ssl/openssl.cnf'],
    ['EACCES', 'read', '/usr/bin/ls', '/etc/ssl/private/key.pem', '/root/.python_history'],
    ['EACCES', 'execute', '/usr/bin/ls'],
  ],
  demo: [
    ['EPERM', 'read', '/secret', '/secret/password', '/secret/.hidden'],
    ['EPERM', 'stat', '/secret', '/secret/password'],
    [
      'allow',
      'read',
      '/',
      '/srv/demo',
      '/srv/demo/a/b',
      '/tmp/x',
      '/usr/lib/python3.11/os.py',
      '/usr/bin/python3.11',
      '/etc/ld.so.cache',
    ],
    ['allow', 'stat', '/', '/var', '/home', '/root'],
    ['allow', 'write', '/tmp/x'],
    ['allow', 'create', '/tmp/x'],
    ['allow', 'execute', '/usr/bin/ls', '/usr/bin/python', '/usr/lib/i386-linux-gnu/ld-linux.so.2'],
    ['EACCES', 'read', '/var/log/syslog', '/home/u', '/root/.bashrc', '/etc/shadow', '/srv/other'],
    ['EACCES', 'write', '/srv/demo/a', '/usr/lib/x', '/secretx'],
    ['EACCES', 'create', '/srv/demo/a', '/x', '/secretx'],
  ],
  default: [
    ['allow', 'stat', '/usr/local/include', '/usr/i686-linux-gnu/include/x.h', '/etc/gitconfig', '/etc/gitattributes'],
    [
      'allow',
      'read',
      '/',
      '/usr/bin/ls',
      '/usr/share/doc/x',
      '/etc/os-release',
      '/tmp/db.sqlite',
      '/etc',
      '/proc',
      '/usr',
    ],
    ['allow', 'execute', '/usr/bin/ls', '/bin/sh', '/usr/bin/sqlite3', '/usr/bin/python3.11', '/lib/ld-linux.so.2'],
    ['allow', 'write', '/tmp/db.sqlite', '/var/tmp/x', '/dev/null'],
    ['allow', 'create', '/tmp/db.sqlite-journal'],
    [
      'EACCES',
      'read',
      '/etc/shadow',
      '/etc/shadow-',
      '/etc/gshadow',
      '/etc/ssh/ssh_host_rsa_key',
      '/etc/ssl/private/x.key',
    ],
    [
      'EACCES',
      'read',
      '/home/u/.ssh/id_rsa',
      '/root/.ssh/id_rsa',
      '/home/u/notes',
      '/root/x',
      '/home',
      '/home/u',
      '/var/log/syslog',
    ],
    ['EACCES', 'stat', '/home/u/.ssh', '/root/.ssh/id_rsa', '/etc/shadow', '/tmp/ssh-abc/agent.1'],
    ['EACCES', 'write', '/usr/bin/ls', '/etc/passwd', '/x', '/dev/sda', '/dev/mem'],
    ['EACCES', 'create', '/', '/x', '/usr/bin/x', '/etc/x', '/home/u/x'],
    ['EACCES', 'execute', '/tmp/x', '/home/u/x'],
  ],
};

/** Policies as they are, with what they include; the others are to be included, or a run's that names none. */
const POLICIES = ['python', 'shell', 'nginx', 'git', 'demo'];
/** Fewer would leave out what it refuses. */
const LEAST_TESTS = 10;

describe('shipped policies', () => {
  for (const name of POLICIES)
    it(`${name}.yaml has tests of what it allows and of what it refuses`, () => {
      const { tests = [] } = parse(readFileSync(join(SHIPPED_ACL_DIRECTORY, `${name}.yaml`), 'utf8')) as {
        tests?: { allow?: unknown; deny?: unknown }[];
      };
      expect(tests.some(({ allow }) => allow !== undefined) && tests.some(({ deny }) => deny !== undefined)).to.equal(
        true,
      );
      const { tests: count } = withEnvironment(SOMEBODY, () =>
        check(join(SHIPPED_ACL_DIRECTORY, `${name}.yaml`), { knownSyscall }),
      );
      expect(count).to.be.at.least(LEAST_TESTS);
    });

  it('are the ones tested here', () => {
    expect(files.sort()).to.include.members(Object.keys(EXPECTED).map((name) => `${name}.yaml`));
  });

  for (const file of files) {
    it(`${file} loads`, () => {
      expect(loadPolicy([join(SHIPPED_ACL_DIRECTORY, file)], { knownSyscall })).not.to.have.lengthOf(0);
    });

    it(`${file} says why for every rule`, () => {
      const {
        files: paths = [],
        network = [],
        syscalls = {},
      } = parse(readFileSync(join(SHIPPED_ACL_DIRECTORY, file), 'utf8')) as {
        files?: object[];
        network?: object[] | 'none';
        syscalls?: Record<string, object>;
      };
      for (const rule of [...paths, ...(network === 'none' ? [] : network), ...Object.values(syscalls)])
        expect(rule, JSON.stringify(rule)).to.have.property('why').that.is.a('string');
    });

    it(`${file} passes lint, and its tests hold`, () => {
      const path = join(SHIPPED_ACL_DIRECTORY, file);
      withEnvironment(SOMEBODY, () => {
        const findings = lint(loadPolicy([path], { knownSyscall }), (rule) => rule.file === path);
        expect(findings.map(({ rule, message }) => `${rule.line}: ${message}`)).to.deep.equal([]);
        expect(check(path, { knownSyscall }).failures).to.deep.equal([]);
      });
    });
  }

  for (const [name, rows] of Object.entries(EXPECTED)) {
    for (const [answer, access, ...paths] of rows) {
      it(`${name}.yaml: ${access} of ${paths[0]} … ${answer}`, () => {
        const policy = shipped(name);
        for (const path of paths) expect(ask(policy, access, path), path).to.equal(answer);
      });
    }
  }
});
