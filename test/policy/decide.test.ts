import { expect } from 'chai';
import fc from 'fast-check';
import { allowAll, compile } from '../../src/policy/compile.js';
import { decide } from '../../src/policy/decide.js';
import { ACCESSES } from '../../src/policy/words.js';
import type { InetQuestion, NameQuestion, Question, SocketQuestion } from '../../src/questions.js';
import { ask, bytes, policyOf, rulesOfTexts, say } from './helpers.js';

const inet = (policy: ReturnType<typeof policyOf>, action: InetQuestion['ask'], address: string, port: number) =>
  say(decide(policy, { ask: action, family: address.includes(':') ? 'inet6' : 'inet', address, port }));
const socket = (policy: ReturnType<typeof policyOf>, family: string, type: SocketQuestion['type'] = 'stream') =>
  say(decide(policy, { ask: 'socket', family, type, protocol: 0 }));
const named = (policy: ReturnType<typeof policyOf>, space: NameQuestion['space'], name: string) =>
  say(decide(policy, { ask: 'name', space, name }));
const unix = (policy: ReturnType<typeof policyOf>, path: string) =>
  say(decide(policy, { ask: 'unix', action: 'connect', path }));

describe('decisions about paths', () => {
  it('unlisted is EACCES, with no rule', () => {
    expect(decide(policyOf('files: []'), { ask: 'path', access: 'read', path: '/a' })).to.deep.equal({
      verdict: { verdict: 'deny', errno: 13 },
      rule: null,
    });
  });

  it('each access is its own, except that stat comes with any', () => {
    for (const granted of ACCESSES) {
      const policy = policyOf(`files: [{ ${granted}: ["/a"] }]`);
      for (const access of ACCESSES) {
        const expected = access === granted || access === 'stat' ? 'allow' : 'EACCES';
        expect(ask(policy, access, '/a'), `${granted} → ${access}`).to.equal(expected);
      }
    }
  });

  it('names the rule', () => {
    const policy = policyOf('files:\n  - { read: ["/a/**"], why: data }\n  - { deny: ["/a/b"], errno: EPERM }');
    const told = (path: string) => decide(policy, { ask: 'path', access: 'read', path }).rule;
    expect(told('/a/x')).to.include({ line: 2, column: 5, text: 'read /a/**', why: 'data' });
    expect(told('/a/b')).to.include({ line: 3, column: 5, text: 'deny /a/b' });
    expect(told('/a/b')).not.to.have.property('why');
  });

  const DENY = 'files: [{ deny: ["/a/s/**"], errno: EPERM }]';
  const GRANT = 'files: [{ read: ["/a/**"], stat: ["/a/**"] }]';
  for (const [order, texts] of [
    ['before', [DENY, GRANT]],
    ['after', [GRANT, DENY]],
    ['in one file before', ['files: [{ deny: ["/a/s/**"], errno: EPERM }, { read: ["/a/**"] }]']],
    ['in one file after', ['files: [{ read: ["/a/**"] }, { deny: ["/a/s/**"], errno: EPERM }]']],
  ] as const) {
    it(`deny beats allow, ${order}`, () => {
      const policy = policyOf(...texts);
      for (const path of [
        '/a/s',
        '/a/s/x',
        '/a/s/.x',
        '/a/s/.x/.y',
        '/a/s/x\ny',
        '/a/s/\x1b[2J',
        '/a/s/\xff\xfe',
        bytes('/a/s/é'),
      ]) {
        expect(ask(policy, 'read', path), path).to.equal('EPERM');
        expect(ask(policy, 'stat', path), path).to.equal('EPERM');
      }
      for (const path of ['/a', '/a/x', '/a/ss', '/a/.s', '/a/x\ny', '/a/\xff'])
        expect(ask(policy, 'read', path), path).to.equal('allow');
    });
  }

  it('a narrowed deny leaves the other accesses', () => {
    const policy = policyOf('files: [{ read: ["/a/**"], write: ["/a/**"] }, { deny: ["/a/b"], access: [write] }]');
    expect(ask(policy, 'write', '/a/b')).to.equal('EACCES');
    expect(ask(policy, 'read', '/a/b')).to.equal('allow');
    expect(ask(policy, 'stat', '/a/b')).to.equal('allow');
  });

  it('the first of several denies gives the errno', () => {
    const policy = policyOf('files: [{ deny: ["/a/**"], errno: ENOENT }, { deny: ["/**"], errno: EPERM }]');
    expect(ask(policy, 'read', '/a/x')).to.equal('ENOENT');
    expect(ask(policy, 'read', '/b')).to.equal('EPERM');
  });

  it('ancestors of what is granted may be stat’ed, not listed', () => {
    const policy = policyOf(
      'files: [{ read: ["/srv/*/data/**"] }, { execute: ["/opt/x/bin/tool"] }, { write: ["/log"] }]',
    );
    for (const path of [
      '/',
      '/srv',
      '/srv/x',
      '/srv/\n',
      '/srv/x/data',
      '/opt',
      '/opt/x',
      '/opt/x/bin',
      '/opt/x/bin/tool',
    ]) {
      expect(ask(policy, 'stat', path), path).to.equal('allow');
    }
    for (const path of ['/', '/srv', '/srv/x', '/opt/x/bin'])
      expect(ask(policy, 'read', path), path).to.equal('EACCES');
    for (const path of ['/srvx', '/srv/x/other', '/opt/y', '/opt/x/bin/other', '/log/x', '/home']) {
      expect(ask(policy, 'stat', path), path).to.equal('EACCES');
    }
  });

  it('ancestors below a deny stay hidden', () => {
    const policy = policyOf('files: [{ read: ["/s/pub/**"] }, { deny: ["/s/**"] }]');
    expect(ask(policy, 'stat', '/s')).to.equal('EACCES');
    expect(ask(policy, 'read', '/s/pub/x')).to.equal('EACCES');
  });

  it('/etc/** is /etc and all below, never /etcfoo', () => {
    const policy = policyOf('files: [{ read: ["/etc/**"] }]');
    for (const path of ['/etc', '/etc/a', '/etc/.a/.b']) expect(ask(policy, 'read', path)).to.equal('allow');
    for (const path of ['/', '/etcfoo', '/etcfoo/a', '/et']) expect(ask(policy, 'read', path)).to.equal('EACCES');
  });

  it('a UTF-8 pattern matches the bytes of the name', () => {
    const policy = policyOf('files: [{ read: ["/é/*ß"] }]');
    expect(ask(policy, 'read', bytes('/é/xß'))).to.equal('allow');
    expect(ask(policy, 'read', '/é/xß')).to.equal('EACCES');
  });

  it('remembers a bounded number of paths, and only short ones', () => {
    const policy = policyOf('files: [{ read: ["/a/**"] }]');
    for (let index = 0; index < 10_000; index++) ask(policy, 'read', `/a/${index}`);
    expect(policy.memo.size).to.equal(4096);
    ask(policy, 'write', `/a/${'x'.repeat(300)}`);
    expect(policy.memo.size).to.equal(4096);
    expect(ask(policy, 'read', '/a/0')).to.equal('allow');
    expect(ask(policy, 'write', '/a/0')).to.equal('EACCES');
  });
});

