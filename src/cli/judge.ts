/** The policy of a run as its layers: options, ACL files, the shipped default, or none. */
import { fromBytes, type ByteString } from '../abi/bytes.js';
import { allowAll, compile } from '../policy/compile.js';
import { judgeOf, runJudgeOf } from '../policy/judge-of.js';
import type { Layer, Layers } from '../policy/layers.js';
import type { Wish } from '../policy/pledge/state.js';
import { DEFAULT_ACL, preparedRules } from '../policy/prepared.js';
import type { Settings } from '../policy/secfilter/settings.js';
import { areLists, type Variables } from '../policy/syscall-lists/variables.js';
import { unbound, warningOf } from '../policy/unbound.js';
import { View } from '../referee/view.js';
import { rowOf } from '../syscalls/table.js';
import { wishOf, type Promised } from './promised.js';
import { inRoot } from './variables.js';

/** Where a run's policy comes from. */
export interface PolicySources {
  /** ACL files; empty: the default, where nothing else says anything; null: everything is allowed and logged. */
  readonly acl: readonly string[] | null;
  readonly secfilter: Settings | null;
  readonly promised: Promised | null;
  /** SECCOMP_SYSCALL_ALLOW and its like. */
  readonly lists: Variables;
  /** The directories of the program's view. */
  readonly root: string;
  readonly sysroot?: string | null;
}

type Opened = Omit<Layers, 'onDeny'>;

async function secfilterLayer(settings: Settings, { root, sysroot = null }: PolicySources): Promise<Layer[]> {
  // Loaded here, as all below: most runs do without.
  const [{ secfilterJudge }, { surroundings }] = await Promise.all([
    import('../policy/secfilter/judge.js'),
    import('./secfilter.js'),
  ]);
  const bytes = (path: string): ByteString => fromBytes(Buffer.from(path));
  const view = new View({ root: bytes(root), sysroot: sysroot === null ? null : bytes(sysroot) });
  const judge = secfilterJudge(settings, surroundings(view));
  return judge === null ? [] : [{ judge, from: 'exec' }];
}

/** Lists of calls, and what is said of them at the start. @throws PolicyError */
async function listLayer(variables: Variables): Promise<{ layer: Layer; says: readonly string[] } | null> {
  if (!areLists(variables)) return null;
  const [{ introduction, listsJudge }, { listsOf }] = await Promise.all([
    import('../policy/syscall-lists/judge.js'),
    import('../policy/syscall-lists/lists.js'),
  ]);
  const lists = listsOf(variables);
  if (lists === null) return null;
  const judge = listsJudge(lists);
  const free = unbound(judge);
  const says = [...introduction(lists), ...(free.length > 0 ? [warningOf(free)] : [])];
  return { layer: { judge, from: 'entry' }, says };
}

/** What stands above promises in a file counts before them. @throws PolicyError */
async function fileLayers(files: readonly string[], { promised, root }: PolicySources): Promise<Opened> {
  const [{ loadLayers }, { fromOf, refusePromisesTwice, sheetOf, wishOfSheet }] = await Promise.all([
    import('../policy/load.js'),
    import('../policy/sheet.js'),
  ]);
  const options = { knownSyscall: (name: string) => rowOf(name) !== undefined };
  // The run finds what the paths to unveil lead to.
  const sheets = inRoot(root, () => loadLayers(files, options).map((layer) => sheetOf(layer, (veil) => veil)));
  refusePromisesTwice(sheets, promised !== null);
  const above: Layer[] = [];
  const below: Layer[] = [];
  let wish: Wish | null = null;
  const isPromising = sheets.some(({ kind }) => kind === 'promises');
  for (const sheet of sheets)
    if (sheet.kind === 'promises') wish = wishOfSheet(sheet);
    else
      (isPromising && wish === null ? above : below).push({
        judge: runJudgeOf(compile(sheet.rules)),
        from: fromOf(sheet),
      });
  return { above, wish, below };
}

const alone = (layer: Layer): Opened => ({ above: [], wish: null, below: [layer] });
const NONE: Opened = { above: [], wish: null, below: [] };

/** The shipped default counts only where nothing else says anything. */
async function aclLayers(sources: PolicySources, isAlone: boolean): Promise<Opened> {
  const { acl } = sources;
  if (acl === null) return alone({ judge: judgeOf(allowAll()), from: 'exec' });
  if (acl.length > 0) return fileLayers(acl, sources);
  if (!isAlone) return NONE;
  const prepared = preparedRules();
  return prepared === undefined
    ? fileLayers([DEFAULT_ACL], sources)
    : alone({ judge: runJudgeOf(compile(prepared)), from: 'exec' });
}

/** What there is to say about a policy when a run starts. */
interface Remarks {
  /** Lines for standard error; null without lists of calls. */
  readonly says: readonly string[] | null;
  readonly warnings: readonly string[];
}

/** What the options of all front ends and the ACL files say, in the order in which they count. @throws PolicyError */
export async function openLayers(o: PolicySources): Promise<Opened & Remarks> {
  const lists = await listLayer(o.lists);
  const secfilter = o.secfilter === null ? [] : await secfilterLayer(o.secfilter, o);
  const files = await aclLayers(o, lists === null && secfilter.length === 0 && o.promised === null);
  const free = [...new Set([...files.above, ...files.below].flatMap(({ judge }) => unbound(judge)))];
  return {
    above: [...(lists === null ? [] : [lists.layer]), ...files.above],
    wish: o.promised === null ? files.wish : wishOf(o.promised),
    below: [...secfilter, ...files.below],
    says: lists?.says ?? null,
    warnings: free.length > 0 ? [warningOf(free)] : [],
  };
}
