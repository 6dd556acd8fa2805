/** The examples of secfilter's README with Debian's programs, in a network of the test's own: ssh, curl, nc, by name and by address. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'chai';
import { Network, noNetwork } from '../support/network.js';
import { ENVIRONMENT, makeTemporary, remove, SANDBOX, type Ended } from '../support/run.js';
import { clientOf, daemonOf } from './ssh.js';

const TREE = resolve('.sysroot/programs');
const [HOST, OTHER, SERVER] = ['10.99.0.1', '10.99.1.1', '10.99.3.1'];
const [SSH, WEB, ECHO] = [22, 80, 7];

describe('programs in a network of their own', function () {
  this.timeout(120_000);
  const top = makeTemporary('net-programs');
  let network: Network;
  before(async function () {
    const why = noNetwork();
    if (why !== undefined) {
      console.error(`    ${why}`);
      this.skip();
    }
    network = await Network.make({
      addresses: [HOST, OTHER, SERVER].map((address) => `${address}/24`),
      tcp: [HOST, OTHER].map((address) => `${address}:${WEB}`),
      udp: [HOST, OTHER].map((address) => `${address}:${ECHO}`),
      servers: [SERVER],
      names: { 'host.test': [HOST], 'other.test': [OTHER] },
    });
    writeFileSync(join(top, 'resolv.conf'), `nameserver ${SERVER}\n`);
  });
  beforeEach(() => {
    network.heard.length = 0;
    network.asked.length = 0;
  });
  after(async () => {
    await network?.end();
    remove(top);
  });
  const run = (command: readonly string[], ...options: string[]): Promise<Ended> =>
    network.run(command, {
      options: ['-d', 'CRITICAL', '--sysroot', TREE, ...options],
      resolv: join(top, 'resolv.conf'),
      cwd: top,
      timeout: 40_000,
    });

  describe('ssh', () => {
    let daemon: ChildProcess;
    before(async () => {
      const words = await daemonOf(top, (command) => run(command, '--no-acl'), HOST, SSH);
      const [program, ...rest] = [...network.enter(), SANDBOX, '-d', 'CRITICAL', '--no-acl', '--sysroot', TREE, '--'];
      daemon = spawn(program, [...rest, ...words], { env: ENVIRONMENT, stdio: 'ignore' });
      for (let tries = 0; tries < 50; tries++) {
        if ((await run(['nc.openbsd', '-z', HOST, String(SSH)], '--no-acl')).status === 0) return;
        await pause(100);
      }
      throw new Error('sshd does not answer');
    });
    after(async () => {
      daemon.kill();
      await once(daemon, 'exit');
    });
    const ssh = (host: string, ...options: string[]): Promise<Ended> =>
      run([...clientOf(top, host, SSH), 'echo up'], ...options);

    it('--allow-resolv --allowed-port=22 ssh host.test', async () => {
      expect(await ssh('host.test', '--allow-resolv', '--allowed-port=22')).to.include({ stdout: 'up\n', status: 0 });
      expect(network.asked).not.to.deep.equal([]);
    });
    it('--allowed-port=22 ssh host.test: names are not told', async () => {
      const ended = await ssh('host.test', '--allowed-port=22');
      expect(ended.stderr).to.match(/Could not resolve hostname host\.test: Temporary failure in name resolution/);
      expect(ended.status).to.equal(255);
      expect(network.asked).to.deep.equal([]);
    });
    it('--allowed-netmask of the host', async () => {
      expect(await ssh(HOST, '--allowed-netmask=10.99.0.0/24')).to.include({ stdout: 'up\n', status: 0 });
    });
    it('--allowed-netmask of others: Operation not permitted, in the words of ssh', async () => {
      const { stderr, status } = await ssh(HOST, '--allowed-netmask=10.99.1.0/24', '--allowed-netmask=127.0.0.0/8');
      expect(stderr).to.equal(`ssh: connect to host ${HOST} port 22: Operation not permitted\r\n`);
      expect(status).to.equal(255);
    });
    it('--allowed-port of another port: the same', async () => {
      const { stderr } = await ssh(HOST, '--allowed-port=80');
      expect(stderr).to.contain('Operation not permitted');
    });
    it('the daemon itself, which binds one address and reaches none', async () => {
      const words = ['/usr/sbin/sshd', '-D', '-e', '-p', '2222', '-f', join(top, 'sc'), '-h', join(top, 'hk')];
      const refused = await run(words, '--allowed-netmask=10.99.1.0/24');
      expect(refused.stderr).to.match(/Bind to port 2222 on 10\.99\.0\.1 failed: Operation not permitted/);
      expect(refused.status).to.equal(255);
    });
  });

  describe('curl', () => {
    const url = (host: string): string => `http://${host}:${WEB}/`;
    /** The server says hello and nothing else, which HTTP/0.9 is. */
    const curl = (host: string, ...options: string[]): Promise<Ended> =>
      run(['curl', '-sS', '--http0.9', '-m', '5', url(host)], ...options);
    it('by name and by address, to whom it may reach', async () => {
      const options = ['--allowed-netmask=10.99.0.0/24', '--allow-resolv'];
      for (const host of [HOST, 'host.test', `[::ffff:${HOST}]`])
        expect(await curl(host, ...options), host).to.include({ stdout: 'hello', status: 0 });
      for (const host of [OTHER, 'other.test', `[::ffff:${OTHER}]`])
        expect(await curl(host, ...options), host).to.include({ stdout: '', status: 7 });
      expect(new Set(network.heard)).to.deep.equal(new Set([`tcp ${HOST}:${WEB}`]));
    });
    it('--no-outbound-network: no host, no name', async () => {
      const named = await curl('host.test', '--no-outbound-network');
      expect(named.stderr).to.contain('Could not resolve host: host.test');
      expect(named.status).to.equal(6);
      expect((await curl(HOST, '--no-outbound-network')).status).to.equal(7);
      expect([...network.heard, ...network.asked]).to.deep.equal([]);
    });
  });

  describe('nc', () => {
    const nc = (words: string, ...options: string[]): Promise<Ended> =>
      run(['nc.openbsd', ...words.split(' ')], ...options);
    it('TCP and UDP', async () => {
      const options = ['--allowed-netmask=10.99.0.0/24'];
      expect(await nc(`-d -w 5 ${HOST} ${WEB}`, ...options)).to.include({ stdout: 'hello', status: 0 });
      const { stderr, status } = await nc(`-v -d -w 5 ${OTHER} ${WEB}`, ...options);
      expect(stderr).to.contain(`connect to ${OTHER} port ${WEB} (tcp) failed: Operation not permitted`);
      expect(status).to.equal(1);
      expect((await nc(`-u -z ${HOST} ${ECHO}`, ...options)).status).to.equal(0);
      expect((await nc(`-u -z ${OTHER} ${ECHO}`, ...options)).status).to.equal(1);
      expect(network.heard.filter((line) => line.includes(OTHER))).to.deep.equal([]);
    });
    it('listens where it may', async () => {
      const { stderr, status } = await nc(`-l ${OTHER} 8080`, '--allowed-netmask=10.99.0.0/24');
      expect(stderr).to.contain('Operation not permitted');
      expect(status).to.equal(1);
    });
  });
});
