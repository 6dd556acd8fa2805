/**
 * The chart of docs/benchmarks.svg: a line per benchmark, a mark per runner at its median over the bare program's, a
 * bar from quartile to quartile. Readable on light and dark ground; marks differ in shape as well as in colour.
 */
import { scaleLog } from 'd3-scale';
import { summary, type Measured, type Results } from './results.js';
import type { RunnerId } from './runners.js';

const WIDTH = 920;
const LEFT = 290;
const RIGHT = 36;
const TOP = 84;
const LINE = 22;
const GAP = 16;
const BOTTOM = 40;

/** Okabe and Ito's colours, which tell apart for all kinds of sight; paths around 0, 0. */
const MARKS: Readonly<Record<Exclude<RunnerId, 'native'>, { colour: string; path: string }>> = {
  ours: { colour: '#d55e00', path: 'M-5-5h10v10h-10z' },
  'ours-no-acl': { colour: '#e69f00', path: 'M-4-4h8v8h-8z' },
  bwrap: { colour: '#009e73', path: 'M0-6l5 9h-10z' },
  notif: { colour: '#0072b2', path: 'M0-6l6 6l-6 6l-6-6z' },
  strace: { colour: '#56b4e9', path: 'M-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0' },
  proot: { colour: '#cc79a7', path: 'M0 6l5-9h-10z' },
};
const isMarked = (id: RunnerId): id is keyof typeof MARKS => id in MARKS;

const escape = (text: string): string => text.replace(/&/g, '&amp;').replace(/</g, '&lt;');
const n = (value: number): string => String(Math.round(value * 10) / 10);

interface Point {
  readonly id: keyof typeof MARKS;
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/** Over the bare program's median. */
function pointsOf(measured: Measured): Point[] {
  const bare = summary(measured.samples.native)?.median;
  if (bare === undefined) return [];
  return (Object.keys(measured.samples) as RunnerId[]).filter(isMarked).flatMap((id) => {
    const found = summary(measured.samples[id]);
    return found === undefined
      ? []
      : [{ id, median: found.median / bare, low: found.low / bare, high: found.high / bare }];
  });
}

const STYLE = `
  text { font: 13px system-ui, sans-serif; fill: #1f2328 }
  .small { font-size: 12px; fill: #59636e }
  .grid { stroke: #d1d9e0 } .one { stroke: #59636e }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc } .small { fill: #9198a1 } .grid { stroke: #3d444d } .one { stroke: #9198a1 }
  }
`;

const mark = (id: keyof typeof MARKS, x: number, y: number): string =>
  `<path transform="translate(${n(x)} ${n(y)})" d="${MARKS[id].path}" fill="${MARKS[id].colour}"/>`;

function legend(results: Results, ids: ReadonlySet<string>): string {
  let x = LEFT;
  return results.runners
    .flatMap(({ id, label }) => {
      if (!isMarked(id) || !ids.has(id)) return [];
      const at = x;
      x += 28 + 7 * label.length;
      return [`${mark(id, at, 46)}<text class="small" x="${at + 10}" y="50">${escape(label)}</text>`];
    })
    .join('\n');
}

/** An SVG document. @throws Error when nothing can be compared with the bare program */
export function plot(results: Results): string {
  const lines = results.benchmarks
    .map((measured) => ({ measured, points: pointsOf(measured) }))
    .filter(({ points }) => points.length > 0);
  const all = lines.flatMap(({ points }) => points);
  if (all.length === 0) throw new Error('there is nothing to draw: no benchmark ran bare and otherwise');
  const x = scaleLog()
    .domain([Math.min(0.8, ...all.map(({ low }) => low)), Math.max(...all.map(({ high }) => high)) * 1.2])
    .range([LEFT, WIDTH - RIGHT]);
  const programsFrom = lines.findIndex(({ measured }) => measured.kind === 'program');
  const y = (i: number): number => TOP + LINE * (i + 0.5) + (programsFrom > 0 && i >= programsFrom ? GAP : 0);
  const bottom = y(lines.length - 1) + LINE / 2;
  const ticks = x.ticks().filter((tick) => Number.isInteger(Math.log10(tick)));
  const grid = ticks.map((tick) => {
    const at = n(x(tick));
    return (
      `<line class="${tick === 1 ? 'one' : 'grid'}" x1="${at}" x2="${at}" y1="${TOP - 8}" y2="${n(bottom)}"/>` +
      `<text class="small" x="${at}" y="${n(bottom + 18)}" text-anchor="middle">${tick} ×</text>`
    );
  });
  const drawn = lines.map(({ measured, points }, i) => {
    const bars = points.map(
      ({ id, low, high }) =>
        `<line x1="${n(x(low))}" x2="${n(x(high))}" y1="${n(y(i))}" y2="${n(y(i))}" stroke="${MARKS[id].colour}" stroke-width="2"/>`,
    );
    const marks = points.map(({ id, median }) => mark(id, x(median), y(i)));
    return [
      `<text x="${LEFT - 14}" y="${n(y(i) + 4)}" text-anchor="end">${escape(measured.label)}</text>`,
      ...bars,
      ...marks,
    ].join('');
  });
  const height = Math.round(bottom + BOTTOM);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">
<title>Time of system calls and programs, compared with the bare program</title>
<style>${STYLE}</style>
<text x="16" y="24">How many times as long as the bare program (log scale; bars from first to third quartile)</text>
${legend(results, new Set(all.map(({ id }) => id)))}
${[...grid, ...drawn].join('\n')}
</svg>
`;
}
