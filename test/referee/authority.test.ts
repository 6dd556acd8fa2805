/** An authority made of layers: whose word counts first, from where on each does, what --on-deny makes of all of them. */
import { expect } from 'chai';
import { ERRNO } from '../../src/abi/errno.js';
import { NUMBERS } from '../../src/abi/numbers.js';
import type { From, Layer, Layers } from '../../src/policy/layers.js';
import { promisesOf, type Promises } from '../../src/policy/pledge/names.js';
import { pledged, UNPLEDGED, type Pledge, type Wish } from '../../src/policy/pledge/state.js';
import type { CallRule, Decision, Judge, Verdict } from '../../src/questions.js';
import { Authority } from '../../src/referee/authority.js';

const said = (verdict: Verdict, file: string): Decision => ({ verdict, rule: { file, line: 0, column: 0, text: '' } });
const deny = (errno: number): Verdict => ({ verdict: 'deny', errno });
const ALLOW: Verdict = { verdict: 'allow' };
/** Says the same of mkdir, by its registers and as a question, of every path, of new names and of descriptors. */
const judge = (file: string, verdict: Verdict): Judge => ({
  decide: () => said(verdict, file),
  mayRelabel: () => said(verdict, file),
  passes: () => said(verdict, file),
  calls: new Map<string, CallRule>([['mkdir', () => said(verdict, file)]]),
});
const layer = (file: string, verdict: Verdict, from: From = 'exec'): Layer => ({ judge: judge(file, verdict), from });
const wish = (promises: string, from: From = 'exec', exec: string | null = null): Wish => ({
  promises: promisesOf(promises) as Promises,
  exec: exec === null ? null : (promisesOf(exec) as Promises),
  veils: [],
  from,
});
const authority = (layers: Partial<Layers>): Authority =>
  Authority.of({ above: [], wish: null, below: [], onDeny: 'errno', ...layers });

const mkdir = (one: Authority): Decision | undefined => one.rule(NUMBERS.mkdir)?.(new Uint32Array(6));
const reading = (one: Authority): Decision => one.judge.decide({ ask: 'path', access: 'read', path: '/x' }, 'openat');
/** Who refuses, of mkdir and of a path; `-` where nobody does. */
const refuser = (one: Authority): string =>
  [mkdir(one), reading(one)]
    .map((decision) => (decision === undefined || decision.verdict.verdict === 'allow' ? '-' : decision.rule?.file))
    .join(' ');
const promisesIn = ({ pledge }: Authority): string | null =>
  pledge.promises === null ? null : [...pledge.promises].join(' ');

