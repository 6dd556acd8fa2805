/**
 * secfilter's options as a judge: files and names that may be changed, addresses that may be reached. Whatever else is
 * asked is allowed. All refusals are EPERM, as secfilter's are.
 */
import { ERRNO } from '../../abi/errno.js';
import type {
  Access,
  ByteString,
  Decision,
  InetQuestion,
  Judge,
  NameQuestion,
  Question,
  Rule,
  SocketQuestion,
} from '../../questions.js';
import { endpointHolds } from '../endpoint.js';
import { printable } from '../problem.js';
import { netmask, type Given, type Settings } from './settings.js';

/** What settings mean on this machine. */
export interface Surroundings {
  /** The canonical guest path of what the user wrote. */
  readonly canonical: (path: string) => ByteString;
  /** The addresses of the name servers, as the program will know them. */
  readonly nameServers: () => readonly string[];
  /** Has the program CAP_NET_ADMIN, or could it have it? */
  readonly mayRoute: boolean;
}

const ALLOWED: Decision = Object.freeze({ verdict: Object.freeze({ verdict: 'allow' }), rule: null });
export const DNS_PORT = 53;

/** The rule of a setting, in these words. */
export const ruleFor = ({ origin }: Given<unknown>, text: string): Rule =>
  Object.freeze({ file: origin.file, line: origin.line, column: origin.line === 0 ? 0 : 1, text });
const refusal = (given: Given<unknown>, text: string): Decision =>
  Object.freeze({ verdict: Object.freeze({ verdict: 'deny', errno: ERRNO.EPERM }), rule: ruleFor(given, text) });
/** Values in words, not too many of them. */
export const listed = (all: readonly Given<string>[]): string => {
  const shown = all.slice(0, 4).map(({ value }) => printable(value));
  return [...shown, ...(all.length > shown.length ? ['…'] : [])].join(', ');
};

/** What a setting refuses, in words. */
export const SAYS = {
  write: (but: readonly Given<string>[]): string =>
    but.length === 0 ? 'nothing may be written' : `nothing may be written but ${listed(but)}`,
  none: 'no address may be reached',
  masks: (masks: readonly Given<string>[]): string => `no address but those of ${listed(masks)}`,
  ports: (ports: readonly Given<string>[]): string => `no port but ${listed(ports)}`,
} as const;

// ---- files ----

/** What may be changed, and how all else is refused. */
interface Writes {
  readonly may: (path: ByteString) => boolean;
  /** Does something that may be changed lie below? */
  readonly isAbove: (path: ByteString) => boolean;
  readonly refused: Decision | null;
}

/** The path itself, and everything below it; of the root also what has no path, such as a pipe by its name in /proc. */
const below =
  (root: ByteString) =>
  (path: ByteString): boolean =>
    root === '/' || path === root || path.startsWith(`${root}/`);

/** `--allow-write` makes the rest read-only, unless `--read-only=0` says that it is not. */
function writesOf({ switches, lists }: Settings, { canonical }: Surroundings): Writes {
  const readOnly = switches['read-only'];
  const paths = lists['allow-write'];
  const tops = paths.map(({ value }) => canonical(value));
  const roots = tops.map(below);
  const may = (path: ByteString): boolean => roots.some((holds) => holds(path));
  const isAbove = (path: ByteString): boolean => tops.some(below(path));
  const by = readOnly ?? paths[0];
  if (by === undefined || readOnly?.value === false) return { may, isAbove, refused: null };
  return { may, isAbove, refused: refusal(by, SAYS.write(paths)) };
}

const CHANGES: readonly Access[] = ['write', 'create'];

// ---- addresses ----

type Refuses<Q> = (question: Q) => Decision | null;

/** The restrictions of internet addresses that were given: each alone can refuse. */
function addressRules({ switches, lists }: Settings): Refuses<InetQuestion>[] {
  const rules: Refuses<InetQuestion>[] = [];
  const none = switches['no-outbound-network'];
  if (none?.value === true) {
    const refused = refusal(none, SAYS.none);
    rules.push(({ ask }) => (ask === 'bind' ? null : refused));
  }
  const masks = lists['allowed-netmask'];
  if (masks.length > 0) {
    const endpoints = masks.map(({ value }) => netmask(value));
    const refused = refusal(masks[0], SAYS.masks(masks));
    rules.push(({ family, address, port }) =>
      endpoints.some((endpoint) => endpointHolds(endpoint, family, address, port)) ? null : refused,
    );
  }
  const ports = lists['allowed-port'];
  if (ports.length > 0) {
    const numbers = new Set(ports.map(({ value }) => Number(value)));
    const refused = refusal(ports[0], SAYS.ports(ports));
    // A port that is bound as 0 is one of the kernel's choice.
    rules.push(({ ask, port }) => (numbers.has(port) || (ask === 'bind' && port === 0) ? null : refused));
  }
  return rules;
}

