/**
 * Each call bare and in the sandbox. Every test/guests/calls/NAME.c makes calls and prints their results; what it
 * prints, how it ends and the files it leaves must be the same. Then, from what the sandbox itself recorded: is there a
 * call, a command or a flag in the tables that no guest reached?
 */
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { release as kernelRelease } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { readRecord } from '../../src/observe/record.js';
import type { CallEvent } from '../../src/referee/watch.js';
import { families } from '../../src/syscalls/table.js';
import { GIVEN } from './arguments.js';
import { guestBuilder } from './build.js';
import { Coverage } from './coverage.js';
import { readDirectives, release, settle } from './directives.js';
import { bare, ENVIRONMENT, makeTemporary, remove, sandbox, type Ended } from '../support/run.js';
import { listing } from '../support/compare.js';

const GUESTS = 'test/guests/calls';
/** Two at once: more do not help a small machine. */
const LANES = 2;

/** Families whose guests are run by a test of their own. */
const AWAITED = new Set(['ipc', 'mqueue']);

/** GUEST=REGEX runs some alone, and asks for no coverage. */
const chosen = process.env['GUEST'];
const names = readdirSync(GUESTS)
  .filter((file) => file.endsWith('.c'))
  .map((file) => file.slice(0, -2))
  .sort();
const guests = names
  .filter((name) => new RegExp(chosen ?? '').test(name))
  .flatMap((name) => {
    const source = readFileSync(join(GUESTS, `${name}.c`), 'utf8');
    if (!source.includes('#include "call.h"')) return []; // of another test, which gives it arguments
    const directives = readDirectives(source);
    return directives.kinds.map((kind) => ({ name, kind, directives, id: `${name} (${kind})` }));
  });
type Guest = (typeof guests)[number];

interface Outcome extends Pick<Ended, 'stdout' | 'status'> {
  readonly files: readonly string[];
}
interface Pair {
  readonly bare: Outcome;
  readonly inside: Outcome;
  readonly calls: readonly CallEvent[];
}

describe('calls, bare and in the sandbox', function () {
  this.timeout(120_000);
  const top = makeTemporary('calls');
  const results = new Map<string, Promise<Pair>>();
  const coverage = new Coverage(families);
  let build: ReturnType<typeof guestBuilder>;

  before(() => {
    build = guestBuilder(GUESTS, top);
    const lanes = Array.from({ length: LANES }, () => Promise.resolve<unknown>(undefined));
    guests.forEach((guest, i) => {
      const result = lanes[i % LANES].then(() => compare(guest));
      lanes[i % LANES] = result.catch(() => undefined);
      results.set(guest.id, result);
    });
  });
  after(() => remove(top));

  async function compare(guest: Guest): Promise<Pair> {
    const given = guest.directives.given === undefined ? undefined : GIVEN[guest.directives.given]();
    const command = [await build(guest.name, guest.kind), ...(given?.arguments ?? [])];
    const once = async (run: typeof bare): Promise<Outcome & Ended> => {
      const place = join(top, guest.id.replace(/\W+/g, '-'));
      const cwd = join(place, 'work');
      mkdirSync(cwd, { recursive: true });
      try {
        const ended = await run(command, { cwd, env: { HOME: '/tmp', PWD: cwd, ...ENVIRONMENT } });
        return { ...ended, files: listing(cwd) };
      } finally {
        remove(place);
      }
    };
    const { policy } = guest.directives;
    const judged = policy === 'none' ? ['--no-acl'] : policy === 'default' ? [] : ['--acl', join(GUESTS, policy)];
    const outside = guest.directives.bare ? await once(bare) : expected(guest.name, given?.output);
    const record = join(top, `${guest.id.replace(/\W+/g, '-')}.record`);
    const options = ['-d', 'CRITICAL', '--record', record, ...judged];
    const inside = await once((c, o) => sandbox(c, { ...o, options }));
    const { stdout, status, files } = outside;
    return {
      bare: { stdout, status, files: guest.directives.bare ? files : inside.files },
      inside,
      calls: readRecord(record).calls,
    };
  }

  const expected = (name: string, output?: string): Outcome => ({
    stdout:
      output === undefined
        ? readFileSync(join(GUESTS, `${name}.out`), 'latin1')
        : Buffer.from(output).toString('latin1'),
    status: 0,
    files: [],
  });

  const lines = ({ stdout, status, files }: Outcome): string[] => [...stdout.split('\n'), `status ${status}`, ...files];

  const [major, minor] = release(kernelRelease());
  const isFor = ({ directives: { kernel } }: Guest): boolean =>
    major > kernel[0] || (major === kernel[0] && minor >= kernel[1]);

  for (const guest of guests)
    it(guest.id, async function () {
      if (!isFor(guest)) this.skip();
      const { bare, inside, calls } = (await results.get(guest.id)) as Pair;
      const { settled, unused } = settle(bare.stdout, inside.stdout, guest.directives.differs);
      expect(lines(inside)).to.deep.equal(lines({ ...bare, stdout: settled }));
      expect(unused, 'differences that are none').to.deep.equal([]);
      expect(bare.stdout, 'a guest says what it does').not.to.equal('');
      coverage.add(calls, inside.stdout);
    });

  if (chosen === undefined && guests.every(isFor)) {
    it('every declared call is tested', () => {
      expect(coverage.missingCalls(AWAITED)).to.deep.equal([]);
    });
    it('every command and flag of the tables is tested', () => {
      expect(coverage.missingFlags(AWAITED)).to.deep.equal([]);
    });
  }
});
