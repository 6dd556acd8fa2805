import { expect } from 'chai';
import { nameServersOf } from '../../src/cli/secfilter.js';
import { PolicyError } from '../../src/policy/problem.js';
import { secfilterJudge } from '../../src/policy/secfilter/judge.js';
import { configEntries, settingsOf, type Entry } from '../../src/policy/secfilter/settings.js';
import { describeRule } from '../../src/referee/describe.js';
import type { Access, Judge, Question } from '../../src/questions.js';
import { say } from './helpers.js';

/** `--key=value` words as entries. */
const entries = (line: string): Entry[] =>
  line
    .split(' ')
    .filter((word) => word !== '')
    .map((word) => {
      const [, key, value = '1'] = /^--([^=]+)(?:=(.*))?$/.exec(word) ?? [];
      return { key, value, origin: { file: `--${key}`, line: 0 } };
    });
const AROUND = {
  canonical: (path: string) => path.replace(/(?<=.)\/$/, ''),
  nameServers: () => ['192.0.2.53', '2001:db8::53'],
  mayRoute: false,
};

const maybe = (line: string, config = ''): Judge | null =>
  secfilterJudge(settingsOf(entries(line), configEntries(config, 'a.conf')), AROUND);
function judgeOf(line: string, config?: string): Judge {
  const judge = maybe(line, config);
  if (judge === null) throw new Error(`${line} restricts nothing`);
  return judge;
}
function problems(line: string, config = ''): readonly string[] {
  try {
    maybe(line, config);
  } catch (error) {
    if (error instanceof PolicyError) return error.problems;
    throw error;
  }
  return [];
}

const path = (judge: Judge, access: Access, name: string): string =>
  say(judge.decide({ ask: 'path', access, path: name }));
type Ask = 'connect' | 'bind' | 'send';
/** `1.2.3.4 80`, `::1 80` */
const inet = (judge: Judge, text: string, ask: Ask = 'connect'): string => {
  const [address, port] = text.split(' ');
  const family = address.includes(':') ? 'inet6' : 'inet';
  return say(judge.decide({ ask, family, address, port: Number(port) }));
};
const said = (judge: Judge, question: Question): string => say(judge.decide(question));
const unix = (judge: Judge, name: string, action: Ask = 'connect'): string =>
  said(judge, { ask: 'unix', action, path: name });
const named = (judge: Judge, space: 'abstract' | 'netlink' | 'vsock' | 'mqueue' | 'family' | 'sysv', name: string) =>
  said(judge, { ask: 'name', space, name });
const socket = (judge: Judge, family: string, type: 'stream' | 'dgram' | 'raw' | 'other'): string =>
  said(judge, { ask: 'socket', family, type, protocol: 0 });

