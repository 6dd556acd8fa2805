/** The files that the programs of the table work on: the same bytes, modes and times each time. */

import { chmodSync, lutimesSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { seededRandom } from '../support/elf-builder.js';

const DATE = new Date('2020-02-03T04:05:06Z');

const lines = (...list: string[]): string => list.join('\n') + '\n';
const range = <T>(n: number, item: (i: number) => T): T[] => Array.from({ length: n }, (_, i) => item(i));

const NAMES = ['oak', 'ash', 'elm', 'fir', 'yew', 'pine', 'lime', 'plane', 'birch', 'larch', 'rowan', 'maple'];

function bytes(count: number): Uint8Array {
  const random = seededRandom(7);
  return Uint8Array.from(range(count, () => Math.floor(random() * 256)));
}

/** Objects one after the other, the table of their offsets, the trailer. */
export function pdf(text: readonly string[]): Buffer {
  const page = ['BT /F1 12 Tf 72 720 Td 14 TL', ...text.map((line) => `(${line}) Tj T*`), 'ET'].join('\n');
  const objects = [
    '<< /Type /Catalog /Pages 2 0 R >>',
    '<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
    '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>',
    `<< /Length ${page.length} >>\nstream\n${page}\nendstream`,
    '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>',
    '<< /Title (Trees) /Producer (a test) /CreationDate (D:20200203040506Z) >>',
  ];
  let file = '%PDF-1.4\n';
  const offsets = objects.map((object, i) => {
    const offset = file.length;
    file += `${i + 1} 0 obj\n${object}\nendobj\n`;
    return offset;
  });
  const table = offsets.map((offset) => `${String(offset).padStart(10, '0')} 00000 n \n`).join('');
  const size = objects.length + 1;
  return Buffer.from(
    `${file}xref\n0 ${size}\n0000000000 65535 f \n${table}trailer\n<< /Size ${size} /Root 1 0 R /Info 6 0 R >>\nstartxref\n${file.length}\n%%EOF\n`,
    'latin1',
  );
}

const text = lines(...range(40, (i) => `${NAMES[(i * 7) % 12]} ${i} ${NAMES[(i * 5) % 12]}\tx${i % 4}`));

const FILES: Readonly<Record<string, string | Uint8Array>> = {
  text,
  words: lines(...NAMES),
  other: lines(...NAMES.slice(3), 'hazel', 'alder'),
  sorted1: lines(...NAMES.slice(0, 8).sort()),
  sorted2: lines(...NAMES.slice(4).sort()),
  numbers: lines(...range(30, (i) => String((i * 37) % 101))),
  repeated: lines('a', 'a', 'b', 'c', 'c', 'c', 'a'),
  'table.csv': lines('tree,height,age', ...NAMES.map((name, i) => `${name},${(i * 13) % 40},${(i * 71) % 300}`)),
  bytes: bytes(5000),
  large: lines(...range(8000, (i) => `${i} ${(i * 7919) % 8000} ${NAMES[i % 12]}`)),
  empty: '',
  'with space': 'one\n',
  '.hidden': 'hidden\n',
  'no-end': 'the last line has no end',
  'trees.pdf': pdf(NAMES.map((name, i) => `${name} is tree ${i}`)),
  'text.gz': gzipSync(text),
  'small.xz': Buffer.from(
    '/Td6WFoAAATm1rRGAgAhARYAAAB0L+Wj4AAyABhdADmbSEfPp8MXgYrXajcqHDrut8D0CYAAAAD+9l2F9cfAsgABNDPKJ3wkH7bzfQEAAAAABFla',
    'base64',
  ),
  'small.bz2': Buffer.from(
    'QlpoOTFBWSZTWc5DwKIAABlRgAAQQAAuD0gAIAAiv9VBoMhA0DQ04ul5DbqUpeQpdxT4u5IpwoSGch4FEA==',
    'base64',
  ),
  'script.lua': lines(
    'local t = {}',
    'for line in io.lines("words") do t[#t + 1] = line:upper() end',
    'table.sort(t)',
    'local f = assert(io.open("out.lua.txt", "w"))',
    'f:write(table.concat(t, "\\n"), "\\n"):close()',
    'print(#t, t[1], string.format("%.3f %x %q", math.pi, 255, "a\\nb"), os.time{year=2020,month=1,day=1,hour=0})',
    'print(pcall(error, "x"), select(2, io.open("missing")))',
    'os.rename("out.lua.txt", "renamed.txt"); print(os.remove("missing"))',
    'os.exit(4)',
  ),
  'script.pl': lines(
    'use strict; use warnings; use File::Find; use Digest::SHA qw(sha256_hex); use POSIX qw(floor strftime);',
    'open my $f, "<", "words" or die; my %n; $n{length $_ - 1}++ for map { chomp; $_ } <$f>; close $f;',
    'print "$_=$n{$_}\\n" for sort keys %n;',
    'my @found; find(sub { push @found, $File::Find::name }, "dir"); print join(",", sort @found), "\\n";',
    'printf "%05.2f %s %d\\n", 3.14159, sha256_hex("x"), floor(-1.5); print strftime("%Y-%m-%d", gmtime 86400 * 365), "\\n";',
    'opendir my $d, "missing" or warn "opendir: $!\\n"; die "the end\\n";',
  ),
  'script.py': lines(
    'import sys, os, json, collections',
    'c = collections.Counter(w[0] for w in open("words"))',
    'print(json.dumps(c, sort_keys=True), sys.argv, os.listdir("dir") and sorted(os.listdir(".")))',
    'print("to stderr", file=sys.stderr)',
    'open("made by python", "w").write("é\\n")',
    'sys.exit(7)',
  ),
  'script.awk': lines(
    '{ n[$3] += $2 }',
    'END { m = asorti(n, k); for (i = 1; i <= m; i++) printf "%s %d\\n", k[i], n[k[i]] }',
  ),
  'script.sql': lines(
    'create table t(a integer primary key, b text); begin;',
    'with recursive c(x) as (select 1 union all select x+1 from c where x<2000) insert into t select x, printf("%05d", x*7%1000) from c;',
    'commit; create index i on t(b); select count(*), min(b), max(b) from t where a%7=0; pragma integrity_check; delete from t where a>100; vacuum;',
    'select group_concat(b) from (select b from t order by b limit 5); select no_such_column from t;',
  ),
};

const TREE: Readonly<Record<string, string>> = {
  'dir/a': 'a\n',
  'dir/sub/b': 'b\n',
  'dir/sub/deep/c': 'c\n',
  'dir/.dot': 'dot\n',
};
const LINKS: Readonly<Record<string, string>> = {
  link: 'text',
  dangling: 'nowhere',
  'dir/up': '../words',
  loop: 'loop',
};
const MODES: Readonly<Record<string, number>> = { 'script.lua': 0o755, '.hidden': 0o600, sorted1: 0o440 };

/** Sets the times of everything in a directory, last its own. */
function date(directory: string): void {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) date(path);
    else lutimesSync(path, DATE, DATE);
  }
  lutimesSync(directory, DATE, DATE);
}

/** Fills a directory that does not exist yet, and dates it and the one above. */
export function writeFixtures(directory: string): void {
  mkdirSync(join(directory, 'dir/sub/deep'), { recursive: true });
  for (const [name, content] of Object.entries({ ...FILES, ...TREE })) writeFileSync(join(directory, name), content);
  for (const [name, target] of Object.entries(LINKS)) symlinkSync(target, join(directory, name));
  for (const name of Object.keys({ ...FILES, ...TREE })) chmodSync(join(directory, name), MODES[name] ?? 0o644);
  for (const name of ['', 'dir', 'dir/sub', 'dir/sub/deep']) chmodSync(join(directory, name), 0o755);
  date(join(directory, '..'));
  if (statSync(directory).mtimeMs !== DATE.getTime()) throw new Error(`${directory} keeps no times`);
}
