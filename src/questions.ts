/**
 * Everything a policy can be asked, as one union. A declaration turns registers and memory into a question;
 * src/policy turns a question into a decision. Neither knows how the call is carried out.
 */

import type { ByteString } from './abi/bytes.js';
export type { ByteString } from './abi/bytes.js';

/** What a path-taking call wants of a path; docs/acl.md maps every such call to one or more of these. */
export type Access = 'read' | 'write' | 'create' | 'execute' | 'stat';

/** May this call be made at all? Asked first, by the name of the call (multiplexed ones by their own: "connect"). */
export interface SyscallQuestion {
  readonly ask: 'syscall';
  readonly name: string;
}

/** A canonical guest path: absolute, no ".", "..", double slash or symlink in it; the object need not exist. */
export interface PathQuestion {
  readonly ask: 'path';
  readonly access: Access;
  readonly path: ByteString;
}

/** socket(2), socketpair(2): which families may be made. `family` is the AF_ constant in lower case without AF_. */
export interface SocketQuestion {
  readonly ask: 'socket';
  readonly family: string;
  readonly type: 'stream' | 'dgram' | 'seqpacket' | 'raw' | 'other';
  readonly protocol: number;
}

/** An IPv4 or IPv6 address is reached or taken. `address` is its usual text; IPv4-mapped IPv6 arrives as inet. */
export interface InetQuestion {
  readonly ask: 'connect' | 'bind' | 'send';
  readonly family: 'inet' | 'inet6';
  readonly address: string;
  readonly port: number;
}

/** A path-named unix socket is reached or taken (the canonical guest path); beside it a path question is asked. */
export interface UnixQuestion {
  readonly ask: 'unix';
  readonly action: 'connect' | 'bind' | 'send';
  readonly path: ByteString;
}

/** A name that is no path. Unlisted means denied. */
export interface NameQuestion {
  readonly ask: 'name';
  readonly space: 'abstract' | 'netlink' | 'vsock' | 'keyring' | 'sysv' | 'mqueue' | 'family';
  readonly name: ByteString;
}

export type Question = SyscallQuestion | PathQuestion | SocketQuestion | InetQuestion | UnixQuestion | NameQuestion;

/** Where a rule stands, for the log: `acl/demo.yaml:5:5`. `text` is the rule in short, `why` its author's reason. */
export interface Rule {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly text: string;
  readonly why?: string;
  /** Nothing lists what was asked: it says what becomes of that. */
  readonly unlisted?: true;
}

/** May what is named `from` be named `to`? Asked beside the questions of the paths themselves. */
export interface RelabelQuestion {
  readonly ask: 'relabel';
  readonly from: ByteString;
  readonly to: ByteString;
  readonly directory: boolean;
}

/** `errno` is positive. `gentle`: programs go on without, so that it stays an error under --on-deny=kill. */
export type Refusing =
  { readonly verdict: 'deny'; readonly errno: number; readonly gentle?: boolean } | { readonly verdict: 'kill' };

/** What to do with a call. `return` answers without running it. `instead`: what it would be but for --on-deny=log. */
export type Verdict =
  // alarm: the log tells all about the call, as a warning.
  | { readonly verdict: 'allow'; readonly log?: boolean; readonly alarm?: boolean; readonly instead?: Refusing }
  | { readonly verdict: 'return'; readonly value: number }
  | { readonly verdict: 'native' }
  | Refusing;

/** A verdict and the rule that gave it; null when no rule spoke and the default (allow a syscall, deny a name) holds. */
export interface Decision {
  readonly verdict: Verdict;
  readonly rule: Rule | null;
}

/** Who makes a call, as far as a rule about calls may have to know. */
export interface Caller {
  readonly pid: number;
  /** Is it the id of a thread of its process? */
  has(thread: number): boolean;
}

/** What is said about a call by its name and its six registers, before anything else is asked; undefined: nothing. */
export type CallRule = (registers: Uint32Array, caller?: Caller) => Decision | undefined;

/** A policy, or several that must agree. It never changes: a narrower one takes its place. */
export interface Judge {
  /** `call`: the name of the call that asks; left out where any could. */
  decide(question: Question, call?: string): Decision;
  /** May descriptors be sent over a unix socket? Left out: they may. */
  passes?(): Decision;
  mayRelabel(from: ByteString, to: ByteString, directory: boolean): Decision;
  /** By name of the call. The hook of a program makes none of these by itself. */
  readonly calls: ReadonlyMap<string, CallRule>;
}