describe('decisions, whatever the rules', () => {
  const glob = fc.constantFrom('/', '/a', '/b', '/a/b', '/a/*', '/*', '/a/**', '/**', '/**/b', '/*/b', '/a/?/**');
  const rule = fc.oneof(
    fc.tuple(fc.constantFrom(...ACCESSES), glob).map(([access, text]) => `{ ${access}: ["${text}"] }`),
    glob.map((text) => `{ deny: ["${text}"] }`),
    fc.tuple(fc.constantFrom(...ACCESSES), glob).map(([access, text]) => `{ deny: ["${text}"], access: [${access}] }`),
  );
  const paths = ['/', '/a', '/b', '/a/a', '/a/b', '/b/b', '/a/b/b', '/a/a/a', '/.a'];

  it('the order of rules and files changes no verdict', () => {
    const shuffled = fc
      .array(rule, { minLength: 1, maxLength: 6 })
      .chain((each) => fc.tuple(fc.constant(each), fc.shuffledSubarray(each, { minLength: each.length })));
    fc.assert(
      fc.property(shuffled, ([one, other]) => {
        const policy = policyOf(`files: [${one.join(', ')}]`);
        const mixed = policyOf(...other.map((each) => `files: [${each}]`));
        for (const path of paths)
          for (const access of ACCESSES) expect(ask(mixed, access, path)).to.equal(ask(policy, access, path));
      }),
      { numRuns: 200 },
    );
  }).timeout(20_000);

  it('one more grant takes nothing away, one more deny gives nothing', () => {
    fc.assert(
      fc.property(fc.array(rule, { maxLength: 5 }), rule, (rules, more) => {
        const before = policyOf(`files: [${rules.join(', ')}]`);
        const after = policyOf(`files: [${[...rules, more].join(', ')}]`);
        const wrong = more.startsWith('{ deny') ? 'allow' : 'EACCES';
        for (const path of paths) {
          for (const access of ACCESSES) {
            if (ask(after, access, path) === wrong) expect(ask(before, access, path)).to.equal(wrong);
          }
        }
      }),
      { numRuns: 300 },
    );
  }).timeout(20_000);
});

