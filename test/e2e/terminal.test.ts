/** Job control: of the sandbox in a shell of the host, and of a shell in the sandbox. */
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { buildGuest, makeTemporary, remove, SANDBOX } from '../support/run.js';
import { KEY, ORDER, Terminal } from '../support/terminal.js';

const OPTIONS = '--no-acl -d ERROR --';
const HOST = 'host> ';
const INSIDE = 'inside> ';

describe('a terminal', function () {
  this.timeout(60_000);
  let directory: string;
  let editor: string;
  let terminal: Terminal | undefined;
  before(() => {
    directory = makeTemporary('terminals');
    chmodSync(directory, 0o755);
    editor = join(directory, 'editor');
    buildGuest('glibc-static', 'test/guests/terminal.c', editor);
  });
  afterEach(() => terminal?.close());
  after(() => remove(directory));

  const open = (command: readonly string[], prompt: string): Terminal =>
    (terminal = new Terminal(command, { PS1: prompt }));
  const hostShell = (): Terminal => open(['bash', '--norc', '-i'], HOST);
  const sandbox = (...command: string[]): string => [SANDBOX, OPTIONS, ...command].join(' ');
  const shellInside = (): Terminal => open([SANDBOX, ...OPTIONS.split(' '), '/bin/bash', '--norc', '-i'], INSIDE);
  /** A status as the shell tells it; the line itself is echoed with `$?`. */
  async function status(t: Terminal, prompt: string, code: number): Promise<void> {
    await t.at(prompt, 'echo status=$?');
    await t.shows(`status=${code}\n`);
  }
  async function leave(t: Terminal, prompt: string, code: number): Promise<void> {
    await t.at(prompt, `exit ${code}`);
    await t.shows(`[status ${code}]`);
  }

  /** cat has the terminal when it says what is typed a second time. */
  const echoed = (t: Terminal): Promise<void> => t.insist('a line\n', 'a line\na line\n');

  describe('of a shell that has started the sandbox', () => {
    for (const [how, program, begun, goesOn] of [
      ['does nothing about it', () => sandbox('/bin/cat'), echoed, echoed],
      ['handles it', () => sandbox(editor), (t: Terminal) => t.shows('begun\n'), (t: Terminal) => t.shows('goes on\n')],
    ] as const)
      it(`Ctrl-Z stops the whole sandbox, fg continues it, Ctrl-C ends it: a program that ${how}`, async () => {
        const t = hostShell();
        await t.at(HOST, program());
        await begun(t);
        for (let i = 0; i < 2; i++) {
          t.type(KEY.stop);
          if (program().includes(editor)) await t.shows('stops\n');
          await t.shows('Stopped');
          await t.at(HOST, 'jobs');
          await t.shows('Stopped');
          await t.at(HOST, 'fg');
          await t.shows(`${program()}\n`);
          await goesOn(t);
        }
        t.type(KEY.interrupt);
        await status(t, HOST, 130);
        await leave(t, HOST, 4);
      });

    it('Ctrl-\\ ends it; another window size is told', async () => {
      const t = hostShell();
      await t.at(HOST, sandbox(editor));
      await t.shows('begun\n');
      t.type(ORDER.resize);
      await t.shows('window 50 x 20\n');
      t.type(KEY.quit);
      await status(t, HOST, 131);
      await leave(t, HOST, 4);
    });

    it('it is stopped when it reads in the background, goes on there by bg, and reads in the foreground', async () => {
      const t = hostShell();
      await t.at(HOST, `${sandbox('/bin/cat')} &`);
      await t.shows(HOST);
      t.type('\n');
      for (let i = 0; i < 2; i++) {
        await t.at(HOST, 'while ! jobs | grep -q Stopped; do sleep 0.1; done; echo it sto""pped');
        await t.shows('it stopped\n');
        if (i === 0) await t.at(HOST, 'bg');
      }
      await t.at(HOST, 'fg');
      await t.shows(`${sandbox('/bin/cat')}\n`);
      t.type('first\n');
      await t.shows('first\nfirst\n');
      t.type(KEY.end);
      await status(t, HOST, 0);
      await leave(t, HOST, 4);
    });

    it('a shell in it that suspends itself is a stopped job', async () => {
      const t = hostShell();
      await t.at(HOST, `PS1="${INSIDE.replace('in', 'in""')}" ${sandbox('/bin/bash', '--norc', '-i')}`);
      await t.at(INSIDE, 'suspend');
      await t.shows('Stopped');
      await t.at(HOST, 'fg');
      await t.shows('-i\n');
      t.type('\n');
      await t.at(INSIDE, 'exit 3');
      await status(t, HOST, 3);
      await leave(t, HOST, 4);
    });

    it('a hang-up ends it', async () => {
      const t = open([SANDBOX, ...OPTIONS.split(' '), editor], HOST);
      await t.shows('begun\n');
      t.type(ORDER.hangUp);
      await t.shows('[status 129]');
    });
  });

  describe('of a shell in the sandbox', () => {
    it('Ctrl-Z stops its job, fg continues it, Ctrl-C and Ctrl-\\ end it', async () => {
      const t = shellInside();
      await t.at(INSIDE, editor);
      await t.shows('begun\n');
      for (let i = 0; i < 2; i++) {
        t.type(KEY.stop);
        await t.shows('stops\n');
        await t.shows('Stopped');
        await t.at(INSIDE, 'jobs');
        await t.shows('Stopped');
        await t.at(INSIDE, 'fg');
        await t.shows('goes on\n');
      }
      t.type(KEY.interrupt);
      await status(t, INSIDE, 130);
      await t.at(INSIDE, '/bin/cat | /bin/cat');
      await echoed(t);
      t.type(KEY.stop);
      await t.shows('Stopped');
      await t.at(INSIDE, 'fg');
      await t.shows('/bin/cat | /bin/cat\n');
      await echoed(t);
      t.type(KEY.quit);
      await status(t, INSIDE, 131);
      await t.at(INSIDE, editor);
      await t.shows('begun\n');
      t.type(ORDER.resize);
      await t.shows('window 50 x 20\n');
      t.type(KEY.interrupt);
      await leave(t, INSIDE, 4);
    });

    it('a job that reads in the background is stopped, and reads in the foreground; kill and wait work', async () => {
      const t = shellInside();
      await t.at(INSIDE, '/bin/cat &');
      await t.at(INSIDE, 'while ! jobs | grep -q Stopped; do sleep 0.1; done; echo it sto""pped');
      await t.shows('it stopped\n');
      await t.at(INSIDE, 'fg');
      await t.shows('/bin/cat\n');
      t.type('first\n');
      await t.shows('first\nfirst\n');
      t.type(KEY.end);
      await t.at(INSIDE, 'sleep 100 &');
      await t.at(INSIDE, 'kill %1; wait; echo gone: $(jobs | wc -l)');
      await t.shows('gone: 0\n');
      await leave(t, INSIDE, 4);
    });

    it('a hang-up ends the shell and what it runs', async () => {
      const t = shellInside();
      await t.at(INSIDE, editor);
      await t.shows('begun\n');
      t.type(ORDER.hangUp);
      await t.shows('[status ');
    });
  });
});
