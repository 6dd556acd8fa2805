/** Debian's ssh and sshd: one user, root, with a key, and a host with one. */
import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Makes keys and settings below a directory; the words of the daemon. `run` runs a command there. */
export async function daemonOf(
  directory: string,
  run: (command: readonly string[]) => Promise<unknown>,
  address: string,
  port: number,
): Promise<string[]> {
  const at = (name: string): string => join(directory, name);
  mkdirSync(at('.ssh'));
  mkdirSync('/run/sshd', { recursive: true });
  for (const key of ['hk', '.ssh/id']) await run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', key]);
  copyFileSync(at('.ssh/id.pub'), at('ak'));
  chmodSync(at('ak'), 0o600);
  const settings = [
    `ListenAddress ${address}`,
    'PermitRootLogin yes',
    'StrictModes no',
    `AuthorizedKeysFile ${at('ak')}`,
    'PidFile none',
    'UsePAM no',
    'UseDNS no',
  ];
  writeFileSync(at('sc'), `${settings.join('\n')}\n`);
  return ['/usr/sbin/sshd', '-D', '-p', String(port), '-f', at('sc'), '-h', at('hk')];
}

/** The words of a client of that user, before the command; it keeps the host's key in `.ssh/known`. */
export function clientOf(directory: string, host: string, port: number): string[] {
  const options = [
    'StrictHostKeyChecking=no',
    `UserKnownHostsFile=${join(directory, '.ssh/known')}`,
    'ConnectTimeout=5',
    'LogLevel=ERROR',
  ];
  const words = ['ssh', '-F', 'none', ...options.flatMap((one) => ['-o', one])];
  return [...words, '-i', join(directory, '.ssh/id'), '-p', String(port), `root@${host}`];
}
