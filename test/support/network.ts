/**
 * Networks of a test's own: a network namespace with addresses, servers and names, in which programs are run. It has no
 * name and no process but the host that holds it (network-host.ts), which ends with its standard input: nothing is left
 * behind by a test that fails or is killed.
 */
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Heard, Hosted } from './network-host.js';
import { ENVIRONMENT, execute, SANDBOX, type Ended, type SandboxOptions } from './run.js';

const TSX = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
const HOST = fileURLToPath(new URL('network-host.ts', import.meta.url));
const IS_ROOT = process.getuid?.() === 0;
const UNSHARE = ['unshare', '--net', ...(IS_ROOT ? [] : ['--user', '--map-root-user'])];
/** Where ip(8) is. */
const PATH = `${ENVIRONMENT.PATH}:/usr/sbin:/sbin`;

export interface NetworkOptions extends Hosted {
  /** `10.99.0.1/24`: of the loopback device, beside its own. */
  readonly addresses?: readonly string[];
  /** It will be linked to this one: who makes it must have the rights of both. */
  readonly beside?: Network;
}

export interface WithinOptions extends SandboxOptions {
  /** A file that stands at /etc/resolv.conf, for this program alone. */
  readonly resolv?: string;
  /** Words before ./sandbox. */
  readonly by?: readonly string[];
}

/** Why no network can be made here; undefined when one can. */
export function noNetwork(): string | undefined {
  const script = 'ip link set lo up && ip address add 10.99.255.1/32 dev lo && nsenter --version';
  const { status, error, stderr } = spawnSync(UNSHARE[0], [...UNSHARE.slice(1), '--', 'sh', '-c', script], {
    env: { PATH },
    encoding: 'latin1',
  });
  if (status === 0) return undefined;
  const why = (error?.message ?? stderr.trim()) || `status ${status}`;
  return `no network namespace can be made here (root, or user namespaces, ip and nsenter are needed): ${why}`;
}

export class Network {
  /** What came in at its servers: `tcp 10.99.0.1:80`, and what UDP brought. */
  readonly heard: string[] = [];
  /** Names that its name servers were asked. */
  readonly asked: string[] = [];

  private constructor(private readonly host: ChildProcess) {}

  static async make({ addresses = [], beside, ...hosted }: NetworkOptions): Promise<Network> {
    const setUp = [
      'set -e',
      'ip link set lo up',
      ...addresses.map((one) => `ip address add ${one} dev lo`),
      'exec "$@"',
    ];
    const host = [process.execPath, `--import=${TSX}`, HOST, JSON.stringify(hosted)];
    const [program, ...words] = beside === undefined ? UNSHARE : [...beside.asItsUser(), 'unshare', '--net'];
    const child = spawn(program, [...words, '--', 'sh', '-c', setUp.join('\n'), 'sh', ...host], {
      env: { ...ENVIRONMENT, PATH },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const network = new Network(child);
    const ready = new Promise<void>((done, failed) => {
      child.once('exit', (status) => failed(new Error(`the network's host ended with ${status}`)));
      createInterface(child.stdout as NodeJS.ReadableStream).on('line', (line) => {
        const heard = JSON.parse(line) as Heard;
        if (heard.is === 'ready') done();
        else if (heard.is === 'question') network.asked.push(heard.text);
        else network.heard.push(heard.text);
      });
    });
    try {
      await ready;
    } catch (error) {
      await network.end();
      throw error;
    }
    return network;
  }

  private asItsUser(): string[] {
    return IS_ROOT ? [] : ['nsenter', '--user', '--preserve-credentials', `--target=${this.host.pid}`, '--'];
  }

  /** Words before a command that is to run here. */
  enter(resolv?: string): string[] {
    const own = IS_ROOT ? [] : ['--user', '--preserve-credentials'];
    const inside = ['nsenter', ...own, '--net', `--target=${this.host.pid}`, '--'];
    if (resolv === undefined) return inside;
    const mount = 'mount --bind "$0" "$(readlink -f /etc/resolv.conf)" && exec "$@"';
    return [...inside, 'unshare', '--mount', '--', 'sh', '-c', mount, resolv];
  }

  /** A program in the sandbox, here. */
  run(
    command: readonly string[],
    { options = ['-d', 'CRITICAL'], resolv, by = [], ...rest }: WithinOptions,
  ): Promise<Ended> {
    return execute([...this.enter(resolv), ...by, SANDBOX, ...options, '--', ...command], { timeout: 30_000, ...rest });
  }

  /** The words of ip(8), here. */
  ip(words: string): void {
    const [program, ...rest] = [...this.enter(), 'ip', ...words.split(' ')];
    execFileSync(program, rest, { env: { PATH }, stdio: ['ignore', 'ignore', 'inherit'] });
  }

  /** A link to another network; each side's device is called `wire`, and has no address. */
  link(to: Network): void {
    this.ip(`link add name wire type veth peer name wire netns ${to.host.pid}`);
    for (const side of [this, to]) side.ip('link set wire up');
  }

  async end(): Promise<void> {
    this.host.stdin?.end();
    if (this.host.exitCode === null && this.host.signalCode === null) await once(this.host, 'exit');
  }
}
