/**
 * The shape of an ACL file, after YAML and before it becomes rules. Every message says what the value must be; the
 * loader puts file, line, column and the bad value before it.
 *
 * Here and elsewhere zod is a namespace import, of which the bundler keeps what is used; `z` itself brings 400 KB along.
 */
import * as z from 'zod';
import { errnoNumber } from '../abi/errno.js';
import { parseEndpoint } from './endpoint.js';
import { parseGlob, parseNameGlob, parseUnixGlob } from './glob.js';
import { Problem } from './problem.js';
import { questionOf } from './question-text.js';
import { ACCESSES, FAMILIES, NAME_SPACES, VERDICT_WORDS } from './words.js';

/** An included name is a file name without its `.yaml`, never a path. */
const INCLUDE_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/;

function text(must: string): z.ZodString {
  return z.string({ error: must });
}

/** A string that `parse` takes without throwing a Problem. */
function parsed(parse: (value: string) => unknown, must: string) {
  return text(must).superRefine((value, context) => {
    try {
      parse(value);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      context.addIssue({ code: 'custom', message: error.must, params: { what: error.what } });
    }
  });
}

function oneOf<const T extends readonly string[]>(values: T) {
  return z.enum(values, { error: `must be one of ${values.join(', ')}` });
}

function listOf<T extends z.ZodType>(item: T, of: string) {
  const error = `must be a list of ${of}, at least one`;
  return z.array(item, { error }).min(1, { error });
}

/** A map with these keys and no others. */
function map<T extends z.ZodRawShape>(shape: T) {
  const keys = Object.keys(shape).join(', ');
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys' ? `must be one of ${keys}` : `must be a map with keys of ${keys}`,
  });
}

/** Lets a check of a whole map run beside problems inside it, so that one load tells them all. */
const ON_MAPS = {
  when: ({ value }: { value: unknown }) => typeof value === 'object' && value !== null && !Array.isArray(value),
};

function keysOf(value: object, keys: readonly string[]): string[] {
  return keys.filter((key) => Object.hasOwn(value, key));
}

const why = text('must be a text').min(1, { error: 'must be a text that says why' }).optional();
const errno = text('must be an errno name such as EACCES').refine((name) => errnoNumber(name) !== undefined, {
  error: 'must be an errno name such as EACCES',
});
const glob = parsed(parseGlob, 'must be a path pattern such as "/srv/**"');
const globs = listOf(glob, 'path patterns').optional();

const fileRule = map({
  read: globs,
  write: globs,
  create: globs,
  execute: globs,
  stat: globs,
  deny: globs,
  errno: errno.optional(),
  access: listOf(oneOf(ACCESSES), ACCESSES.join(', ')).optional(),
  why,
}).superRefine((rule, context) => {
  const grants = keysOf(rule, ACCESSES);
  const denies = Object.hasOwn(rule, 'deny');
  const refuse = (what: string, message: string, path: string[]) =>
    context.addIssue({ code: 'custom', message, path, params: { what } });
  if (!denies && grants.length === 0)
    refuse('rule without effect', `must have one of ${ACCESSES.join(', ')}, deny`, []);
  for (const key of denies ? grants : [])
    refuse(`stray key (${key})`, 'must be a rule of its own, not beside deny', [key]);
  for (const key of denies ? [] : keysOf(rule, ['errno', 'access'])) {
    refuse(`stray key (${key})`, 'must stand beside deny', [key]);
  }
}, ON_MAPS);

const networkRule = map({
  connect: listOf(parsed(parseEndpoint, 'must be ADDRESS:PORT'), 'ADDRESS:PORT').optional(),
  bind: listOf(parsed(parseEndpoint, 'must be ADDRESS:PORT'), 'ADDRESS:PORT').optional(),
  send: listOf(parsed(parseEndpoint, 'must be ADDRESS:PORT'), 'ADDRESS:PORT').optional(),
  unix: listOf(
    parsed(parseUnixGlob, 'must be a path pattern or "@" and a name'),
    'path patterns or "@name"',
  ).optional(),
  families: listOf(oneOf(FAMILIES), 'address families such as inet').optional(),
  why,
}).superRefine((rule, context) => {
  const keys = ['connect', 'bind', 'send', 'unix', 'families'];
  if (keysOf(rule, keys).length > 0) return;
  const params = { what: 'rule without effect' };
  context.addIssue({ code: 'custom', message: `must have one of ${keys.join(', ')}`, params });
}, ON_MAPS);

