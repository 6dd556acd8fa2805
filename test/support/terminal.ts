/** A command on a terminal of its own, typed to as it goes: terminal.c. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { ENVIRONMENT, makeTemporary, remove } from './run.js';
import { eventually } from './running.js';

export const KEY = { interrupt: '\x03', end: '\x04', stop: '\x1a', quit: '\x1c' } as const;
/** Orders: the window becomes 50 columns by 20 lines; the terminal is hung up. */
export const ORDER = { resize: '\0w', hangUp: '\0h' } as const;

export class Terminal {
  private readonly directory = makeTemporary('terminal');
  private readonly child: ChildProcess;
  private shown = '';
  private seen = 0;

  constructor(command: readonly string[], env: Readonly<Record<string, string>> = {}) {
    const program = join(this.directory, 'terminal');
    const compiler = process.env['CC'] ?? 'cc';
    execFileSync(compiler, ['-O1', '-Wall', '-Werror', '-o', program, 'test/support/terminal.c', '-lutil']);
    this.child = spawn(program, command, { env: { ...ENVIRONMENT, TERM: 'dumb', HISTFILE: '', ...env } });
    this.child.stdout?.setEncoding('latin1').on('data', (text: string) => (this.shown += text.replaceAll('\r', '')));
  }

  type(text: string): void {
    this.child.stdin?.write(text, 'latin1');
  }
  /** Waits for a text behind what was waited for before, and gives what stands between. */
  async shows(text: string): Promise<string> {
    const from = this.seen;
    const at = await eventually(`"${text}" on the terminal`, () => {
      const found = this.shown.indexOf(text, from);
      return found >= 0 && { found };
    });
    this.seen = at.found + text.length;
    return this.shown.slice(from, at.found);
  }
  /** Types it again and again until the text shows: a shell takes a moment to hand its terminal on. */
  async insist(typed: string, text: string): Promise<void> {
    this.type(typed);
    const again = setInterval(() => this.type(typed), 300);
    await this.shows(text).finally(() => clearInterval(again));
  }
  /** Types a line at a prompt; what comes of it up to the next prompt. */
  async at(prompt: string, line: string): Promise<void> {
    await this.shows(prompt);
    this.type(`${line}\n`);
    await this.shows(`${line}\n`);
  }
  close(): void {
    this.child.kill('SIGKILL');
    remove(this.directory);
  }
}