describe('secfilter: what is written', () => {
  it('--read-only refuses each change of files and names with EPERM, and nothing else', () => {
    const judge = judgeOf('--read-only');
    for (const access of ['write', 'create'] as const) expect(path(judge, access, '/tmp/x')).to.equal('EPERM');
    for (const access of ['read', 'execute', 'stat'] as const) expect(path(judge, access, '/tmp/x')).to.equal('allow');
    expect(inet(judge, '192.0.2.1 80')).to.equal('allow');
    expect(named(judge, 'sysv', 'shm:private')).to.equal('allow');
    expect([...judge.calls.keys()]).to.deep.equal([]);
  });
  it('--allow-write means a path and what is below it, and no name that only begins like it', () => {
    const judge = judgeOf('--allow-write=/a/b/ --write-allow=/dev/null');
    for (const name of ['/a/b', '/a/b/c', '/dev/null']) expect(path(judge, 'create', name), name).to.equal('allow');
    for (const name of ['/a', '/a/bc', '/a/b\0', '/', '', 'pipe:[1]', '/dev/nullx', 'deleted:/a/b/c'])
      expect(path(judge, 'write', name), name).to.equal('EPERM');
    expect(path(judgeOf('--allow-write=/'), 'write', '/x')).to.equal('allow');
  });
  it('a link or a new name gives no right to write that the old one had not', () => {
    const judge = judgeOf('--allow-write=/a');
    expect(say(judge.mayRelabel('/etc/passwd', '/a/x', false))).to.equal('EPERM');
    expect(say(judge.mayRelabel('/a/y', '/a/x', true))).to.equal('allow');
    expect(say(judge.mayRelabel('/etc/passwd', '/etc/x', false))).to.equal('allow');
  });
  it('daemons behind unix sockets, and message queues, count as what is written', () => {
    const judge = judgeOf('--allow-write=/run/mine --allow-write=/dev/mqueue/mine');
    expect(named(judge, 'abstract', 'x')).to.equal('EPERM');
    expect(named(judge, 'mqueue', '/mine')).to.equal('allow');
    expect(named(judge, 'mqueue', '/other')).to.equal('EPERM');
    // Beside the unix question the path's own is asked, which refuses.
    expect(path(judge, 'write', '/run/docker.sock')).to.equal('EPERM');
  });
  it('--read-only=0 makes nothing read-only, whatever else there is', () => {
    expect(maybe('--read-only=0')).to.equal(null);
    expect(maybe('--allow-write=/a --read-only=0')).to.equal(null);
    expect(path(judgeOf('--read-only=0 --allowed-port=1 --allow-write=/a'), 'write', '/b')).to.equal('allow');
  });
  it('the reason names the option', () => {
    const { rule } = judgeOf('--read-only --allow-write=/dev/null').decide({
      ask: 'path',
      access: 'write',
      path: '/x',
    });
    expect(describeRule(rule)).to.equal('--read-only: nothing may be written but /dev/null');
  });
});

