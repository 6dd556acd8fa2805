import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { decide } from '../../src/policy/decide.js';
import type { Policy } from '../../src/policy/compile.js';
import type { Question } from '../../src/questions.js';
import { bytes, policyOf, say } from './helpers.js';

const TEXT = readFileSync(new URL('../../docs/acl.md', import.meta.url), 'utf8');
const EXAMPLES = [...TEXT.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, body]) => body);

/** `read /a/b`, `syscall open`, `connect ::1 80`, `socket inet stream`, `unix /a`, `name sysv 0x1` as a question. */
function questionOf(text: string): Question {
  const [word, first, second] = text.split(' ');
  switch (word) {
    case 'syscall':
      return { ask: 'syscall', name: first };
    case 'connect':
    case 'bind':
    case 'send':
      return { ask: word, family: first.includes(':') ? 'inet6' : 'inet', address: first, port: Number(second) };
    case 'socket':
      return { ask: 'socket', family: first, type: second as 'stream', protocol: 0 };
    case 'unix':
      return { ask: 'unix', action: 'connect', path: bytes(first) };
    case 'name':
      return { ask: 'name', space: first as 'sysv', name: bytes(second) };
    case 'read':
    case 'write':
    case 'create':
    case 'execute':
    case 'stat':
      return { ask: 'path', access: word, path: bytes(first) };
    default:
      throw new Error(`no question: ${text}`);
  }
}

function answer(policy: Policy, question: string): string {
  return say(decide(policy, questionOf(question)));
}

describe('docs/acl.md', () => {
  it('has an example for every top-level key', () => {
    for (const key of ['why', 'include', 'files', 'syscalls', 'network', 'names']) {
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
    const told = [...body.matchAll(/^# => (.*): ([\w -]+)$/gm)];

    it(`example ${index + 1} loads and asks something`, () => {
      expect(() => policyOf(body)).not.to.throw();
      expect(told).not.to.have.lengthOf(0);
      expect(told).to.have.lengthOf(body.split('# =>').length - 1);
    });

    for (const [, question, expected] of told) {
      it(`example ${index + 1}: ${question} → ${expected}`, () => {
        expect(answer(policyOf(body), question)).to.equal(expected);
      });
    }
  });
});
