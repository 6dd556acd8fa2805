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
import { execute, makeTemporary, remove, type Ended } from '../support/run.js';
import { eventually } from '../support/running.js';
import { stepsOf, type Step } from './steps.js';
import { bare, environment, inside, LANES, wanted, type World } from './worlds.js';

const FILES = resolve('test/programs/files');

interface Row {
  readonly id: string;
  readonly policy: string;
  readonly varies: readonly string[];
  readonly commands: string;
}

const rows = rowsOf('test/programs/programs.tsv')
  .map(([id, , policy, varies, commands]): Row => ({ id, policy, varies: varies.split(' '), commands }))
  .filter(({ id }) => wanted.test(id));

/** Outside of the rows' directories, as the sandbox keeps what it found out about libraries there. */
const CACHE = join(makeTemporary('more'), 'cache');

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
  const env = { ...environment(cwd, CACHE), FONTCONFIG_FILE: join(cwd, 'in/fonts.conf'), ...step.env };
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

/** A terminal whose prompt did not come (pty.c). */
const LATE = 124;

describe('more programs, bare and in the sandbox', function () {
  this.timeout(300_000);
  const top = dirname(CACHE);
  const results = new Map<string, Promise<[bare: Outcome, inside: Outcome]>>();

  before(() => inLanes(LANES, rows, compare).forEach((result, i) => results.set(rows[i].id, result)));
  after(() => remove(top));

  async function compare({ id, policy, varies, commands }: Row): Promise<[bare: Outcome, inside: Outcome]> {
    const [port, other] = await freePorts(2);
    const steps = stepsOf(commands, { port, other });
    const place = join(top, id);
    const outside = await outcomeIn(place, prepare, (cwd) => runSteps(bare, cwd, steps), varies);
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