describe('an authority', () => {
  describe('of several layers: the first refusal counts', () => {
    const all: Layers = {
      above: [layer('lists', deny(1))],
      wish: wish('stdio'),
      below: [layer('options', deny(2)), layer('files', deny(3))],
      onDeny: 'errno',
    };
    it('lists of calls, then promises, then the others in their order', () => {
      expect(refuser(authority(all))).to.equal('lists lists');
      expect(refuser(authority({ ...all, above: [] }))).to.equal('--pledge --pledge');
      expect(refuser(authority({ ...all, above: [layer('lists', ALLOW)] }))).to.equal('--pledge --pledge');
      expect(refuser(authority({ ...all, above: [], wish: null }))).to.equal('options options');
      expect(refuser(authority({ below: all.below.slice(1) }))).to.equal('files files');
    });
    it('what the program promises by itself stands where the promises stand', () => {
      const promised = pledged(UNPLEDGED, 'stdio', null) as Pledge;
      expect(refuser(authority({ ...all, wish: null }).pledged(promised))).to.equal('lists lists');
      expect(refuser(authority({ below: all.below }).pledged(promised))).to.equal('pledge() pledge()');
    });
    it('what is allowed beside promises is asked of all others', () => {
      const { verdict, rule } = authority(all).beside.decide({ ask: 'path', access: 'stat', path: '/x' });
      expect([verdict, rule?.file]).to.deep.equal([deny(1), 'lists']);
      expect(authority({ wish: wish('stdio') }).beside.calls.size).to.equal(0);
    });
    it('none at all allows, and no call has to be asked about', () => {
      expect(refuser(authority({}))).to.equal('- -');
      expect(mkdir(authority({}))).to.equal(undefined);
    });
    it('who was given none may do nothing', () => expect(reading(Authority.none).verdict).to.deep.equal(deny(13)));
  });

  describe('from a point of the start on', () => {
    const steps = (one: Authority): string[] => {
      const seen = [`${one.awaits ?? 'nothing'}: ${refuser(one)}`];
      for (let now = one; now.awaits !== null; seen.push(`${now.awaits ?? 'nothing'}: ${refuser(now)}`))
        now = now.reached(now.awaits);
      return seen;
    };
    it('each layer begins where it says, and so does what was promised', () => {
      const lists = [layer('lists', deny(1), 'entry')];
      const files = layer('files', deny(3));
      expect(steps(authority({ below: [files] }))).to.deep.equal(['nothing: files files']);
      expect(steps(authority({ above: lists, below: [files] }))).to.deep.equal([
        'entry: files files',
        'nothing: lists lists',
      ]);
      expect(steps(authority({ above: lists, wish: wish('stdio', 'main') }))).to.deep.equal([
        'entry: - -',
        'main: lists lists',
        'nothing: lists lists',
      ]);
      expect(
        steps(authority({ wish: wish('stdio', 'entry'), below: [layer('late', deny(4), 'main'), files] })),
      ).to.deep.equal(['entry: files files', 'main: --pledge --pledge', 'nothing: --pledge --pledge']);
      expect(steps(authority({ wish: wish('stdio', 'exec') }))).to.deep.equal(['nothing: --pledge --pledge']);
    });
    it('who comes to main has come to the entry', () =>
      expect(refuser(authority({ above: [layer('lists', deny(1), 'entry')] }).reached('main'))).to.equal(
        'lists lists',
      ));
    it('nothing is taken back by a point that comes again', () => {
      const one = authority({ above: [layer('lists', deny(1), 'entry')], wish: wish('stdio', 'main') }).reached('main');
      expect(refuser(one.reached('entry'))).to.equal('lists lists');
      expect(one.reached('entry').awaits).to.equal(null);
    });
  });

  describe('of a program that is executed', () => {
    it('has each layer from the start, also those that its parent had not come to', () => {
      const early = authority({ above: [layer('lists', deny(1), 'entry')], below: [layer('late', deny(4), 'main')] });
      expect(refuser(early.executed())).to.equal('lists lists');
      expect(early.executed().awaits).to.equal(null);
    });
    for (const [what, come] of [
      ['before its parent came there', (one: Authority) => one],
      ['behind it', (one: Authority) => one.reached('main')],
    ] as const)
      it(`has the promises as far as its start goes, ${what}`, () => {
        const next = come(authority({ wish: wish('stdio', 'main') })).executed();
        expect([promisesIn(next), next.awaits, next.pledge.starting]).to.deep.equal(['stdio', 'main', true]);
        expect(refuser(next)).to.equal('--pledge --pledge');
        const started = next.reached('main');
        expect([started.awaits, started.pledge.starting]).to.deep.equal([null, false]);
        const exec = come(authority({ wish: wish('stdio', 'main', 'stdio rpath') })).executed();
        expect(promisesIn(exec)).to.equal('stdio rpath');
      });
    it('is the same where nothing awaits or was promised', () => {
      const one = authority({ below: [layer('files', deny(3))] });
      expect(one.executed()).to.equal(one);
    });
  });

  describe('with --on-deny', () => {
    const layers = { above: [layer('lists', deny(1), 'entry')], wish: wish('stdio', 'main') };
    const everything = (one: Authority): (Verdict | undefined)[] =>
      [
        mkdir(one),
        reading(one),
        one.judge.mayRelabel('/a', '/b', false),
        one.judge.passes?.(),
        one.judge.decide({ ask: 'connect', family: 'inet', address: '127.0.0.1', port: 9 }),
      ].map((decision) => decision?.verdict);

    it('log: a violation is let through, with an alarm', () => {
      const instead = { verdict: 'kill' };
      const through = { verdict: 'allow', log: true, alarm: true, instead };
      for (const one of [
        authority({ wish: wish('stdio'), onDeny: 'log' }),
        authority({ wish: wish('stdio', 'main'), onDeny: 'log' }).reached('main'),
        authority({ onDeny: 'log' }).pledged(pledged(UNPLEDGED, 'stdio', null) as Pledge),
        authority({ wish: wish('stdio'), onDeny: 'log' }).executed(),
      ]) {
        const [call, path, , passes, connect] = everything(one);
        expect([call, path, passes, connect]).to.deep.equal([through, through, through, through]);
      }
    });
    it('log: layers from all points, and what is beside promises', () => {
      const one = authority({ ...layers, onDeny: 'log' });
      for (const now of [one.reached('entry'), one.reached('main'), one.executed()]) {
        expect(everything(now).every((verdict) => verdict?.verdict === 'allow')).to.equal(true);
        expect(mkdir(now)?.rule?.file).to.equal('lists');
        expect(now.beside.decide({ ask: 'path', access: 'stat', path: '/x' }).verdict.verdict).to.equal('allow');
      }
    });
    it('log: an answer of another layer is the answer', () => {
      const answer: Verdict = { verdict: 'return', value: 0 };
      const below = [layer('files', answer)];
      expect(mkdir(authority({ above: [layer('lists', deny(1))], below, onDeny: 'log' }))?.verdict).to.equal(answer);
      expect(mkdir(authority({ wish: wish('stdio'), below, onDeny: 'log' }))?.verdict).to.equal(answer);
    });
    it('kill: every refusal is the end, at every point', () => {
      const one = authority({ ...layers, below: [layer('files', deny(3))], onDeny: 'kill' });
      for (const now of [one, one.reached('entry'), one.reached('main'), one.executed()])
        expect(everything(now)).to.deep.equal(Array(5).fill({ verdict: 'kill' }));
    });
    it('kill: what C libraries do without stays an error', () => {
      const one = authority({ wish: wish('stdio inet'), onDeny: 'kill' });
      expect(one.rule(NUMBERS.clone3)?.(new Uint32Array(6))?.verdict).to.include({ errno: ERRNO.ENOSYS });
      const netlink = one.judge.decide({ ask: 'name', space: 'netlink', name: 'route' }, 'socket');
      expect(netlink.verdict).to.include({ errno: ERRNO.EACCES });
    });
  });
});
