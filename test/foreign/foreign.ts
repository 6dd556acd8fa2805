/**
 * CPython's own tests, each module run bare, with the tree as its root, and in the sandbox: every test must end the same
 * way in both, but for those of differences.tsv. The last line is `N passed, N failed`.
 */

import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, copyFileSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { inLanes } from '../support/compare.js';
import { ENVIRONMENT, makeTemporary, remove, SANDBOX } from '../support/run.js';
import { knownDifferences, modules, type Difference } from './differences.js';

const TREE = resolve('.sysroot/programs');
const ENTER = resolve('test/programs/enter.sh');
const RUNNER = resolve('test/foreign/run.py');
const PYTHON = '/usr/bin/python3.11';

type World = 'bare' | 'inside';
const WORLDS: Readonly<Record<World, (cwd: string) => readonly string[]>> = {
  bare: (cwd) => [ENTER, TREE, cwd],
  inside: () => [SANDBOX, '-d', 'ERROR', '--no-acl', '--sysroot', TREE, '--'],
};

/** MODULES=REGEX runs some modules alone. */
const wanted = new RegExp(process.env['MODULES'] ?? '');
/** DETAILS=1 prints what a test that differs has to say for itself, in both worlds. */
const details = process.env['DETAILS'] === '1';
/** Two at once: more do not help a small machine, and these tests measure times. */
const LANES = 2;
/** Seconds without a test that begins or ends after which the one that runs is taken to hang. */
const SILENCE = 60;

interface Ended {
  readonly outcome: string;
  readonly detail: string;
}
type Outcomes = Map<string, Ended>;
const ABSENT: Ended = { outcome: 'absent', detail: '' };

/** Lines of run.py. */
type Line = { readonly begins: string } | ({ readonly ended: string } & Ended) | { readonly over: true };

interface Progress {
  readonly outcomes: Outcomes;
  /** The test that began and did not end. */
  readonly running: string | undefined;
  readonly over: boolean;
}

function progressIn(results: string): Progress {
  const lines = readFileSync(results, 'utf8').split('\n').slice(0, -1);
  const outcomes: Outcomes = new Map();
  let running: string | undefined;
  let over = false;
  for (const line of lines.map((text) => JSON.parse(text) as Line))
    if ('begins' in line) running = line.begins;
    else if ('ended' in line) {
      outcomes.set(line.ended, { outcome: line.outcome, detail: line.detail });
      running = undefined;
    } else over = true;
  return { outcomes, running, over };
}

/** The process and all that shares its group: tests leave children behind when they are cut short. */
function end(child: ChildProcess): void {
  try {
    process.kill(-(child.pid ?? 0), 'SIGKILL');
  } catch {
    // gone
  }
}

/** Waits until the run is over, or nothing came for too long, or its time is up. False: it was cut short. */
function ending(child: ChildProcess, results: string, deadline: number): Promise<boolean> {
  return new Promise((done, failed) => {
    let size = 0;
    let heard = Date.now();
    let cut = false;
    const timer = setInterval(() => {
      const now = Date.now();
      const { length } = readFileSync(results);
      if (length !== size) [size, heard] = [length, now];
      if (now < deadline && now - heard < SILENCE * 1000) return;
      cut = true;
      end(child);
    }, 1000);
    child.on('error', failed);
    child.on('exit', () => {
      clearInterval(timer);
      end(child);
      done(!cut);
    });
  });
}

async function runOnce(
  world: World,
  module: string,
  place: string,
  deadline: number,
  done: Outcomes,
): Promise<Progress> {
  const cwd = join(place, 'work');
  const results = join(place, 'results');
  mkdirSync(cwd, { recursive: true });
  copyFileSync(RUNNER, join(cwd, 'run.py'));
  writeFileSync(results, '');
  const stdio = [openSync('/dev/null', 'r'), openSync(join(place, 'output'), 'a')];
  const [name, ...rest] = [...WORLDS[world](cwd), PYTHON, 'run.py', module, results, ...done.keys()];
  try {
    const child = spawn(name, rest, {
      cwd,
      env: { ...ENVIRONMENT, HOME: cwd, PWD: cwd },
      stdio: [stdio[0], stdio[1], stdio[1]],
      detached: true,
    });
    const ended = await ending(child, results, deadline);
    const { outcomes, running, over } = progressIn(results);
    // At the end of a module nothing runs, and what its tests left may keep it from ending.
    const lost = over ? (ended ? undefined : `end of ${module}`) : (running ?? `between tests of ${module}`);
    if (lost !== undefined) outcomes.set(lost, { outcome: ended ? 'died' : 'hangs', detail: outputOf(place) });
    return { outcomes, running, over: over || running === undefined };
  } finally {
    stdio.forEach(closeSync);
    remove(cwd);
  }
}

