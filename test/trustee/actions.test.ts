/** What a hook does by itself follows from the rows, and from what is to be asked. */
import { expect } from 'chai';
import { NUMBERS, syscallName } from '../../src/abi/numbers.js';
import { rows } from '../../src/syscalls/table.js';
import { hookActions } from '../../src/trustee/actions.js';
import { ACTION, ACTION_COUNT, CONSTANT_COUNT } from '../../src/wire/layout.js';
import { FakeCall, PARENT, PID, run } from '../syscalls/fake-process-call.js';

const { process: own, thread } = new FakeCall();
const actionsWhere = (isAsked: (nr: number) => boolean) => hookActions(own, thread, isAsked);
const named = (actions: Uint8Array, which: (action: number) => boolean): string[] =>
  Array.from(actions.keys()).filter((nr) => which(actions[nr])).map(syscallName); // prettier-ignore

describe('what the hook does by itself', () => {
  const { actions, constants } = actionsWhere(() => false);

  it('makes read and write, and what concerns masks, stacks and frames of signals', () =>
    expect(named(actions, (a) => a === ACTION.native)).to.deep.equal([
      ...['read', 'write', 'sgetmask', 'ssetmask', 'sigreturn', 'sigprocmask', 'rt_sigreturn', 'rt_sigprocmask'],
      'sigaltstack',
    ]));
  it('answers who the program is', () =>
    expect(named(actions, (a) => a >= ACTION.constant)).to.deep.equal([
      ...['getpid', 'getuid', 'getgid', 'geteuid', 'getegid', 'getppid'],
      ...['getuid32', 'getgid32', 'geteuid32', 'getegid32', 'gettid'],
    ]));
  it('answers what the referee would', () => {
    const answers = rows.flatMap((row) => {
      if (row?.by !== 'answered' || row.constant === undefined) return [];
      return [[constants[actions[row.nr] - ACTION.constant], run(row, new FakeCall(), []).result]];
    });
    expect(answers).to.have.length(constants.length).and.to.have.length.above(10);
    for (const [hooks, referees] of answers) expect(hooks).to.equal(referees);
    const answer = (name: keyof typeof NUMBERS): number => constants[actions[NUMBERS[name]] - ACTION.constant];
    expect([answer('getpid'), answer('gettid'), answer('getppid')]).to.deep.equal([PID, PID, PARENT]);
    expect(answer('getuid32')).to.equal(process.getuid?.());
  });
  it('fits the slot', () => {
    expect(actions).to.have.length(ACTION_COUNT);
    expect(constants.length).to.be.at.most(CONSTANT_COUNT);
  });
  it('keeps the FPU for who is born of a call or starts anew by it', () =>
    expect(named(actions, (a) => a === ACTION.keep)).to.include.members([
      ...['fork', 'vfork', 'clone', 'clone3', 'set_thread_area', 'setuid32', 'setgroups32', 'capset', 'prctl'],
    ]));
  it('is nothing that has to be asked', () => {
    expect(named(actionsWhere(() => true).actions, (a) => a > ACTION.keep)).to.deep.equal([]);
    const { actions: some } = actionsWhere((nr) => nr === NUMBERS.write || nr === NUMBERS.getuid);
    const all = named(actions, (a) => a !== ACTION.ask);
    expect(named(some, (a) => a !== ACTION.ask)).to.deep.equal(all.filter((n) => n !== 'write' && n !== 'getuid'));
  });
});
