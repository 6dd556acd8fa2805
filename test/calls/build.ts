/** Builds guests once for each state of their sources; the programs are kept in build/guests. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { ERRNO } from '../../src/abi/errno.js';
import { NUMBERS } from '../../src/abi/numbers.js';

const FLAGS = ['-O1', '-s', '-Wall', '-Wextra', '-Werror', '-D_GNU_SOURCE'];
const COMPILER = 'scripts/guest-cc.sh';

/** Numbers and names from the project's own tables, which test/abi proves: the headers may be older than the calls. */
const kernelHeader = (): string =>
  [
    '#pragma once',
    ...Object.entries(NUMBERS).map(([name, nr]) => `#define NR_${name} ${nr}`),
    'static const char *const ERRNO_NAMES[] = {',
    ...Object.entries(ERRNO).map(([name, value]) => `\t[${value}] = "${name}",`),
    '};',
    '',
  ].join('\n');

/** Where programs are kept: build/guests, or the run's own directory where that cannot be written. */
function store(own: string): string {
  const shared = resolve('build/guests');
  try {
    mkdirSync(shared, { recursive: true });
    accessSync(shared, constants.W_OK);
    return shared;
  } catch {
    return own;
  }
}

const read = (path: string): string => readFileSync(path, 'utf8');

/** A function that gives the path of the program of a guest in `sources`, built as a kind of scripts/guest-cc.sh. */
export function guestBuilder(sources: string, temporary: string): (name: string, kind: string) => Promise<string> {
  const headers = join(temporary, 'include');
  mkdirSync(headers);
  const kernel = kernelHeader();
  writeFileSync(join(headers, 'kernel.h'), kernel);
  const shared = readdirSync(sources).filter((file) => file.endsWith('.h'));
  const common = [kernel, FLAGS.join(), ...[COMPILER, ...shared.map((file) => join(sources, file))].map(read)];
  const kept = store(temporary);
  return async (name, kind) => {
    const source = join(sources, `${name}.c`);
    const hash = createHash('sha256')
      .update([kind, read(source), ...common].join('\0'))
      .digest('hex');
    const program = join(kept, `${name}-${kind}-${hash.slice(0, 16)}`);
    if (existsSync(program)) return program;
    const fresh = `${program}.${process.pid}`; // another run may be at the same
    await promisify(execFile)(COMPILER, [kind, source, '-o', fresh, ...FLAGS, '-I', headers]);
    renameSync(fresh, program);
    return program;
  };
}
