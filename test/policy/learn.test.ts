/** What is learned allows what was asked, and nothing but its likes: whatever names a program chooses. */
import * as fc from 'fast-check';
import { expect } from 'chai';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decide } from '../../src/policy/decide.js';
import { compile, type Policy } from '../../src/policy/compile.js';
import { Evidence, spelled, type Occurrence, type Place } from '../../src/policy/learn/evidence.js';
import { learn, type Lesson } from '../../src/policy/learn/learn.js';
import { mergeText } from '../../src/policy/learn/merge.js';
import { idSpan, randomSpan, versionPattern } from '../../src/policy/learn/names.js';
import { lint } from '../../src/policy/lint.js';
import { mayRelabel } from '../../src/policy/relabel.js';
import { ACCESSES } from '../../src/policy/words.js';
import type { Access, ByteString, Question } from '../../src/questions.js';
import { bytes, rulesOfTexts } from './helpers.js';

const HOME = '/nobody/me';
const PLACE: Place = { home: HOME, cwd: '/data/project' };

interface Seen extends Partial<Occurrence> {
  readonly path: ByteString;
  readonly access?: Access;
}
function evidenceOf(all: readonly Seen[], place = PLACE): Evidence {
  const evidence = new Evidence();
  evidence.ranIn(place);
  for (const { path, access = 'read', ...rest } of all)
    evidence.see({ ask: 'path', access, path }, place, { program: '/usr/bin/prog', outcome: 'done', ...rest });
  return evidence;
}

interface Learned {
  readonly text: string;
  readonly policy: Policy;
  readonly lesson: Lesson;
  may(access: Access, path: ByteString): boolean;
}
function lessonOf(evidence: Evidence, { strict = false, text = '' } = {}): Learned {
  const lesson = learn({ evidence, strict, known: text === '' ? [] : rulesOfTexts(text), offers: [] });
  const learned = mergeText(text, lesson.include, lesson.entries);
  const policy = compile(rulesOfTexts(learned === '' ? 'files: []\n' : learned));
  const may = (access: Access, path: ByteString): boolean =>
    decide(policy, { ask: 'path', access, path }).verdict.verdict === 'allow';
  return { text: learned, policy, lesson, may };
}
const learned = (all: readonly Seen[], options = {}): Learned => lessonOf(evidenceOf(all), options);
const many = (n: number, path: (i: number) => string, rest: Partial<Seen> = {}): Seen[] =>
  Array.from({ length: n }, (_, i) => ({ path: path(i), ...rest }));

