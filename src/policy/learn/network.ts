/** Sockets, addresses and names → rules. */
import type { InetQuestion, NameQuestion, UnixQuestion } from '../../questions.js';
import { parseEndpoint } from '../endpoint.js';
import { parseNameGlob, parseUnixGlob } from '../glob.js';
import { Problem } from '../problem.js';
import { patternOf, quoted } from '../suggest.js';
import { FAMILIES } from '../words.js';
import { byWhom, counted, times, type Entry } from './entry.js';
import type { Evidence, Sighting } from './evidence.js';
import { otherRule, type Draft } from './grants.js';
import { idSpan, randomSpan } from './names.js';
import type { Patterns } from './patterns.js';

/** Ports that the kernel gives to who asks for any (ip_local_port_range, as it is by default). */
const ANY_PORT = { low: 32768, high: 60999 };
const NOUNS = {
  connect: ['connection', 'connections'],
  bind: ['bind', 'binds'],
  send: ['datagram', 'datagrams'],
} as const;

type Note = (text: string) => void;
const isLoopback = ({ address }: InetQuestion): boolean => /^127\./.test(address) || address === '::1';

/** The endpoint of a question; `anyPort`: a program that lets the kernel choose a port reaches what it was given. */
function endpointOf(question: InetQuestion, anyPort: boolean): string {
  const address = question.address.replace(/%.*$/s, '');
  const { low, high } = ANY_PORT;
  const chosen =
    anyPort && question.ask !== 'bind' && isLoopback(question) && question.port >= low && question.port <= high;
  return `${question.family === 'inet6' ? `[${address}]` : address}:${chosen ? `${low}-${high}` : question.port}`;
}

function inet(all: readonly Sighting<InetQuestion>[], draft: Draft, strict: boolean, note: Note): Entry[] {
  const anyPort = !strict && all.some(({ question }) => question.ask === 'bind' && question.port === 0);
  const found = new Map<string, { ask: InetQuestion['ask']; endpoint: string; sightings: Sighting<InetQuestion>[] }>();
  for (const one of all) {
    if (draft.allows(one.question)) continue;
    const { ask } = one.question;
    const endpoint = endpointOf(one.question, anyPort);
    const at = found.get(`${ask} ${endpoint}`) ?? { ask, endpoint, sightings: [] };
    found.set(`${ask} ${endpoint}`, { ...at, sightings: [...at.sightings, one] });
  }
  return [...found.values()].map(({ ask, endpoint, sightings }): Entry => {
    draft.addOther(otherRule({ kind: 'inet', action: ask, endpoint: parseEndpoint(endpoint) }));
    if (/-\d+$/.test(endpoint)) note(`widened: ${ask} ${endpoint}, since a port of the kernel's choice was bound`);
    const why = `${counted([[times(sightings), ...NOUNS[ask]]])}${byWhom(sightings)}${/:53$/.test(endpoint) ? ' (DNS)' : ''}`;
    return { section: 'network', keys: [[ask, [endpoint]]], why };
  });
}

function unix(all: readonly Sighting<UnixQuestion>[], draft: Draft, patterns: Patterns): Entry[] {
  const found = new Map<string, Sighting[]>();
  for (const one of all)
    try {
      if (draft.allows(one.question)) continue;
      const { pattern } = patterns.of(one.question.path, 'create');
      found.set(pattern, [...(found.get(pattern) ?? []), one]);
    } catch (error) {
      if (!(error instanceof Problem)) throw error; // told of its path, which is asked about as well
    }
  return [...found].map(([pattern, sightings]): Entry => {
    draft.addOther(otherRule({ kind: 'unix', glob: parseUnixGlob(pattern) }));
    return {
      section: 'network',
      keys: [['unix', [pattern]]],
      why: `${counted([[times(sightings), 'use', 'uses']])}${byWhom(sightings)}`,
    };
  });
}

/** @throws Problem when the language has none */
function namePattern({ space, name }: NameQuestion, evidence: Evidence, strict: boolean): string {
  const made = { inTemporary: false, directory: false, passing: false };
  const varies = !strict && (space === 'abstract' || space === 'mqueue');
  const span = varies ? (idSpan(name, evidence.ids) ?? randomSpan(name, made)) : null;
  const pattern =
    span === null
      ? patternOf(name)
      : patternOf(name.slice(0, span.start)) + span.pattern + patternOf(name.slice(span.end));
  parseNameGlob(pattern);
  return pattern;
}

function names(
  all: readonly Sighting<NameQuestion>[],
  draft: Draft,
  evidence: Evidence,
  strict: boolean,
  note: Note,
): Entry[] {
  const found = new Map<string, { space: NameQuestion['space']; pattern: string; sightings: Sighting[] }>();
  for (const one of all) {
    const { space, name } = one.question;
    if (draft.allows(one.question)) continue;
    try {
      const pattern = namePattern(one.question, evidence, strict);
      const at = found.get(`${space} ${pattern}`) ?? { space, pattern, sightings: [] };
      found.set(`${space} ${pattern}`, { ...at, sightings: [...at.sightings, one] });
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      note(`not learned: ${space} name ${quoted(name)}: no pattern can say it`);
    }
  }
  return [...found.values()].map(({ space, pattern, sightings }): Entry => {
    draft.addOther(otherRule({ kind: 'name', space, glob: parseNameGlob(pattern) }));
    const why = `${counted([[times(sightings), 'use', 'uses']])}${byWhom(sightings)}`;
    return {
      section: 'names',
      keys: [
        ['space', [space]],
        ['names', [pattern]],
      ],
      why,
    };
  });
}

/** What no other rule brings along. */
function families(all: readonly Sighting[], draft: Draft): Entry[] {
  return all.flatMap((one): Entry[] => {
    const { question } = one;
    if (question.ask !== 'socket' || draft.allows(question) || !FAMILIES.includes(question.family)) return [];
    draft.addOther(otherRule({ kind: 'family', family: question.family, types: null }));
    const why = `${counted([[times([one]), 'socket', 'sockets']])}${byWhom([one])}`;
    return [{ section: 'network', keys: [['families', [question.family]]], why }];
  });
}

const of = <Q extends Sighting['question']>(all: readonly Sighting[], is: (q: Sighting['question']) => q is Q) =>
  all.filter((one): one is Sighting<Q> => is(one.question));

export function learnNetwork(
  all: readonly Sighting[],
  draft: Draft,
  patterns: Patterns,
  { evidence, strict, note }: { readonly evidence: Evidence; readonly strict: boolean; readonly note: Note },
): Entry[] {
  return [
    ...inet(
      of(all, (q): q is InetQuestion => 'port' in q),
      draft,
      strict,
      note,
    ),
    ...unix(
      of(all, (q): q is UnixQuestion => q.ask === 'unix'),
      draft,
      patterns,
    ),
    ...names(
      of(all, (q): q is NameQuestion => q.ask === 'name'),
      draft,
      evidence,
      strict,
      note,
    ),
    ...families(all, draft),
  ];
}
