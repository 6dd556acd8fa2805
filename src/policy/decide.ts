/** (policy, question) → decision. Nothing here looks at the file system, the process or the clock. */
import type {
  ByteString,
  Decision,
  InetQuestion,
  NameQuestion,
  PathQuestion,
  Question,
  SocketQuestion,
  UnixQuestion,
} from '../questions.js';
import { UNLISTED, type EndpointRule, type Policy } from './compile.js';
import { endpointHolds } from './endpoint.js';
import { isAncestor, matchesName, matchesPath } from './glob.js';

/** What no `syscalls:` rule names may be made; its paths and addresses are asked about next. */
const UNNAMED_CALL: Decision = Object.freeze({ verdict: Object.freeze({ verdict: 'allow' }), rule: null });

/** The decision of the policy. Never throws: a question that makes no sense is refused like anything unlisted. */
export function decide(policy: Policy, question: Question): Decision {
  if (policy.always !== null) return policy.always;
  switch (question.ask) {
    case 'syscall':
      return policy.syscallVerdict(question.name) ?? UNNAMED_CALL;
    case 'path':
      return policy.memo.get(question.access, question.path, () => decidePath(policy, question));
    case 'socket':
      return decideSocket(policy, question);
    case 'connect':
    case 'bind':
    case 'send':
      return decideInet(policy, question);
    case 'unix':
      return decideUnix(policy, question);
    case 'name':
      return decideName(policy, question);
  }
}

/** Deny beats allow; then what is granted; then, for stat alone, what is above something granted. */
function decidePath(policy: Policy, { access, path }: PathQuestion): Decision {
  const { denies, grants } = policy.paths[access];
  const spoken =
    denies.find((rule) => matchesPath(rule.glob, path)) ?? grants.find((rule) => matchesPath(rule.glob, path));
  if (spoken !== undefined) return spoken.decision;
  if (access !== 'stat') return UNLISTED;
  return grants.find((rule) => isAncestor(rule.glob, path))?.decision ?? UNLISTED;
}

function decideSocket(policy: Policy, question: SocketQuestion): Decision {
  const listed = policy.families.get(question.family);
  if (listed !== undefined) return listed;
  if (question.family === 'unix') return (policy.unix[0] ?? policy.names.abstract[0])?.decision ?? policy.noNetwork;
  return impliedInet(policy, question)?.decision ?? policy.noNetwork;
}

/** A rule that would be of no use without such a socket. A raw socket reaches past ports, so that none implies it. */
function impliedInet(policy: Policy, { family, type }: SocketQuestion): EndpointRule | undefined {
  if (type === 'raw' || type === 'other') return undefined;
  const { connect, bind, send } = policy.inet;
  return [...connect, ...bind, ...send].find((rule) => rule.endpoint.families.some((name) => name === family));
}

function decideInet(policy: Policy, { ask, family, address, port }: InetQuestion): Decision {
  const rule = policy.inet[ask].find((each) => endpointHolds(each.endpoint, family, address, port));
  return rule?.decision ?? policy.noNetwork;
}

function decideUnix(policy: Policy, { path }: UnixQuestion): Decision {
  return policy.unix.find((rule) => matchesPath(rule.glob, path))?.decision ?? policy.noNetwork;
}

function decideName(policy: Policy, { space, name }: NameQuestion): Decision {
  const family = space === 'family' ? policy.families.get(name) : undefined;
  return family ?? listedName(policy, space, name) ?? UNLISTED;
}

function listedName(policy: Policy, space: NameQuestion['space'], name: ByteString): Decision | undefined {
  return policy.names[space].find((rule) => matchesName(rule.glob, name))?.decision;
}
