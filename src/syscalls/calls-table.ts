/** The tables of docs/acl.md, made from the rows: what each path-taking call asks of the policy. */
import { syscallName, type SyscallName } from '../abi/numbers.js';
import type { Kind, PathAccess, Row } from './dsl.js';
import { rows } from './table.js';

type PathKind = Extract<Kind, { kind: 'path' }>;

/** Odd rows ask for themselves, and access functions depend on the arguments: what they can ask is said here. */
export const ASKED: Readonly<Partial<Record<SyscallName, string>>> = {
  execve: 'execute (refused until programs can be started)',
  execveat: 'execute (refused until programs can be started)',
};

export interface PathCall {
  readonly name: string;
  readonly argument: string;
  /** Accesses in words; empty when nothing says what is asked. */
  readonly asks: string;
}

const NONE = new Uint32Array(6);
const ABSENT = { guest: '/', host: '/', dir: -1, name: '.', exists: false, type: 0 };

/** What a fixed access, or an access function with no flags set, asks. */
function asksOf(access: PathAccess): string {
  return typeof access === 'string' ? access : access(NONE, { ...ABSENT, exists: true }).join(', ');
}

const pathArguments = (row: Row): [string, PathKind][] =>
  row.args.flatMap(([name, kind]): [string, PathKind][] => (kind.kind === 'path' ? [[name, kind]] : []));

function callsOf(row: Row): PathCall[] {
  const name = syscallName(row.nr);
  const said = ASKED[name as SyscallName];
  const found = pathArguments(row).map(([argument, kind]) => ({ name, argument, asks: said ?? asksOf(kind.access) }));
  return found.length === 0 && said !== undefined ? [{ name, argument: 'path', asks: said }] : found;
}

/** Every path argument of every call, by name of the call. */
export const pathCalls = (): PathCall[] =>
  rows.flatMap((row) => (row === undefined ? [] : callsOf(row))).sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));

/** A markdown table: call, argument, access. */
export function markdownOfPathCalls(): string {
  const lines = pathCalls().map(({ name, argument, asks }) => `| ${name} | ${argument} | ${asks} |`);
  return ['| call | argument | access |', '|---|---|---|', ...lines, ''].join('\n');
}
