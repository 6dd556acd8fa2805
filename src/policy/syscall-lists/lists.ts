/**
 * Lists of calls in environment variables: `SECCOMP_SYSCALL_ALLOW=a:b(flags & O_WRONLY):c=EPERM`, the same for
 * SECCOMP_SYSCALL_DENY, which counts without the first only; SECCOMP_DEFAULT_ACTION=log logs what would be killed.
 */
import { ERRNO } from '../../abi/errno.js';
import { NUMBERS, syscallName, type SyscallName } from '../../abi/numbers.js';
import { IPC, SOCKETCALL } from '../../syscalls/multiplexed.js';
import { rowOf } from '../../syscalls/table.js';
import { PolicyError, Problem } from '../problem.js';
import { conditionOf, type Condition } from './expression.js';
import { namesOf } from './names.js';
import { ACTION, ALLOW, DENY, type Variables } from './variables.js';

/** One entry of a list. */
export interface Entry {
  /** As it was written. */
  readonly text: string;
  /** The rows that it speaks of: several for socketcall and ipc. */
  readonly calls: readonly SyscallName[];
  /** null: whatever the arguments are. */
  readonly when: { readonly text: string; readonly holds: Condition } | null;
  /** The call fails with this, and nobody is killed; 0 when none is given. */
  readonly errno: number;
}
export interface Lists {
  readonly variable: typeof ALLOW | typeof DENY;
  readonly entries: readonly Entry[];
  readonly action: 'kill' | 'log';
}

/** The pieces between colons that do not stand in parentheses. */
function pieces(list: string): string[] {
  const found = [''];
  let depth = 0;
  for (const char of list) {
    if (char === '(') depth++;
    if (char === ')') depth = Math.max(0, depth - 1);
    if (char === ':' && depth === 0) found.push('');
    else found[found.length - 1] += char;
  }
  return found.map((piece) => piece.trim()).filter((piece) => piece !== '');
}

const carriedBy = (subs: ReadonlyMap<number, { readonly row: SyscallName }>): SyscallName[] => [
  ...new Set([...subs.values()].map(({ row }) => row)),
];
/** Who names a carrier names all that it carries: each of them is judged by its own name, whichever way it came. */
const CARRIED: Readonly<Record<string, readonly SyscallName[]>> = {
  socketcall: carriedBy(SOCKETCALL),
  ipc: carriedBy(IPC),
};

function callsOf(name: string): readonly SyscallName[] {
  if (Object.hasOwn(CARRIED, name)) return CARRIED[name];
  const row = Object.hasOwn(NUMBERS, name) ? rowOf(name) : undefined;
  if (row === undefined)
    throw new Problem(JSON.stringify(name), 'must be an i386 system call: ./sandbox syscalls lists them');
  return [syscallName(row.nr) as SyscallName];
}

function errnoOf(name: string | undefined): number {
  if (name === undefined) return 0;
  if (!Object.hasOwn(ERRNO, name)) throw new Problem(JSON.stringify(name), 'must be an errno such as EPERM');
  return ERRNO[name as keyof typeof ERRNO];
}

function entryOf(text: string): Entry {
  const form = /^([^\s()=]+)\s*(?:\((.*)\))?\s*(?:=\s*(\w+))?$/s.exec(text);
  if (form === null) throw new Problem(JSON.stringify(text), 'must be name, name(condition), name=ERRNO or both');
  const [, name, condition, errno] = form;
  const calls = callsOf(name);
  const row = rowOf(calls[0]);
  if (condition !== undefined && (calls.length > 1 || row === undefined))
    throw new Problem(JSON.stringify(text), `must name the call that ${name} carries, to have a condition`);
  return {
    text,
    calls,
    when:
      condition === undefined || row === undefined
        ? null
        : { text: condition.trim(), holds: conditionOf(condition, namesOf(row)) },
    errno: errnoOf(errno),
  };
}

/** null when neither list is set. @throws PolicyError with every problem */
export function listsOf(variables: Variables): Lists | null {
  const variable = variables[ALLOW] !== undefined ? ALLOW : DENY;
  const list = variables[variable];
  if (list === undefined) return null;
  const problems: string[] = [];
  const entries = pieces(list).flatMap((piece): Entry[] => {
    try {
      return [entryOf(piece)];
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      problems.push(`${variable}: ${error.what} ${error.must}`);
      return [];
    }
  });
  const action = variables[ACTION] ?? 'kill';
  if (action !== 'kill' && action !== 'log') problems.push(`${ACTION}: ${JSON.stringify(action)} must be log or kill`);
  if (problems.length > 0) throw new PolicyError(problems);
  return { variable, entries, action: action === 'log' ? 'log' : 'kill' };
}
