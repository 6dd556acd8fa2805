/** What all front ends say together, printed as one ACL file and loaded again, decides as they do, whatever is asked. */
import * as fc from 'fast-check';
import { expect } from 'chai';
import { join } from 'node:path';
import { aclFrontEnds, frontEnds, type FrontEnd, type Said } from '../../src/cli/front-ends.js';
import { shown } from '../../src/cli/policy.js';
import { every } from '../../src/policy/every.js';
import { FROM } from '../../src/policy/layers.js';
import { PROMISE_NAMES } from '../../src/policy/pledge/names.js';
import { settingsOf, type Entry } from '../../src/policy/secfilter/settings.js';
import { ACCESSES, NAME_SPACES } from '../../src/policy/words.js';
import type { Caller, Judge, Question } from '../../src/questions.js';
import { rows } from '../../src/syscalls/table.js';
import { syscallName } from '../../src/abi/numbers.js';
import { withFiles } from './helpers.js';

const some = <T>(item: fc.Arbitrary<T>, maxLength = 3) => fc.array(item, { maxLength });
const either = fc.constantFrom;
/** Given half of the time. */
const maybe = <T>(item: fc.Arbitrary<T>) => fc.option(item, { nil: null });

// ---- what is said ----

const condition = either(
  '',
  '(flags & O_WRONLY)',
  '(flags & O_ACCMODE == O_RDONLY)',
  '(flags & (O_CREAT | O_TRUNC) && at == AT_FDCWD)',
);
const listEntry = fc.oneof(
  fc.tuple(condition, either('', '=EPERM', '=EROFS')).map(([when, errno]) => `openat${when}${errno}`),
  fc
    .tuple(either('read', 'write(fd > 2)', 'mkdir', 'socketcall', 'kill(pid == 1)'), either('', '=EACCES'))
    .map((all) => all.join('')),
);
const lists = fc
  .record({
    variable: either('SECCOMP_SYSCALL_ALLOW', 'SECCOMP_SYSCALL_DENY'),
    entries: some(listEntry, 5),
    action: either({}, { SECCOMP_DEFAULT_ACTION: 'log' }),
  })
  .map(({ variable, entries, action }) => ({ [variable]: entries.join(':'), ...action }));

const promiseWords = fc.subarray([...PROMISE_NAMES]).map((all) => all.join(' '));
const veil = fc.record({
  path: either('/', '/etc', '/etc/passwd', '/tmp', '/usr/lib'),
  permissions: either('', 'r', 'rw', 'rwxc', 'x'),
});
const promised = fc
  .record({ pledge: maybe(promiseWords), execpledge: maybe(promiseWords), unveil: some(veil), from: either(...FROM) })
  .filter(({ pledge, execpledge, unveil }) => pledge !== null || execpledge !== null || unveil.length > 0);

const setting = fc.oneof(
  fc.tuple(either('read-only', 'no-outbound-network', 'allow-resolv', 'mainstream-network-families'), either('1', '0')),
  fc.tuple(
    fc.constant('allow-write'),
    either('/', '/tmp', '/nowhere/a*b[c]', '/dev', '/dev/mqueue/jobs', '/tmp/x', '/nowhere/é'),
  ),
  fc.tuple(fc.constant('allowed-netmask'), either('127.0.0.0/8', '192.0.2.1', '2001:db8::/32', '::1')),
  fc.tuple(fc.constant('allowed-port'), either('22', '53', '80')),
);
const settings = some(setting, 4)
  .filter((all) => all.length > 0)
  .map((all) =>
    settingsOf(
      all.map(([key, value], i): Entry => ({
        key,
        value,
        origin: i === 0 ? { file: 'a.conf', line: 7 } : { file: `--${key}`, line: 0 },
      })),
      [],
    ),
  );

