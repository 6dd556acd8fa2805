/** Grants on their way into a file: what they stand for, and the policy that they would make. */
import type { Access, ByteString, Decision, PathQuestion, Question, Rule } from '../../questions.js';
import { compile, type Policy } from '../compile.js';
import { decide } from '../decide.js';
import { parseGlob } from '../glob.js';
import type { AclRule } from '../rules.js';
import { cutVariable, valueOf } from '../variables.js';
import type { PathSighting, Sighting } from './evidence.js';

/**
 * names: as they were asked about, or a pattern of them. absent: looked for, and not there. own: a directory that the
 * program made for itself. way: directories above what it makes. moved: what it gave another name.
 */
export type Kind = 'names' | 'absent' | 'own' | 'way' | 'moved';

export interface Grant {
  readonly access: Access;
  readonly pattern: string;
  readonly kind: Kind;
  readonly sightings: readonly Sighting[];
}

const LEARNED: Rule = Object.freeze({ file: 'learned', line: 0, column: 0, text: 'learned' });

/** A path of evidence as it is judged. */
export function real(path: ByteString): ByteString {
  const cut = cutVariable(path);
  return cut === null ? path : Buffer.from(valueOf(cut.variable), 'utf8').toString('latin1') + cut.rest;
}

export class Draft {
  readonly grants: Grant[] = [];
  readonly others: AclRule[] = [];
  private compiled: Policy | null = null;
  private readonly present = new Map<string, Grant & { readonly sightings: Sighting[] }>();

  /** @param known rules that hold already */
  constructor(private readonly known: readonly AclRule[]) {}

  add(grant: Grant): void {
    const key = `${grant.access} ${grant.pattern}`;
    const present = this.present.get(key);
    if (present !== undefined) return void present.sightings.push(...grant.sightings);
    const added = { ...grant, sightings: [...grant.sightings] };
    this.present.set(key, added);
    this.grants.push(added);
    this.compiled = null;
  }
  addOther(rule: AclRule): void {
    this.others.push(rule);
    this.compiled = null;
  }
  replace(grants: readonly Grant[]): void {
    this.grants.length = 0;
    this.present.clear();
    for (const grant of grants) this.add(grant);
    this.compiled = null;
  }
  get rules(): AclRule[] {
    const grants = this.grants.map(({ access, pattern }): AclRule => ({
      kind: 'grant',
      access,
      glob: parseGlob(pattern),
      rule: LEARNED,
    }));
    return [...grants, ...this.others];
  }
  get policy(): Policy {
    return (this.compiled ??= compile([...this.known, ...this.rules]));
  }
  says(question: Question): Decision {
    const asked =
      question.ask === 'path' || question.ask === 'unix' ? { ...question, path: real(question.path) } : question;
    return decide(this.policy, asked);
  }
  allows = (question: Question): boolean => this.says(question).verdict.verdict === 'allow';
  lacks = <S extends PathSighting>(sightings: readonly S[]): S[] =>
    sightings.filter(({ question }: { question: PathQuestion }) => !this.allows(question));
}

export const otherRule = (rule: object): AclRule => ({ ...rule, rule: LEARNED }) as AclRule;
