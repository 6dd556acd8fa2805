/** Programs on a terminal of their own, with lines typed into it: scripts/demo/pty.c. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { ENVIRONMENT, execute, makeTemporary, remove, type Ended } from './run.js';

export interface Typing {
  /** Typed one by one, each when the program prompts; then Ctrl-D. */
  readonly lines: readonly string[];
  readonly prompt: string;
  /** Seconds after which the command is killed and the status is 124. */
  readonly patience: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** What the terminal showed, with plain line ends, and the command's status. */
export async function inTerminal(command: readonly string[], typing: Typing): Promise<Ended> {
  const directory = makeTemporary('pty');
  try {
    const pty = join(directory, 'pty');
    execFileSync(process.env['CC'] ?? 'cc', ['-O1', '-Wall', '-Werror', '-o', pty, 'scripts/demo/pty.c']);
    const ended = await execute([pty, typing.prompt, '0', String(typing.patience), ...command], {
      stdin: typing.lines.map((line) => `${line}\n`).join(''),
      cwd: typing.cwd,
      env: { ...ENVIRONMENT, TERM: 'dumb', ...typing.env },
      timeout: (typing.patience + 10) * 1000,
    });
    return { ...ended, stdout: ended.stdout.replaceAll('\r', '') };
  } finally {
    remove(directory);
  }
}
