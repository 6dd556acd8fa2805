/** What a program finds at its start: arguments and environment byte for byte, however big or odd. */

import { join } from 'node:path';
import { expect } from 'chai';
import { buildGuest, ENVIRONMENT, execute, makeTemporary, remove, SANDBOX } from '../support/run.js';

const HELLO = ['musl-static', 'glibc-static', 'glibc-static-pie'] as const;

describe('the start of a program, bare and in the sandbox', function () {
  this.timeout(120_000);
  const top = makeTemporary('start');
  const program = (kind: string): string => join(top, kind);
  before(() => {
    for (const kind of HELLO) buildGuest(kind, 'test/guests/hello.c', program(kind));
  });
  after(() => remove(top));

  /** Bytes that are no UTF-8 come by way of a shell: Node's spawn would change them. */
  async function same(
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
    through = 'exec "$@"',
  ): Promise<void> {
    for (const kind of HELLO) {
      const words = [program(kind), '0', 'environment', ...args];
      const options = { env: { PWD: process.cwd(), ...ENVIRONMENT, ...env } };
      const bare = await execute(['/bin/sh', '-c', through, 'sh', ...words], options);
      const inside = await execute(
        ['/bin/sh', '-c', through, 'sh', SANDBOX, '-d', 'ERROR', '--no-acl', '--', ...words],
        options,
      );
      expect(bare.stdout).to.match(/^hello\narguments: /);
      expect(inside, kind).to.deep.equal(bare);
    }
  }

  it('empty arguments and arguments with spaces, quotes and line ends', () =>
    same(['', ' ', '', '"\'', 'a\nb', '\\', '-d', '--']));
  it('one argument of 100 kB', () => same(['x'.repeat(100_000)]));
  it('20,000 arguments', () => same(Array.from({ length: 20_000 }, (_, i) => String(i))));
  it('an environment of 1 MB', () =>
    same([], Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`BIG${i}`, String(i).repeat(50_000)]))));
  it('bytes that are no UTF-8, in both', () =>
    same([], {}, `ODD="$(printf '\\377\\001\\200')"; export ODD; exec "$@" "$(printf 'a\\200\\033\\376')"`));
  it('hardly any environment', () => same([], { LC_ALL: '', TZ: '', EMPTY: '' }));
});
