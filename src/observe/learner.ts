/** Calls, as they happen or from a record, as evidence of what a program needs. */
import type { ByteString } from '../abi/bytes.js';
import { ERRNO } from '../abi/errno.js';
import type { Evidence, Occurrence, Outcome, Place } from '../policy/learn/evidence.js';
import type { CallEvent, Observer } from '../referee/watch.js';

/** May names be made in this directory? What the answer is depends on where the program looks from (the view), not on it. */
const isProbe = ({ name, asked }: CallEvent): boolean =>
  /^f?access(?:at2?)?$/.test(name) && asked.some(({ question: q }) => q.ask === 'path' && q.access === 'create');

function outcomeOf(event: CallEvent): Outcome {
  const { result } = event;
  if (result === -ERRNO.ENOENT || result === -ERRNO.ENOTDIR) return 'absent';
  return result === -ERRNO.EACCES || (result === -ERRNO.EROFS && !isProbe(event)) ? 'refused' : 'done';
}

/** Which argument of a call that opens has its flags, in strace's notation. */
const FLAGS: Readonly<Record<string, number>> = { open: 1, openat: 2, openat2: 2 };
const flagsOf = ({ name, args }: CallEvent): string =>
  name === 'creat' ? 'O_CREAT' : Object.hasOwn(FLAGS, name) ? (args[FLAGS[name]] ?? '') : '';

const DIRECTORIES: ReadonlySet<string> = new Set(['mkdir', 'mkdirat']);
const MAKING: ReadonlySet<string> = new Set(['mknod', 'mknodat', 'symlink', 'symlinkat', 'link', 'linkat', 'bind']);
const REMOVING: ReadonlySet<string> = new Set(['unlink', 'unlinkat', 'rmdir']);

/** What a call that succeeded did to the name that it asked to create. */
function deed(event: CallEvent): Pick<Occurrence, 'made' | 'gone'> {
  if (event.result !== null && event.result < 0) return {};
  if (REMOVING.has(event.name)) return { gone: true };
  if (DIRECTORIES.has(event.name)) return { made: 'directory' };
  if (MAKING.has(event.name)) return { made: 'exclusively' };
  const flags = flagsOf(event);
  return /\bO_CREAT\b/.test(flags) ? { made: /\bO_EXCL\b/.test(flags) ? 'exclusively' : 'somehow' } : {};
}

function seeCall(evidence: Evidence, event: CallEvent, place: Place): void {
  if (event.mechanism === 'denied' || event.mechanism === 'killed') {
    if (event.why === undefined) evidence.denied += event.asked.length;
    return;
  }
  const program = event.program ?? '';
  const outcome = outcomeOf(event);
  let made = false;
  let opened: ByteString | undefined;
  for (const { question } of event.asked) {
    const creates = question.ask === 'path' && question.access === 'create';
    evidence.see(question, place, { program, outcome, ...(creates ? deed(event) : {}) });
    if (creates) made = true;
    if (question.ask === 'path' && question.access !== 'stat') opened = question.path;
    if (question.ask === 'relabel' && outcome === 'done') evidence.take(question.from, place);
  }
  // O_CREAT of a file that is there: it would make it where it is not. Devices are there.
  if (
    opened !== undefined &&
    !made &&
    !/^\/(?:dev|proc|sys)\//.test(opened) &&
    outcome === 'done' &&
    /\bO_CREAT\b/.test(flagsOf(event))
  )
    evidence.see({ ask: 'path', access: 'create', path: opened }, place, { program, outcome });
}

/** @param evidence what all calls are added to */
export function learner(evidence: Evidence, place: Place): Observer {
  evidence.ranIn(place);
  return {
    call(event) {
      if (event.asked.length === 0) return;
      evidence.ranAs(event.pid);
      evidence.ranAs(event.tid);
      seeCall(evidence, event, place);
    },
  };
}
