/** What the command line and the environment say about a run's policy, checked and as plain data. */
import { existsSync, realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import type { Settings } from '../policy/secfilter/settings.js';
import { variablesIn } from '../policy/syscall-lists/variables.js';
import { environment } from './caller.js';
import { fail } from './command-line.js';
import type { Said } from './front-ends.js';
import { secfilterEntries, type PolicyOptions } from './options.js';
import { promisedBy, type Promised } from './promised.js';

const DEMO_TREE = fileURLToPath(new URL('../../.sysroot/i386', import.meta.url));

export function sysrootOf(options: Pick<PolicyOptions, 'sysroot' | 'root'>): string | null {
  if (options.sysroot !== undefined) return options.sysroot === '/' ? null : options.sysroot;
  if (options.root !== undefined) return null;
  return process.arch !== 'ia32' && existsSync(DEMO_TREE) ? realpathSync(DEMO_TREE) : null;
}

/** null when none of secfilter's options was given. */
export async function secfilterOf(options: Pick<PolicyOptions, 'config'>, command: Command): Promise<Settings | null> {
  const entries = secfilterEntries(options);
  if (entries.length === 0 && options.config === undefined) return null;
  // Loaded here: most runs do without.
  const { loadSecfilter } = await import('./secfilter.js');
  const { PolicyError } = await import('../policy/problem.js');
  try {
    return loadSecfilter(entries, options.config);
  } catch (error) {
    if (error instanceof PolicyError) fail(command, error.message);
    throw error;
  }
}

export function promisedOf(options: PolicyOptions, command: Command): Promised | null {
  const promised = promisedBy(options);
  if (promised === null && options.pledgeFrom !== undefined)
    fail(command, '--pledge-from must stand beside --pledge, --execpledge or --unveil');
  return promised;
}

/** null: --no-acl; empty: no file was named. */
export const aclOf = ({ acl }: Pick<PolicyOptions, 'acl'>): readonly string[] | null =>
  acl === false ? null : Array.isArray(acl) ? (acl as readonly string[]) : [];

/** @param files that stand without --acl */
export async function policySaid(options: PolicyOptions, files: readonly string[], command: Command): Promise<Said> {
  const acl = aclOf(options);
  if (acl === null && files.length > 0) fail(command, `--no-acl and "${files[0]}" exclude each other`);
  return {
    acl: acl === null ? null : [...files, ...acl],
    secfilter: await secfilterOf(options, command),
    promised: promisedOf(options, command),
    lists: variablesIn(environment()),
    sysroot: sysrootOf(options),
    root: options.root ?? '/',
  };
}
