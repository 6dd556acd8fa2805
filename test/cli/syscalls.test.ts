import { expect } from 'chai';
import { syscallsOptions } from '../../src/cli/options.js';
import { distance, nearest } from '../../src/cli/nearest.js';
import { select, syscallsText, UnknownCall } from '../../src/cli/syscalls.js';
import { describeCalls, MECHANISMS } from '../../src/syscalls/describe-call.js';

const choices = (long: string): readonly string[] =>
  syscallsOptions().find((option) => option.long === long)?.argChoices ?? [];
const lines = (text: string): string[] => text.trimEnd().split('\n');

describe('sandbox syscalls', () => {
  it('prints a line a call', () => {
    const text = syscallsText([], {}, false);
    expect(lines(text)).to.have.lengthOf(describeCalls().length);
    expect(text).to.match(/^ +3 {2}read +descriptors +native +fd, buffer ←, count$/m);
    expect(text).to.match(/^ +102\.3 {2}connect +net +decided +socket, to, toLength$/m);
    expect(text).to.match(/^ +21 {2}mount +denied +denied +EPERM: the tree of mounts is the host's$/m);
  });
  it('prints all of a call that is named, by name or number', () => {
    const text = syscallsText(['355'], {}, false);
    expect(text).to.equal(syscallsText(['getrandom'], {}, false));
    expect(lines(text)).to.deep.equal([
      'getrandom: system call 355, family processes',
      '  delegated   it is checked, then the trustee makes it in the process of the program',
      '    buffer ←  count bytes, written',
      '    count     an unsigned number',
      '    flags     bits: GRND_NONBLOCK GRND_RANDOM GRND_INSECURE',
      '  returns     a count of bytes',
    ]);
  });
  it('prints a call and its sub-call, and what they ask', () => {
    const text = syscallsText(['connect'], {}, false);
    expect(text).to.contain('connect: system call 362, family net\n');
    expect(text).to.contain('connect: call 3 of socketcall (102), run as connect, family net\n');
    expect(text.match(/^ {2}asks +address: write, when the address is a path/gm)).to.have.lengthOf(2);
  });
  it('keeps lines within a hundred columns', () => {
    const names = [...new Set(describeCalls().map(({ name }) => name))];
    for (const line of lines(syscallsText(names, {}, false))) expect(line.length, line).to.be.at.most(100);
  });
  it('colours on demand, and nothing but colours', () => {
    const colored = syscallsText(['mount'], {}, true);
    expect(colored).to.contain('\u001b[31mdenied');
    expect(colored.replace(/\u001b\[\d+m/g, '')).to.equal(syscallsText(['mount'], {}, false));
  });
  it('chooses by mechanism and by family', () => {
    for (const by of choices('--by') as (keyof typeof MECHANISMS)[])
      expect(new Set(select([], { by }).map((call) => call.mechanism))).to.deep.equal(new Set([by]));
    const both = select([], { by: 'native', family: 'descriptors' }).map(({ name }) => name);
    expect(both).to.include.members(['read', 'write']);
  });
  it('offers the mechanisms and families that there are', () => {
    expect([...choices('--by')].sort()).to.deep.equal(Object.keys(MECHANISMS).sort());
    expect(choices('--family')).to.deep.equal([...new Set(describeCalls().map(({ family }) => family))].sort());
  });
  it('--json has a version and the descriptions', () => {
    const { version, calls } = JSON.parse(syscallsText(['openat'], { json: true }, true)) as Record<string, unknown>;
    expect(version).to.equal(1);
    expect(calls).to.deep.equal(describeCalls().filter(({ name }) => name === 'openat'));
    expect(JSON.parse(syscallsText([], { json: true, by: 'native' }, false)).calls).to.have.lengthOf.above(1);
  });
  it('names what is like a name that is none', () => {
    const error = (name: string) => expect(() => select([name], {}), name).to.throw(UnknownCall);
    error('opnat').with.property('message', '"opnat" is no i386 system call; did you mean openat?');
    error('222').with.property('message', '"222" is no i386 system call');
    error('qqqqqq').with.property('message', '"qqqqqq" is no i386 system call');
    error('');
    error('constructor');
  });
});

describe('nearest names', () => {
  it('by letters to change', () => {
    expect([distance('', 'abc'), distance('abc', 'abc'), distance('acb', 'abc'), distance('kitten', 'sitting')]) //
      .to.deep.equal([3, 0, 2, 3]);
  });
  it('best first, and what holds the word', () => {
    expect(nearest('stat', ['fstat', 'statx', 'stat64', 'open'])).to.deep.equal(['fstat', 'statx', 'stat64']);
    expect(nearest('ab', ['abcdef'])).to.deep.equal([]);
  });
});
