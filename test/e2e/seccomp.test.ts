/** The kernel's own word on who is confined: Seccomp and NoNewPrivs of every thread of a running sandbox (proc(5)). */
import { join } from 'node:path';
import { expect } from 'chai';
import { buildGuest, makeTemporary, remove } from '../support/run.js';
import { Running } from '../support/running.js';

const STRICT = '1';
const NONE = '0';

describe('seccomp states', function () {
  this.timeout(120_000);
  let directory: string;
  before(() => {
    directory = makeTemporary('states');
    for (const kind of ['glibc', 'musl-static']) buildGuest(kind, 'test/guests/hold.c', join(directory, kind));
  });
  after(() => remove(directory));

  for (const kind of ['glibc', 'musl-static'])
    for (const how of ['compute', 'read', 'sleep', 'calls'])
      it(`${kind}, ${how}: the untrustee alone is strict; the leader is the trustee; no thread may gain privileges`, async () => {
        const r = new Running([join(directory, kind), how]);
        try {
          await r.said('ready>');
          const pid = await r.program();
          for (let look = 0; look < 20; look++) {
            const threads = r.threads(pid);
            expect(threads.map((t) => t.seccomp).sort()).to.deep.equal([NONE, NONE, STRICT]);
            expect(threads.find((t) => t.tid === pid)?.seccomp).to.equal(NONE);
            expect(threads.map((t) => t.noNewPrivs)).to.deep.equal(['1', '1', '1']);
          }
          expect(r.threads(r.helper).map((t) => t.seccomp)).to.satisfy((all: string[]) => all.every((s) => s === NONE));
        } finally {
          await r.destroy();
        }
      });
});
