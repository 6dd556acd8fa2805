/** What a thread's hook does by itself, without asking: from the rows, and from what the policy wants to be asked. */
import type { ProcessView, ThreadView } from '../syscalls/dsl.js';
import { rows } from '../syscalls/table.js';
import { ACTION, ACTION_COUNT } from '../wire/layout.js';
import type { HookActions } from './slot.js';

/** Does the hook keep the FPU before it asks? */
export const keepsFpu = (nr: number): boolean => rows[nr]?.keepsFpu === true;

/** `isAsked`: does the call have to come to the referee, because the policy names it or all is traced? */
export function hookActions(process: ProcessView, thread: ThreadView, isAsked: (nr: number) => boolean): HookActions {
  const actions = new Uint8Array(ACTION_COUNT).fill(ACTION.ask);
  const constants: number[] = [];
  for (const row of rows.slice(0, ACTION_COUNT)) {
    if (row?.keepsFpu) actions[row.nr] = ACTION.keep;
    if (row === undefined || isAsked(row.nr)) continue;
    if (row.by === 'native') actions[row.nr] = ACTION.native;
    if (row.by !== 'answered' || row.constant === undefined) continue;
    actions[row.nr] = ACTION.constant + constants.length;
    constants.push(row.constant(process, thread));
  }
  return { actions, constants };
}
