/** `./sandbox policy` and `./sandbox check`: policies printed, replayed, compared and judged; no program is run. */
import { syscallName } from '../abi/numbers.js';
import { readRecord } from '../observe/record.js';
import { diffText, placeOf, rulesUsed, testText, type Outcome } from '../observe/replay.js';
import { check } from '../policy/check.js';
import { every } from '../policy/every.js';
import { aclJsonSchema } from '../policy/json-schema.js';
import { lint, type Finding } from '../policy/lint.js';
import { shippedOr } from '../policy/prepared.js';
import { PolicyError } from '../policy/problem.js';
import { sheetText } from '../policy/show.js';
import { placeText, type Sheet } from '../policy/sheet.js';
import { SOMEBODY, withEnvironment } from '../policy/variables.js';
import type { Judge, Rule } from '../questions.js';
import type { CallEvent } from '../referee/watch.js';
import { rows, rowOf } from '../syscalls/table.js';
import { asciiJson } from './ascii.js';
import { aclFrontEnds, type FrontEnd } from './front-ends.js';
import type { PolicyVerb } from './policy-verbs.js';

const knownSyscall = (name: string): boolean => rowOf(name) !== undefined;

/** The command was called wrongly. */
export class PolicyUsage extends Error {}

/** The schema that acl/schema.json holds. */
export const schemaText = (): string =>
  aclJsonSchema(rows.flatMap((row) => (row === undefined ? [] : [syscallName(row.nr)])));

/** Every layer of a file. */
const layers = (file: string): FrontEnd[] => aclFrontEnds([file]);
function judge(file: string): Judge {
  const [first, ...rest] = layers(file).map((layer) => layer.judge);
  return every([first, ...rest]);
}
const callsOf = (records: readonly string[]): CallEvent[] => records.flatMap((file) => [...readRecord(file).calls]);

const rulesIn = (sheet: Sheet) => (sheet.kind === 'rules' ? sheet.rules : []);

/** Each layer by itself: what one grants another may refuse, and means to. */
function lintText(file: string, calls: readonly CallEvent[] | undefined): Outcome {
  const all = layers(file);
  const own = (rule: Rule): boolean => rule.file === file;
  const findings = all.flatMap((layer): Finding[] => {
    const rules = layer.sheets().flatMap(rulesIn);
    const others = all.filter((each) => each !== layer).map((each) => each.judge);
    const used = calls && rulesUsed(layer.judge, calls);
    const unused = (used === undefined ? [] : rules).flatMap((one) =>
      (one.kind === 'syscall' ? one.cases : [one]).flatMap(({ rule }): Finding[] =>
        own(rule) && rule.unlisted !== true && !used?.has(placeOf(rule))
          ? [{ kind: 'unused', rule, message: `${rule.text} decided nothing in these records` }]
          : [],
      ),
    );
    return [...lint(rules, own, others), ...unused];
  });
  const lines = findings.map(({ kind, rule, message }) => `${placeText(rule)}: ${kind}: ${message}\n`);
  return { text: lines.join(''), differs: lines.length > 0 };
}

/** What stands in a sheet, and where it was said. */
function statements(sheet: Sheet): object[] {
  if (sheet.kind === 'rules')
    return sheet.rules.flatMap((one) =>
      (one.kind === 'syscall' ? one.cases : [one]).map(({ rule: { file, line, column, text, why } }) => ({
        file,
        line,
        column,
        text,
        why,
      })),
    );
  const { pledge, execpledge, unveil } = sheet;
  const said = (key: string, value: string, place: object): object => ({ ...place, text: `${key}: ${value}` });
  return [
    ...(pledge === null ? [] : [said('pledge', pledge.value, pledge.place)]),
    ...(execpledge === null ? [] : [said('execpledge', execpledge.value, execpledge.place)]),
    ...unveil.map(({ value, place }) => said('unveil', `${value.path}:${value.permissions}`, place)),
  ];
}

/** The policy of a run as one ACL file, a document for each layer. @throws PolicyError for what no ACL file can say */
export function shown(fronts: readonly FrontEnd[], json = false): Outcome {
  const sheets = fronts.flatMap((front) => front.sheets().map((sheet) => ({ sheet, front })));
  if (!json) return { text: sheets.map(({ sheet }) => sheetText(sheet)).join('---\n'), differs: false };
  const described = sheets.map(({ sheet, front }) => ({
    layer: sheet.name,
    from: front.from,
    document: sheetText(sheet),
    rules: statements(sheet),
  }));
  return { text: `${asciiJson({ version: 1, layers: described })}\n`, differs: false };
}

/** How many files each verb takes, at least and at most, and how they are called. */
const FILES: Readonly<Record<Exclude<PolicyVerb, 'show'>, readonly [least: number, most: number, names: string]>> = {
  test: [2, Infinity, 'FILE RECORD...'],
  diff: [3, Infinity, 'OLD NEW RECORD...'],
  lint: [1, Infinity, 'FILE [RECORD...]'],
  schema: [0, 0, 'nothing'],
};

/** All but show. @throws PolicyUsage, PolicyError, RecordError */
export function policy(verb: Exclude<PolicyVerb, 'show'>, files: readonly string[]): Outcome {
  const [least, most, names] = FILES[verb];
  if (files.length < least || files.length > most)
    throw new PolicyUsage(`"policy ${verb}" must be followed by ${names}`);
  const [first, second] = files;
  switch (verb) {
    case 'test':
      return testText(judge(first), callsOf(files.slice(1)));
    case 'diff':
      return diffText(judge(first), judge(second), callsOf(files.slice(2)));
    case 'lint':
      return withEnvironment(SOMEBODY, () =>
        lintText(shippedOr(first), files.length > 1 ? callsOf(files.slice(1)) : undefined),
      );
    case 'schema':
      return { text: schemaText(), differs: false };
  }
}

/** Each file as a policy of its own; what cannot be loaded fails, too. */
export function checkText(files: readonly string[]): Outcome {
  let differs = false;
  const lines = files.flatMap((file): readonly string[] => {
    try {
      const { tests, failures } = withEnvironment(SOMEBODY, () => check(file, { knownSyscall }));
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