describe('what is learned', () => {
  const before = process.env['HOME'];
  before === undefined ? undefined : after(() => (process.env['HOME'] = before));
  beforeEach(() => (process.env['HOME'] = HOME));

  const component = fc
    .oneof(
      fc.uint8Array({ minLength: 1, maxLength: 10 }).map((all) => Buffer.from(all).toString('latin1')),
      fc.string({ minLength: 1, maxLength: 8, unit: fc.constantFrom(...'*?[]{}!\\"\'#:-,&$@()a \n\t') }),
      fc.constantFrom('*', '**', '?', '[a]', '[!a]', '{a,b}', '${HOME}', '~', '\u00ff', '\n', ' ', '#', '- x', 'a: b'),
    )
    .map((name) => name.replace(/[\0/]/g, 'x'))
    .filter((name) => name !== '.' && name !== '..');
  const path = fc.array(component, { minLength: 1, maxLength: 6 }).map((all) => `/srv/${all.join('/')}`);
  const seen = fc.record({ path, access: fc.constantFrom(...ACCESSES) });

  it('allows what was asked, and strictly nothing else', () => {
    fc.assert(
      fc.property(fc.array(seen, { minLength: 1, maxLength: 8 }), fc.array(seen, { maxLength: 8 }), (asked, others) => {
        const { may } = learned(asked, { strict: true });
        for (const { access, path: each } of asked) if (!may(access, each)) return false;
        return others.every(({ access, path: other }) => {
          const same = asked.some((one) => one.path === other && (one.access === access || access === 'stat'));
          const above = access === 'stat' && asked.some((one) => one.path.startsWith(`${other}/`));
          return same || above || !may(access, other);
        });
      }),
      { numRuns: 150 },
    );
  });
  it('allows what was asked, and nothing in other directories', () => {
    fc.assert(
      fc.property(fc.array(seen, { minLength: 1, maxLength: 12 }), component, (asked, name) => {
        const { may } = learned(asked);
        if (!asked.every(({ access, path: each }) => may(access, each))) return false;
        const other = `/opt/${name}`;
        return !may('read', other) && !may('write', other) && !may('read', `/srv/${name}x/other`);
      }),
      { numRuns: 100 },
    );
  });
  it('learned again adds nothing', () => {
    fc.assert(
      fc.property(fc.array(seen, { minLength: 1, maxLength: 12 }), (asked) => {
        const { text } = learned(asked);
        const again = learned(asked, { text });
        return again.lesson.entries.length === 0 && again.text === text;
      }),
      { numRuns: 60 },
    );
  });
  it('of names that look like patterns grants no siblings', () => {
    for (const name of [
      '*',
      '**',
      '?',
      '[a-z]',
      '[!a]',
      '{a,b}',
      '!a',
      '@(a|b)',
      '\\*',
      'a*',
      '\xff',
      'a\xffb',
      '\xe2\x82',
    ])
      for (const strict of [true, false]) {
        const { may } = learned([{ path: `/srv/${name}` }, { path: `/srv/${name}/${name}` }], { strict });
        expect(may('read', `/srv/${name}`), name).to.equal(true);
        expect(may('read', `/srv/${name}/${name}`), name).to.equal(true);
        for (const other of ['a', 'b', 'x', 'ab', '\xfe', 'a\xfeb', '\xe2\x83', `${name}x`])
          if (other !== name) {
            expect(may('read', `/srv/${other}`), `${name} ${other}`).to.equal(false);
            expect(may('read', `/srv/${name}/${other}`), `${name} ${other}`).to.equal(false);
          }
      }
  });
  it('is ASCII text that speaks to no terminal and breaks out of no string', () => {
    const { text } = learned([
      { path: '/srv/"]}, {read: ["/**"]}', program: '/x"]}\n  - { read: ["/**"] }\n#' },
      { path: '/srv/\n  - { read: ["/**"] }\n' },
      { path: '/srv/\x1b[31m\xe2\x80\xae\xc2\x85' },
    ]);
    expect(text).to.match(/^[ -~\n]*$/);
    expect(rulesOfTexts(text).map(({ rule }) => rule.text)).not.to.include('read /**');
  });
  it('stays below what a program may not choose: questions without end', () => {
    const evidence = evidenceOf(many(25_000, (i) => `/srv/${'x'.repeat(200)}${i}`));
    expect(evidence.all.length).to.be.below(20_001);
    expect(evidence.forgotten).to.be.above(4_999);
    expect(lessonOf(evidence).lesson.notes.join('\n')).to.match(/not learned: \d+ questions beyond what is kept/);
  });
});

