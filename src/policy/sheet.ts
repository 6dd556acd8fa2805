/**
 * One layer of a policy in the language of ACL files, whichever front end it comes from: rules that count together, or
 * promises. What every layer allows is allowed.
 */
import type { Judge, Rule } from '../questions.js';
import { compile } from './compile.js';
import { ALLOWING, every } from './every.js';
import { judgeOf } from './judge-of.js';
import type { From } from './layers.js';
import { rulesOfLayer, type LoadedFile, type LoadedLayer } from './load.js';
import { promiseJudge } from './pledge/judge.js';
import { promisesIn } from './pledge/names.js';
import type { Wish } from './pledge/state.js';
import { veilJudge, type Veil } from './pledge/veil.js';
import { veilOf } from './pledge/veil-text.js';
import { PolicyError } from './problem.js';
import type { AclRule } from './rules.js';
import { isPromise } from './schema.js';

/** Where something was said; line 0: by an option. */
export type Place = Pick<Rule, 'file' | 'line' | 'column'>;
export interface Stated<T> {
  readonly value: T;
  readonly place: Place;
}

export interface RulesSheet {
  readonly kind: 'rules';
  /** Where it comes from, in a word: `--read-only`, `a.yaml`. */
  readonly name: string;
  readonly from: Stated<From> | null;
  readonly rules: readonly AclRule[];
}
export interface PromiseSheet {
  readonly kind: 'promises';
  readonly name: string;
  readonly from: Stated<From> | null;
  readonly pledge: Stated<string> | null;
  readonly execpledge: Stated<string> | null;
  /** Canonical guest paths. */
  readonly unveil: readonly Stated<Veil>[];
}
export type Sheet = RulesSheet | PromiseSheet;

/** From where on a document counts that does not say it. */
const DEFAULT_FROM: From = 'exec';
export const fromOf = ({ from }: Sheet): From => from?.value ?? DEFAULT_FROM;

export const placeText = ({ file, line, column }: Place): string => (line === 0 ? file : `${file}:${line}:${column}`);

/** What a program may do that has come to where the sheet takes hold. */
export function judgeOfSheet(sheet: Sheet): Judge {
  if (sheet.kind === 'rules') return judgeOf(compile(sheet.rules));
  const { pledge, unveil } = sheet;
  const [first, ...rest] = [
    ...(pledge === null
      ? []
      : [promiseJudge({ promises: promisesIn(pledge.value), origin: pledge.place, starting: false })]),
    ...(unveil.length === 0
      ? []
      : [
          veilJudge({
            veils: unveil.map(({ value }) => value),
            origin: unveil[0].place,
            starting: false,
          }),
        ]),
  ];
  return first === undefined ? ALLOWING : every([first, ...rest]);
}

/** What a run is asked to promise for its program. */
export function wishOfSheet(sheet: PromiseSheet): Wish {
  const { pledge, execpledge, unveil } = sheet;
  const promises = (pledge ?? execpledge ?? unveil[0]).place;
  return {
    promises: pledge && promisesIn(pledge.value),
    exec: execpledge && promisesIn(execpledge.value),
    veils: unveil.map(({ value }) => value),
    from: fromOf(sheet),
    origins: { promises, veils: unveil[0]?.place ?? promises },
  };
}

/** A run promises once. @throws PolicyError */
export function refusePromisesTwice(sheets: readonly Sheet[], byOptions: boolean): void {
  const all = sheets.filter((sheet) => sheet.kind === 'promises');
  const second = byOptions ? all[0] : all[1];
  if (second === undefined) return;
  const { file, line, column } = (second.pledge ?? second.execpledge ?? second.unveil[0]).place;
  const first = byOptions ? 'by options' : `in ${all[0].name}`;
  throw new PolicyError([`${file}:${line}:${column}: promises, which stand ${first} already, must stand once`]);
}

/** @param canonical the guest path of what was written */
export function sheetOf({ documents }: LoadedLayer, canonical: (veil: Veil) => Veil): Sheet {
  const [head] = documents;
  const stated = <T>(value: T | undefined, ...path: (string | number)[]): Stated<T> | null =>
    value === undefined ? null : { value, place: { file: head.file, ...head.locate(path) } };
  const from = stated(head.acl.from, 'from');
  const named = [...new Set(documents.map(({ file }) => file))];
  if (!isPromise(head.acl)) return { kind: 'rules', name: named.join(', '), from, rules: rulesOfLayer(documents) };
  return {
    kind: 'promises',
    name: head.file,
    from,
    pledge: stated(head.acl.pledge, 'pledge'),
    execpledge: stated(head.acl.execpledge, 'execpledge'),
    unveil: (head.acl.unveil ?? []).map((text, index) => ({
      value: canonical(veilOf(text)),
      place: placeIn(head, ['unveil', index]),
    })),
  };
}
const placeIn = ({ file, locate }: LoadedFile, path: (string | number)[]): Place => ({ file, ...locate(path) });
