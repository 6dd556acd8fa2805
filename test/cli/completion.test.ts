import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { completionScript, modelOf } from '../../src/cli/completion.js';
import { type Shell, SHELLS } from '../../src/cli/shells.js';
import { root } from './root.js';

const installed = (shell: Shell): boolean => spawnSync(shell, ['-c', 'true']).status === 0;

describe('completion', () => {
  const top = mkdtempSync(join(tmpdir(), 'nurse-completion-'));
  before(() => {
    mkdirSync(join(top, 'directory'));
    writeFileSync(join(top, 'dfile with space'), '');
    for (const shell of SHELLS) writeFileSync(join(top, `script.${shell}`), completionScript(shell, root));
  });
  after(() => rmSync(top, { recursive: true, force: true }));

  it('knows every option that commander knows', () => {
    const model = modelOf(root);
    const names = model.options.flatMap((option) => option.names);
    for (const option of root.options) expect(names).to.include(option.long);
    expect(names).to.include.members(['-h', '--help', '-d']);
    expect(model.commands.map(({ name }) => name)).to.deep.equal([
      'syscalls',
      'show',
      'wrap',
      'explain',
      'check',
      'policy',
      'learn',
      'completion',
      'help',
    ]);
    expect(model.options.find(({ names: [name] }) => name === '--trace')).to.include({
      value: 'optional',
      completes: 'file',
    });
    expect(model.options.find(({ names: [name] }) => name === '--peek')?.completes).to.deep.equal(['vm', 'socket']);
  });

  for (const shell of SHELLS)
    it(`the script for ${shell} has no syntax error`, function () {
      if (!installed(shell)) return this.skip();
      const { status, stderr } = spawnSync(shell, ['-n', join(top, `script.${shell}`)], { encoding: 'utf8' });
      expect([status, stderr]).to.deep.equal([0, '']);
    });

  /** What every shell must offer for a line, whose last word is at hand. */
  const CASES: readonly [line: string, includes: readonly string[], excludes: readonly string[]][] = [
    ['sandbox --p', ['--peek'], ['--acl']],
    ['sandbox --peek ', ['vm', 'socket'], ['--acl']],
    ['sandbox -d D', ['DEBUG'], ['INFO']],
    ['sandbox --no-acl sys', ['syscalls'], ['completion']],
    ['sandbox --acl d', ['dfile with space'], ['--acl']],
    ['sandbox --root d', ['directory'], ['dfile with space']],
    ['sandbox syscalls op', ['open', 'openat2'], ['read']],
    ['sandbox syscalls open --by de', ['delegated', 'denied'], ['native']],
    ['sandbox completion ', ['bash', 'zsh', 'fish'], ['syscalls']],
    ['sandbox --stats -- printen', ['printenv'], ['--peek']],
    ['sandbox -- cat d', ['dfile with space'], ['--peek']],
    ['sandbox -- echo --p', [], ['--peek']],
  ];

  /** COMPREPLY of bash's function for the words as readline would split them. */
  function bash(words: readonly string[], env: Record<string, string> = {}): string[] {
    const script = `source "$0"
      COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
      complete -p sandbox >/dev/null || exit
      _sandbox
      [[ \${#COMPREPLY[@]} == 0 ]] || printf '%s\\n' "\${COMPREPLY[@]}"`;
    const args = ['--noprofile', '--norc', '-c', script, join(top, 'script.bash'), ...words];
    return execFileSync('bash', args, { cwd: top, encoding: 'utf8', env: { ...process.env, ...env } })
      .split('\n')
      .filter((word) => word !== '');
  }
  for (const [line, includes, excludes] of CASES)
    it(`bash: ${line}`, () => {
      const offered = bash(line.split(' '));
      expect(offered).to.include.members(includes);
      for (const word of excludes) expect(offered).not.to.include(word);
    });
  it('bash: "=" is a word of its own', () => {
    expect(bash(['sandbox', '--trace', '=', 'df'])).to.deep.equal(['dfile with space']);
    expect(bash(['sandbox', '--peek', '='])).to.deep.equal(['vm', 'socket']);
    expect(bash(['sandbox', '--trace', '--st'])).to.deep.equal(['--stats']);
  });

  const fish = (line: string): string[] =>
    execFileSync('fish', ['--no-config', '-c', `source ${top}/script.fish; complete -C '${line}'`], {
      cwd: top,
      encoding: 'utf8',
    })
      .split('\n')
      .map((word) => word.split('\t')[0].replaceAll('\\ ', ' ').replace(/\/$/, ''));
  for (const [line, includes, excludes] of CASES)
    it(`fish: ${line}`, function () {
      if (!installed('fish')) return this.skip();
      const offered = fish(line);
      expect(offered).to.include.members(includes);
      for (const word of excludes) expect(offered).not.to.include(word);
    });
});