const glob = either('/**', '/tmp/**', '/etc/*', '/tmp/x', '/*/a/**', '/dev/null');
const errno = either('EPERM', 'EACCES', 'ENOENT');
const rule = fc.oneof(
  fc.tuple(either(...ACCESSES), glob).map(([access, at]) => `{ ${access}: ["${at}"] }`),
  fc
    .tuple(glob, errno, fc.subarray([...ACCESSES], { minLength: 1 }))
    .map(([at, no, kinds]) => `{ deny: ["${at}"], errno: ${no}, access: [${kinds.join(', ')}] }`),
);
const network = fc.oneof(
  fc
    .tuple(either('connect', 'bind', 'send'), either('*:53', '127.0.0.0/8:*', '[::1]:22'))
    .map(([key, at]) => `{ ${key}: ["${at}"] }`),
  either(
    '{ unix: ["/tmp/**", "@a*"] }',
    '{ families: [inet, netlink] }',
    '{ families: [inet6], types: [stream, raw] }',
  ),
);
const verdict = either('kill', 'allow', 'log', 'warn', '{ return: -38 }', '{ deny: EROFS }');
const cases = fc.oneof(
  verdict,
  either(
    '{ deny: EPERM, when: "flags & O_WRONLY" }',
    '[{ verdict: allow, when: "flags & O_CREAT && at == AT_FDCWD" }, { deny: EROFS, when: "mode == 0" }]',
    '[{ verdict: warn, when: "flags == 0" }, { verdict: kill }]',
  ),
);
const otherwise = either(
  '',
  'otherwise: EPERM\n',
  'otherwise: allow\n',
  'otherwise: { write: kill, connect: EPERM, socket: ENOENT, abstract: log, else: allow }\n',
);
const document = fc
  .record({
    files: some(rule),
    net: maybe(some(network)),
    openat: maybe(cases),
    star: maybe(verdict),
    names: some(either(...NAME_SPACES)),
    otherwise,
    from: either('', ...FROM.map((point) => `from: ${point}\n`)),
  })
  .map((o) => {
    const calls = [o.openat && `openat: ${o.openat}`, o.star && `"*": ${o.star}`, 'time: { return: 0 }'].filter(
      (one) => one !== null,
    );
    return (
      `${o.from}${o.otherwise}files: [${o.files.join(', ')}]\nsyscalls: { ${calls.join(', ')} }\n` +
      `network: ${o.net === null ? 'none' : `[${o.net.join(', ')}]`}\n` +
      `names: [${o.names.map((space) => `{ space: ${space}, names: ["a*"] }`).join(', ')}]\n`
    );
  });
/** Two files: one of several documents, one of a single one. */
const files = fc
  .tuple(some(document, 3), document)
  .map(([many, one]) => [...(many.length === 0 ? [] : [many.join('---\n')]), one]);

const said = fc.record({
  lists: maybe(lists),
  promised: maybe(promised),
  secfilter: maybe(settings),
  acl: maybe(files),
  noAcl: fc.boolean(),
});

// ---- what is asked ----

const path = either(
  '/',
  '/tmp',
  '/tmp/x',
  '/tmp/x/y',
  '/etc/passwd',
  '/etc/',
  '/etc/a/b',
  '/nowhere/a*b[c]/d',
  '/nowhere/ab',
  '/usr/lib/x',
  '/dev/null',
  '/dev/mqueue/jobs',
  '/nowhere/\xc3\xa9',
).map((name) => name.replace(/(?<=.)\/$/, ''));
const address = either(
  ['inet', '127.0.0.1'],
  ['inet', '192.0.2.1'],
  ['inet6', '::1'],
  ['inet6', '::ffff:127.0.0.1'],
  ['inet6', '2001:db8::5'],
) as fc.Arbitrary<['inet' | 'inet6', string]>;
const question: fc.Arbitrary<Question> = fc.oneof(
  fc.record({ ask: fc.constant('path' as const), access: either(...ACCESSES), path }),
  fc.record({
    ask: fc.constant('unix' as const),
    action: either('connect' as const, 'bind' as const, 'send' as const),
    path,
  }),
  fc
    .tuple(either('connect' as const, 'bind' as const, 'send' as const), address, either(0, 22, 53, 80, 8080))
    .map(([ask, [family, text], port]) => ({ ask, family, address: text, port })),
  fc.record({
    ask: fc.constant('socket' as const),
    family: either('inet', 'inet6', 'unix'),
    type: either('stream' as const, 'dgram' as const, 'raw' as const, 'other' as const),
    protocol: fc.constant(0),
  }),
  fc.tuple(either(...NAME_SPACES), either('a', 'ab', 'route', 'packet')).map(([space, name]) => ({
    ask: 'name' as const,
    space,
    name: space === 'mqueue' ? `/${name === 'a' ? 'jobs' : name}` : name,
  })),
);
const register = either(0, 1, 2, 0o100, 0o1101, 0xffffff9c, 0xffffffff, 42);
const call = fc.record({
  name: fc.oneof(
    either('openat', 'read', 'write', 'kill', 'connect', 'time', 'mkdir'),
    either(...rows.flatMap((row) => (row === undefined ? [] : [syscallName(row.nr)]))),
  ),
  registers: fc.array(register, { minLength: 6, maxLength: 6 }),
});
const relabel = fc.record({ from: path, to: path, directory: fc.boolean() });

