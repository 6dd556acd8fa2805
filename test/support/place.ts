/** A user's places on a machine of his own: where shipped policies are tried. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { receipt, type Receipt } from '../../src/observe/receipt-schema.js';
import { ENVIRONMENT, makeTemporary, sandbox, type Ended } from './run.js';

const SECRETS: Readonly<Record<string, string>> = {
  'home/notes': 'a private note\n',
  'home/.ssh/id_ed25519': 'a private key\n',
  'outside/file': 'of somebody else\n',
};

export interface Place {
  /** The directory above all: `work`, where the sandbox is started, `home`, `tmp` and `outside`. */
  readonly top: string;
  /** Runs a command in `work`. */
  run(command: readonly string[], ...options: string[]): Promise<Ended>;
  /** The log's lines of what the last run was refused, with TOP for `top` and ACL for the shipped files; none is left out. */
  refusals(): string[];
}

/** @param policy what --acl is given */
export function makePlace(policy: string, ...always: string[]): Place {
  const top = makeTemporary(policy);
  for (const name of ['work', 'home/.ssh', 'tmp', 'outside']) mkdirSync(join(top, name), { recursive: true });
  for (const [name, text] of Object.entries(SECRETS)) writeFileSync(join(top, name), text);
  const json = join(top, 'refused.json');
  const env = { ...ENVIRONMENT, HOME: join(top, 'home'), TMPDIR: join(top, 'tmp') };
  return {
    top,
    run: (command, ...options) =>
      sandbox(command, {
        options: ['-d', 'CRITICAL', '--acl', policy, '--log-json', json, ...always, ...options],
        cwd: join(top, 'work'),
        env,
      }),
    refusals: () =>
      readFileSync(json, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line): Receipt => receipt.parse(JSON.parse(line)))
        .map(({ text }) => text.replaceAll(top, 'TOP').replaceAll(/ by \S*\/acl\//g, ' by ACL/')),
  };
}