describe('kinds of names that are learned as one', () => {
  beforeEach(() => (process.env['HOME'] = HOME));

  it('another home', () => {
    const { text, may } = learned([
      { path: `${HOME}/.config/app/x` },
      { path: `${HOME}/.cache/app/y`, access: 'create', made: 'somehow' },
      { path: `${HOME}er/x` },
    ]);
    expect(text).to.contain('"${HOME}/.config/app/x"').and.to.contain(`"${HOME}er/x"`);
    process.env['HOME'] = '/nobody/else';
    const other = compile(rulesOfTexts(text));
    const says = (access: Access, path: string): string => decide(other, { ask: 'path', access, path }).verdict.verdict;
    expect(says('read', '/nobody/else/.config/app/x')).to.equal('allow');
    // What this home had already, another may have to get.
    expect(says('create', '/nobody/else/.cache/app')).to.equal('allow');
    expect(says('create', '/nobody/else/.cache')).to.equal('allow');
    expect(says('create', '/nobody/else')).to.equal('deny');
    expect(says('read', `${HOME}/.config/app/x`)).to.equal('deny');
    expect(may('read', `${HOME}/.config/app/x`)).to.equal(true);
  });
  it('the innermost directory of the program gives the name', () => {
    const place = { home: '/tmp/h', temporary: '/tmp', cwd: '/' };
    expect(spelled('/tmp/h/x', place)).to.equal('${HOME}/x');
    expect(spelled('/tmp/x', place)).to.equal('${TMPDIR}/x');
    expect(spelled('/tmphx', place)).to.equal('/tmphx');
  });
  it('temporary names', () => {
    const made = { made: 'exclusively', gone: true } as const;
    const { may, text } = learned([
      { path: '/tmp/tmpab12_x9z.db', access: 'create', ...made },
      { path: '/tmp/tmpab12_x9z.db', access: 'write' },
      { path: '/tmp/tmpab12_x9z.db-journal', access: 'write' },
      { path: '/tmp/tmpq1w2e3r4', access: 'create', made: 'directory' },
      { path: '/tmp/tmpq1w2e3r4/x/y', access: 'write' },
      { path: '/tmp/notes.txt', access: 'write' },
      { path: '/tmp/data-Ab12Cd', access: 'read' },
    ]);
    expect(may('write', '/tmp/tmpzzzzzzzz.db')).to.equal(true);
    expect(may('write', '/tmp/tmpzzzzzzzz.db-journal')).to.equal(true);
    expect(may('read', '/tmp/tmpzzzzzzzz/any/thing')).to.equal(true);
    for (const other of [
      '/tmp/notes.tx',
      '/tmp/other',
      '/tmp/data-Zz99Yy',
      '/tmp/tmpzzzzzzzzz.db',
      '/tmp/tmpzzzzzzzz.txt',
    ])
      expect(may('write', other), `${other}\n${text}`).to.equal(false);
    expect(may('execute', '/tmp/tmpzzzzzzzz/any')).to.equal(false);
  });
  it('processes by their numbers, but not their memory', () => {
    const evidence = evidenceOf([
      { path: '/tmp/out.4711', access: 'create', made: 'somehow' },
      { path: '/proc/4711/stat' },
      { path: '/proc/1/environ' },
      { path: '/proc/self/task/4712/children' },
      { path: '/srv/4711' },
    ]);
    evidence.ranAs(4711);
    const { may } = lessonOf(evidence);
    expect(may('create', '/tmp/out.815')).to.equal(true);
    expect(may('read', '/proc/815/stat')).to.equal(true);
    expect(may('read', '/proc/self/task/9/children')).to.equal(true);
    for (const [access, path] of [
      ['create', '/tmp/out.x'],
      ['read', '/proc/815/environ'],
      ['read', '/proc/815/maps'],
      ['read', '/proc/self/environ'],
      ['read', '/srv/815'],
    ] as const)
      expect(may(access, path), path).to.equal(false);
  });
  it('versions of what is installed, not of what the program writes', () => {
    const { may } = learned([
      { path: '/usr/bin/python3.11', access: 'execute' },
      { path: '/opt/x/libfoo.so.1.2.3' },
      { path: '/data/project/report-1.2.txt' },
      { path: '/opt/y/data-1.2', access: 'write' },
      { path: '/opt/y/data-1.2' },
    ]);
    expect(may('execute', '/usr/bin/python3.12')).to.equal(true);
    expect(may('read', '/opt/x/libfoo.so.1.3')).to.equal(true);
    for (const path of [
      '/opt/x/libfoo.so.2.0',
      '/opt/x/libbar.so.1.2.3',
      '/data/project/report-1.3.txt',
      '/opt/y/data-1.3',
    ])
      expect(may('read', path), path).to.equal(false);
    expect(may('execute', '/usr/bin/python2.7')).to.equal(false);
  });
  it('many siblings and whole trees, below thresholds not', () => {
    const few = learned(many(7, (i) => `/opt/app/f${i}`));
    expect(few.may('read', '/opt/app/x')).to.equal(false);
    const siblings = learned(many(8, (i) => `/opt/app/data/f${i}`));
    expect([siblings.may('read', '/opt/app/data/x'), siblings.may('read', '/opt/app/data/x/y')]).to.deep.equal([
      true,
      false,
    ]);
    expect(siblings.may('write', '/opt/app/data/f1')).to.equal(false);
    expect(siblings.lesson.notes).to.include('widened: read "/opt/app/data/*" for 8 names');
    const tree = learned(many(12, (i) => `/opt/app/lib/d${i % 4}/f${i}`));
    expect([tree.may('read', '/opt/app/lib/x/y/z'), tree.may('read', '/opt/app/x')]).to.deep.equal([true, false]);
    const listed = learned([{ path: '/opt/app/d' }, ...many(4, (i) => `/opt/app/d/f${i}`)]);
    expect(listed.may('read', '/opt/app/d/x')).to.equal(true);
    expect(
      learned(
        many(50, (i) => `/opt/app/data/f${i}`),
        { strict: true },
      ).may('read', '/opt/app/data/x'),
    ).to.equal(false);
  });
  it('writing spares what the program only reads, and what is run', () => {
    const writes = many(20, (i) => `/data/project/out${i}`, { access: 'write' });
    expect(learned(writes).may('write', '/data/project/x')).to.equal(true);
    const reads = learned([...writes, { path: '/data/project/main.py' }]);
    expect(reads.may('write', '/data/project/x')).to.equal(false);
    expect(reads.may('write', '/data/project/main.py')).to.equal(false);
    const runs = learned([...writes, { path: '/data/project/tool', access: 'execute' }]);
    expect(runs.may('write', '/data/project/tool')).to.equal(false);
  });
  it('a rename needs no more rights for the new name', () => {
    const evidence = evidenceOf([
      { path: '/srv/a/x.new', access: 'create', made: 'somehow' },
      { path: '/srv/a/x.new', access: 'write' },
      { path: '/srv/a/x', access: 'create' },
      { path: '/srv/a/x' },
      { path: '/srv/old', access: 'create' },
      { path: '/srv/new', access: 'create' },
      { path: '/srv/new/f' },
    ]);
    const occurrence = { program: '/p', outcome: 'done' } as const;
    evidence.see({ ask: 'relabel', from: '/srv/a/x.new', to: '/srv/a/x', directory: false }, PLACE, occurrence);
    evidence.see({ ask: 'relabel', from: '/srv/old', to: '/srv/new', directory: true }, PLACE, occurrence);
    const { policy, lesson } = lessonOf(evidence);
    expect(mayRelabel(policy, '/srv/a/x.new', '/srv/a/x', false).verdict.verdict).to.equal('allow');
    const moved = mayRelabel(policy, '/srv/old', '/srv/new', true).verdict.verdict;
    expect(moved === 'allow' || lesson.notes.some((note) => /to name "\/srv\/old" "\/srv\/new"/.test(note))).to.equal(
      true,
    );
  });
});

