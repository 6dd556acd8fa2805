/** secfilter's options in the language of ACL files: a sheet for each that refuses something, so that each has its own reason. */
import { ERRNO } from '../../abi/errno.js';
import { isIPv4 } from 'node:net';
import type { ByteString, Rule, Verdict } from '../../questions.js';
import { parseEndpoint } from '../endpoint.js';
import { parseGlob, parseNameGlob, type Glob } from '../glob.js';
import { PolicyError, Problem, printable } from '../problem.js';
import type { AclRule, InetAction } from '../rules.js';
import type { RulesSheet } from '../sheet.js';
import { patternOf } from '../suggest.js';
import type { Kind } from '../words.js';
import { DNS_PORT, MAINSTREAM, ONLY_MAINSTREAM, ruleFor, SAYS, type Surroundings } from './judge.js';
import type { Given, Settings } from './settings.js';

const EPERM: Verdict = Object.freeze({ verdict: 'deny', errno: ERRNO.EPERM });
const ALLOW: Verdict = Object.freeze({ verdict: 'allow' });
const MESSAGE_QUEUES = '/dev/mqueue';

/** What one option says: it refuses these kinds of questions, but for what the rules grant. */
function sheet(by: Given<unknown>, refuses: readonly Kind[], why: string, rules: readonly AclRule[]): RulesSheet {
  const rule: Rule = Object.freeze({ ...ruleFor(by, 'otherwise'), why });
  const otherwise = (of: Kind | 'else', verdict: Verdict): AclRule => ({ kind: 'otherwise', of, verdict, rule });
  return {
    kind: 'rules',
    name: by.origin.line === 0 ? by.origin.file : `${by.origin.file}:${by.origin.line}`,
    from: null,
    rules: [...refuses.map((kind) => otherwise(kind, EPERM)), otherwise('else', ALLOW), ...rules],
  };
}

/** A path with all below it, as a pattern. @throws PolicyError where none can say it */
function patternBelow(path: ByteString): Glob {
  if (path === '/') return parseGlob('/**');
  const text = patternOf(path);
  try {
    const exact = parseGlob(text);
    if (exact.shape === 'literal' && exact.prefix === path) return parseGlob(`${text}/**`);
    throw new Problem('not UTF-8', 'must be UTF-8');
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    throw new PolicyError([`"${printable(path)}" cannot stand in an ACL file: it ${error.must}`]);
  }
}

/** Message queues of which the path would be among these. */
function queues(path: ByteString): Glob | undefined {
  if (['/', '/dev', MESSAGE_QUEUES].includes(path)) return parseNameGlob('**');
  return path.startsWith(`${MESSAGE_QUEUES}/`)
    ? parseNameGlob(`${patternOf(path.slice(MESSAGE_QUEUES.length))}/**`)
    : undefined;
}

interface Root {
  readonly given: Given<string>;
  readonly path: ByteString;
}

function writes({ switches, lists }: Settings, roots: readonly Root[]): RulesSheet[] {
  const readOnly = switches['read-only'];
  const paths = lists['allow-write'];
  const by = readOnly ?? paths[0];
  if (by === undefined || readOnly?.value === false) return [];
  const rules = roots.flatMap(({ given, path }): AclRule[] => {
    const rule = ruleFor(given, `allow-write ${printable(path)}`);
    const [glob, found] = [patternBelow(path), queues(path)];
    return [
      { kind: 'grant', access: 'write', glob, rule },
      { kind: 'grant', access: 'create', glob, rule },
      ...(found === undefined ? [] : [{ kind: 'name', space: 'mqueue', glob: found, rule } satisfies AclRule]),
    ];
  });
  return [sheet(by, ['write', 'create', 'mqueue', 'abstract'], SAYS.write(paths), rules)];
}

