/** docs/tutorial.md: every command of it is run, in its order, and prints what the page shows. */
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { ENVIRONMENT, execute, makeTemporary, remove, SANDBOX } from '../support/run.js';

const PAGE = readFileSync('docs/tutorial.md', 'utf8');
const FILES = [...PAGE.matchAll(/^<!-- file: (\S+) -->\n```\w+\n(.*?)^```$/gms)].map(([, name, text]) => ({
  name,
  text,
}));
const BLOCKS = [...PAGE.matchAll(/^```console\n(.*?)^```$/gms)].map(([, text]) => text);

interface Step {
  readonly command: string;
  readonly shown: string;
}

/** Lines behind "$ " are typed, with those behind "> " that go on; what follows is printed. */
function stepsOf(block: string): Step[] {
  const steps: { command: string; shown: string }[] = [];
  for (const line of block.trimEnd().split('\n')) {
    const last = steps.at(-1);
    if (line.startsWith('$ ')) steps.push({ command: line.slice(2), shown: '' });
    else if (last === undefined) throw new Error(`not typed by anybody: ${line}`);
    else if (line.startsWith('> ') && last.shown === '') last.command += `\n${line.slice(2)}`;
    else last.shown += `${line}\n`;
  }
  return steps;
}

/** What a page shows as an expression: … is anything. */
const pattern = (shown: string): RegExp =>
  new RegExp(`^${shown.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll('…', '[^]*?')}$`);

describe('docs/tutorial.md', function () {
  this.timeout(60_000);
  const top = makeTemporary('tutorial');
  const env = { ...ENVIRONMENT, HOME: join(top, 'home') };
  let failed = false;
  before(() => {
    mkdirSync(env.HOME);
    mkdirSync(join(top, 'work'));
    symlinkSync(SANDBOX, join(top, 'work/sandbox'));
    for (const { name, text } of FILES) writeFileSync(join(top, 'work', name), text);
  });
  after(() => remove(top));
  afterEach(function () {
    failed ||= this.currentTest?.state === 'failed';
  });
  // One needs what the one before has made.
  beforeEach(function () {
    if (failed) this.skip();
  });

  it('has files and commands', () => {
    expect(FILES).to.have.length(1);
    expect(BLOCKS.length).to.be.above(8);
  });
  for (const { command, shown } of BLOCKS.flatMap(stepsOf))
    it(command.split('\n')[0], async () => {
      const both = await execute(['bash', '-c', `{ ${command}\n} 2>&1`], {
        env,
        cwd: join(top, 'work'),
        timeout: 50_000,
      });
      expect(both.stdout, both.stdout).to.match(pattern(shown));
      expect(both.status).to.equal(0);
    });
});
