/** acl/schema.json, by a validator that is none of ours: what editors make of ACL files. */
import { Ajv, type ValidateFunction } from 'ajv';
import { expect } from 'chai';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { SHIPPED_ACL_DIRECTORY } from '../../src/policy/prepared.js';
import { examplesIn } from './documented.js';
import { problemsOf } from './helpers.js';

const SCHEMA = join(SHIPPED_ACL_DIRECTORY, 'schema.json');
const validate: ValidateFunction = new Ajv({ allErrors: true, allowUnionTypes: true }).compile(
  JSON.parse(readFileSync(SCHEMA, 'utf8')) as object,
);
/** What an editor would underline in the documents of a text. */
const complaints = (text: string): string[] =>
  parseAllDocuments(text).flatMap((document) =>
    validate(document.toJS() as unknown)
      ? []
      : (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath}: ${message}`),
  );

describe('acl/schema.json', () => {
  for (const file of readdirSync(SHIPPED_ACL_DIRECTORY).filter((name) => name.endsWith('.yaml')))
    it(`accepts ${file}, which names it in its first line`, () => {
      const text = readFileSync(join(SHIPPED_ACL_DIRECTORY, file), 'utf8');
      expect(complaints(text)).to.deep.equal([]);
      const [, path = ''] = /^# yaml-language-server: \$schema=(\S+)\n/.exec(text) ?? [];
      expect(resolve(SHIPPED_ACL_DIRECTORY, path)).to.equal(SCHEMA);
      expect(existsSync(join(dirname(SCHEMA), path))).to.equal(true);
    });
  it('accepts the examples of docs/acl.md', () => {
    for (const example of examplesIn(readFileSync(new URL('../../docs/acl.md', import.meta.url), 'utf8')))
      expect(complaints(example), example).to.deep.equal([]);
  });
  for (const [wrong, at] of [
    ['flies: []', ''],
    ['files: [{ raed: ["/x"] }]', '/files/0'],
    ['files: [{ read: "/x" }]', '/files/0/read'],
    ['files: [{ read: [] }]', '/files/0/read'],
    ['files: [{ deny: ["/x"], access: [look] }]', '/files/0/access/0'],
    ['syscalls: { opne: kill }', '/syscalls'],
    ['syscalls: { open: maybe }', '/syscalls/open'],
    ['syscalls: { open: { return: 5000000000 } }', '/syscalls/open'],
    ['network: all', '/network'],
    ['network: [{ families: [inet7] }]', '/network/0/families/0'],
    ['names: [{ space: moon, names: ["x"] }]', '/names/0/space'],
    ['tests: [{ allows: read /x }]', '/tests/0'],
    ['include: ["../x"]', '/include/0'],
  ])
    it(`refuses ${wrong}, as the loader does`, () => {
      expect(complaints(wrong).map((one) => one.replace(/:.*/s, ''))).to.include(at);
      expect(problemsOf(wrong)).not.to.have.lengthOf(0);
    });
});
