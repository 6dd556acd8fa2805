import { expect } from 'chai';
import fc from 'fast-check';
import {
  coversAll,
  isAncestor,
  matchesName,
  matchesPath,
  parseGlob,
  parseNameGlob,
  residual,
} from '../../src/policy/glob.js';
import { Problem } from '../../src/policy/problem.js';
import { bytes } from './helpers.js';

const MATCHES: [glob: string, yes: string[], no: string[]][] = [
  ['/', ['/'], ['/a']],
  ['/etc', ['/etc'], ['/', '/etc/a', '/etcfoo']],
  [
    '/etc/**',
    ['/etc', '/etc/passwd', '/etc/a/b/c', '/etc/.hidden', '/etc/a/.b/c'],
    ['/', '/etcfoo', '/etcfoo/a', '/et'],
  ],
  ['/**', ['/', '/a', '/a/b', '/.a/.b'], []],
  ['/etc/*', ['/etc/a', '/etc/.a', '/etc/...', '/etc/\n'], ['/etc', '/etc/a/b', '/etca']],
  ['/**/.ssh/**', ['/.ssh', '/a/.ssh', '/a/b/.ssh/c/d'], ['/a/ssh', '/a/x.ssh', '/a/.sshx']],
  ['/**/x', ['/x', '/a/x', '/a/b/x'], ['/a/x/b', '/ax', '/x/']],
  ['/a/**/b', ['/a/b', '/a/x/b', '/a/x/y/b', '/a/b/b'], ['/ab', '/a/b/c', '/axb']],
  ['/srv/*/data/**', ['/srv/x/data', '/srv/x/data/a/b'], ['/srv/data', '/srv/x/y/data', '/srv/x/dat']],
  ['/lib*.so.?', ['/lib.so.6', '/libc.so.6', '/lib.x.so.1'], ['/libc.so.', '/libc.so.10', '/lib/c.so.6']],
  ['/a?b', ['/a.b', '/axb', '/a\nb', '/a\xffb'], ['/ab', '/a/b', '/axxb']],
  ['/a[bc]d', ['/abd', '/acd'], ['/a[bc]d', '/aad', '/abcd']],
  ['/a[!b]c', ['/axc', '/a\nc', '/a\xffc', '/a!c'], ['/abc', '/a/c', '/ac']],
  ['/a[^b]c', ['/axc', '/a^c'], ['/abc', '/a/c']],
  ['/[a-c-]', ['/a', '/b', '/c', '/-'], ['/d', '/ab']],
  ['/[.-0]x', ['/.x', '/0x'], ['//x', '/1x']],
  ['/\\*', ['/*'], ['/a']],
  ['/\\d', ['/d'], ['/1', '/\\d']],
  ['/a\\\\*', ['/a\\', '/a\\b'], ['/a', '/a*']],
  ['/[\\]x]', ['/]', '/x'], ['/\\']],
  ['/a]b', ['/a]b'], ['/ab']],
  ['/x (1)', ['/x (1)'], ['/x 1']],
  ['/a|b', ['/a|b'], ['/a', 'b', '/b']],
  ['/a|b*', ['/a|b', '/a|bc'], ['/a', 'b', '/b']],
  ['/(a)*', ['/(a)', '/(a)b'], ['/a']],
  ['/"a"*', ['/"a"'], ['/a']],
  ['/a+*', ['/a+', '/a+b'], ['/aa', '/a']],
  ['/a.c*', ['/a.c'], ['/abc']],
  ['/$HOME*', ['/$HOME'], ['/HOME']],
  ['/~/x', ['/~/x'], ['/root/x']],
  ['/!a', ['/!a'], ['/b']],
  ['/*é', [bytes('/é'), bytes('/aé')], ['/\xe9', '/e']],
  ['/a,b*', ['/a,b'], ['/a', '/b']],
];

