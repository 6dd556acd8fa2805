/** A condition on the arguments of a call that is named. */
import { rowOf } from '../../syscalls/table.js';
import { Problem } from '../problem.js';
import { conditionOf, type Condition } from './expression.js';
import { namesOf } from './names.js';

/** @throws Problem */
export function callCondition(call: string, text: string): Condition {
  const row = rowOf(call);
  if (row === undefined)
    throw new Problem(`bad condition (${text})`, 'must stand beside a call whose arguments are known');
  return conditionOf(text, namesOf(row));
}
