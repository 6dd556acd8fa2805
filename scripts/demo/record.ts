/**
 * Records the demo on a terminal of its own: docs/demo.cast (asciinema's format, version 2) and docs/demo.txt, the same
 * as plain text. Everything in them is a real run's; a new run differs in numbers and times only. The demo must be set
 * up. `node --import=tsx scripts/demo/record.ts`
 */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** What is typed at Python's prompt: scripts/demo/typed.txt. */
const LINES = here('typed.txt');
const PROMPT = '>>> ';
/** Milliseconds between two keys, and seconds until a run counts as hung. */
const PACE = 40;
const PATIENCE = 120;
const SIZE = { width: 120, height: 40 };

type Event = readonly [seconds: number, kind: 'o', text: string];

function record(pty: string): Promise<Event[]> {
  const events: Event[] = [];
  const start = Date.now();
  const child = spawn(pty, [PROMPT, String(PACE), String(PATIENCE), here('../demo.sh')], {
    stdio: ['pipe', 'pipe', 'inherit'],
    // No control sequences but the script's own colours, and no home of whoever records.
    env: { PATH: process.env.PATH, TERM: 'dumb', LC_ALL: 'C.UTF-8', HOME: '/home/user' },
  });
  child.stdin.end(readFileSync(LINES));
  child.stdout.setEncoding('utf8');
  child.stdout.on('data', (text: string) => events.push([(Date.now() - start) / 1000, 'o', text]));
  return new Promise((done, failed) => {
    child.on('close', (status) =>
      status === 0 ? done(events) : failed(new Error(`the demo ended with status ${status}`)),
    );
  });
}

const plain = (events: readonly Event[]): string =>
  events
    .map(([, , text]) => text)
    .join('')
    .replace(/\u001b\[\d*m/g, '')
    .replace(/\r/g, '')
    .trimStart();

const work = mkdtempSync('/tmp/nurse-record.');
try {
  const pty = join(work, 'pty');
  execFileSync(process.env.CC ?? 'cc', ['-O1', '-o', pty, here('pty.c')], { stdio: 'inherit' });
  const events = await record(pty);
  const header = { version: 2, ...SIZE, title: 'seccomp-nurse: npm run demo', env: { TERM: 'dumb' } };
  writeFileSync(here('../../docs/demo.cast'), [header, ...events].map((line) => `${JSON.stringify(line)}\n`).join(''));
  writeFileSync(here('../../docs/demo.txt'), `${plain(events).trimEnd()}\n`);
  console.log(readFileSync(here('../../docs/demo.txt'), 'utf8'));
} finally {
  rmSync(work, { recursive: true });
}