describe('decisions about system calls', () => {
  const policy = policyOf(
    'syscalls: { access: { return: 0 }, socket: { deny: EPERM }, read: native, ptrace: kill, uname: log, getpid: { return: -38 } }',
    'syscalls: { read: allow, uname: { deny: ENOSYS }, ptrace: { return: 0 }, open: { verdict: allow } }',
  );
  const asked = (name: string) => say(decide(policy, { ask: 'syscall', name }));

  it('gives each its verdict, and of several the strictest', () => {
    const said = ['access', 'socket', 'read', 'ptrace', 'uname', 'open', 'getpid'].map(asked);
    expect(said).to.deep.equal(['return 0', 'EPERM', 'allow', 'kill', 'ENOSYS', 'allow', 'return -38']);
  });

  it('allows what no rule names, with no rule', () => {
    expect(decide(policy, { ask: 'syscall', name: 'mmap2' })).to.deep.equal({
      verdict: { verdict: 'allow' },
      rule: null,
    });
    expect(asked('constructor')).to.equal('allow');
  });

  it('tells all named ones in advance, in a map of the caller’s own', () => {
    const calls = policy.calls();
    expect([...calls.keys()].sort()).to.deep.equal(['access', 'getpid', 'open', 'ptrace', 'read', 'socket', 'uname']);
    for (const [name, rule] of calls)
      expect(rule(new Uint32Array(6))).to.equal(decide(policy, { ask: 'syscall', name }));
    calls.clear();
    expect(asked('ptrace')).to.equal('kill');
  });

  it('an allowed call opens no path', () => {
    expect(ask(policyOf('syscalls: { open: allow }'), 'read', '/a')).to.equal('EACCES');
  });
});