const outputOf = (place: string): string => readFileSync(join(place, 'output'), 'latin1').slice(-2000);

/** How each test of the module ended. A test that hangs or dies ends its run; the next run goes on behind it. */
async function outcomesOf(world: World, module: string, top: string, seconds: number): Promise<Outcomes> {
  const place = join(top, module);
  const deadline = Date.now() + seconds * 1000;
  const all: Outcomes = new Map();
  for (let over = false; !over && Date.now() < deadline;) {
    const progress = await runOnce(world, module, place, deadline, all);
    for (const [test, ended] of progress.outcomes) all.set(test, ended);
    over = progress.over;
  }
  remove(place);
  return all;
}

interface Compared {
  readonly equal: number;
  readonly known: number;
  readonly failures: readonly string[];
}

const told = ({ test, bare, inside }: Difference): string => `${test}: ${bare} bare, ${inside} inside`;

function compare(outside: Outcomes, within: Outcomes): Compared {
  const tests = new Set([...outside.keys(), ...within.keys()]);
  const failures: string[] = [];
  let [equal, known] = [0, 0];
  for (const test of tests) {
    const [here, there] = [outside.get(test) ?? ABSENT, within.get(test) ?? ABSENT];
    const found = { test, bare: here.outcome, inside: there.outcome };
    const listed = LISTED.get(test);
    if (listed !== undefined && listed.bare === found.bare && listed.inside === found.inside) known++;
    else if (listed !== undefined)
      failures.push(`${told(found)}; listed as ${listed.bare} bare, ${listed.inside} inside`);
    else if (found.bare === found.inside) equal++;
    else failures.push([told(found), ...(details ? [here.detail, there.detail] : [])].join('\n'));
  }
  return { equal, known, failures };
}

const LISTED = new Map(knownDifferences().map((difference) => [difference.test, difference]));

async function compareModule(module: string, seconds: number, top: string): Promise<Compared> {
  const started = Date.now();
  const outside = await outcomesOf('bare', module, top, seconds);
  const within = await outcomesOf('inside', module, top, seconds);
  const compared = compare(outside, within);
  const ok = (outcomes: Outcomes): number => [...outcomes.values()].filter(({ outcome }) => outcome === 'ok').length;
  const time = Math.round((Date.now() - started) / 1000);
  console.log(
    `${module}: ${ok(outside)} of ${outside.size} ok bare, ${ok(within)} of ${within.size} inside; ` +
      `${compared.failures.length} differ unexpectedly, ${compared.known} as listed (${time} s)`,
  );
  for (const failure of compared.failures) console.log(`  ${failure.replaceAll('\n', '\n    ')}`);
  return compared;
}

/** Listed tests that no module of the list has. */
function strays(chosen: readonly string[]): string[] {
  return [...LISTED.keys()].filter((test) => !chosen.some((module) => test.includes(`test.${module}.`)));
}

const top = makeTemporary('foreign');
try {
  const all = modules();
  const chosen = all.filter(({ module }) => wanted.test(module));
  if (chosen.length === 0)
    throw new Error(`MODULES=${wanted.source}: it must match a module of test/foreign/modules.tsv`);
  console.log(`${chosen.length} modules, bare and inside`);
  const compared = await Promise.all(
    inLanes(LANES, chosen, ({ module, seconds }) => compareModule(module, seconds, top)),
  );
  const stray = strays(all.map(({ module }) => module));
  for (const test of stray) console.log(`listed, but of no module that is run: ${test}`);
  const sum = (count: (one: Compared) => number): number => compared.reduce((total, one) => total + count(one), 0);
  const failed = sum(({ failures }) => failures.length) + stray.length;
  console.log(`${sum(({ equal, known }) => equal + known)} passed, ${failed} failed`);
  if (failed > 0) process.exitCode = 1;
} finally {
  remove(top);
}