describe('secfilter: addresses', () => {
  it('--no-outbound-network refuses connections and datagrams, not who comes in', () => {
    const judge = judgeOf('--no-outbound-network');
    for (const to of ['127.0.0.1 80', '::1 80', '192.0.2.1 53']) {
      expect(inet(judge, to)).to.equal('EPERM');
      expect(inet(judge, to, 'send')).to.equal('EPERM');
      expect(inet(judge, to, 'bind')).to.equal('allow');
    }
  });
  it('--allowed-netmask holds for both directions, IPv4 and IPv6, and mapped addresses', () => {
    const judge = judgeOf(
      '--allowed-netmask=127.0.0.0/8 --allowed-netmask=2001:db8::/32 --allowed-netmask=82.94.213.34',
    );
    for (const to of [
      '127.0.0.1 80',
      '127.255.1.2 1',
      '2001:db8::1 9',
      '82.94.213.34 22',
      '::ffff:127.0.0.1 80',
      '::ffff:7f00:1 80',
    ])
      for (const ask of ['connect', 'send', 'bind'] as const) expect(inet(judge, to, ask), to).to.equal('allow');
    for (const to of [
      '128.0.0.1 80',
      '0.0.0.0 80',
      '2001:db9::1 9',
      '82.94.213.35 22',
      '::ffff:128.0.0.1 80',
      '::1 1',
      ':: 1',
      '::127.0.0.1 1',
    ])
      for (const ask of ['connect', 'send', 'bind'] as const) expect(inet(judge, to, ask), to).to.equal('EPERM');
    expect(inet(judgeOf('--allowed-netmask=::/0'), '::ffff:1.2.3.4 1')).to.equal('EPERM');
    expect(inet(judgeOf('--allowed-netmask=0.0.0.0/0'), '0.0.0.0 80', 'bind')).to.equal('allow');
    expect(inet(judgeOf('--allowed-netmask=0.0.0.0/0'), '255.1.2.3 80')).to.equal('allow');
  });
  it('--allowed-port; a port of the kernel’s choice may be bound', () => {
    const judge = judgeOf('--allowed-port=22 --allowed-port=53');
    expect(inet(judge, '192.0.2.1 22')).to.equal('allow');
    expect(inet(judge, '192.0.2.1 53', 'send')).to.equal('allow');
    expect(inet(judge, '192.0.2.1 80')).to.equal('EPERM');
    expect(inet(judge, '0.0.0.0 80', 'bind')).to.equal('EPERM');
    expect(inet(judge, '0.0.0.0 0', 'bind')).to.equal('allow');
    expect(inet(judge, '192.0.2.1 0')).to.equal('EPERM');
  });
  it('netmask and port must both agree', () => {
    const judge = judgeOf('--allowed-netmask=127.0.0.0/8 --allowed-port=22');
    expect(inet(judge, '127.0.0.1 22')).to.equal('allow');
    expect(inet(judge, '127.0.0.1 23')).to.equal('EPERM');
    expect(inet(judge, '128.0.0.1 22')).to.equal('EPERM');
  });
  it('--allow-resolv lets port 53 of the name servers through all of them, and restricts nothing', () => {
    for (const option of ['--no-outbound-network', '--allowed-netmask=127.0.0.0/8', '--allowed-port=22']) {
      const judge = judgeOf(`${option} --allow-resolv`);
      for (const to of ['192.0.2.53 53', '2001:db8::53 53', '::ffff:192.0.2.53 53'])
        expect(inet(judge, to), to).to.equal('allow');
      expect(inet(judge, '192.0.2.53 54')).to.equal('EPERM');
      expect(inet(judge, '192.0.2.54 53')).to.equal('EPERM');
      expect(inet(judgeOf(`${option} --allow-resolv=0`), '192.0.2.53 53')).to.equal('EPERM');
    }
    expect(maybe('--allow-resolv --verbose')).to.equal(null);
  });
  it('nothing reaches past addresses and ports: raw sockets, other families, daemons', () => {
    for (const option of ['--no-outbound-network', '--allowed-netmask=0.0.0.0/0', '--allowed-port=22']) {
      const judge = judgeOf(option);
      expect(socket(judge, 'inet', 'raw')).to.equal('EPERM');
      expect(socket(judge, 'inet6', 'other')).to.equal('EPERM');
      expect(named(judge, 'family', 'packet')).to.equal('EPERM');
      expect(named(judge, 'vsock', '2:1')).to.equal('EPERM');
      expect(named(judge, 'abstract', 'x')).to.equal('EPERM');
      expect(unix(judge, '/run/x')).to.equal('EPERM');
      expect(unix(judge, '/run/x', 'send')).to.equal('EPERM');
      for (const type of ['stream', 'dgram'] as const) expect(socket(judge, 'inet', type)).to.equal('allow');
      expect(socket(judge, 'unix', 'other')).to.equal('allow');
      expect(named(judge, 'netlink', 'route')).to.equal('allow');
      expect(unix(judge, '/run/x', 'bind')).to.equal('allow');
      expect(path(judge, 'write', '/x')).to.equal('allow');
    }
    expect(unix(judgeOf('--allowed-port=22 --allow-write=/run/agent'), '/run/agent')).to.equal('allow');
  });
  it('who may change routes gets no netlink socket, where addresses are restricted', () => {
    const judge = (line: string) => secfilterJudge(settingsOf(entries(line), []), { ...AROUND, mayRoute: true });
    const route = { ask: 'name', space: 'netlink', name: 'route' } as const;
    for (const option of ['--no-outbound-network', '--allowed-netmask=::/0', '--allowed-port=22'])
      expect(say(judge(option)!.decide(route)), option).to.equal('EPERM');
    for (const option of ['--read-only', '--mainstream-network-families'])
      expect(say(judge(option)!.decide(route)), option).to.equal('allow');
  });
  it('--mainstream-network-families', () => {
    const judge = judgeOf('--mainstream-network-families');
    for (const family of ['unix', 'inet', 'inet6']) expect(socket(judge, family, 'stream')).to.equal('allow');
    expect(named(judge, 'netlink', 'route')).to.equal('allow');
    for (const family of ['packet', 'bluetooth', 'alg', '77']) expect(named(judge, 'family', family)).to.equal('EPERM');
    expect(named(judge, 'vsock', '2:1')).to.equal('EPERM');
    expect(inet(judge, '192.0.2.1 80')).to.equal('allow');
    expect(socket(judge, 'inet', 'raw')).to.equal('allow');
  });
});

