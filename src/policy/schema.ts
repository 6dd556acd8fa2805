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
import { FROM } from './layers.js';
import { PROMISE_NAMES, unknownPromises } from './pledge/names.js';
import { veilOf } from './pledge/veil-text.js';
import { Problem } from './problem.js';
import { questionOf } from './question-text.js';
import { callCondition } from './syscall-lists/call-condition.js';
import {
  ACCESSES,
  FAMILIES,
  KINDS,
  NAME_SPACES,
  OTHERWISE_WORDS,
  SOCKET_TYPES,
  UNLISTED_CALLS,
  VERDICT_WORDS,
} from './words.js';

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
  types: listOf(oneOf(SOCKET_TYPES), SOCKET_TYPES.join(', ')).optional(),
  why,
}).superRefine((rule, context) => {
  const keys = ['connect', 'bind', 'send', 'unix', 'families'];
  const refuse = (what: string, message: string, path: string[]) =>
    context.addIssue({ code: 'custom', message, path, params: { what } });
  if (keysOf(rule, keys).length === 0) refuse('rule without effect', `must have one of ${keys.join(', ')}`, []);
  if (Object.hasOwn(rule, 'types') && !Object.hasOwn(rule, 'families'))
    refuse('stray key (types)', 'must stand beside families', ['types']);
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

const verdictMap = map({
  return: returned.optional(),
  deny: errno.optional(),
  verdict: oneOf(VERDICT_WORDS).optional(),
  when: text('must be a condition such as "flags & O_WRONLY"').optional(),
  why,
}).superRefine((rule, context) => {
  if (keysOf(rule, ['return', 'deny', 'verdict']).length === 1) return;
  const params = { what: 'no single verdict' };
  context.addIssue({ code: 'custom', message: 'must have exactly one of return, deny, verdict', params });
}, ON_MAPS);

const VERDICT_FORM = `must be { return: N }, { deny: ERRNO } or one of ${VERDICT_WORDS.join(', ')}`;
/** One verdict, or several of which the first whose condition holds counts. */
const syscallVerdict = z.union(
  [
    oneOf(VERDICT_WORDS),
    verdictMap,
    z.array(verdictMap, { error: VERDICT_FORM }).min(1, { error: 'must be a list of verdicts, at least one' }),
  ],
  { error: VERDICT_FORM },
);
type SyscallVerdict = z.infer<typeof syscallVerdict>;

type Refuse = (what: string, message: string, path: (string | number)[]) => void;

/** What can only be judged with the name of the call. */
function checkVerdicts(call: string, value: SyscallVerdict, refuse: Refuse): void {
  const cases = Array.isArray(value) ? value : [typeof value === 'string' ? { verdict: value } : value];
  const at = (index: number, key: string) => (Array.isArray(value) ? [call, index, key] : [call, key]);
  if (call === UNLISTED_CALLS && Array.isArray(value))
    return refuse('several verdicts', `must be one for ${UNLISTED_CALLS}`, [call]);
  cases.forEach((one, index) => {
    if (call === UNLISTED_CALLS && one.verdict === 'native')
      refuse('bad verdict (native)', 'must stand beside a call by name', [call]);
    if (one.when === undefined) {
      if (index < cases.length - 1)
        refuse('verdict without a condition', 'must be the last one of its call', [call, index]);
    } else if (call === UNLISTED_CALLS)
      refuse('stray key (when)', 'must stand beside a call by name', at(index, 'when'));
    else
      try {
        callCondition(call, one.when);
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        refuse(error.what, error.must, at(index, 'when'));
      }
  });
}

function syscalls(knownSyscall: (name: string) => boolean) {
  const name = z.string().refine((text) => text === UNLISTED_CALLS || knownSyscall(text), {
    error: `must be the name of an i386 system call, or "${UNLISTED_CALLS}"`,
  });
  return z
    .record(name, syscallVerdict, { error: 'must be a map of system calls and verdicts' })
    .superRefine((calls, context) => {
      for (const [call, value] of Object.entries(calls))
        checkVerdicts(call, value, (what, message, path) =>
          context.addIssue({ code: 'custom', message, path, params: { what } }),
        );
    });
}

const otherwiseVerdict = text('must be an errno name such as EACCES, or a word').refine(
  (name) => errnoNumber(name) !== undefined || OTHERWISE_WORDS.some((word) => word === name),
  { error: `must be an errno name such as EPERM, or one of ${OTHERWISE_WORDS.join(', ')}` },
);
/** For every question, or by what is asked. */
const otherwise = z.union(
  [
    otherwiseVerdict,
    map({
      ...(Object.fromEntries(KINDS.map((kind) => [kind, otherwiseVerdict.optional()])) as Record<
        (typeof KINDS)[number],
        z.ZodOptional<typeof otherwiseVerdict>
      >),
      else: otherwiseVerdict.optional(),
    }),
  ],
  { error: `must be an errno name such as EPERM, one of ${OTHERWISE_WORDS.join(', ')}, or a map of them by question` },
);

const promises = text('must be a text of promises such as "stdio rpath"').superRefine((value, context) => {
  const [unknown] = unknownPromises(value);
  if (unknown === undefined) return;
  const params = { what: `bad promise (${unknown})` };
  context.addIssue({ code: 'custom', message: `must be one of ${PROMISE_NAMES.join(' ')}`, params });
});
const veil = parsed((value) => {
  if (!veilOf(value).path.startsWith('/')) throw new Problem(`bad path (${value})`, 'must be absolute');
}, 'must be an absolute path, a colon, and letters of rwxc');

/** Keys of a document that promises, and those that may stand beside them. */
const PROMISING = ['pledge', 'execpledge', 'unveil'] as const;
const BESIDE_PROMISES = ['why', 'from', 'tests', ...PROMISING];

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
 * The schema of one document of an ACL file.
 * @param knownSyscall tells names of i386 system calls from others; a `syscalls:` key it does not know is an error.
 */
export function aclSchema(knownSyscall: (name: string) => boolean) {
  return map({
    why,
    include: z.array(include, { error: 'must be a list of names' }).optional(),
    files: z.array(fileRule, { error: 'must be a list of rules' }).optional(),
    syscalls: syscalls(knownSyscall).optional(),
    network: network.optional(),
    names: z.array(nameRule, { error: 'must be a list of rules' }).optional(),
    otherwise: otherwise.optional(),
    from: oneOf(FROM).optional(),
    pledge: promises.optional(),
    execpledge: promises.optional(),
    unveil: listOf(veil, 'paths with letters of rwxc').optional(),
    tests: z.array(test(knownSyscall), { error: 'must be a list of tests' }).optional(),
  }).superRefine((acl, context) => {
    const [promise] = keysOf(acl, PROMISING);
    if (promise === undefined) return;
    const message = `must stand in another document: beside ${promise} may be ${BESIDE_PROMISES.join(', ')}`;
    for (const key of Object.keys(acl).filter((each) => !BESIDE_PROMISES.includes(each)))
      context.addIssue({ code: 'custom', message, path: [key], params: { what: `stray key (${key})` } });
  }, ON_MAPS);
}

/** One document that has passed the schema. */
export type Acl = z.infer<ReturnType<typeof aclSchema>>;

/** Does it speak of promises, and of nothing else? */
export const isPromise = (acl: Acl): boolean => keysOf(acl, PROMISING).length > 0;
/** Rules that join those of other files; any other document is a layer by itself. */
export const isPlain = (acl: Acl): boolean => !isPromise(acl) && keysOf(acl, ['from', 'otherwise']).length === 0;