/** The first of the settings that restrict addresses: what reaches past addresses is refused in its name. */
const restricting = ({ switches, lists }: Settings): Given<unknown> | undefined =>
  switches['no-outbound-network']?.value === true
    ? switches['no-outbound-network']
    : (lists['allowed-netmask'][0] ?? lists['allowed-port'][0]);

export const MAINSTREAM = ['unix', 'inet', 'inet6', 'netlink'];

export const ONLY_MAINSTREAM = `no family but ${MAINSTREAM.join(', ')}`;

/** Names that lead out of the sandbox, to who could do there what the program may not. */
const LEADING_OUT: Readonly<Partial<Record<NameQuestion['space'], string>>> = {
  abstract: 'an abstract socket may lead to a daemon',
  vsock: 'a vsock address leads out of this machine',
  family: 'sockets of this family reach past internet addresses',
};

// ---- the judge ----

class Secfilter implements Judge {
  readonly calls = new Map();
  private readonly writes: Writes;
  private readonly addresses: readonly Refuses<InetQuestion>[];
  private readonly servers: readonly ((question: InetQuestion) => boolean)[];
  /** Set when addresses are restricted. */
  private readonly network: Given<unknown> | undefined;
  private readonly families: Decision | null;

  constructor(
    settings: Settings,
    private readonly around: Surroundings,
  ) {
    const { switches } = settings;
    this.writes = writesOf(settings, around);
    this.addresses = addressRules(settings);
    this.network = restricting(settings);
    const mainstream = switches['mainstream-network-families'];
    this.families = mainstream?.value === true ? refusal(mainstream, ONLY_MAINSTREAM) : null;
    this.servers = switches['allow-resolv']?.value === true ? around.nameServers().map(serverAt) : [];
  }

  get restricts(): boolean {
    return this.writes.refused !== null || this.network !== undefined || this.families !== null;
  }

  decide(question: Question): Decision {
    return this.refusal(question) ?? ALLOWED;
  }

  private refusal(question: Question): Decision | null {
    switch (question.ask) {
      case 'syscall':
        return null;
      case 'path':
        return CHANGES.includes(question.access) ? this.change(question.path) : null;
      case 'socket':
        return this.socket(question);
      case 'unix':
        // Who binds one makes a file: that is asked beside it. Who reaches one may reach a daemon.
        if (question.action === 'bind' || this.writes.may(question.path)) return null;
        return this.past('a unix socket may lead to a daemon; --allow-write lets it');
      case 'name':
        return this.name(question);
      default:
        return this.address(question);
    }
  }

  private change(path: ByteString): Decision | null {
    return this.writes.may(path) ? null : this.writes.refused;
  }

  private past(why: string): Decision | null {
    return this.network === undefined ? null : refusal(this.network, why);
  }

  private socket({ family, type }: SocketQuestion): Decision | null {
    if (!MAINSTREAM.includes(family)) return this.families ?? this.past(LEADING_OUT.family as string);
    if (family === 'unix' || type === 'stream' || type === 'dgram') return null;
    return this.past('only TCP and UDP have addresses and ports that can be judged');
  }

  private name({ space, name }: NameQuestion): Decision | null {
    if (space === 'family' && this.families !== null) return this.families;
    if (space === 'vsock' && this.families !== null) return this.families;
    // Where Linux shows message queues as files.
    if (space === 'mqueue') return this.change(`/dev/mqueue${name}`);
    if (space === 'abstract' && this.writes.refused !== null) return this.writes.refused;
    // Messages are written by write(2), which nobody judges: routes, tunnels, address translation.
    if (space === 'netlink' && this.around.mayRoute)
      return this.past('with CAP_NET_ADMIN a netlink socket could lead an allowed address elsewhere');
    const why = LEADING_OUT[space];
    return why === undefined ? null : this.past(why);
  }

  private address(question: InetQuestion): Decision | null {
    if (question.ask !== 'bind' && this.servers.some((isServer) => isServer(question))) return null;
    for (const rule of this.addresses) {
      const refused = rule(question);
      if (refused !== null) return refused;
    }
    return null;
  }

  /** A name that may be changed, or has such below, for an object whose own may not: a link would be a way around. */
  mayRelabel(from: ByteString, to: ByteString, directory: boolean): Decision {
    const { may, isAbove, refused } = this.writes;
    if (refused === null || may(from) || from === to) return ALLOWED;
    return may(to) || (directory && isAbove(to)) ? refused : ALLOWED;
  }
}

const serverAt = (server: string): ((question: InetQuestion) => boolean) => {
  const endpoint = netmask(server);
  return ({ family, address, port }) => port === DNS_PORT && endpointHolds(endpoint, family, address, port);
};

/** null when the settings restrict nothing. */
export function secfilterJudge(settings: Settings, around: Surroundings): Judge | null {
  const judge = new Secfilter(settings, around);
  return judge.restricts ? judge : null;
}
