/** `./sandbox policy` and `./sandbox check`: policies printed, replayed, compared and judged; no program is run. */
import { syscallName } from '../abi/numbers.js';
import { readRecord } from '../observe/record.js';
import { diffText, placeOf, rulesUsed, testText, type Outcome } from '../observe/replay.js';
import { check } from '../policy/check.js';
import { compile } from '../policy/compile.js';
import { judgeOf } from '../policy/judge-of.js';
import { aclJsonSchema } from '../policy/json-schema.js';
import { lint, type Finding } from '../policy/lint.js';
import { PolicyError } from '../policy/problem.js';
import type { AclRule } from '../policy/rules.js';
import { policyText } from '../policy/show.js';
import type { Judge } from '../questions.js';
import type { CallEvent } from '../referee/watch.js';
import { rows, rowOf } from '../syscalls/table.js';

import { rulesOf } from './judge.js';
import type { PolicyOptions } from './options.js';
import type { PolicyVerb } from './policy-verbs.js';

const knownSyscall = (name: string): boolean => rowOf(name) !== undefined;

/** The command was called wrongly. */
export class PolicyUsage extends Error {}

/** The schema that acl/schema.json holds. */
export const schemaText = (): string =>
  aclJsonSchema(rows.flatMap((row) => (row === undefined ? [] : [syscallName(row.nr)])));

const judge = async (file: string): Promise<Judge> => judgeOf(compile(await rulesOf([file])));
const callsOf = (records: readonly string[]): CallEvent[] => records.flatMap((file) => [...readRecord(file).calls]);

function lintText(file: string, rules: readonly AclRule[], calls: readonly CallEvent[] | undefined): Outcome {
  const findings: Finding[] = lint(rules, (rule) => rule.file === file);
  const used = calls && rulesUsed(judgeOf(compile(rules)), calls);
  for (const { rule } of used === undefined ? [] : rules)
    if (rule.file === file && !used?.has(placeOf(rule)))
      findings.push({ kind: 'unused', rule, message: `${rule.text} decided nothing in these records` });
  const lines = findings.map(
    ({ kind, rule, message }) => `${rule.file}:${rule.line}:${rule.column}: ${kind}: ${message}\n`,
  );
  return { text: lines.join(''), differs: lines.length > 0 };
}

/** How many files each verb takes, at least and at most, and how they are called. */
const FILES: Readonly<Record<PolicyVerb, readonly [least: number, most: number, names: string]>> = {
  show: [0, Infinity, '[FILE...]'],
  test: [2, Infinity, 'FILE RECORD...'],
  diff: [3, Infinity, 'OLD NEW RECORD...'],
  lint: [1, Infinity, 'FILE [RECORD...]'],
  schema: [0, 0, 'nothing'],
};

/** @throws PolicyUsage, PolicyError, RecordError */
export async function policy(verb: PolicyVerb, files: readonly string[], { acl }: PolicyOptions): Promise<Outcome> {
  const [least, most, names] = FILES[verb];
  if (files.length < least || files.length > most)
    throw new PolicyUsage(`"policy ${verb}" must be followed by ${names}`);
  if (acl !== undefined && verb !== 'show')
    throw new PolicyUsage(`--acl is of "policy show" alone, not of "policy ${verb}"`);
  const [first, second] = files;
  switch (verb) {
    case 'show':
      return { text: policyText(await rulesOf([...files, ...(acl ?? [])])), differs: false };
    case 'test':
      return testText(await judge(first), callsOf(files.slice(1)));
    case 'diff':
      return diffText(await judge(first), await judge(second), callsOf(files.slice(2)));
    case 'lint':
      return lintText(first, await rulesOf([first]), files.length > 1 ? callsOf(files.slice(1)) : undefined);
    case 'schema':
      return { text: schemaText(), differs: false };
  }
}

/** Each file as a policy of its own; what cannot be loaded fails, too. */
export function checkText(files: readonly string[]): Outcome {
  let differs = false;
  const lines = files.flatMap((file): readonly string[] => {
    try {
      const { tests, failures } = check(file, { knownSyscall });
      if (failures.length === 0) return [`${file}: ${tests === 0 ? 'loads, has no tests' : `${tests} tests hold`}`];
      differs = true;
      return [...failures, `${file}: ${failures.length} of ${tests} tests do not hold`];
    } catch (error) {
      if (!(error instanceof PolicyError)) throw error;
      differs = true;
      return error.problems;
    }
  });
  return { text: `${lines.join('\n')}\n`, differs };
}
