import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { time } from '../../bench/measure.js';
import { plot } from '../../bench/plot.js';
import { headline, markdown } from '../../bench/report.js';
import { defects, summary, type Results } from '../../bench/results.js';
import { probe, run, type Runner } from '../../bench/runners.js';
import { countTrips } from '../../bench/trips.js';
import { execute, makeTemporary, remove } from '../support/run.js';

const MARK = 'sandbox: DEBUG: request of thread 7: call (close) gs=0x0 esp=0x1 eax=0x6 ebx=0xfffffc18 ecx=0x0';
const request = (name: string): string =>
  `sandbox: DEBUG: request of thread 7: call (${name}) gs=0x0 esp=0x1 eax=0x1 ebx=0x0 ecx=0x0`;
const order = 'sandbox: DEBUG: order to the trustee of thread 7: openat2(0x0)';
const result = 'sandbox: DEBUG: request of thread 7: result gs=0x0 esp=0x1 eax=0x1 ebx=0x0 ecx=0x0';
const reply = 'sandbox: DEBUG: reply to thread 7: value 0 (0x0)';
const log = (...lines: string[]): string => lines.join('\n');

const results = (trips: Results['trips'] = []): Results => ({
  ...{ date: '2026-01-02T03:04:05.000Z', quick: false, trips },
  machine: {
    ...{ cpu: 'A <CPU>', processors: 2, memory: 4, virtual: true, system: 'Debian', kernel: '6.1 x86_64' },
    ...{ node: 'v18.19.0', load: 0.1 },
  },
  runners: [
    { id: 'native', label: 'bare', version: 'no supervision' },
    { id: 'ours', label: 'sandbox', version: '0.1.0' },
    { id: 'proot', label: 'PRoot', missing: 'not installed' },
  ],
  settings: { milliseconds: 5, repetitions: 2, rounds: 1, seconds: 1 },
  benchmarks: [
    {
      ...{ id: 'stat', kind: 'call', label: 'stat', failures: {} },
      samples: { native: [[100, 100]], ours: [[10_000, 12_000]] },
    },
    {
      ...{ id: 'find', kind: 'program', label: 'find', failures: { ours: 'status 1: no' } },
      samples: { native: [[20]] },
    },
  ],
});

