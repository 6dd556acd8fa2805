import { expect } from 'chai';
import { check } from '../../src/policy/check.js';
import { knownSyscall, problemsOf, withFiles } from './helpers.js';

const checked = (text: string, more: Record<string, string> = {}) =>
  withFiles({ 'a.yaml': text, ...more }, (directory) => {
    const { tests, failures } = check(`${directory}/a.yaml`, { knownSyscall });
    return { tests, failures: failures.map((line) => line.replaceAll(`${directory}/`, '')) };
  });

describe('tests of an ACL file', () => {
  const RULES =
    'files:\n  - { read: ["/a/**"] }\n  - { deny: ["/a/x"], errno: EPERM }\nsyscalls: { uname: kill, time: { return: 0 } }\n';

  it('hold where the policy says so', () => {
    const tests = `tests:
  - { allow: [read /a/b, stat /a, syscall time, syscall open], why: the data }
  - { deny: read /b }
  - { deny: [read /a/x], errno: EPERM }
  - { deny: [syscall uname, "connect 127.0.0.1:80", relabel /b /a/b], allow: read /a }
`;
    expect(checked(RULES + tests)).to.deep.equal({ tests: 10, failures: [] });
  });
  it('that do not hold are told with their place, the verdict, the rule, and what it must be', () => {
    const tests = `tests:
  - { allow: read /a/x }
  - { deny: [read /b, read /a/b] }
  - { deny: read /a/x, errno: EACCES }
  - { deny: syscall time }
`;
    expect(checked(RULES + tests)).to.deep.equal({
      tests: 5,
      failures: [
        'a.yaml:6:14: read /a/x is EPERM by a.yaml:3:5: deny /a/x, must be allow',
        'a.yaml:7:13: read /a/b is allow by a.yaml:2:5: read /a/**, must be deny',
        'a.yaml:8:13: read /a/x is EPERM by a.yaml:3:5: deny /a/x, must be EACCES',
        'a.yaml:9:13: syscall time is return 0 by a.yaml:4:32: time: return 0, must be deny',
      ],
    });
  });
  it('are asked of what is included too; those of an included file are its own', () => {
    const other = 'files: [{ read: ["/b"] }]\ntests: [{ deny: read /b }]\n';
    expect(checked('include: [other]\ntests: [{ allow: read /b }]\n', { 'other.yaml': other })).to.deep.equal({
      tests: 1,
      failures: [],
    });
  });

  for (const [text, problem] of [
    ['tests: [{}]', 'a.yaml:1:9: test without a question, must have allow or deny'],
    ['tests: [{ allow: read a }]', 'a.yaml:1:18: bad path ("a"), must be absolute, without ".", ".." and "//"'],
    [
      'tests: [{ allow: [syscall opne] }]',
      'a.yaml:1:19: unknown name ("opne"), must be the name of an i386 system call',
    ],
    ['tests: [{ allow: read /a, errno: EPERM }]', 'a.yaml:1:9: stray key (errno), must stand beside deny'],
    [
      'tests: [{ deny: read /a, errno: EWHAT }]',
      'a.yaml:1:33: bad value ("EWHAT"), must be an errno name such as EACCES',
    ],
    ['tests: read /a', 'a.yaml:1:8: bad value ("read /a"), must be a list of tests'],
    [
      'tests: [{ allow: [] }]',
      'a.yaml:1:18: bad value ([]), must be a question such as "read /etc/motd", or a list of them',
    ],
  ])
    it(`${text} is an error`, () => expect(problemsOf(`${text}\n`)).to.deep.equal([problem]));
});