const CALLER: Caller = { pid: 42, has: (thread) => thread === 42 };
const together = (fronts: readonly FrontEnd[]): Judge => {
  const [first, ...rest] = fronts.map(({ judge }) => judge);
  return every([first, ...rest]);
};

describe('what all front ends say, as one ACL file', function () {
  this.timeout(60_000);
  it('decides as they do, from the same points on', () => {
    const asked = fc.record({
      questions: fc.array(question, { minLength: 30, maxLength: 60 }),
      calls: fc.array(call, { minLength: 20, maxLength: 40 }),
      relabels: fc.array(relabel, { minLength: 10, maxLength: 20 }),
    });
    fc.assert(
      fc.property(said, asked, (o, { questions, calls, relabels }) => {
        const texts = Object.fromEntries((o.acl ?? []).map((text, i) => [`${i}.yaml`, text]));
        withFiles(texts, (directory) => {
          const named = Object.keys(texts).map((name) => join(directory, name));
          const all: Said = {
            lists: o.lists ?? {},
            promised: o.promised,
            secfilter: o.secfilter,
            acl: o.acl === null && o.noAcl ? null : named,
            sysroot: null,
            root: '/',
          };
          const fronts = frontEnds(all);
          const { text } = shown(fronts);
          withFiles({ 'shown.yaml': text }, (at) => {
            const loaded = aclFrontEnds([join(at, 'shown.yaml')]);
            const [before, after] = [together(fronts), together(loaded)];
            for (const one of questions)
              expect(after.decide(one).verdict, `${JSON.stringify(one)}\n${text}`).to.deep.equal(
                before.decide(one).verdict,
              );
            for (const { name, registers } of calls) {
              const [was, is] = [before, after].map(
                (judge) =>
                  judge.calls.get(name)?.(Uint32Array.from(registers), CALLER)?.verdict ?? { verdict: 'allow' },
              );
              expect(is, `${name} ${registers.join(' ')}\n${text}`).to.deep.equal(was);
            }
            // Whether an allowed rename is logged is of no weight.
            const renamed = (judge: Judge, { from, to, directory: isDirectory }: (typeof relabels)[number]): object => {
              const { verdict } = judge.mayRelabel(from, to, isDirectory);
              return verdict.verdict === 'allow' ? { verdict: 'allow' } : verdict;
            };
            for (const one of relabels)
              expect(renamed(after, one), `${JSON.stringify(one)}\n${text}`).to.deep.equal(renamed(before, one));
            const [passed, passes] = [before, after].map((judge) => judge.passes?.().verdict ?? { verdict: 'allow' });
            expect(passes).to.deep.equal(passed);
            expect(new Set(loaded.map(({ from }) => from))).to.deep.equal(new Set(fronts.map(({ from }) => from)));
            expect(shown(loaded).text.replace(/ #.*$/gm, '')).to.equal(text.replace(/ #.*$/gm, ''));
          });
        });
      }),
      { numRuns: 120 },
    );
  });
});
