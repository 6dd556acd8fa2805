/** The man pages: they are well formed, name what there is, and their examples hold. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { z } from 'zod';
import { modelOf } from '../../src/cli/completion.js';
import { aclSchema } from '../../src/policy/schema.js';
import { ACCESSES, NAME_SPACES, VERDICT_WORDS } from '../../src/policy/words.js';
import { judgeOfTexts } from '../policy/helpers.js';
import { answer, toldBy } from '../policy/told.js';
import { root } from './root.js';

const PAGES = ['docs/man/sandbox.1', 'docs/man/sandbox-acl.5'] as const;
const [SANDBOX, ACL] = PAGES.map((page) => readFileSync(page, 'utf8'));

describe('man pages', () => {
  for (const page of PAGES)
    for (const [tool, options] of [
      ['groff', ['-mandoc', '-ww', '-Tutf8', '-z', page]],
      ['mandoc', ['-Tlint', '-Wwarning', page]],
    ] as const)
      it(`${page}: ${tool} has nothing to complain about`, function () {
        const { error, status, stdout, stderr } = spawnSync(tool, options, { encoding: 'utf8' });
        if (error !== undefined) return this.skip();
        expect([stdout, stderr, status]).to.deep.equal(['', '', 0]);
      });
});

describe('sandbox(1)', () => {
  const [synopsis] = /(?<=^\.Sh SYNOPSIS\n).*?(?=^\.Sh)/ms.exec(SANDBOX) ?? [''];
  /** Options by the macros that name them: `Fl -long`, `Fl d`. */
  const flagsIn = (text: string): string[] => [...text.matchAll(/\bFl (-?[\w-]*\w)/g)].map(([, name]) => `-${name}`);
  const items = SANDBOX.split('\n').filter((line) => /^\.It Fl /.test(line));
  const described = new Set(items.flatMap(flagsIn));
  const model = modelOf(root);
  const all = [...model.options, ...model.commands.flatMap(({ options }) => options)];

  it('describes every option that there is, and no other', () => {
    expect([...described].sort()).to.deep.equal([...new Set(all.flatMap(({ names }) => names))].sort());
  });
  it('says of each whether a value follows', () => {
    for (const { names, value } of all) {
      const item = items.find((line) => flagsIn(line).includes(names[names.length - 1]));
      const shown = / Ns Op = Ns Ar /.test(item ?? '')
        ? 'optional'
        : / (Ar|Cm) /.test(item ?? '')
          ? 'required'
          : 'none';
      expect(shown, item).to.equal(value);
    }
  });
  it('has every option in the synopsis, but short forms', () => {
    const shown = flagsIn(synopsis);
    for (const { names } of all)
      expect(
        names.some((name) => shown.includes(name)),
        names.join(),
      ).to.equal(true);
  });
  it('describes every command', () => {
    const commands = [...SANDBOX.matchAll(/^\.It Cm (\w+) /gm)].map(([, name]) => name);
    expect(commands).to.deep.equal(model.commands.map(({ name }) => name));
    for (const name of commands) expect(synopsis).to.match(new RegExp(`^\\.Cm ${name}\\b`, 'm'));
  });
  it('has the exit statuses of the help', () => {
    let help = '';
    root.configureOutput({ writeOut: (text) => (help += text) }).outputHelp();
    const statuses = [...help.slice(help.indexOf('Exit status:')).matchAll(/\b(1\d\d|1)\b(?!\+)/g)].map(([, n]) => n);
    expect(statuses).to.include.members(['1', '125', '126', '127', '137', '159']);
    for (const status of statuses) if (status !== '128') expect(SANDBOX).to.match(new RegExp(`^\\.It ${status}$`, 'm'));
  });
});

describe('sandbox-acl(5)', () => {
  const EXAMPLES = [...ACL.matchAll(/^\.\\" acl\n\.Bd [^\n]*\n(.*?)^\.Ed$/gms)].map(([, body]) =>
    body.replaceAll('\\e', '\\'),
  );

  /** Every key of the schema, wherever it stands. */
  function keysOf(schema: unknown): string[] {
    if (typeof schema !== 'object' || schema === null) return [];
    const { properties = {} } = schema as { properties?: object };
    return [...Object.keys(properties), ...Object.values(schema as object).flatMap(keysOf)];
  }
  const KEYS = [...new Set(keysOf(z.toJSONSchema(aclSchema(() => true))))];

  it('knows the keys of the schema', () => {
    expect(KEYS).to.include.members(['include', 'network', 'deny', 'errno', 'connect', 'space', 'return', 'verdict']);
  });
  it('describes every key, and has an example for it', () => {
    for (const key of KEYS) {
      expect(ACL, key).to.match(new RegExp(`^\\.(It )?Ic (\\w+ , )*${key}\\b`, 'm'));
      expect(
        EXAMPLES.some((body) => new RegExp(`(^|[{,] )${key}:`, 'm').test(body)),
        key,
      ).to.equal(true);
    }
  });
  it('names every access, verdict and name space', () => {
    for (const word of ACCESSES) expect(ACL).to.match(new RegExp(`^\\.It Ic ${word}$`, 'm'));
    for (const word of VERDICT_WORDS) expect(ACL).to.match(new RegExp(`^\\.It Cm ${word}$`, 'm'));
    for (const space of NAME_SPACES) expect(ACL).to.match(new RegExp(`^\\.Cm .*\\b${space}\\b`, 'm'));
  });

  EXAMPLES.forEach((body, index) => {
    const told = toldBy(body);
    it(`example ${index + 1} loads and tells answers that hold`, () => {
      expect(told.length)
        .to.be.above(0)
        .and.to.equal(body.split('# =>').length - 1);
      const policy = judgeOfTexts(body);
      for (const { question, expected } of told) expect(answer(policy, question), question).to.equal(expected);
    });
  });
  it('has no example that is not loaded', () => {
    expect(ACL.match(/^\.Bd /gm)).to.have.lengthOf(EXAMPLES.length);
  });
});