describe('bench', () => {
  it('measures two calls bare and in the sandbox, and reports them', async () => {
    const directory = makeTemporary('bench');
    try {
      const chosen = ['--quick', '--only', 'getpid,stat', '--with', 'native,ours', '--results', directory];
      const ended = await execute([process.execPath, '--import=tsx', 'bench/main.ts', ...chosen]);
      expect(ended.stderr).to.equal('');
      expect(ended.status).to.equal(0);
      const [file, ...others] = readdirSync(directory);
      expect(others).to.deep.equal([]);
      const found = JSON.parse(readFileSync(join(directory, file), 'utf8')) as Results;
      expect(found.runners.map(({ id }) => id)).to.deep.equal(['native', 'ours']);
      expect(found.benchmarks.map(({ id }) => id)).to.deep.equal(['getpid', 'stat']);
      for (const { samples, failures } of found.benchmarks) {
        expect(failures).to.deep.equal({});
        expect(Object.keys(samples).sort()).to.deep.equal(['native', 'ours']);
        for (const rounds of Object.values(samples)) {
          expect(rounds.map((round) => round.length)).to.deep.equal([found.settings.repetitions]);
          for (const sample of rounds.flat()) expect(sample).to.be.greaterThan(0);
        }
      }
      const stat = found.trips.find(({ id }) => id === 'stat');
      expect(stat?.calls.map(({ name, requests, most }) => ({ name, requests, most }))).to.deep.equal([
        { name: 'stat64', requests: 20, most: 1 },
      ]);
      expect(ended.stdout).to.match(/^\| stat \| [\d.]+ \S*s \S+ \d+ % \|/m);
    } finally {
      remove(directory);
    }
  });

  it('names what --only and --with may be', async () => {
    const ended = await execute([process.execPath, '--import=tsx', 'bench/main.ts', '--only', 'nothing']);
    expect(ended.status).to.equal(1);
    expect(ended.stderr).to.match(/"nothing" must be one of getpid, .*sqlite-autocommit/);
  });

  it('counts a request with its reply, and each order, as a round trip', () => {
    const before = log(request('brk'), order, order, order, reply);
    const between = log(
      request('openat'),
      order,
      reply,
      request('openat'),
      reply,
      request('pause'),
      reply,
      result,
      reply,
    );
    const text = log(before, MARK, order, reply, between, MARK, order, reply);
    expect(countTrips(text, 'marks')).to.deep.equal([
      { name: 'openat', requests: 2, trips: 3, most: 2 },
      { name: 'pause', requests: 1, trips: 2, most: 2 },
    ]);
    expect(countTrips(text)[0]).to.deep.equal({ name: 'brk', requests: 1, trips: 4, most: 4 });
    expect(() => countTrips(log(MARK, between), 'marks')).to.throw('1 marks');
  });

  it('counts by thread, and what a new one is ordered for its birth', () => {
    const of8 = (line: string): string => line.replace('thread 7', 'thread 8');
    const text = log(MARK, request('clone'), order, of8(order), request('openat'), of8(request('access')), order);
    expect(countTrips(log(text, of8(order), MARK), 'marks')).to.deep.equal([
      { name: 'clone', requests: 1, trips: 3, most: 3 },
      { name: 'openat', requests: 1, trips: 2, most: 2 },
      { name: 'access', requests: 1, trips: 2, most: 2 },
    ]);
    const clone = { name: 'clone', requests: 1, trips: 16, most: 16, by: 'odd' };
    expect(defects([{ id: 'fork', calls: [clone] }])).to.deep.equal([]);
    expect(defects([{ id: 'fork', calls: [{ ...clone, most: 17 }] }])).to.deep.equal([
      'clone (fork) took 17 round trips, it may take 16',
    ]);
  });

  it('takes more than two round trips for a defect, and says so', () => {
    const [call] = countTrips(log(MARK, request('openat'), order, order, reply, MARK), 'marks');
    const trips = [{ id: 'open-close', calls: [{ ...call, by: 'odd' }] }];
    expect(defects(trips)).to.deep.equal(['openat (open-close) took 3 round trips, it may take 2']);
    expect(markdown(results(trips))).to.include('Defect: openat (open-close) took 3');
    expect(defects([{ id: 'x', calls: [{ ...call, most: 2, by: 'odd' }] }])).to.deep.equal([]);
  });

  it('reports medians, ratios, what is missing and what failed', () => {
    const text = markdown(results());
    expect(text).to.include('| stat | 100 ns ± 0 % | 11.0 µs ± 5 % |');
    expect(text).to.include('| stat | 110 |');
    expect(text).to.include('| find | 20.0 ms | failed |');
    expect(text).to.include('PRoot: not measured, not installed.');
    expect(text).to.include('find under sandbox failed: status 1: no.');
    expect(headline(results())).to.include('| stat | 11.0 µs ± 5 % | 110 |');
  });

  it('draws what ran bare and otherwise', () => {
    const svg = plot(results());
    expect(svg.match(/<path transform/g)).to.have.length(2); // the legend's and the one of stat
    expect(svg).to.include('>stat<').and.not.include('>find<');
    expect(svg).to.include('prefers-color-scheme: dark');
    expect(() => plot({ ...results(), benchmarks: [] })).to.throw('nothing to draw');
  });

  it('writes times with three digits and sums up by median and quartiles', () => {
    expect([0.5, 999.6, 1234, 99_960, 12_345_678].map((ns) => time(ns, 'call'))).to.deep.equal([
      ...['0.500 ns', '1.00 µs', '1.23 µs', '100 µs', '12.3 ms'],
    ]);
    expect(time(2500, 'program')).to.equal('2.50 s');
    expect(summary([[4, 1], [3], [2, 5]])).to.deep.equal({ median: 3, low: 2, high: 4, count: 5 });
    expect(summary([])).to.equal(undefined);
  });

  it('ends what runs too long with all that it started', async () => {
    // The background one holds standard output too: the run is over when both are gone.
    const told = await run(['/bin/sh', '-c', 'sleep 100 & exec sleep 100'], { limit: 300 }).then(
      () => 'ended',
      (error: Error) => error.message,
    );
    expect(told).to.match(/^not over after 300 ms/);
    expect(await run(['/bin/true'], { limit: 5000 })).to.have.property('stdout', '');
  });

  it('leaves out what is not installed, and what does not run, and says why', async () => {
    const place = { work: '/', tree: '/', calls: '/bin/true', file: '/', policy: '/' };
    const runner = (version: () => string, ...command: string[]): Runner => ({
      ...{ id: 'proot', label: 'PRoot', package: 'proot', version },
      wrap: (_, program) => [...command, ...program],
    });
    const absent = runner(() => execFileSync('no-such-program').toString());
    expect(await probe(absent, place)).to.deep.equal({ missing: 'not installed (apt-get install proot)' });
    const broken = runner(() => '1.0', '/bin/sh', '-c', 'echo no namespaces >&2; exit 3');
    expect(await probe(broken, place)).to.deep.equal({ missing: 'status 3: no namespaces' });
    expect(
      await probe(
        runner(() => '1.0'),
        place,
      ),
    ).to.deep.equal({ version: '1.0' });
  });
});
