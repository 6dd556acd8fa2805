import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { aclSchema } from '../../src/policy/schema.js';
import { judgeOfTexts } from './helpers.js';
import { answer, toldBy } from './told.js';

const TEXT = readFileSync(new URL('../../docs/acl.md', import.meta.url), 'utf8');
const EXAMPLES = [...TEXT.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, body]) => body);

describe('docs/acl.md', () => {
  it('has an example for every top-level key', () => {
    for (const key of Object.keys(aclSchema(() => true).shape)) {
      expect(
        EXAMPLES.some((body) => new RegExp(`^${key}:`, 'm').test(body)),
        key,
      ).to.equal(true);
    }
  });

  it('keeps the place of the generated table', () => {
    expect(TEXT).to.match(/^## What each call asks\n\n<!-- calls:begin -->\n(?:.*\n)*?<!-- calls:end -->$/m);
  });

  EXAMPLES.forEach((body, index) => {
    const told = toldBy(body);

    it(`example ${index + 1} loads and asks something`, () => {
      expect(() => judgeOfTexts(body)).not.to.throw();
      expect(told).not.to.have.lengthOf(0);
      expect(told).to.have.lengthOf(body.split('# =>').length - 1);
    });

    for (const { question, expected } of told) {
      it(`example ${index + 1}: ${question} → ${expected}`, () => {
        expect(answer(judgeOfTexts(body), question)).to.equal(expected);
      });
    }
  });
});
