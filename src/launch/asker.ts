/** What the policy says of the program that the user named. There is no process of it yet; refusals are told as all others. */
import { toBytes, type ByteString } from '../abi/bytes.js';
import { ERRNO } from '../abi/errno.js';
import type { Judge } from '../questions.js';
import { describeRule } from '../referee/describe.js';
import { refusingOf, type RefusalSink } from '../referee/refusal.js';
import { quoted } from '../syscalls/notation.js';
import type { Ask } from './program.js';

/** As many as strace(1) shows of a vector. */
const SHOWN = 32;
const vector = (texts: readonly ByteString[]): string =>
  `[${[...texts.slice(0, SHOWN).map((text) => quoted(toBytes(text))), ...(texts.length > SHOWN ? ['...'] : [])].join(', ')}]`;

/**
 * What no rule names may be run, for the user named it; what a rule denies may not, whichever layer has it.
 * @param path where the program is looked for
 */
export function asker(
  judges: readonly Judge[],
  refusals: RefusalSink,
  path: ByteString,
  argv: readonly ByteString[],
): Ask {
  const { pid } = process;
  const ask: Ask = (access, canonical) => {
    const question = { ask: 'path', access, path: canonical } as const;
    for (const judge of judges) {
      const decision = judge.decide(question, 'execve');
      const { verdict, rule } = decision;
      if (rule === null || rule.unlisted === true) continue;
      if (refusingOf(decision) !== undefined)
        refusals({
          ...{ pid, tid: pid, program: path, call: 'execve', question, decision, judge },
          arguments: () => [quoted(toBytes(path)), vector(argv)],
        });
      if (verdict.verdict === 'allow') continue;
      ask.reason = describeRule(rule);
      return -(verdict.verdict === 'deny' ? verdict.errno : ERRNO.EACCES);
    }
    return 0;
  };
  return ask;
}
