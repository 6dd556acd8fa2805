/** secfilter's own example of use with Debian's ssh, sshd and curl: a client that reaches one host, and writes its own keys. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect, createServer as createTcp, type AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'chai';
import { ENVIRONMENT, makeTemporary, remove, sandbox, SANDBOX, type Ended } from '../support/run.js';
import { clientOf, daemonOf } from './ssh.js';

const TREE = resolve('.sysroot/programs');
const HOST = '127.0.0.1';

/** A port that nobody listens at just now. */
async function freePort(): Promise<number> {
  const server = createTcp().listen(0, HOST);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function answers(port: number): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    const socket = connect(port, HOST);
    const up = await new Promise((done) => socket.once('connect', () => done(true)).once('error', () => done(false)));
    socket.destroy();
    if (up) return;
    await pause(100);
  }
  throw new Error(`nobody listens at port ${port}`);
}

describe('secfilter options with programs of the network', function () {
  this.timeout(120_000);
  const top = makeTemporary('one-host');
  const at = (name: string): string => join(top, name);
  const run = (command: readonly string[], ...options: string[]): Promise<Ended> =>
    sandbox(command, { options: ['-d', 'CRITICAL', '--sysroot', TREE, ...options], cwd: top, timeout: 40_000 });
  after(() => remove(top));

  describe('ssh to one host', () => {
    let daemon: ChildProcess;
    let port = 0;
    before(async () => {
      port = await freePort();
      const words = await daemonOf(top, (command) => run(command, '--no-acl'), HOST, port);
      daemon = spawn(SANDBOX, ['-d', 'CRITICAL', '--no-acl', '--sysroot', TREE, '--', ...words], {
        env: ENVIRONMENT,
        stdio: 'ignore',
      });
      await answers(port);
      const config = [
        'allowed-netmask=127.0.0.0/8',
        'allow-write=/dev/null',
        `allow-write=${at('.ssh')}   # this implies read-only`,
        'mainstream-network-families=',
        'read-only=1',
        `allowed-port=${port}`,
      ];
      writeFileSync(at('one-host.conf'), config.join('\n'));
    });
    after(async () => {
      daemon.kill();
      await once(daemon, 'exit');
    });

    const ssh = (host: string, to: number, ...options: string[]): Promise<Ended> => {
      const words = clientOf(top, host, to);
      return run([...words, 'echo via-ssh; exit 5'], '--config', at('one-host.conf'), ...options);
    };

    it('the host is reached, and its key is kept', async () => {
      expect(await ssh(HOST, port)).to.include({ stdout: 'via-ssh\n', status: 5 });
      expect(readFileSync(at('.ssh/known'), 'latin1')).to.contain(`[${HOST}]:${port} ssh-ed25519`);
    });
    for (const [what, host, other] of [
      ['another host', '192.0.2.1', 0],
      ['another port', HOST, 1],
    ] as const)
      it(`${what} is not`, async () => {
        const { stderr, status } = await ssh(host, port - other);
        expect(stderr).to.contain('Operation not permitted');
        expect(status).to.equal(255);
      });
  });

  it('curl reaches what is allowed, and reads no more of it than it may write', async () => {
    const server = createServer((_, response) => response.end('hello')).listen(0, HOST);
    await once(server, 'listening');
    try {
      const url = `http://${HOST}:${(server.address() as AddressInfo).port}/`;
      expect(await run(['curl', '-s', url], '--allowed-netmask=127.0.0.0/8')).to.include({
        stdout: 'hello',
        status: 0,
      });
      expect(await run(['curl', '-s', url], '--allowed-netmask=127.0.0.2')).to.include({ stdout: '', status: 7 });
      expect(await run(['curl', '-s', url], '--no-outbound-network')).to.include({ stdout: '', status: 7 });
      const written = await run(['curl', '-s', '-o', 'page', url], '--allowed-netmask=127.0.0.0/8', '--read-only');
      expect(written.status).to.equal(23);
    } finally {
      server.close();
    }
  });
});