const network = z.union([z.literal('none'), z.array(networkRule)], { error: 'must be "none" or a list of rules' });

const nameRule = map({
  space: oneOf(NAME_SPACES),
  names: listOf(parsed(parseNameGlob, 'must be a name pattern'), 'name patterns'),
  why,
});

const returned = z
  .int({ error: 'must be a whole number of 32 bits' })
  .min(-(2 ** 31), { error: 'must be a whole number of 32 bits' })
  .max(2 ** 31 - 1, { error: 'must be a whole number of 32 bits' });

const syscallVerdict = z.union(
  [
    oneOf(VERDICT_WORDS),
    map({
      return: returned.optional(),
      deny: errno.optional(),
      verdict: oneOf(VERDICT_WORDS).optional(),
      why,
    }).superRefine((rule, context) => {
      if (keysOf(rule, ['return', 'deny', 'verdict']).length === 1) return;
      const params = { what: 'no single verdict' };
      context.addIssue({ code: 'custom', message: 'must have exactly one of return, deny, verdict', params });
    }, ON_MAPS),
  ],
  { error: `must be { return: N }, { deny: ERRNO } or one of ${VERDICT_WORDS.join(', ')}` },
);

/** A question in words, or several. */
function questions(knownSyscall: (name: string) => boolean) {
  const one = parsed((value) => {
    const question = questionOf(value);
    if (question.ask === 'syscall' && !knownSyscall(question.name))
      throw new Problem(`unknown name (${JSON.stringify(question.name)})`, 'must be the name of an i386 system call');
  }, 'must be a question such as "read /etc/motd"');
  const error = 'must be a question such as "read /etc/motd", or a list of them';
  return z.union([one, z.array(one, { error }).min(1, { error })], { error });
}

/** What must become of questions: `allow`, or `deny`, with an errno if it matters. */
function test(knownSyscall: (name: string) => boolean) {
  return map({
    allow: questions(knownSyscall).optional(),
    deny: questions(knownSyscall).optional(),
    errno: errno.optional(),
    why,
  }).superRefine((one, context) => {
    const refuse = (what: string, message: string) => context.addIssue({ code: 'custom', message, params: { what } });
    if (keysOf(one, ['allow', 'deny']).length === 0) refuse('test without a question', 'must have allow or deny');
    if (Object.hasOwn(one, 'errno') && !Object.hasOwn(one, 'deny'))
      refuse('stray key (errno)', 'must stand beside deny');
  }, ON_MAPS);
}

const include = text('must be the name of a file beside this one or a shipped one').regex(INCLUDE_NAME, {
  error: 'must be a name such as glibc, not a path (glibc.yaml beside this file or shipped)',
});

/**
 * The schema of one ACL file.
 * @param knownSyscall tells names of i386 system calls from others; a `syscalls:` key it does not know is an error.
 */
export function aclSchema(knownSyscall: (name: string) => boolean) {
  const name = z.string().refine(knownSyscall, { error: 'must be the name of an i386 system call' });
  return map({
    why,
    include: z.array(include, { error: 'must be a list of names' }).optional(),
    files: z.array(fileRule, { error: 'must be a list of rules' }).optional(),
    syscalls: z.record(name, syscallVerdict, { error: 'must be a map of system calls and verdicts' }).optional(),
    network: network.optional(),
    names: z.array(nameRule, { error: 'must be a list of rules' }).optional(),
    tests: z.array(test(knownSyscall), { error: 'must be a list of tests' }).optional(),
  });
}

/** One ACL file that has passed the schema. */
export type Acl = z.infer<ReturnType<typeof aclSchema>>;
