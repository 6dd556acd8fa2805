/** What a thread's hook does by itself, without asking: from the rows, and from what the policy wants to be asked. */
import { NUMBERS, type SyscallName } from '../abi/numbers.js';
import type { ProcessView, ThreadView } from '../syscalls/dsl.js';
import { rows } from '../syscalls/table.js';
import { ACTION, ACTION_COUNT } from '../wire/layout.js';
import type { HookActions } from './slot.js';

/** Calls of which somebody is born, or by which the thread starts anew: who begins has the FPU of the call. */
const KEEPING: readonly SyscallName[] = [
  ...(['fork', 'vfork', 'clone', 'clone3', 'set_thread_area', 'prctl', 'capset', 'setgroups', 'setgroups32'] as const),
  ...(['setuid', 'setgid', 'setreuid', 'setregid', 'setresuid', 'setresgid', 'setfsuid', 'setfsgid'] as const),
  ...(['setuid32', 'setgid32', 'setreuid32', 'setregid32', 'setresuid32', 'setresgid32'] as const),
  ...(['setfsuid32', 'setfsgid32'] as const),
];
const keeping: ReadonlySet<number> = new Set(KEEPING.map((name) => NUMBERS[name]));
/** Does the hook keep the FPU before it asks? */
export const keepsFpu = (nr: number): boolean => keeping.has(nr);

/** `isAsked`: does the call have to come to the referee, because the policy names it or all is traced? */
export function hookActions(process: ProcessView, thread: ThreadView, isAsked: (nr: number) => boolean): HookActions {
  const actions = new Uint8Array(ACTION_COUNT).fill(ACTION.ask);
  const constants: number[] = [];
  for (const nr of keeping) actions[nr] = ACTION.keep;
  for (const row of rows.slice(0, ACTION_COUNT)) {
    if (row === undefined || isAsked(row.nr)) continue;
    if (row.by === 'native') actions[row.nr] = ACTION.native;
    if (row.by !== 'answered' || row.constant === undefined) continue;
    actions[row.nr] = ACTION.constant + constants.length;
    constants.push(row.constant(process, thread));
  }
  return { actions, constants };
}
