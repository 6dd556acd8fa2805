import { expect } from 'chai';
import type { Judge, Question } from '../../src/questions.js';
import { layersOf } from '../../src/policy/layers.js';
import { Authority } from '../../src/referee/authority.js';
import type { PathResolver } from '../../src/referee/paths.js';
import type { ProcessState, ThreadState } from '../../src/referee/process.js';
import type { Patcher } from '../../src/referee/referee.js';
import { Request } from '../../src/referee/request.js';
import { FakeCall, PARENT, PID, UNTRUSTEE } from '../syscalls/fake-process-call.js';

const OTHER = 5000;

describe('a question about /proc', () => {
  const sandbox = new FakeCall();
  sandbox.join(OTHER, {}, [OTHER, OTHER + 1]);
  const asked: Question[] = [];
  const judge = {
    decide(question: Question) {
      asked.push(question);
      return { verdict: { verdict: 'allow' }, rule: undefined };
    },
    calls: new Map(),
  };
  const process = Object.assign(sandbox.process, {
    space: { authority: Authority.of(layersOf(judge as unknown as Judge)) },
  });
  const request = new Request(
    process as unknown as ProcessState,
    sandbox.thread as ThreadState,
    {} as PathResolver,
    {} as Patcher,
    () => undefined,
    false,
  );
  const named = (path: string): string => {
    asked.length = 0;
    expect(request.ask({ ask: 'path', access: 'read', path })).to.equal(0);
    return (asked[0] as { path: string }).path;
  };

  for (const [path, expected] of [
    [`/proc/${PID}`, '/proc/self'],
    [`/proc/${PID}/status`, '/proc/self/status'],
    [`/proc/${PID}/task/${PID}/comm`, `/proc/self/task/${PID}/comm`],
    [`/proc/${OTHER}`, '/proc/PID'],
    [`/proc/${OTHER}/environ`, '/proc/PID/environ'],
    [`/proc/${OTHER}/task/${OTHER + 1}/comm`, `/proc/PID/task/${OTHER + 1}/comm`],
    [`/proc/${OTHER}0/status`, `/proc/${OTHER}0/status`],
    [`/proc/0${PID}/status`, `/proc/0${PID}/status`],
    [`/proc/${PARENT}/status`, `/proc/${PARENT}/status`],
    [`/proc/${PID + UNTRUSTEE}/status`, `/proc/${PID + UNTRUSTEE}/status`],
    [`/proc/${OTHER}x`, `/proc/${OTHER}x`],
    [`/srv/proc/${PID}/status`, `/srv/proc/${PID}/status`],
    ['/proc', '/proc'],
    ['/proc/version', '/proc/version'],
  ])
    it(`of ${path} is about ${expected}`, () => expect(named(path)).to.equal(expected));
});