describe('what is not learned', () => {
  beforeEach(() => (process.env['HOME'] = HOME));

  /** Directories that no number of names opens, with what lies beside those names. */
  const NEVER: readonly [directory: string, access: Access][] = [
    ['', 'read'],
    ['/etc', 'read'],
    ['/home', 'read'],
    ['/home/user', 'read'],
    ['/root', 'read'],
    [HOME, 'read'],
    [HOME, 'write'],
    [HOME, 'create'],
    [`${HOME}/.ssh`, 'read'],
    [`${HOME}/.config`, 'read'],
    ['/tmp', 'write'],
    ['/usr', 'read'],
    ['/usr/bin', 'write'],
    ['/usr/share/x', 'write'],
    ['/etc/x', 'create'],
    ['/var', 'read'],
    ['/dev', 'write'],
    ['/proc', 'read'],
    ['/proc/1', 'read'],
    ['/etc/ssh', 'read'],
    ['/srv/keys/.gnupg', 'read'],
  ];
  for (const [directory, access] of NEVER)
    it(`no pattern for all names in ${directory || '/'} (${access})`, () => {
      const flat = learned(many(60, (i) => `${directory}/n-${i}`, { access }));
      expect(flat.may(access, `${directory}/n-1`)).to.equal(true);
      expect(flat.may(access, `${directory}/other`)).to.equal(false);
      expect(flat.lesson.notes.join('\n')).to.contain(`kept exact: ${access} of 60 names in or below`);
      const tree = learned(many(60, (i) => `${directory}/d-${i % 10}/n-${i}`, { access }));
      expect(tree.may(access, `${directory}/other/x`)).to.equal(false);
      const found = lint(rulesOfTexts(tree.text), () => true).filter(({ kind }) => kind === 'too wide');
      expect(found).to.deep.equal([]);
    });
  for (const made of ['somehow', 'exclusively', 'directory'] as const)
    it(`thousands of names in a home, made ${made}, are told and not opened`, function () {
      this.timeout(20_000);
      const RANDOM = [
        (i: number) =>
          Buffer.from(`${i * 7919}x`)
            .toString('base64url')
            .slice(0, 10) + i,
        (i: number) => (BigInt(i + 1) * 0x9e3779b97f4a7c15n).toString(16).slice(0, 16),
      ];
      for (const [gone, count, random] of [
        [true, 10_000, RANDOM[0]],
        [false, 1000, RANDOM[0]],
        [true, 1000, RANDOM[1]],
        [false, 1000, RANDOM[1]],
      ] as const) {
        const all = many(count, (i) => `${HOME}/${random(i)}`, { access: 'create', made, gone });
        const { may, lesson, text } = learned(all);
        expect(may('create', `${HOME}/other`)).to.equal(false);
        expect(may('create', `${HOME}/.bashrc`)).to.equal(false);
        expect(text).not.to.match(/[*?]/);
        expect(text.length).to.be.below(1 << 20);
        expect(lesson.notes.join('\n')).to.match(/not learned: create of \d+ names in "\$\{HOME\}": too many to list/);
      }
    });
  it('what the system refused, and what a rule denies', () => {
    const refused = learned([{ path: '/etc/shadow', outcome: 'refused' }]);
    expect(refused.may('read', '/etc/shadow')).to.equal(false);
    expect(refused.lesson.notes).to.deep.equal(['not learned: read "/etc/shadow": the system itself refused it']);
    const text = '# mine\nfiles:\n  - { deny: ["/srv/keys/**"] } # hands off\n';
    const denied = learned([{ path: '/srv/keys/a' }, { path: '/srv/b' }], { text });
    expect([denied.may('read', '/srv/keys/a'), denied.may('read', '/srv/b')]).to.deep.equal([false, true]);
    expect(denied.lesson.notes[0]).to.match(/^stays refused: read "\/srv\/keys\/a" by .*:3:5: deny \/srv\/keys\/\*\*$/);
  });
  it('reading of what is not there', () => {
    const { may, text } = learned([{ path: '/opt/x', access: 'stat', outcome: 'absent' }]);
    expect([may('stat', '/opt/x'), may('read', '/opt/x')]).to.deep.equal([true, false]);
    expect(text).to.contain('looked for and not there: 1 look by /usr/bin/prog');
  });
});