describe('secfilter: the settings', () => {
  const SAMPLE = `allowed-netmask=127.0.0.0/8
    # whom it may reach
    allowed-netmask = 2001:888:2000:1d::2
    allow-write=/run/    # this implies read-only
    mainstream-network-families=
    read-only=1

    allowed-port=22`;

  it('are read from a file, with comments, and empty values that mean yes', () => {
    const judge = judgeOf('', SAMPLE);
    expect(path(judge, 'write', '/run/x')).to.equal('allow');
    expect(path(judge, 'write', '/x')).to.equal('EPERM');
    expect(inet(judge, '2001:888:2000:1d::2 22')).to.equal('allow');
    expect(inet(judge, '2001:888:2000:1d::3 22')).to.equal('EPERM');
    expect(named(judge, 'family', 'packet')).to.equal('EPERM');
    const { rule } = judge.decide({ ask: 'connect', family: 'inet', address: '127.0.0.1', port: 23 });
    expect(describeRule(rule)).to.equal('a.conf:8:1: no port but 22');
  });
  it('of the command line take the place of those of the file, key by key', () => {
    expect(path(judgeOf('--read-only=0', SAMPLE), 'write', '/x')).to.equal('allow');
    const judge = judgeOf('--write-allow=/srv', SAMPLE);
    expect(path(judge, 'write', '/srv/x')).to.equal('allow');
    expect(path(judge, 'write', '/run/x')).to.equal('EPERM');
    expect(inet(judge, '127.0.0.1 22')).to.equal('allow');
  });
  it('of two switches on one line the last counts', () => {
    expect(maybe('--read-only=1 --read-only=0')).to.equal(null);
  });
  for (const [value, on] of [
    ['1', true],
    ['true', true],
    ['yes', true],
    ['on', true],
    ['0', false],
    ['false', false],
    ['no', false],
    ['off', false],
  ] as const)
    it(`--read-only=${value}`, () => expect(maybe(`--read-only=${value}`) !== null).to.equal(on));

  for (const [line, problem] of [
    ['--read-only=2', '--read-only: "2" must be 1 or 0 (also true, yes, on; false, no, off)'],
    ['--allowed-port=0', '--allowed-port: "0" must be a port from 1 to 65535'],
    ['--allowed-port=65536', '--allowed-port: "65536" must be a port from 1 to 65535'],
    ['--allowed-port=22x', '--allowed-port: "22x" must be a port from 1 to 65535'],
    [
      '--allowed-netmask=localhost',
      '--allowed-netmask: "localhost" must be a network such as 127.0.0.0/8 or fe80::/10, or an address',
    ],
    ['--allowed-netmask=127.0.0.0/33', '--allowed-netmask: "127.0.0.0/33" must have a prefix length of at most 32'],
    [
      '--allowed-netmask=127.0.0.0/8:80',
      '--allowed-netmask: "127.0.0.0/8:80" must be a network such as 127.0.0.0/8 or fe80::/10, or an address',
    ],
    [
      '--allowed-netmask=::ffff:1.2.3.4',
      '--allowed-netmask: "::ffff:1.2.3.4" must be written as the IPv4 address it maps',
    ],
    ['--allow-write=', '--allow-write: "" must be a path'],
  ] as const)
    it(`${line} is an error`, () => expect(problems(line)).to.deep.equal([problem]));
  it('each problem of a file is told with its line', () => {
    expect(problems('', 'read-only=1\nwritable=/\nread-only\nallowed-port=x')).to.deep.equal([
      'a.conf:3: "read-only" must be key=value',
    ]);
    expect(problems('', 'read-only=1\nwritable=/\n\nallowed-port=x')).to.deep.equal([
      'a.conf:2: writable: "writable" must be one of read-only, no-outbound-network, allow-resolv, mainstream-network-families, verbose, allow-write, allowed-netmask, allowed-port',
      'a.conf:4: allowed-port: "x" must be a port from 1 to 65535',
    ]);
  });
});

describe('secfilter: name servers', () => {
  it('are those of resolv.conf(5), the local machine without any', () => {
    const text = '# nameserver 1.1.1.1\nnameserver 192.0.2.1\nsearch x\nnameserver fe80::1%eth0\nnameserver nonsense\n';
    expect(nameServersOf(text)).to.deep.equal(['192.0.2.1', 'fe80::1']);
    expect(nameServersOf('search x')).to.deep.equal(['127.0.0.1', '::1']);
  });
});
