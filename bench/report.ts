/** The tables of docs/benchmarks.md and README.md, from the results of a run. */
import { time } from './measure.js';
import { defects, summary, type Measured, type Results, type Summary } from './results.js';
import type { RunnerId } from './runners.js';

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [row(head), `|${head.map((_, i) => (i === 0 ? '---|' : '---:|')).join('')}`, ...rows.map(row)].join('\n');

const present = (results: Results): { id: RunnerId; label: string }[] =>
  results.runners.filter(({ missing }) => missing === undefined).map(({ id, label }) => ({ id, label }));

const summaryOf = ({ samples }: Measured, id: RunnerId): Summary | undefined => summary(samples[id]);

/** Two digits, but no fewer than all before the point. */
export const ratio = (n: number): string => (n >= 9.95 ? n.toFixed(0) : n >= 0.995 ? n.toFixed(1) : n.toFixed(2));

function medianCell(measured: Measured, id: RunnerId): string {
  const found = summaryOf(measured, id);
  if (found === undefined) return measured.failures[id] === undefined ? '–' : 'failed';
  const half = Math.round((50 * (found.high - found.low)) / found.median);
  return `${time(found.median, measured.kind)}${found.count > 1 ? ` ± ${half} %` : ''}`;
}

function times(results: Results, kind: Measured['kind']): string {
  const runners = present(results);
  const rows = results.benchmarks
    .filter((measured) => measured.kind === kind)
    .map((measured) => [measured.label, ...runners.map(({ id }) => medianCell(measured, id))]);
  return table([kind, ...runners.map(({ label }) => label)], rows);
}

/** The sandbox's median over another one's; undefined when one of them is missing. */
function against(measured: Measured, other: RunnerId, ours: RunnerId = 'ours'): number | undefined {
  const [a, b] = [summaryOf(measured, ours), summaryOf(measured, other)];
  return a && b && a.median / b.median;
}
const ratioCell = (measured: Measured, other: RunnerId, ours?: RunnerId): string => {
  const found = against(measured, other, ours);
  return found === undefined ? '–' : ratio(found);
};

function ratios(results: Results): string {
  const others = present(results).filter(({ id }) => id !== 'ours');
  return table(
    ['the sandbox takes so many times as long as', ...others.map(({ label }) => label)],
    results.benchmarks.map((measured) => [measured.label, ...others.map(({ id }) => ratioCell(measured, id))]),
  );
}

function tripsTable(results: Results): string {
  const rows = results.trips.flatMap(({ id, calls }) => {
    const measured = results.benchmarks.find((benchmark) => benchmark.id === id);
    if (measured?.kind !== 'call') return [];
    return calls.map(({ name, by, most }) => [measured.label, name, by, String(most)]);
  });
  return ['| benchmark | call | mechanism | round trips |', '|---|---|---|---|', ...rows.map(row)].join('\n');
}

const MOST_NAMED = 5;

/** What whole programs ask for, and which calls most of their round trips are for. */
function programTrips(results: Results): string {
  const rows = results.trips.flatMap(({ id, calls }) => {
    const measured = results.benchmarks.find((benchmark) => benchmark.id === id);
    if (measured?.kind !== 'program') return [];
    const sum = (of: 'requests' | 'trips'): string => String(calls.reduce((all, call) => all + call[of], 0));
    const most = [...calls].sort((a, b) => b.trips - a.trips).slice(0, MOST_NAMED);
    return [
      [measured.label, sum('requests'), sum('trips'), most.map(({ name, trips }) => `${name} ${trips}`).join(', ')],
    ];
  });
  return table(['program', 'requests', 'round trips', 'most of them'], rows);
}

const BY_TRIPS = ['the program itself', 'answered', 'delegated'];

/** Benchmarks of a single call by round trips: what an answer costs, and what a delegation. */
function mechanisms(results: Results): string {
  const costs: string[][] = BY_TRIPS.map(() => []);
  for (const { id, calls } of results.trips) {
    const measured = results.benchmarks.find((benchmark) => benchmark.id === id);
    const found = measured && summaryOf(measured, 'ours');
    if (calls.length === 1 && found !== undefined)
      costs[calls[0].most]?.push(`${measured?.label} ${time(found.median, 'call')}`);
  }
  const rows = BY_TRIPS.map((by, trips) => [by, String(trips), costs[trips].join(', ') || '–']);
  return ['| by | round trips | median in the sandbox |', '|---|---|---|', ...rows.map(row)].join('\n');
}

function setting({ machine, settings, quick, date }: Results): string {
  const { cpu, processors, memory, virtual, system, kernel, node, load } = machine;
  const where = `${processors} × ${cpu}${virtual ? ' (virtual machine)' : ''}, ${memory} GiB, ${system}, Linux ${kernel}, Node.js ${node}`;
  const { rounds, repetitions, milliseconds, seconds } = settings;
  const lines = [
    `- ${date.slice(0, 10)}; ${where}; load at the start ${load.toFixed(2)}.`,
    `- ${rounds} ${rounds === 1 ? 'round' : 'rounds'} in ${Math.round(seconds)} s. Calls: ${repetitions} repetitions of ${milliseconds} ms each in every round; programs: one run in every round.`,
  ];
  if (quick) lines.push('- **A quick run: it shows that the bench works, not what anything costs.**');
  if (load > 0.5) lines.push('- **The machine was busy: read these figures as orders of magnitude.**');
  return lines.join('\n');
}

const versions = (results: Results): string =>
  results.runners
    .map(({ label, version, missing }) => `- ${label}: ${missing ? `not measured, ${missing}` : version}.`)
    .join('\n');

function troubles(results: Results): string[] {
  const label = (id: RunnerId): string => results.runners.find((runner) => runner.id === id)?.label ?? id;
  const failed = results.benchmarks.flatMap((measured) =>
    Object.entries(measured.failures).map(
      ([id, why]) => `- ${measured.label} under ${label(id as RunnerId)} failed: ${why}.`,
    ),
  );
  return [...failed, ...defects(results.trips).map((defect) => `- **Defect: ${defect}.**`)];
}

/** The part of docs/benchmarks.md between its marks. */
export function markdown(results: Results): string {
  const section = (title: string, body: string): string => `### ${title}\n\n${body}\n`;
  const unlucky = troubles(results);
  return [
    `${setting(results)}\n${versions(results)}\n`,
    ...(unlucky.length > 0 ? [section('What went wrong', unlucky.join('\n'))] : []),
    section('System calls', times(results, 'call')),
    section('Programs, from start to end', times(results, 'program')),
    section('Ratios of the medians', ratios(results)),
    section('Answered and delegated', mechanisms(results)),
    section('Round trips of a call', tripsTable(results)),
    section('Round trips of a program', programTrips(results)),
  ].join('\n');
}

const HEADLINES = ['getpid', 'stat', 'open-close', 'write', 'python', 'find', 'sqlite-transaction'];

/** The part of README.md between its marks: the sandbox's figures, and how they compare. */
export function headline(results: Results): string {
  const others = present(results).filter(({ id }) => id !== 'ours' && id !== 'ours-no-acl');
  const rows = HEADLINES.flatMap((id) => results.benchmarks.filter((measured) => measured.id === id)).map(
    (measured) => [measured.label, medianCell(measured, 'ours'), ...others.map(({ id }) => ratioCell(measured, id))],
  );
  return `${setting(results)}\n\n${table(['', 'sandbox', ...others.map(({ label }) => `÷ ${label}`)], rows)}\n`;
}
