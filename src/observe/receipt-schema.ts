/** The shape of receipts, for who reads them and for docs/policy-tools.md; whoever writes them does without zod. */
import * as z from 'zod';
import { RECEIPT_VERSION } from './receipt.js';
import { question, rule } from './shapes.js';

/** One line. Paths and names are byte strings (latin1): each character stands for one byte. */
export const receipt = z.strictObject({
  version: z.literal(RECEIPT_VERSION).describe('of this schema'),
  time: z.number().describe('milliseconds since 1970'),
  pid: z.int().describe('the process'),
  tid: z.int().describe('the thread'),
  program: z.string().describe('path of the program, as it knows it'),
  call: z.string().describe('name of the call'),
  arguments: z.array(z.string()).describe('of the call, as a trace shows them, from memory as it was at the refusal'),
  outcome: z
    .enum(['denied', 'killed', 'let through'])
    .describe('`killed`: and the program with it; `let through`: by `--on-deny=log`'),
  error: z.string().describe('name of the errno, or `kill`'),
  question: question.describe('what was judged, with the canonical path; src/questions.ts has its shapes'),
  rule: rule.nullable().describe('`file`, `line`, `column`, `text` and `why` of the rule, null: nothing lists it'),
  reason: z.string().optional().describe('why no program gets the call, whatever the policy'),
  allow: z
    .strictObject({ section: z.enum(['files', 'network', 'names']), rule: z.string() })
    .nullable()
    .describe('the smallest rule that would allow it, null: none can, or none can say it'),
  text: z.string().describe('the line of the log'),
});
export type Receipt = z.infer<typeof receipt>;

/** A line in place of those that were too many; every other one is a receipt. */
export const omitted = z.strictObject({
  version: z.literal(RECEIPT_VERSION),
  time: z.number(),
  omitted: z.int().positive(),
});
export type Omitted = z.infer<typeof omitted>;

/** The fields, for docs/policy-tools.md. */
export const receiptTable = (): string =>
  ['| field | is |', '|---|---|']
    .concat(Object.entries(receipt.shape).map(([name, { description = '' }]) => `| \`${name}\` | ${description} |`))
    .join('\n') + '\n';