describe('globs', () => {
  for (const [glob, yes, no] of MATCHES) {
    it(`${JSON.stringify(glob)} matches what it says`, () => {
      const parsed = parseGlob(glob);
      for (const path of yes) expect(matchesPath(parsed, path), path).to.equal(true);
      for (const path of no) expect(matchesPath(parsed, path), path).to.equal(false);
    });
  }

  for (const name of [
    '\n',
    'a\nb',
    '\x1b[31mred',
    '\xff\xfe',
    '\x80',
    '.hidden',
    '...',
    '\\',
    '*',
    '[',
    '\r\u0085'.normalize(),
    ' ',
  ]) {
    it(`* and ** match the name ${JSON.stringify(name)}, ? each of its bytes`, () => {
      expect(matchesPath(parseGlob('/d/*'), `/d/${name}`)).to.equal(true);
      expect(matchesPath(parseGlob('/d/**'), `/d/${name}`)).to.equal(true);
      expect(matchesPath(parseGlob('/**/z'), `/d/${name}/z`)).to.equal(true);
      expect(matchesPath(parseGlob(`/d/${'?'.repeat(name.length)}`), `/d/${name}`)).to.equal(true);
      expect(matchesPath(parseGlob(`/d/${'?'.repeat(name.length + 1)}`), `/d/${name}`)).to.equal(false);
    });
  }

  for (const [glob, must] of [
    ['', 'absolute'],
    ['etc', 'absolute'],
    ['!/etc', 'absolute'],
    ['~/x', 'absolute'],
    ['**', 'absolute'],
    ['/a/', '"//"'],
    ['/a//b', '"//"'],
    ['//', '"//"'],
    ['/a/../b', '".."'],
    ['/a/\\.\\./b', '".."'],
    ['/./b', '".."'],
    ['/{a,b}', 'braces'],
    ['/a}', 'braces'],
    ['/@(a|b)', 'extended globs'],
    ['/!(a)', 'extended globs'],
    ['/a*(b)', 'extended globs'],
    ['/a**', 'alone'],
    ['/**a', 'alone'],
    ['/***', 'alone'],
    ['/*a*b*c*', 'at most 3 stars'],
    ['/a[', 'close'],
    ['/a[b/c]', 'close'],
    ['/[]', 'something between'],
    ['/[[:alpha:]]', '"["'],
    ['/[b-a]', 'other way round'],
    ['/[é]', 'ASCII'],
    ['/a\\', 'after'],
    ['/a\\/b', 'after'],
    ['/a\0', 'NUL'],
    ['/\ud800', 'UTF-8'],
    ['/a'.repeat(31), 'at most 30'],
  ]) {
    it(`refuses ${JSON.stringify(glob)}`, () => {
      expect(() => parseGlob(glob))
        .to.throw(Problem)
        .with.property('must')
        .that.includes(must);
    });
  }

  it('names need no leading slash, and ** alone matches any', () => {
    expect(matchesName(parseNameGlob('foo-*'), 'foo-1')).to.equal(true);
    expect(matchesName(parseNameGlob('foo-*'), 'foo-1/2')).to.equal(false);
    expect(matchesName(parseNameGlob('/tmp/.X11-unix/X*'), '/tmp/.X11-unix/X0')).to.equal(true);
    for (const name of ['', 'a', '/', 'a//b', '\0\0', '.', '..']) {
      expect(matchesName(parseNameGlob('**'), name), name).to.equal(true);
    }
  });

  const ANCESTORS: [glob: string, yes: string[], no: string[]][] = [
    ['/a/b', ['/', '/a'], ['/a/b', '/b', '/ab', '/a/b/c']],
    ['/srv/*/data/**', ['/', '/srv', '/srv/x', '/srv/x/data'], ['/sr', '/srvx', '/srv/x/y', '/a']],
    ['/a/**', ['/', '/a', '/a/b'], ['/b', '/ab']],
    ['/**/x', ['/', '/a', '/a/b'], []],
    ['/', [], ['/', '/a']],
    ['/lib/*.so', ['/', '/lib'], ['/lib/x.so', '/lib/x', '/libx']],
  ];
  for (const [glob, yes, no] of ANCESTORS) {
    it(`${glob} is reached through its ancestors`, () => {
      for (const path of yes) expect(isAncestor(parseGlob(glob), path), path).to.equal(true);
      for (const path of no) expect(isAncestor(parseGlob(glob), path), path).to.equal(false);
    });
  }

  it('has up to 30 components', () => {
    const longest = `${'/a'.repeat(29)}/*`;
    expect(matchesPath(parseGlob(longest), '/a'.repeat(30))).to.equal(true);
    expect(matchesPath(parseGlob(longest), '/a'.repeat(31))).to.equal(false);
    expect(isAncestor(parseGlob(longest), '/a'.repeat(29))).to.equal(true);
    expect(isAncestor(parseGlob(longest), '/a'.repeat(30))).to.equal(false);
  });

  it('a hostile name does not keep the matcher busy', () => {
    const start = Date.now();
    expect(matchesPath(parseGlob('/*a*a*b'), `/${'a'.repeat(255)}`)).to.equal(false);
    expect(Date.now() - start).to.be.below(1000);
  });
});

/** What a pattern is made of, before it is written down; the oracle reads this, the product the text. */
type Token = { literal: string } | { any: true } | { one: true } | { not: boolean; class: string };
type Part = '**' | Token[];

const ALPHABET = ['a', 'b', '.', '\n', '-', '\\', ']', '*', '\xff'];
const literalToken = fc
  .constantFrom('a', 'b', '.', '\n', '-', '\\', ']', '*', '(', '|')
  .map((literal) => ({ literal }));