describe('sockets and names that are learned', () => {
  const see = (...questions: Question[]): Learned => {
    const evidence = new Evidence();
    for (const question of questions) evidence.see(question, PLACE, { program: '/p', outcome: 'done' });
    evidence.ranAs(4711);
    return lessonOf(evidence);
  };
  const says = ({ policy }: Learned, question: Question): string => decide(policy, question).verdict.verdict;
  const to = (ask: 'connect' | 'bind' | 'send', address: string, port: number): Question => ({
    ask,
    family: address.includes(':') ? 'inet6' : 'inet',
    address,
    port,
  });

  it('addresses and ports are exact', () => {
    const one = see(to('connect', '192.0.2.1', 443), to('send', '192.0.2.53', 53), to('bind', '::1', 8080));
    expect(says(one, to('connect', '192.0.2.1', 443))).to.equal('allow');
    for (const other of [
      to('connect', '192.0.2.1', 80),
      to('connect', '192.0.2.2', 443),
      to('send', '192.0.2.1', 443),
      to('bind', '::1', 8081),
    ])
      expect(says(one, other)).to.equal('deny');
    expect(one.text).to.contain('(DNS)');
  });
  it("ports of the kernel's choice are others the next time, on the loopback", () => {
    const one = see(to('bind', '127.0.0.1', 0), to('connect', '127.0.0.1', 40_000), to('connect', '192.0.2.1', 40_000));
    expect(says(one, to('connect', '127.0.0.1', 50_000))).to.equal('allow');
    expect(says(one, to('connect', '127.0.0.1', 22))).to.equal('deny');
    expect(says(one, to('connect', '192.0.2.1', 50_000))).to.equal('deny');
    expect(one.lesson.notes.join()).to.match(/widened: connect 127\.0\.0\.1:32768-60999/);
    expect(says(see(to('connect', '127.0.0.1', 40_000)), to('connect', '127.0.0.1', 50_000))).to.equal('deny');
  });
  it('families, unix sockets and names', () => {
    const one = see(
      { ask: 'socket', family: 'packet', type: 'raw', protocol: 0 },
      { ask: 'unix', action: 'bind', path: '/run/app*.sock' },
      { ask: 'name', space: 'abstract', name: 'app-4711' },
      { ask: 'name', space: 'sysv', name: 'shm:0x4711' },
      { ask: 'name', space: 'mqueue', name: '/j*' },
    );
    expect(says(one, { ask: 'socket', family: 'packet', type: 'raw', protocol: 0 })).to.equal('allow');
    expect(says(one, { ask: 'name', space: 'abstract', name: 'app-815' })).to.equal('allow');
    for (const other of [
      { ask: 'socket', family: 'inet', type: 'raw', protocol: 0 },
      { ask: 'unix', action: 'bind', path: '/run/appx.sock' },
      { ask: 'name', space: 'abstract', name: 'other' },
      { ask: 'name', space: 'sysv', name: 'shm:0x815' },
      { ask: 'name', space: 'mqueue', name: '/jobs' },
    ] as const)
      expect(says(one, other), JSON.stringify(other)).to.equal('deny');
  });
});

