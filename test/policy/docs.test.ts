import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { check } from '../../src/policy/check.js';
import { PolicyError } from '../../src/policy/problem.js';
import { aclSchema } from '../../src/policy/schema.js';
import { SOMEBODY, withEnvironment } from '../../src/policy/variables.js';
import { examplesIn, has, placesOf, sectionsOf, without, type Place } from './documented.js';
import { judgeOfTexts, knownSyscall, withFiles } from './helpers.js';
import { answer, toldBy } from './told.js';

const TEXT = readFileSync(new URL('../../docs/acl.md', import.meta.url), 'utf8');
const EXAMPLES = examplesIn(TEXT);
const SECTIONS = sectionsOf(TEXT);
const { keys, words: WORDS } = placesOf(z.toJSONSchema(aclSchema(() => true)) as object);

/** A list of what may also stand alone has no keys of its own. */
const KEYS = keys.filter(
  (place) => !keys.some((other) => place.join() === [...other.slice(0, -1), '*', ...other.slice(-1)].join()),
);

/** These change no answer: what they stand beside does, or what is asked later, or in words that questions have not. */
const SAYS_NOTHING: readonly string[] = ['why', 'tests', 'from', 'execpledge', 'unix-bind'];
const isSilent = (place: Place): boolean => place.some((key) => SAYS_NOTHING.includes(key));

const sectionsNamed = (...names: string[]): string =>
  [...SECTIONS]
    .filter(([heading]) => heading.split(/\W+/).some((word) => names.includes(word)))
    .map(([, body]) => body)
    .join('\n');
/** The sections of a key or a word: those that have it, or the top-level key above it, in their heading. */
const sectionsAbout = (place: Place): string => sectionsNamed(place[0], place[place.length - 1]);
const proseOf = (section: string): string => section.replaceAll(/^```.*?^```$/gms, '');

const answers = (example: string, text = example): string[] =>
  withEnvironment(SOMEBODY, () => {
    const policy = judgeOfTexts(text);
    return toldBy(example).map(({ question }) => answer(policy, question));
  });

/** Would the example tell other answers if the key were not there? What cannot be loaded tells none. */
function counts(example: string, place: Place): boolean {
  const before = answers(example);
  return [...without(example, place)].some((text) => {
    try {
      return answers(example, text).some((one, index) => one !== before[index]);
    } catch (error) {
      if (error instanceof PolicyError) return false;
      throw error;
    }
  });
}

describe('docs/acl.md', () => {
  it('is held to what the schema has', () => {
    const known = KEYS.map((place) => place.join('.'));
    expect(known).to.include.members([
      'include',
      'files.*.deny',
      'syscalls.*.return',
      'network.*.unix',
      'tests.*.errno',
    ]);
    expect(WORDS.map((place) => place.join('.'))).to.include.members(['network.none', 'syscalls.*.kill']);
  });
  for (const place of KEYS) {
    const [key] = place.slice(-1);
    describe(`the key ${place.join('.')}`, () => {
      const section = sectionsAbout(place);
      const examples = examplesIn(section).filter((example) => has(example, place));

      it('has a section that tells of it', () => {
        expect(section, 'a heading with its name, or that of the key above it').not.to.equal('');
        const told = sectionsNamed(key) !== '' || proseOf(section).includes(`\`${key}\``);
        expect(told, `\`${key}\` in that section`).to.equal(true);
      });
      it('has an example there', () => {
        expect(examples.length).to.be.above(0);
      });
      if (!isSilent(place))
        it('decides in an example there', () => {
          expect(examples.some((example) => counts(example, place))).to.equal(true);
        });
    });
  }
  it('tells of every word that a key takes', () => {
    for (const place of WORDS)
      expect(proseOf(sectionsAbout(place)), place.join('.')).to.contain(`\`${place[place.length - 1]}\``);
  });

  it('keeps the place of the generated table', () => {
    expect(TEXT).to.match(/^## What each call asks\n\n<!-- calls:begin -->\n(?:.*\n)*?<!-- calls:end -->$/m);
  });

  EXAMPLES.forEach((body, index) => {
    const told = toldBy(body);

    it(`example ${index + 1} loads and asks something`, () => {
      expect(() => answers(body)).not.to.throw();
      expect(told).not.to.have.lengthOf(0);
      expect(told).to.have.lengthOf(body.split('# =>').length - 1);
    });
    it(`example ${index + 1}: its own tests hold`, () => {
      withFiles({ 'a.yaml': body }, (directory) =>
        withEnvironment(SOMEBODY, () =>
          expect(check(`${directory}/a.yaml`, { knownSyscall }).failures).to.deep.equal([]),
        ),
      );
    });

    told.forEach(({ question, expected }, at) =>
      it(`example ${index + 1}: ${question} → ${expected}`, () => {
        expect(answers(body)[at]).to.equal(expected);
      }),
    );
  });
});
