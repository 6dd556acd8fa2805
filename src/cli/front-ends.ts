/**
 * What decides about a run, one layer for each thing that was said, in the order in which they are asked: lists of calls,
 * promises, secfilter's options, ACL files. What every layer allows is allowed.
 */
import { fromBytes, type ByteString } from '../abi/bytes.js';
import { AT_FDCWD, O_PATH } from '../abi/linux.js';
import { SHARED_MEMORY_PREFIX } from '../launch/channels.js';
import { guestVeil } from '../launch/veils.js';
import { native } from '../native/index.js';
import { allowAll } from '../policy/compile.js';
import { judgeOf } from '../policy/judge-of.js';
import type { From } from '../policy/layers.js';
import { loadLayers } from '../policy/load.js';
import type { Veil } from '../policy/pledge/veil.js';
import { DEFAULT_ACL } from '../policy/prepared.js';
import { PolicyError } from '../policy/problem.js';
import { secfilterJudge } from '../policy/secfilter/judge.js';
import { secfilterSheets } from '../policy/secfilter/sheets.js';
import {
  fromOf,
  judgeOfSheet,
  refusePromisesTwice,
  sheetOf,
  type PromiseSheet,
  type RulesSheet,
  type Sheet,
} from '../policy/sheet.js';
import { listRules, listsJudge } from '../policy/syscall-lists/judge.js';
import { listsOf } from '../policy/syscall-lists/lists.js';
import type { Variables } from '../policy/syscall-lists/variables.js';
import type { Judge, Verdict } from '../questions.js';
import { PathResolver } from '../referee/paths.js';
import { View } from '../referee/view.js';
import { rowOf } from '../syscalls/table.js';
import type { PolicySources } from './judge.js';
import { surroundings } from './secfilter.js';
import { inRoot } from './variables.js';

/** All that says something about a policy. */
export interface Said extends PolicySources {
  readonly sysroot: string | null;
}

export interface FrontEnd {
  /** In a few words: `--pledge`, `secfilter's options`, `acl/demo.yaml`. */
  readonly name: string;
  readonly from: From;
  readonly judge: Judge;
  /** The same in the language of ACL files. @throws PolicyError where it cannot say it */
  sheets(): readonly Sheet[];
}

const option = (name: string): { file: string; line: 0; column: 0 } => ({ file: name, line: 0, column: 0 });
const latin1 = (path: string): ByteString => fromBytes(Buffer.from(path));

const viewOf = ({ root, sysroot }: Pick<Said, 'root' | 'sysroot'>): View =>
  new View({ root: latin1(root), sysroot: sysroot === null ? null : latin1(sysroot) });

/** Guest names of what the user wrote, found as a run finds them: links are followed. */
function canonicalVeils(said: Pick<Said, 'root' | 'sysroot'>): (veil: Veil) => Veil {
  const resolver = new PathResolver(viewOf(said), native, { sharedMemoryPrefix: SHARED_MEMORY_PREFIX });
  return (veil) => {
    const cwd = native.openat(AT_FDCWD, '.', O_PATH, 0);
    const found = guestVeil(veil, cwd, resolver);
    native.close(cwd);
    if (typeof found !== 'string') return found;
    throw new PolicyError([`unveil: ${found}`]);
  };
}

const sheetFront = (sheet: Sheet): FrontEnd => ({
  name: sheet.name,
  from: fromOf(sheet),
  judge: judgeOfSheet(sheet),
  sheets: () => [sheet],
});

function fromLists(variables: Variables): FrontEnd[] {
  const lists = listsOf(variables);
  if (lists === null) return [];
  const sheet: RulesSheet = {
    kind: 'rules',
    name: lists.variable,
    from: { value: 'entry', place: option(lists.variable) },
    rules: listRules(lists),
  };
  return [{ name: lists.variable, from: 'entry', judge: listsJudge(lists), sheets: () => [sheet] }];
}

function fromPromises(said: Said): FrontEnd[] {
  if (said.promised === null) return [];
  const { pledge, execpledge, unveil, from } = said.promised;
  const canonical = unveil.length === 0 ? (veil: Veil) => veil : canonicalVeils(said);
  const sheet: PromiseSheet = {
    kind: 'promises',
    name: pledge !== null ? '--pledge' : unveil.length > 0 ? '--unveil' : '--execpledge',
    from: { value: from, place: option('--pledge-from') },
    pledge: pledge === null ? null : { value: pledge, place: option('--pledge') },
    execpledge: execpledge === null ? null : { value: execpledge, place: option('--execpledge') },
    unveil: unveil.map((veil) => ({ value: canonical(veil), place: option('--unveil') })),
  };
  return [sheetFront(sheet)];
}

function fromSecfilter(said: Said): FrontEnd[] {
  const { secfilter } = said;
  if (secfilter === null) return [];
  const around = surroundings(viewOf(said));
  const judge = secfilterJudge(secfilter, around);
  if (judge === null) return [];
  return [{ name: "secfilter's options", from: 'exec', judge, sheets: () => secfilterSheets(secfilter, around) }];
}

const EVERYTHING: Verdict = { verdict: 'allow', log: true };
const NO_ACL: RulesSheet = {
  kind: 'rules',
  name: '--no-acl',
  from: null,
  rules: [{ kind: 'otherwise', of: 'else', verdict: EVERYTHING, rule: { ...option('--no-acl'), text: 'everything' } }],
};

function fromAcl(said: Pick<Said, 'root' | 'sysroot' | 'promised'>, files: readonly string[]): FrontEnd[] {
  const options = { knownSyscall: (name: string) => rowOf(name) !== undefined };
  let canonical: ((veil: Veil) => Veil) | undefined;
  const lazily = (veil: Veil): Veil => (canonical ??= canonicalVeils(said))(veil);
  const sheets = inRoot(said.root, () => loadLayers(files, options).map((layer) => sheetOf(layer, lazily)));
  refusePromisesTwice(sheets, said.promised !== null);
  return sheets.map(sheetFront);
}

/** At least one. @throws PolicyError */
export function frontEnds(said: Said): FrontEnd[] {
  const front = [...fromLists(said.lists), ...fromPromises(said), ...fromSecfilter(said)];
  if (said.acl === null)
    return [...front, { name: '--no-acl', from: 'exec', judge: judgeOf(allowAll()), sheets: () => [NO_ACL] }];
  if (said.acl.length > 0) return [...front, ...fromAcl(said, said.acl)];
  return front.length > 0 ? front : fromAcl(said, [DEFAULT_ACL]);
}

/** ACL files alone. @throws PolicyError */
export const aclFrontEnds = (files: readonly string[]): FrontEnd[] =>
  fromAcl({ root: '/', sysroot: null, promised: null }, files);