describe('names', () => {
  const place = { inTemporary: true, directory: false, passing: false };
  const shown = (name: string, made = place): string | null => {
    const span = randomSpan(name, made);
    return span && name.slice(0, span.start) + span.pattern + name.slice(span.end);
  };
  const CASES: readonly [name: string, pattern: string | null][] = [
    ['tmpk3j2_x9a', 'tmp????????'],
    ['tmp.h5BUUZlm9P', 'tmp.??????????'],
    ['sh-thd.x7Gq2P', 'sh-thd.??????'],
    ['ccAb12cD.s', 'cc??????.s'],
    ['etilqs_0a1b2c3d4e5f6g7', 'etilqs_???????????????'],
    ['app-k3j2x9ab.log', 'app-????????.log'],
    ['app.Xy12Zw', 'app.??????'],
    ['x-123e4567-e89b-12d3-a456-426614174000', 'x-????????-????-????-????-????????????'],
    ['0123456789abcdef', '?'.repeat(16)],
    ['go-build123456789', 'go-build[0-9]*'],
    ['notes.txt', null],
    ['builddir', null],
    ['data2024', null],
    ['app.lock', null],
    ['README', null],
  ];
  for (const [name, pattern] of CASES) it(`${name} → ${pattern}`, () => expect(shown(name)).to.equal(pattern));
  it('of directories something stays', () => {
    expect(shown('k3j2x9ab', { ...place, directory: true, passing: true })).to.equal(null);
    for (const name of ['abcdefgh', 'a_k3x9bq', '_1234567', 'ab_c_d_e'])
      expect(shown(name, { ...place, passing: true })).to.equal('????????');
    expect(shown('app_a_c3d4ef', { ...place, passing: true })).to.equal('app_????????');
  });
  it('elsewhere only what passes, and does not look like a word', () => {
    const elsewhere = { ...place, inTemporary: false };
    expect(shown('index-Ab12cD', elsewhere)).to.equal(null);
    expect(shown('index-Ab12cD', { ...elsewhere, passing: true })).to.equal('index-??????');
    expect(shown('0123456789abcdef', { ...elsewhere, passing: true })).to.equal(null);
    expect(shown('0123456789abcdef', { ...place, directory: true })).to.equal(null);
    expect(shown('pack-0123456789abcdef', elsewhere)).to.equal(`pack-${'?'.repeat(16)}`);
    expect(shown('index.locked', { ...elsewhere, passing: true })).to.equal(null);
    expect(shown('outAb12cD', { ...elsewhere, passing: true })).to.equal('out??????');
    expect(shown('index-Ab12cD', { ...elsewhere, passing: true, directory: true })).to.equal(null);
  });
  it('numbers are whole', () => {
    expect(idSpan('out.4711.txt', new Set(['4711']))).to.deep.equal({ start: 4, end: 8, pattern: '[0-9]*' });
    expect(idSpan('out.47110', new Set(['4711']))).to.equal(null);
    expect(idSpan('tmpk7j2_x9a', new Set(['7', '2', '9']))).to.equal(null);
    expect(idSpan('report7', new Set(['7']))).to.equal(null);
  });
  it('versions keep their first number', () => {
    for (const [name, pattern] of [
      ['libx.so.1.2.3', 'libx.so.1.[0-9]*'],
      ['python3.11', 'python3.[0-9]*'],
      ['os.cpython-311.pyc', 'os.cpython-[0-9]*.pyc'],
      ['foo[1.2]', 'foo\\[1.[0-9]*\\]'],
      ['libx.so.1', null],
      ['1.2', null],
      ['plain', null],
    ] as const)
      expect(versionPattern(name), name).to.equal(pattern);
  });
});