const classToken = fc.record({
  not: fc.boolean(),
  class: fc
    .uniqueArray(fc.constantFrom('a', 'b', '.', '\n', '-', '\\', ']', '!'), { minLength: 1, maxLength: 3 })
    .map((each) => each.join('')),
});
const wildToken = fc.constantFrom<Token>({ any: true }, { one: true });
const component = fc
  .array(fc.oneof<fc.Arbitrary<Token>[]>(literalToken, literalToken, classToken, wildToken), {
    minLength: 1,
    maxLength: 4,
  })
  .filter((tokens) => !/^\.{1,2}$/.test(tokens.map((token) => ('literal' in token ? token.literal : 'x')).join('')))
  .filter((tokens) => !tokens.some((token, at) => 'any' in token && at > 0 && 'any' in tokens[at - 1]))
  .filter((tokens) => !('(' === (tokens[1] as { literal?: string } | undefined)?.literal));
const pattern = fc.array(fc.oneof<fc.Arbitrary<Part>[]>(fc.constant('**' as const), component), { maxLength: 4 });
const name = fc
  .array(fc.constantFrom(...ALPHABET), { minLength: 1, maxLength: 3 })
  .map((each) => each.join(''))
  .filter((text) => text !== '.' && text !== '..');
const path = fc.array(name, { maxLength: 4 });

const written = (parts: Part[]) =>
  '/' + parts.map((part) => (part === '**' ? part : part.map(writtenToken).join(''))).join('/');
const pathText = (names: string[]) => '/' + names.join('/');

function writtenToken(token: Token): string {
  if ('literal' in token) return token.literal.replace(/[\\*?[\](){}]/, '\\$&');
  if ('any' in token) return '*';
  if ('one' in token) return '?';
  return `[${token.not ? '!' : ''}${[...token.class].map((char) => `\\${char}`).join('')}]`;
}

/** The oracle: straight recursion over tokens, no regular expression, no state sets. */
function oracle(parts: Part[], names: string[]): boolean {
  const [part, ...rest] = parts;
  if (part === undefined) return names.length === 0;
  if (part === '**') return oracle(rest, names) || (names.length > 0 && oracle(parts, names.slice(1)));
  return names.length > 0 && oracleName(part, names[0]) && oracle(rest, names.slice(1));
}

function oracleName(tokens: Token[], text: string): boolean {
  const [token, ...rest] = tokens;
  if (token === undefined) return text === '';
  if ('any' in token) return oracleName(rest, text) || (text !== '' && oracleName(tokens, text.slice(1)));
  if (text === '') return false;
  const fits =
    'one' in token || ('literal' in token ? token.literal === text[0] : token.class.includes(text[0]) !== token.not);
  return fits && oracleName(rest, text.slice(1));
}

function oracleAncestor(parts: Part[], names: string[]): boolean {
  return parts.some((part, at) => oracle(parts.slice(0, part === '**' ? at + 1 : at), names));
}

describe('globs, against an independent matcher', () => {
  it('matches the same paths', () => {
    fc.assert(
      fc.property(pattern, path, (parts, names) => {
        expect(matchesPath(parseGlob(written(parts)), pathText(names))).to.equal(oracle(parts, names));
      }),
      { numRuns: 20_000 },
    );
  });

  it('matches the same paths when the path is made from the pattern', () => {
    const parts = fc.array(fc.oneof(fc.constant('**' as const), component), { minLength: 1, maxLength: 3 });
    const both = parts.chain((each) =>
      fc.tuple(
        fc.constant(each),
        fc.array(name, { maxLength: 2 }).map((extra) => instance(each, extra)),
      ),
    );
    fc.assert(
      fc.property(both, ([each, names]) => {
        fc.pre(names.every((text) => text !== '' && text !== '.' && text !== '..'));
        expect(matchesPath(parseGlob(written(each)), pathText(names))).to.equal(oracle(each, names));
      }),
      { numRuns: 20_000 },
    );
  });

  it('has the same ancestors', () => {
    fc.assert(
      fc.property(pattern, path, (parts, names) => {
        expect(isAncestor(parseGlob(written(parts)), pathText(names))).to.equal(oracleAncestor(parts, names));
      }),
      { numRuns: 20_000 },
    );
  });

  it('covers all only where it matches whatever follows', () => {
    fc.assert(
      fc.property(pattern, path, path, (parts, names, below) => {
        const glob = parseGlob(written(parts));
        if (!coversAll(glob, residual(glob, pathText(names)))) return;
        expect(matchesPath(glob, pathText([...names, ...below]))).to.equal(true);
      }),
      { numRuns: 10_000 },
    );
  });
});

/** A path the pattern nearly or really matches: `*` and `**` replaced by the extra names. */
function instance(parts: Part[], extra: string[]): string[] {
  return parts.flatMap((part) => {
    if (part === '**') return extra;
    const text = part.map((token) => {
      if ('literal' in token) return token.literal;
      if ('any' in token) return extra[0] ?? '';
      return 'one' in token ? '\n' : token.class[0];
    });
    return [text.join('')];
  });
}
