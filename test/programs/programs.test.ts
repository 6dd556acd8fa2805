/**
 * More of Debian's programs, and longer work, than `npm test` has: each row of the tables here is run bare, with the tree
 * as its root, and in the sandbox. What is printed, how it ends and the files it leaves must be the same.
 */

import { copyFileSync, existsSync, lutimesSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { expect } from 'chai';
import { writeFixtures } from '../e2e/programs-fixtures.js';
import { inLanes, outcomeIn, rowsOf, type Outcome } from '../support/compare.js';
import { inTerminal } from '../support/pty.js';
import { ENVIRONMENT, execute, makeTemporary, remove, SANDBOX, type Ended } from '../support/run.js';
import { eventually } from '../support/running.js';
import { stepsOf, type Step } from './steps.js';

const TREE = resolve('.sysroot/programs');
const ENTER = resolve('test/programs/enter.sh');
const FILES = resolve('test/programs/files');

interface Row {
  readonly id: string;
  readonly policy: string;
  readonly varies: readonly string[];
  readonly commands: string;
}

/** Columns: id, packages, needs, policy, varies, commands, why. A row that needs what is not supported has no commands. */
const table = (name: string): Row[] =>
  rowsOf(`test/programs/${name}.tsv`)
    .filter(([, , , policy]) => policy !== '-')
    .map(([id, , , policy, varies, commands]) => ({ id, policy, varies: varies.split(' '), commands }));

/** ROWS=REGEX runs some rows alone. */
const wanted = new RegExp(process.env['ROWS'] ?? '');
/** EVIDENCE=1 also watches the bare programs with strace: none may start a process or a thread. */
const evidence = process.env['EVIDENCE'] === '1';

const POLICIES: Readonly<Record<string, readonly string[]>> = {
  default: [],
  loopback: ['acl/default.yaml', 'test/programs/loopback.yaml'].flatMap((file) => ['--acl', resolve(file)]),
  etc: ['acl/default.yaml', 'test/programs/etc.yaml'].flatMap((file) => ['--acl', resolve(file)]),
  none: ['--no-acl'],
};

/** Outside of the rows' directories, as the sandbox keeps what it found out about libraries there. */
const CACHE = join(makeTemporary('more'), 'cache');

type World = (cwd: string, command: readonly string[]) => readonly string[];
const traceOf = (cwd: string): string => `${cwd}.trace`;
const bare: World = (cwd, command) => [ENTER, ...(evidence ? ['-t', traceOf(cwd)] : []), TREE, cwd, ...command];
const inside =
  (policy: string): World =>
  (_, command) => [SANDBOX, '-d', 'ERROR', ...POLICIES[policy], '--sysroot', TREE, '--', ...command];

/** What programs look at so that the same work gives the same bytes, and starts no threads of their own choice. */
const SAME = {
  ...ENVIRONMENT,
  PATH: `/usr/sbin:${ENVIRONMENT.PATH}`,
  TERM: 'dumb',
  SOURCE_DATE_EPOCH: '1600000000',
  PYTHONHASHSEED: '0',
  GC_MARKERS: '1',
  OMP_THREAD_LIMIT: '1',
  MAGICK_THREAD_LIMIT: '1',
};

function prepare(cwd: string): void {
  writeFixtures(cwd);
  mkdirSync(join(cwd, 'in'));
  for (const name of readdirSync(FILES)) copyFileSync(join(FILES, name), join(cwd, 'in', name));
  const date = new Date('2020-02-03T04:05:06Z');
  for (const name of [...readdirSync(FILES), '']) lutimesSync(join(cwd, 'in', name), date, date);
  lutimesSync(cwd, date, date);
}

/** Ports of 127.0.0.1 that nobody has now. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => new Promise((done) => server.once('listening', done))));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
  return ports;
}

function listens(port: number): boolean {
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')} `;
  return ['tcp', 'tcp6'].some((table) =>
    readFileSync(`/proc/net/${table}`, 'latin1')
      .split('\n')
      .some((line) => line.includes(local) && / 0A /.test(line)),
  );
}

async function runStep(world: World, cwd: string, step: Step, until: AbortSignal): Promise<Ended> {
  const command = world(cwd, step.command);
  const env = {
    ...SAME,
    HOME: cwd,
    PWD: cwd,
    XDG_CACHE_HOME: CACHE,
    FONTCONFIG_FILE: join(cwd, 'in/fonts.conf'),
    ...step.env,
  };
  const stdin = step.stdin === undefined ? '' : readFileSync(join(cwd, step.stdin));
  if (step.prompt !== undefined) {
    const lines = stdin.toString().split('\n').slice(0, -1);
    return redirected(await inTerminal(command, { lines, prompt: step.prompt, patience: 60, env, cwd }), cwd, step);
  }
  return redirected(await execute(command, { cwd, env, stdin, timeout: 120_000, until }), cwd, step);
}

/** Streams that have a file of their own are written there. */
function redirected(ended: Ended, cwd: string, step: Step): Ended {
  const streams = (['stdout', 'stderr'] as const).filter((stream) => step[stream] !== undefined);
  for (const stream of streams) writeFileSync(join(cwd, String(step[stream])), ended[stream], 'latin1');
  return { ...ended, ...Object.fromEntries(streams.map((stream) => [stream, ''])) };
}

async function runSteps(world: World, cwd: string, steps: readonly Step[]): Promise<Ended[]> {
  const over = new AbortController();
  const running: Promise<Ended>[] = [];
  try {
    for (const step of steps) {
      if (step.command[0] === 'wait') {
        await Promise.all(running);
        continue;
      }
      const ended = runStep(world, cwd, step, over.signal);
      running.push(ended);
      const { ready } = step;
      if (ready === undefined) await ended;
      else
        await Promise.race([
          eventually(`ready: ${step.command.join(' ')}`, () =>
            'port' in ready ? listens(ready.port) : existsSync(join(cwd, ready.file)),
          ),
          ended.then(({ stderr }) => Promise.reject(new Error(`ended: ${step.command.join(' ')}: ${stderr}`))),
        ]);
    }
  } finally {
    over.abort();
    await Promise.allSettled(running);
  }
  return Promise.all(running);
}

/** How the programs ended, and the files that are only here. */
const differences = (here: Outcome, there: Outcome): Outcome => ({
  ended: here.ended,
  files: here.files.filter((file) => !there.files.includes(file)),
});

const STARTED = /^\d+ +(?:clone|clone3|fork|vfork)\(.*/m;

/** Runs the steps bare. With EVIDENCE it also fails for a program that started another, or a thread. */
async function runBare(cwd: string, steps: readonly Step[]): Promise<Ended[]> {
  const ended = await runSteps(bare, cwd, steps);
  const [started] = (evidence && STARTED.exec(readFileSync(traceOf(cwd), 'latin1'))) || [];
  if (started !== undefined) throw new Error(`not alone: ${started}`);
  return ended;
}

/** A terminal whose prompt did not come (pty.c). */
const LATE = 124;

/** Two at once: more do not help a small machine. */
const LANES = 2;

describe('more programs, bare and in the sandbox', function () {
  this.timeout(300_000);
  const top = dirname(CACHE);
  const rows = [...table('matrix'), ...table('programs')].filter(({ id }) => wanted.test(id));
  const results = new Map<string, Promise<[bare: Outcome, inside: Outcome]>>();

  before(() => inLanes(LANES, rows, compare).forEach((result, i) => results.set(rows[i].id, result)));
  after(() => remove(top));

  async function compare({ id, policy, varies, commands }: Row): Promise<[bare: Outcome, inside: Outcome]> {
    const [port, other] = await freePorts(2);
    const steps = stepsOf(commands, { port, other });
    const place = join(top, id);
    const outside = await outcomeIn(place, prepare, (cwd) => runBare(cwd, steps), varies);
    const within = await outcomeIn(place, prepare, (cwd) => runSteps(inside(policy), cwd, steps), varies);
    return [outside, within];
  }

  for (const { id, policy } of rows)
    it(`${id} (${policy})`, async () => {
      const [outside, within] = (await results.get(id)) as [Outcome, Outcome];
      expect(differences(within, outside)).to.deep.equal(differences(outside, within));
      expect(outside.ended.map(({ status }) => status)).not.to.include(LATE);
      for (const { stderr } of outside.ended)
        expect(stderr).not.to.match(/error while loading shared lib|failed to execute/);
    });
});
