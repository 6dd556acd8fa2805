import { expect } from 'chai';
import fc from 'fast-check';
import { rowOf } from '../../src/syscalls/table.js';
import { PolicyError, Problem } from '../../src/policy/problem.js';
import { conditionOf } from '../../src/policy/syscall-lists/expression.js';
import { introduction, listsJudge } from '../../src/policy/syscall-lists/judge.js';
import { listsOf } from '../../src/policy/syscall-lists/lists.js';
import { namesOf } from '../../src/policy/syscall-lists/names.js';
import { variablesIn, withoutVariables, type Variables } from '../../src/policy/syscall-lists/variables.js';
import { unbound } from '../../src/policy/unbound.js';
import type { Judge } from '../../src/questions.js';
import { launcherScript } from '../../src/cli/wrap.js';
import { say } from './helpers.js';

const registers = (...values: number[]): Uint32Array => Uint32Array.from([...values, 0, 0, 0, 0, 0, 0].slice(0, 6));
const names = (call: string) => {
  const row = rowOf(call);
  if (row === undefined) throw new Error(call);
  return namesOf(row);
};
const holds = (call: string, text: string, ...values: number[]): boolean =>
  conditionOf(text, names(call))(registers(...values));
const O = { RDONLY: 0, WRONLY: 1, RDWR: 2, CREAT: 0o100 };

describe('conditions on arguments', () => {
  for (const [call, text, values, result] of [
    ['openat', 'flags & O_WRONLY', [0, 0, O.WRONLY | O.CREAT], true],
    ['openat', 'flags & O_WRONLY', [0, 0, O.RDWR], false],
    ['openat', 'flags & O_ACCMODE', [0, 0, O.RDWR], true],
    ['openat', 'flags & (O_WRONLY | O_RDWR)', [0, 0, O.RDWR], true],
    ['openat', '(flags & O_ACCMODE) == O_RDONLY', [0, 0, O.CREAT], true],
    ['openat', 'flags & O_ACCMODE == O_RDONLY', [0, 0, O.RDWR], false],
    ['openat', '!(flags & O_CREAT) && at == AT_FDCWD', [-100, 0, 0], true],
    ['openat', '!(flags & O_CREAT) && at == AT_FDCWD', [3, 0, 0], false],
    ['openat', '! flags & O_CREAT', [0, 0, O.CREAT], false],
    ['openat', 'flags & O_CREAT && mode & 0o111 || at > 2', [3, 0, 0, 0], true],
    ['openat', 'flags & O_CREAT && mode & 0111', [0, 0, O.CREAT, 0o755], true],
    ['openat', '((flags)) & ((O_CREAT))', [0, 0, O.CREAT], true],
    ['openat', 'path == 0', [0, 0, 0], true],
    ['write', 'fd > 2', [3], true],
    ['write', 'fd > 2', [-1], false],
    ['write', 'fd == -1', [-1], true],
    ['write', 'count >= 0x80000000', [1, 0, 0xffffffff], true],
    ['mprotect', 'prot & PROT_EXEC', [0, 4096, 4], true],
    ['kill', 'signal == SIGKILL', [1, 9], true],
    ['socket', 'family == AF_INET', [2], true],
    ['socket', 'family != AF_INET', [1], true],
    ['setrlimit', 'resource != 7', [7], false],
  ] as const)
    it(`${call}(${text}) of ${values.join(', ')} is ${result}`, () => {
      expect(holds(call, text, ...values)).to.equal(result);
    });

  for (const [text, problem] of [
    ['', 'must not be empty'],
    ['flags &', 'must go on'],
    ['flags & )', 'must have a name or a number in place of ")"'],
    ['(flags & 1', 'must be closed|must hold a value'],
    ['flags 1', 'must end before "1"'],
    ['flag & 1', '"flag" must be an argument (at, path, flags, mode) or a constant of the kernel'],
    ['flags & O_RDONLY', 'O_RDONLY is 0, and "& 0" is never true: compare a mask with == instead'],
    ['flags & 0x1ffffffff', '0x1ffffffff must fit 32 bits'],
    ['flags & 12x', 'a number must be decimal'],
    ['flags = 1', '"=" must be'],
    ['flags & $', '"$" must be a name, a number or an operator'],
    ['flags == 1 == 1', 'must end before "=="'],
    ['constructor & 1', '"constructor" must be an argument'],
    [`${'('.repeat(40)}flags${')'.repeat(40)}`, 'must not be nested deeper than 8'],
  ] as const)
    it(`"${text.slice(0, 20)}" is an error`, () => {
      const pattern = problem
        .split('|')
        .map((one) => one.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
        .join('|');
      expect(() => conditionOf(text, names('openat')))
        .to.throw(Problem)
        .with.property('message')
        .that.matches(new RegExp(pattern));
    });

  it('agrees with JavaScript for every mask and comparison of an unsigned argument', () => {
    const word = fc.integer({ min: 1, max: 0xffffffff });
    fc.assert(
      fc.property(word, word, word, (value, mask, other) => {
        expect(holds('openat', `flags & ${mask}`, 0, 0, value)).to.equal((value & mask) !== 0);
        expect(holds('openat', `flags & ${mask} == ${other & mask}`, 0, 0, value)).to.equal(
          (value & mask) >>> 0 === (other & mask) >>> 0,
        );
        expect(holds('openat', `flags < ${other}`, 0, 0, value)).to.equal(value < other);
      }),
    );
  });
  it('never throws anything but a Problem, however it is written', () => {
    const piece = fc.constantFrom(
      'flags',
      'at',
      'O_CREAT',
      '1',
      '0x',
      '(',
      ')',
      '&',
      '|',
      '&&',
      '||',
      '!',
      '==',
      '<',
      '-',
      ' ',
      ';',
      '\0',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 24 }), (pieces) => {
        try {
          conditionOf(pieces.join(''), names('openat'))(registers(1, 2, 3));
        } catch (error) {
          expect(error).to.be.instanceOf(Problem);
        }
      }),
    );
  });
});