describe('rules added to a file', () => {
  const ENTRIES = learned([{ path: '/opt/new' }], { strict: true }).lesson.entries;
  const NETWORK = [{ section: 'network', keys: [['connect', ['127.0.0.1:80']]], why: '1 connection' }] as const;
  const TEXTS: Readonly<Record<string, string>> = {
    nothing: '',
    'a comment': '# mine\n',
    'no such section': 'why: x # keep\n',
    'a block':
      '# head\nfiles:\n  # first\n  - { read: ["/a"] } # a\n  - read:\n      - "/b" # b\n    why: x\n# tail\n\nnetwork: none # n\n',
    'a block without margin': 'files:\n- { read: ["/a"] }\n- stat: ["/b"]\nsyscalls: {}\n',
    'a block that ends the file': 'files:\n  - { read: ["/a"] }',
    brackets: 'files: [{ read: ["/a"] }] # x\ninclude: [glibc] # y\n',
    'empty brackets': 'files: []\nnetwork: [ ]\ninclude: []\n',
    'brackets of many lines': 'files: [\n  { read: ["/a"] }, # a\n  { read: ["/b"] }, # b\n]\n',
    'one bracket for all': '{ files: [{ read: ["/a"] }], network: none }\n',
    'a block scalar': 'files:\n  - read: ["/a"]\n    why: |\n      long\n      text\nnames: []\n',
    'windows lines': 'files:\r\n  - { read: ["/a"] }\r\nnetwork: none\r\n',
  };
  for (const [what, text] of Object.entries(TEXTS))
    it(`${what}: all that was there stays`, () => {
      const merged = mergeText(text, ['cpython'], [...ENTRIES, ...NETWORK]);
      const rules = (all: string): string[] =>
        rulesOfTexts(all.replace(/^include:.*$/m, ''))
          .filter(({ kind }) => kind !== 'no-network')
          .map(({ rule }) => rule.text);
      expect(rules(merged)).to.include.members([
        'read /opt/new',
        'connect 127.0.0.1:80',
        ...(text.trim() === '' || text.startsWith('# mine') ? [] : rules(text)),
      ]);
      const comments = text.match(/#.*$/gm) ?? [];
      let at = 0;
      for (const comment of comments) {
        at = merged.indexOf(comment, at);
        expect(at, `${comment}\n${merged}`).to.be.at.least(0);
      }
      expect(merged).to.match(/include: ?(\[ ?(glibc, )?cpython|\n)/);
    });
  it('of several documents is refused', () => {
    expect(() => mergeText('files: []\n---\nfiles: []\n', [], ENTRIES)).to.throw(/must be one for rules to be added/);
  });
});

describe('directories of a program', () => {
  it('a home that is a link is known by what it leads to', () => {
    const top = realpathSync(mkdtempSync(join(tmpdir(), 'learn-')));
    try {
      process.env['HOME'] = top;
      const { text } = lessonOf(evidenceOf([{ path: bytes(`${top}/x`) }], { home: bytes(top), cwd: '/' }));
      expect(text).to.contain('"${HOME}/x"');
    } finally {
      process.env['HOME'] = HOME;
      rmSync(top, { recursive: true });
    }
  });
});
