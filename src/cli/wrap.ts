/** `./sandbox wrap PROGRAM -o FILE`: a script that runs the program in the sandbox, with the lists of calls of now. */
import { chmodSync, existsSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { listsOf } from '../policy/syscall-lists/lists.js';
import { variablesIn, type Variables } from '../policy/syscall-lists/variables.js';
import { environment } from './caller.js';
import { sameFile } from './values.js';

export class WrapError extends Error {}

const SANDBOX = fileURLToPath(new URL('../../sandbox', import.meta.url));

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** Bytes as latin1 text. Variables that are set now are written down and count for good; others may be set at each start. */
export function launcherScript(sandbox: string, program: string, variables: Variables): string {
  const set = Object.entries(variables).map(([name, value = '']) => `export ${name}=${quoted(value)}\n`);
  return `#!/bin/sh
# Runs a program in the sandbox. Made by: sandbox wrap
${set.join('')}exec ${quoted(sandbox)} -- ${quoted(program)} "$@"
`;
}

const latin1 = (path: string): string => Buffer.from(path).toString('latin1');

/** @throws WrapError, PolicyError for lists that are none */
export function wrap(program: string, file: string): void {
  const variables = variablesIn(environment());
  listsOf(variables);
  // A name without a slash is looked up in PATH at each start.
  const path = program.includes('/') ? resolve(program) : program;
  if (program.includes('/') && !existsSync(path)) throw new WrapError(`${JSON.stringify(program)} does not exist`);
  if (existsSync(path) && existsSync(file) && sameFile(path, file))
    throw new WrapError(`${JSON.stringify(file)} is the program itself: it must be another file`);
  try {
    writeFileSync(file, Buffer.from(launcherScript(latin1(SANDBOX), latin1(path), variables), 'latin1'));
    chmodSync(file, 0o777 & ~process.umask());
  } catch (error) {
    throw new WrapError(`${JSON.stringify(file)} cannot be written: ${(error as Error).message}`);
  }
}