const judgeOf = (variables: Variables): Judge => {
  const lists = listsOf(variables);
  if (lists === null) throw new Error('no lists');
  return listsJudge(lists);
};
/** What becomes of a call with these registers; `free`: the hook need not ask. */
const becomes = (judge: Judge, name: string, ...values: number[]): string => {
  const rule = judge.calls.get(name);
  const decision = rule?.(registers(...values));
  return rule === undefined ? 'free' : decision === undefined ? 'goes on' : say(decision);
};
const ALLOW = (list: string, action?: string): Judge =>
  judgeOf({ SECCOMP_SYSCALL_ALLOW: list, ...(action === undefined ? {} : { SECCOMP_DEFAULT_ACTION: action }) });
const DENY = (list: string, action?: string): Judge =>
  judgeOf({ SECCOMP_SYSCALL_DENY: list, ...(action === undefined ? {} : { SECCOMP_DEFAULT_ACTION: action }) });

describe('lists of calls', () => {
  it('ALLOW leaves what is listed to itself, and kills for all else', () => {
    const judge = ALLOW('read:write:exit_group');
    for (const name of ['read', 'write', 'exit_group']) expect(becomes(judge, name)).to.equal('free');
    for (const name of ['openat', 'getpid', 'exit', 'rt_sigprocmask', 'uname'])
      expect(becomes(judge, name)).to.equal('kill');
  });
  it('an empty ALLOW allows nothing, every call of the table is asked about', () => {
    const judge = ALLOW('');
    expect(judge.calls.size).to.be.above(400);
    expect(new Set([...judge.calls.keys()].map((name) => becomes(judge, name)))).to.deep.equal(new Set(['kill']));
  });
  it('DENY kills for what is listed, and says nothing of all else', () => {
    const judge = DENY('execve:mprotect');
    expect([...judge.calls.keys()]).to.have.members(['execve', 'mprotect']);
    expect(becomes(judge, 'execve')).to.equal('kill');
    expect(judge.decide({ ask: 'path', access: 'write', path: '/x' }).verdict).to.deep.equal({ verdict: 'allow' });
  });
  it('ALLOW wins over DENY; neither is none', () => {
    const judge = judgeOf({ SECCOMP_SYSCALL_ALLOW: 'read', SECCOMP_SYSCALL_DENY: 'read' });
    expect(becomes(judge, 'read')).to.equal('free');
    expect(listsOf({})).to.equal(null);
    expect(listsOf({ SECCOMP_DEFAULT_ACTION: 'log' })).to.equal(null);
    expect(becomes(DENY(''), 'read')).to.equal('free');
  });
  it('conditions: the first entry that holds counts', () => {
    const judge = ALLOW('openat(flags & O_CREAT)=EROFS:openat((flags & O_ACCMODE) == O_RDONLY):read');
    expect(becomes(judge, 'openat', 0, 0, O.CREAT)).to.equal('EROFS');
    expect(becomes(judge, 'openat', 0, 0, O.RDONLY)).to.equal('goes on');
    expect(becomes(judge, 'openat', 0, 0, O.WRONLY)).to.equal('kill');
    const denied = DENY('openat(flags & O_WRONLY):openat(flags & O_CREAT)=EACCES');
    expect(becomes(denied, 'openat', 0, 0, O.WRONLY | O.CREAT)).to.equal('kill');
    expect(becomes(denied, 'openat', 0, 0, O.CREAT)).to.equal('EACCES');
    expect(becomes(denied, 'openat', 0, 0, 0)).to.equal('goes on');
    expect(becomes(ALLOW('write:write(fd > 2)=EPERM'), 'write', 9)).to.equal('free');
    expect(becomes(ALLOW('write(fd > 2)=EPERM:write'), 'write', 9)).to.equal('EPERM');
    expect(becomes(ALLOW('write(fd > 2)=EPERM:write'), 'write', 1)).to.equal('goes on');
  });
  it('an errno in place of the kill, in either list', () => {
    expect(becomes(DENY('mkdir=EPERM'), 'mkdir')).to.equal('EPERM');
    expect(becomes(ALLOW('mkdir=ENOSYS'), 'mkdir')).to.equal('ENOSYS');
  });
  it('log allows, with an alarm', () => {
    for (const judge of [ALLOW('read', 'log'), DENY('mkdir', 'log'), DENY('mkdir=EPERM', 'log')]) {
      const decision = judge.calls.get('mkdir')?.(registers());
      expect(decision?.verdict).to.deep.equal({ verdict: 'allow', log: true, alarm: true });
    }
  });
  it('a carrier stands for what it carries, and what is carried for itself', () => {
    const judge = ALLOW('socketcall');
    for (const name of ['socket', 'connect', 'sendto', 'accept4']) expect(becomes(judge, name)).to.equal('free');
    expect(becomes(judge, 'shmget')).to.equal('kill');
    expect(becomes(DENY('ipc'), 'shmget')).to.equal('kill');
    expect(becomes(DENY('ipc'), 'connect')).to.equal('free');
  });
  it('tells which restrictions bind no hostile code', () => {
    expect(unbound(ALLOW('write:exit_group'))).to.deep.equal(['read', 'exit', 'sigreturn']);
    expect(unbound(ALLOW('read:write:exit:sigreturn'))).to.deep.equal([]);
    expect(unbound(DENY('write(fd > 2):openat'))).to.deep.equal(['write']);
  });
  it('introduces itself', () => {
    const said = (variables: Variables): string[] => {
      const lists = listsOf(variables);
      return lists === null ? [] : introduction(lists);
    };
    expect(said({ SECCOMP_SYSCALL_ALLOW: 'read::openat(flags & 1): mkdir=EPERM' })).to.deep.equal([
      'initializing seccomp with default action (kill process)',
      'adding read to the process seccomp filter',
      'adding openat(flags & 1) to the process seccomp filter',
      'adding mkdir=EPERM to the process seccomp filter',
    ]);
    expect(said({ SECCOMP_SYSCALL_ALLOW: '', SECCOMP_DEFAULT_ACTION: 'log' })).to.deep.equal([
      'initializing seccomp with default action (log)',
    ]);
    expect(said({ SECCOMP_SYSCALL_DENY: 'read' })[0]).to.equal('initializing seccomp with default action (allow)');
  });

  for (const [list, problem] of [
    ['nosuch', '"nosuch" must be an i386 system call: ./sandbox syscalls lists them'],
    ['read:toString:write', '"toString" must be an i386 system call: ./sandbox syscalls lists them'],
    ['mkdir=EWRONG', '"EWRONG" must be an errno such as EPERM'],
    ['mkdir=', '"mkdir=" must be name, name(condition), name=ERRNO or both'],
    ['openat(flags & 1', '"openat(flags & 1" must be name, name(condition), name=ERRNO or both'],
    ['openat(flags)x', '"openat(flags)x" must be name, name(condition), name=ERRNO or both'],
    [
      'socketcall(call == 1)',
      '"socketcall(call == 1)" must name the call that socketcall carries, to have a condition',
    ],
    [
      'openat(what)',
      'bad condition (what) "what" must be an argument (at, path, flags, mode) or a constant of the kernel',
    ],
  ] as const)
    it(`${list} is an error`, () => {
      expect(() => DENY(list))
        .to.throw(PolicyError)
        .with.property('message', `SECCOMP_SYSCALL_DENY: ${problem}`);
    });
  it('an action that is none is an error; all problems are told', () => {
    expect(() => ALLOW('a:b', 'trap'))
      .to.throw(PolicyError)
      .with.property('problems')
      .that.has.lengthOf(3);
  });
});

describe('the variables', () => {
  const environment = [
    'A=1',
    'SECCOMP_SYSCALL_ALLOW=a=b',
    'SECCOMP_SYSCALL_ALLOWED=1',
    'SECCOMP_DEFAULT_ACTION=',
    'SECCOMP_SYSCALL_ALLOW=c',
    'B',
  ];
  it('are read as getenv reads them, and taken out, each copy', () => {
    expect(variablesIn(environment)).to.deep.equal({ SECCOMP_SYSCALL_ALLOW: 'a=b', SECCOMP_DEFAULT_ACTION: '' });
    expect(withoutVariables(environment)).to.deep.equal(['A=1', 'SECCOMP_SYSCALL_ALLOWED=1', 'B']);
  });
  it('stand in a launcher, whatever they hold', () => {
    expect(launcherScript("/a'b", '/bin/x', { SECCOMP_SYSCALL_DENY: "$(x)'" })).to.equal(
      "#!/bin/sh\n# Runs a program in the sandbox. Made by: sandbox wrap\nexport SECCOMP_SYSCALL_DENY='$(x)'\\'''\nexec '/a'\\''b' -- '/bin/x' \"$@\"\n",
    );
  });
});