function families({ switches }: Settings): RulesSheet[] {
  const given = switches['mainstream-network-families'];
  if (given?.value !== true) return [];
  const rule = ruleFor(given, ONLY_MAINSTREAM);
  const rules = MAINSTREAM.map((family): AclRule => ({ kind: 'family', family, types: null, rule }));
  return [sheet(given, ['socket', 'vsock', 'family'], ONLY_MAINSTREAM, rules)];
}

/** Of ADDRESS, or ADDRESS/BITS. */
const endpointOf = (network: string, port: number | '*'): ReturnType<typeof parseEndpoint> =>
  parseEndpoint(isIPv4(network.replace(/\/.*$/, '')) ? `${network}:${port}` : `[${network}]:${port}`);

function inet(given: Given<unknown>, actions: readonly InetAction[], network: string, port: number | '*'): AclRule[] {
  const endpoint = network === '*' ? parseEndpoint(`*:${port}`) : endpointOf(network, port);
  const rule = ruleFor(given, endpoint.text);
  return actions.map((action) => ({ kind: 'inet', action, endpoint, rule }));
}
const REACH: readonly InetAction[] = ['connect', 'send'];
const ALL: readonly InetAction[] = ['connect', 'bind', 'send'];

/** Sockets whose addresses and ports can be judged, daemons that may be reached, name servers. */
function beside(by: Given<unknown>, { switches }: Settings, roots: readonly Root[], around: Surroundings): AclRule[] {
  const rule = ruleFor(by, 'TCP and UDP');
  const judged = around.mayRoute ? ['inet', 'inet6'] : ['inet', 'inet6', 'netlink'];
  const resolv = switches['allow-resolv'];
  return [
    ...(resolv?.value === true ? around.nameServers().flatMap((server) => inet(resolv, REACH, server, DNS_PORT)) : []),
    { kind: 'family', family: 'unix', types: null, rule },
    ...judged.map((family): AclRule => ({
      kind: 'family',
      family,
      types: ['stream', 'dgram'],
      rule,
    })),
    ...roots.map(({ given, path }): AclRule => {
      const glob = patternBelow(path);
      return { kind: 'unix', glob, rule: ruleFor(given, `unix ${glob.text}`) };
    }),
  ];
}

/** What leads past addresses is refused by each. */
const PAST: readonly Kind[] = ['socket', 'unix', 'abstract', 'vsock', 'family'];

function addresses(settings: Settings, roots: readonly Root[], around: Surroundings): RulesSheet[] {
  const past: readonly Kind[] = around.mayRoute ? [...PAST, 'netlink'] : PAST;
  const { switches, lists } = settings;
  const none = switches['no-outbound-network'];
  const [masks, ports] = [lists['allowed-netmask'], lists['allowed-port']];
  const restricting = (
    by: Given<unknown>,
    kinds: readonly Kind[],
    why: string,
    rules: readonly AclRule[],
  ): RulesSheet => sheet(by, [...kinds, ...past], why, [...rules, ...beside(by, settings, roots, around)]);
  return [
    ...(none?.value === true ? [restricting(none, REACH, SAYS.none, [])] : []),
    ...(masks.length === 0
      ? []
      : [
          restricting(
            masks[0],
            ALL,
            SAYS.masks(masks),
            masks.flatMap((mask) => inet(mask, ALL, mask.value, '*')),
          ),
        ]),
    ...(ports.length === 0
      ? []
      : [
          restricting(ports[0], ALL, SAYS.ports(ports), [
            ...ports.flatMap((port) => inet(port, ALL, '*', Number(port.value))),
            // One of the kernel's choice.
            ...inet(ports[0], ['bind'], '*', 0),
          ]),
        ]),
  ];
}

/** None where nothing is restricted. @throws PolicyError for paths that no ACL file can have */
export function secfilterSheets(settings: Settings, around: Surroundings): RulesSheet[] {
  const roots = settings.lists['allow-write'].map((given) => ({ given, path: around.canonical(given.value) }));
  return [...families(settings), ...writes(settings, roots), ...addresses(settings, roots, around)];
}
