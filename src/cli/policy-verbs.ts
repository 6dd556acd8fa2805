/** What `./sandbox policy` can do; apart from policy.ts, which a run does without. */
export const POLICY_VERBS = ['show', 'test', 'diff', 'lint', 'schema'] as const;
export type PolicyVerb = (typeof POLICY_VERBS)[number];