describe('decisions about the network', () => {
  it('without a key and with `none` nothing goes', () => {
    for (const [text, rule] of [
      ['files: []', null],
      ['network: none', 'network: none'],
    ] as const) {
      const policy = policyOf(text);
      for (const family of ['inet', 'inet6', 'unix', 'netlink', 'packet'])
        expect(socket(policy, family)).to.equal('EACCES');
      expect(inet(policy, 'connect', '127.0.0.1', 80)).to.equal('EACCES');
      expect(unix(policy, '/run/x')).to.equal('EACCES');
      const told = decide(policy, { ask: 'socket', family: 'inet', type: 'stream', protocol: 0 }).rule;
      expect(told?.text ?? null).to.equal(rule);
    }
  });

  it('`none` of one file does not undo the rules of another', () => {
    const policy = policyOf('network: none', 'network: [{ connect: ["127.0.0.1:80"] }]');
    expect(inet(policy, 'connect', '127.0.0.1', 80)).to.equal('allow');
    expect(decide(policy, { ask: 'connect', family: 'inet', address: '127.0.0.1', port: 81 }).rule).to.equal(null);
  });

  it('connect, bind and send are three things', () => {
    const policy = policyOf(
      'network: [{ connect: ["127.0.0.0/8:80"] }, { bind: ["0.0.0.0:8000-8010"] }, { send: ["*:53"] }]',
    );
    expect(inet(policy, 'connect', '127.1.2.3', 80)).to.equal('allow');
    expect(inet(policy, 'bind', '127.1.2.3', 80)).to.equal('EACCES');
    expect(inet(policy, 'send', '127.1.2.3', 80)).to.equal('EACCES');
    expect(inet(policy, 'bind', '0.0.0.0', 8010)).to.equal('allow');
    expect(inet(policy, 'bind', '0.0.0.0', 8011)).to.equal('EACCES');
    expect(inet(policy, 'send', '2001:db8::1', 53)).to.equal('allow');
  });

  it('IPv4-mapped addresses are IPv4', () => {
    const policy = policyOf('network: [{ connect: ["127.0.0.0/8:80", "[::/0]:443"] }]');
    expect(inet(policy, 'connect', '::ffff:127.0.0.1', 80)).to.equal('allow');
    expect(inet(policy, 'connect', '::ffff:10.0.0.1', 443)).to.equal('EACCES');
    expect(inet(policy, 'connect', '10.0.0.1', 443)).to.equal('EACCES');
    expect(inet(policy, 'connect', 'fe80::1%eth0', 443)).to.equal('allow');
  });

  it('a socket comes with the rule that needs it, a raw one does not', () => {
    const four = policyOf('network: [{ connect: ["127.0.0.0/8:80"] }]');
    expect([socket(four, 'inet'), socket(four, 'inet', 'dgram')]).to.deep.equal(['allow', 'allow']);
    expect([socket(four, 'inet', 'raw'), socket(four, 'inet', 'other')]).to.deep.equal(['EACCES', 'EACCES']);
    expect([socket(four, 'inet6'), socket(four, 'unix'), socket(four, 'netlink')]).to.deep.equal([
      'EACCES',
      'EACCES',
      'EACCES',
    ]);
    const both = policyOf('network: [{ bind: ["*:0"] }]');
    expect([socket(both, 'inet'), socket(both, 'inet6'), socket(both, 'unix')]).to.deep.equal([
      'allow',
      'allow',
      'EACCES',
    ]);
    const listed = policyOf('network: [{ families: [inet, netlink] }]');
    expect([socket(listed, 'inet', 'raw'), socket(listed, 'netlink', 'raw')]).to.deep.equal(['allow', 'allow']);
    expect(inet(listed, 'connect', '127.0.0.1', 80)).to.equal('EACCES');
  });

  it('unix rules give socket, path and abstract names', () => {
    const policy = policyOf('network: [{ unix: ["/run/app*.sock", "@app-*"] }]');
    expect(socket(policy, 'unix')).to.equal('allow');
    expect(unix(policy, '/run/app1.sock')).to.equal('allow');
    expect(unix(policy, '/run/x/app1.sock')).to.equal('EACCES');
    expect(named(policy, 'abstract', 'app-\0\xff')).to.equal('allow');
    expect(named(policy, 'abstract', 'other')).to.equal('EACCES');
    expect(ask(policy, 'write', '/run/app1.sock')).to.equal('EACCES');
    expect(socket(policyOf('network: [{ unix: ["@app-*"] }]'), 'unix')).to.equal('allow');
  });
});

describe('decisions about names', () => {
  const policy = policyOf(
    'names: [{ space: sysv, names: ["0x1*"] }, { space: mqueue, names: ["**"] }]\nnetwork: [{ families: [alg] }]',
  );

  it('are by space, unlisted is EACCES', () => {
    expect(named(policy, 'sysv', '0x12')).to.equal('allow');
    expect(named(policy, 'sysv', '0x2')).to.equal('EACCES');
    expect(named(policy, 'mqueue', 'a/b')).to.equal('allow');
    expect(named(policy, 'keyring', '0x12')).to.equal('EACCES');
    expect(named(policy, 'family', 'alg')).to.equal('allow');
    expect(named(policy, 'family', 'can')).to.equal('EACCES');
  });
});

describe('the policy that allows all', () => {
  it('allows every question and wants it logged', () => {
    const questions: Question[] = [
      { ask: 'syscall', name: 'open' },
      { ask: 'path', access: 'write', path: '/etc/shadow' },
      { ask: 'socket', family: 'packet', type: 'raw', protocol: 3 },
      { ask: 'connect', family: 'inet', address: '1.2.3.4', port: 80 },
      { ask: 'unix', action: 'bind', path: '/a' },
      { ask: 'name', space: 'keyring', name: 'x' },
    ];
    for (const question of questions) {
      expect(decide(allowAll(), question)).to.deep.equal({ verdict: { verdict: 'allow', log: true }, rule: null });
    }
    expect(allowAll().calls().size).to.equal(0);
  });

  it('a policy and its decisions cannot be changed', () => {
    const policy = compile(rulesOfTexts('files: [{ read: ["/a"] }]'));
    const decision = decide(policy, { ask: 'path', access: 'read', path: '/a' });
    expect([policy, decision, decision.verdict, decision.rule].every(Object.isFrozen)).to.equal(true);
  });
});
