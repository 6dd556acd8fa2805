/** Where a run works: a directory of its own below /tmp, with the programs built for it, and the i386 tree. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rows } from '../src/syscalls/table.js';

export const TOP = fileURLToPath(new URL('..', import.meta.url));

export interface Place {
  /** Everything that benchmarks write, and the built programs. */
  readonly work: string;
  /** The i386 tree; / on an i386 host. */
  readonly tree: string;
  /** bench/calls.c, static. */
  readonly calls: string;
  /** What bench/calls.c opens. */
  readonly file: string;
  /** bench/notif.c; absent when it cannot be built. */
  readonly notif?: string;
  /** An ACL file that adds to default.yaml what the benchmarks need. */
  readonly policy: string;
}

const FILE_SIZE = 4096;

/** For bench/notif.c: it judges the calls that the sandbox judges, and looks at the paths that the sandbox looks at. */
function tablesForC(): string {
  const native = rows.flatMap((row) => (row?.by === 'native' ? [row.nr] : []));
  const paths = rows.flatMap((row) =>
    (row?.args ?? []).flatMap(([, kind], i) => (kind.kind === 'path' ? [`{${row?.nr}, ${i}}`] : [])),
  );
  return `#define NATIVE ${native.join(', ')}\n#define PATHS ${paths.join(', ')}\n`;
}

const policy = (work: string, tree: string): string => `why: what the benchmarks need beside default.yaml
files:
  - { read: ["${join(tree, '**')}", "${work}/**"], write: ["${work}/**"], create: ["${work}/**"], execute: ["${work}/**"] }
network:
  - { bind: ["127.0.0.1:*"], send: ["127.0.0.1:*"], families: [unix] }
`;

function buildNotif(work: string): string | undefined {
  const out = join(work, 'notif');
  try {
    execFileSync(process.env.CC ?? 'gcc', ['-O2', '-I', work, join(TOP, 'bench/notif.c'), '-o', out]);
    return out;
  } catch {
    return undefined; // the compiler has said why
  }
}

export function makePlace(): Place {
  const work = realpathSync(mkdtempSync('/tmp/nurse-bench.'));
  const tree = process.arch === 'ia32' ? '/' : realpathSync(join(TOP, '.sysroot/i386'));
  const [calls, file, acl] = ['calls', 'file', 'bench.yaml'].map((name) => join(work, name));
  execFileSync(join(TOP, 'scripts/guest-cc.sh'), ['glibc-static', join(TOP, 'bench/calls.c'), '-o', calls, '-O2']);
  writeFileSync(join(work, 'calls.gen.h'), tablesForC());
  writeFileSync(file, new Uint8Array(FILE_SIZE));
  writeFileSync(acl, policy(work, tree));
  return { work, tree, calls, file, notif: buildNotif(work), policy: acl };
}

export const removePlace = (place: Place): void => rmSync(place.work, { recursive: true, force: true });
