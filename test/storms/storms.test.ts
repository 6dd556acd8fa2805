/** A storm of each kind; `npm run test:storms` makes long ones. */
import { chmodSync } from 'node:fs';
import { guestBuilder } from '../calls/build.js';
import { makeTemporary, remove } from '../support/run.js';
import { kindsOf, rage, STORMS } from './storm.js';

const SEED = 1;
/** So many times the rounds of a storm's shortest form: a minute for all on a quiet machine. */
const TIMES = 4;
/** Milliseconds for each half of a storm, which takes some seconds on a quiet machine. */
const BOUND = 120_000;

describe('storms', function () {
  this.timeout(3 * BOUND);
  let directory: string;
  let build: ReturnType<typeof guestBuilder>;
  before(() => {
    directory = makeTemporary('storms');
    chmodSync(directory, 0o755);
    build = guestBuilder('test/guests/storms', directory);
  });
  after(() => remove(directory));

  for (const storm of STORMS)
    for (const kind of kindsOf(storm))
      it(`${storm.name} (${kind})`, async function () {
        if (storm.root && process.getuid?.() !== 0) this.skip();
        await rage(await build(storm.name, kind), SEED, TIMES * storm.rounds, BOUND);
      });
});
