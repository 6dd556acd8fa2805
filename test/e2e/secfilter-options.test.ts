/** Each of secfilter's options in each of its forms, on the command line and in files: what it refuses, and what it lets. */
import { mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { runOptions } from '../../src/cli/options.js';
import { attempting, results } from '../support/attempts.js';
import { sysroot } from '../support/elf-builder.js';
import { makeTemporary, remove, sandbox, type Ended } from '../support/run.js';

/** Nobody listens at the ports of 127.0.0.1 that are reached here: refused by the kernel is ECONNREFUSED. */
const ACTS = `
  def reach(host, port, kind=socket.SOCK_STREAM):
      socket.socket(socket.AF_INET6 if ':' in host else socket.AF_INET, kind).connect((host, port))
  attempt('file', lambda: open('file', 'w'))
  attempt('open', lambda: open('open/file', 'w'))
  attempt('null', lambda: open('/dev/null', 'w'))
  attempt('look', lambda: os.listdir('/'))
  attempt('host', lambda: reach('127.0.0.1', 3))
  attempt('other-host', lambda: reach('127.0.0.2', 3))
  attempt('port', lambda: reach('127.0.0.1', 4))
  attempt('mapped', lambda: reach('::ffff:127.0.0.1', 3))
  attempt('server', lambda: reach('127.0.0.3', 53, socket.SOCK_DGRAM))
  attempt('no-server', lambda: reach('127.0.0.4', 53, socket.SOCK_DGRAM))
  attempt('family', lambda: socket.socket(socket.AF_VSOCK))
  attempt('mainstream', lambda: socket.socket(socket.AF_UNIX))
`;
const WRITES = ['file', 'open', 'null'];
const ADDRESSES = ['host', 'other-host', 'port', 'mapped', 'server', 'no-server'];

interface Row {
  /** Its forms that say the same. */
  readonly forms: readonly string[];
  /** What stands beside it, where it restricts nothing by itself. */
  readonly beside?: readonly string[];
  /** What gets EPERM; all else does not. */
  readonly refuses: readonly string[];
  /** Forms under which nothing of this is refused. */
  readonly off?: readonly string[];
  /** A word that is no value of it. */
  readonly wrong: string;
}
const ON = ['', '=1', '=true'];
const OFF = ['=0', '=off'];
const switching = (name: string): Pick<Row, 'forms' | 'off' | 'wrong'> => ({
  forms: ON.map((value) => `--${name}${value}`),
  off: OFF.map((value) => `--${name}${value}`),
  wrong: '2',
});
/** Beside the options that restrict addresses: what has none. */
const PAST = 'family';
const ROWS: Readonly<Record<string, Row>> = {
  'read-only': { ...switching('read-only'), refuses: WRITES },
  'allow-write': { forms: ['--allow-write=open', '--allow-write open'], refuses: ['file', 'null'], wrong: '' },
  'write-allow': { forms: ['--write-allow=open', '--write-allow open'], refuses: ['file', 'null'], wrong: '' },
  'no-outbound-network': { ...switching('no-outbound-network'), refuses: [...ADDRESSES, PAST] },
  'allowed-netmask': {
    forms: ['--allowed-netmask=127.0.0.1', '--allowed-netmask 127.0.0.1/32', '--allowed-netmask=127.0.0.1/32'],
    refuses: ['other-host', 'server', 'no-server', PAST],
    wrong: '127.0.0.1/33',
  },
  'allowed-port': {
    forms: ['--allowed-port=3', '--allowed-port 3'],
    refuses: ['port', 'server', 'no-server', PAST],
    wrong: '65536',
  },
  'allow-resolv': {
    ...switching('allow-resolv'),
    beside: ['--no-outbound-network'],
    refuses: [...ADDRESSES.filter((name) => name !== 'server'), PAST],
  },
  'mainstream-network-families': { ...switching('mainstream-network-families'), refuses: [PAST] },
};

describe("secfilter's options, one by one", function () {
  this.timeout(120_000);
  const top = makeTemporary('options');
  const root = join(top, 'root');
  // Another root, for a resolv.conf of its own.
  before(() => {
    for (const directory of ['etc', 'tmp', 'data/open']) mkdirSync(join(root, directory), { recursive: true });
    writeFileSync(join(root, 'etc', 'resolv.conf'), 'nameserver 127.0.0.3\n');
  });
  after(() => remove(top));

  const view = (): string[] => ['--root', root, '--sysroot', realpathSync(sysroot())];
  const run = (options: readonly string[]): Promise<Ended> =>
    sandbox(attempting("os.chdir('/data')", ACTS), { options: ['-d', 'CRITICAL', ...view(), ...options], cwd: '/' });
  /** Paths of options are absolute beside --root. */
  const words = (form: string): string[] => form.replace(/(?<=[= ])open$/, '/data/open').split(' ');
  const refused = async (options: readonly string[]): Promise<string[]> => {
    const ended = await run(options);
    expect(ended.stderr, options.join(' ')).to.equal('');
    return Object.entries(results(ended)).flatMap(([name, result]) => (result === 'EPERM' ? [name] : []));
  };

  it('each has a row', () => {
    const declared = runOptions().filter(({ group }) => group.includes('secfilter'));
    const names = declared.map((option) => option.long?.slice(2)).sort();
    expect(names).to.deep.equal([...Object.keys(ROWS), 'config', 'verbose'].sort());
  });
  for (const [name, { forms, beside = [], refuses, off = [], wrong }] of Object.entries(ROWS)) {
    it(`${forms.join(', ')}: refuses ${refuses.join(', ')}`, async () => {
      for (const form of forms) expect(await refused([...beside, ...words(form)]), form).to.deep.equal([...refuses]);
    });
    if (off.length > 0)
      it(`${off.join(', ')}`, async () => {
        // Options that restrict nothing leave the default policy in force.
        const rest = beside.length > 0 ? [...beside] : ['--no-acl'];
        const usual = await refused(rest);
        for (const form of off) expect(await refused([...rest, form]), form).to.deep.equal(usual);
        expect(usual).not.to.deep.equal([...refuses]);
      });
    it(`--${name}=${wrong} is an error of status 125`, async () => {
      const ended = await sandbox(['true'], { options: [...view(), `--${name}=${wrong}`], cwd: '/' });
      expect(ended.stderr).to.match(new RegExp(`^sandbox: error: --${name}: ${JSON.stringify(wrong)} must `, 'm'));
      expect(ended).to.include({ status: 125, stdout: '' });
    });
  }
  it('an option that there is not, or a value that is missing, is an error of status 125', async () => {
    for (const wrong of ['--read-onyl', '--allowed-port', '--config', '--no-outbound-networks=1'])
      expect((await sandbox(['true'], { options: [wrong] })).status, wrong).to.equal(125);
  });

  it('--verbose, --verbose=1: what is in force is logged; --verbose=0: not', async () => {
    const say = async (form: string): Promise<string> =>
      (await sandbox(['true'], { options: ['--read-only', '--allowed-port=3', form] })).stderr;
    for (const form of ['--verbose', '--verbose=1', '--verbose=yes'])
      expect(await say(form), form).to.match(/INFO: read-only=1\n.*INFO: allowed-port=3\n/s);
    for (const form of ['--verbose=0', '--verbose=off']) expect(await say(form), form).to.equal('');
    const wrong = await sandbox(['true'], { options: ['--verbose=2'] });
    expect(wrong).to.include({ status: 125, stdout: '' });
  });

  describe('--config', () => {
    const withFile = (lines: readonly string[], ...options: string[]): string[] => {
      const file = join(top, 'file.conf');
      writeFileSync(file, `${lines.join('\n')}\n`);
      return ['--config', file, ...options];
    };
    it('a file that names where may be written, with comments', async () => {
      const lines = ['# where', 'allow-write=/data/open/    # this implies read-only', 'allow-write=/dev/null'];
      const file = withFile([...lines, 'mainstream-network-families=']);
      expect(await refused(file)).to.deep.equal(['file', 'family']);
    });
    it('a file that names one host', async () => {
      const lines = ['allowed-netmask=127.0.0.1', 'allowed-netmask=2001:db8::2', '', 'allow-write = /dev/null'];
      const file = withFile([
        ...lines,
        'mainstream-network-families=',
        'read-only=1',
        'allowed-port=3',
        'allowed-port=53',
      ]);
      expect(await refused(file)).to.deep.equal([
        'file',
        'open',
        'other-host',
        'port',
        'server',
        'no-server',
        'family',
      ]);
      expect(await refused([...file, '--allow-resolv'])).not.to.include('server');
    });
    it('each key', async () => {
      for (const [name, { forms, beside = [], refuses }] of Object.entries(ROWS)) {
        const [, value = '1'] = words(forms[0]).join('=').split('=');
        for (const line of [`${name}=${value}`, ` ${name} = ${value} # why`])
          expect(await refused([...beside, ...withFile([line])]), line).to.deep.equal([...refuses]);
      }
    });
    it('the command line wins, key by key', async () => {
      const file = (...options: string[]): string[] =>
        withFile(['read-only=1', 'allowed-port=4', 'no-outbound-network=0', 'allow-write=/dev/null'], ...options);
      const [ports, only4] = [
        ['host', 'other-host', 'mapped', 'server', 'no-server', PAST],
        ['port', 'server', 'no-server', PAST],
      ];
      expect(await refused(file())).to.deep.equal(['file', 'open', ...ports]);
      expect(await refused(file('--read-only=0'))).to.deep.equal(ports);
      expect(await refused(file('--allowed-port=3'))).to.deep.equal(['file', 'open', ...only4]);
      expect(await refused(file('--write-allow=/data/open'))).to.deep.equal(['file', 'null', ...ports]);
      expect(await refused(file('--no-outbound-network'))).to.deep.equal(['file', 'open', ...ADDRESSES, PAST]);
    });
    for (const [line, message] of [
      ['read-only=2', 'file.conf:1: read-only: "2" must be 1 or 0'],
      ['read-onyl=1', 'file.conf:1: read-onyl: "read-onyl" must be one of read-only,'],
      ['read-only', 'file.conf:1: "read-only" must be key=value'],
      ['allowed-port=ssh', 'file.conf:1: allowed-port: "ssh" must be a port'],
      ['allowed-netmask=example.org', 'file.conf:1: allowed-netmask: "example.org" must be a network'],
      ['allow-write=', 'file.conf:1: allow-write: "" must be a path'],
    ] as const)
      it(`${line} in it is an error of status 125, and nothing runs`, async () => {
        const ended = await sandbox(['echo', 'ran'], { options: withFile([line]) });
        expect(ended.stderr).to.contain(message);
        expect(ended).to.include({ status: 125, stdout: '' });
      });
  });
});
