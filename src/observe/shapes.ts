/** What records and receipts have in common: the shapes of src/questions.ts, as files hold them. */
import * as z from 'zod';
import { ACCESSES, NAME_SPACES } from '../policy/words.js';

export const rule = z.object({
  file: z.string(),
  line: z.int(),
  column: z.int(),
  text: z.string(),
  why: z.string().optional(),
});

const refusing = [
  z.object({ verdict: z.literal('deny'), errno: z.int() }),
  z.object({ verdict: z.literal('kill') }),
] as const;
export const verdict = z.discriminatedUnion('verdict', [
  z.object({
    verdict: z.literal('allow'),
    log: z.boolean().optional(),
    instead: z.discriminatedUnion('verdict', refusing).optional(),
  }),
  z.object({ verdict: z.literal('return'), value: z.int() }),
  z.object({ verdict: z.literal('native') }),
  ...refusing,
]);

const port = z.int().min(0).max(0xffff);
export const question = z.discriminatedUnion('ask', [
  z.object({ ask: z.literal('syscall'), name: z.string() }),
  z.object({ ask: z.literal('path'), access: z.enum(ACCESSES), path: z.string() }),
  z.object({
    ask: z.literal('socket'),
    family: z.string(),
    type: z.enum(['stream', 'dgram', 'seqpacket', 'raw', 'other']),
    protocol: z.int(),
  }),
  z.object({
    ask: z.enum(['connect', 'bind', 'send']),
    family: z.enum(['inet', 'inet6']),
    address: z.string(),
    port,
  }),
  z.object({ ask: z.literal('unix'), action: z.enum(['connect', 'bind', 'send']), path: z.string() }),
  z.object({ ask: z.literal('name'), space: z.enum(NAME_SPACES), name: z.string() }),
  z.object({ ask: z.literal('relabel'), from: z.string(), to: z.string(), directory: z.boolean() }),
]);
