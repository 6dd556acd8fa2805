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
import type { EndpointRule, Policy } from './compile.js';
import { endpointHolds } from './endpoint.js';
import { isAncestor, matchesName, matchesPath } from './glob.js';

/** What no `syscalls:` rule names may be made; its paths and addresses are asked about next. */
const UNNAMED_CALL: Decision = Object.freeze({ verdict: Object.freeze({ verdict: 'allow' }), rule: null });

const NO_REGISTERS = new Uint32Array(6);

/** The decision of the policy. Never throws: a question that makes no sense is refused like anything unlisted. */
export function decide(policy: Policy, question: Question): Decision {
  if (policy.always !== null) return policy.always;
  switch (question.ask) {
    case 'syscall':
      return policy.call(question.name)?.(NO_REGISTERS) ?? UNNAMED_CALL;
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
  const { denies, grants, otherwise } = policy.paths[access];
  const spoken =
    denies.find((rule) => matchesPath(rule.glob, path)) ?? grants.find((rule) => matchesPath(rule.glob, path));
  if (spoken !== undefined) return spoken.decision;
  if (access !== 'stat') return otherwise;
  return grants.find((rule) => isAncestor(rule.glob, path))?.decision ?? otherwise;
}

function decideSocket(policy: Policy, question: SocketQuestion): Decision {
  const { family, type } = question;
  const listed = policy.families.get(family)?.find(({ types }) => types === null || types.includes(type));
  return listed?.decision ?? impliedSocket(policy, question) ?? policy.otherwise.socket;
}

function impliedSocket(policy: Policy, question: SocketQuestion): Decision | undefined {
  if (question.family === 'unix') return (policy.unix[0] ?? policy.names.abstract[0])?.decision;
  return impliedInet(policy, question)?.decision;
}

/** A rule that would be of no use without such a socket. Other types reach past ports, so that none implies them. */
function impliedInet(policy: Policy, { family, type }: SocketQuestion): EndpointRule | undefined {
  if (type !== 'stream' && type !== 'dgram') return undefined;
  const { connect, bind, send } = policy.inet;
  return [...connect, ...bind, ...send].find((rule) => rule.endpoint.families.some((name) => name === family));
}

function decideInet(policy: Policy, { ask, family, address, port }: InetQuestion): Decision {
  const rule = policy.inet[ask].find((each) => endpointHolds(each.endpoint, family, address, port));
  return rule?.decision ?? policy.otherwise[ask];
}

function decideUnix(policy: Policy, { action, path }: UnixQuestion): Decision {
  const listed = policy.unix.find((rule) => matchesPath(rule.glob, path));
  return listed?.decision ?? policy.otherwise[action === 'bind' ? 'unix-bind' : 'unix'];
}

function decideName(policy: Policy, { space, name }: NameQuestion): Decision {
  const family = space === 'family' ? policy.families.get(name)?.find(({ types }) => types === null) : undefined;
  return family?.decision ?? listedName(policy, space, name) ?? policy.otherwise[space];
}

function listedName(policy: Policy, space: NameQuestion['space'], name: ByteString): Decision | undefined {
  return policy.names[space].find((rule) => matchesName(rule.glob, name))?.decision;
}
