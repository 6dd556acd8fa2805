/**
 * One call as an observer sees it: what it was, what was asked about it, how it was carried out and what came of it.
 * Traces, statistics and records are made from these events and nothing else.
 */
import type { ByteString } from '../abi/bytes.js';
import { ERRNO } from '../abi/errno.js';
import type { GuestMemory } from '../memory/guest.js';
import type { Decision, Question, RelabelQuestion } from '../questions.js';
import type { Returns, Row } from '../syscalls/dsl.js';
import { showArguments, showBefore, showNote, type Sight } from '../syscalls/show.js';

export interface Asked {
  readonly question: Question | RelabelQuestion;
  readonly decision: Decision;
}

/** native: by the untrustee itself. answered: by the helper. delegated: by the trustee. denied: by the policy, or a row that no program gets. killed: with the program. */
export type Mechanism = 'native' | 'answered' | 'delegated' | 'denied' | 'killed';

export interface CallEvent {
  readonly pid: number;
  readonly tid: number;
  /** The guest path of the program; older records do without. */
  readonly program?: ByteString;
  readonly nr: number;
  /** The kernel's name; that of the sub-call for socketcall(2) and ipc(2). */
  readonly name: string;
  readonly registers: readonly number[];
  /** In strace's notation, those that count. */
  readonly args: readonly string[];
  /** What the notation has behind the result. */
  readonly note: string;
  readonly returns: Returns;
  readonly asked: readonly Asked[];
  /** Why a call that no program gets is refused. */
  readonly why?: string;
  readonly mechanism: Mechanism;
  /** Orders to the trustee: each is a round trip beside that of the request. */
  readonly orders: number;
  /** null: the call did not come back. */
  readonly result: number | null;
  /** When the request came (ms since 1970), and microseconds from there to the reply. */
  readonly time: number;
  readonly micros: number;
}

export interface Observer {
  call(event: CallEvent): void;
}

/** What looks on cannot go on, such as a trace whose disk is full: the program must not go on without it. */
export class ObserverFailed extends Error {}

const PATH_MAX = 4096;

/** Watches the calls of one thread, one after the other. */
export class Watch {
  private row: Row | null = null;
  private name = '';
  private most = 6;
  private r = new Uint32Array(6);
  private before: readonly (string | undefined)[] = [];
  private began = 0;
  private caller: ByteString = '';
  private orders = 0;
  private own = false;
  private questions: Asked[] = [];
  private readonly reads: { readonly address: number; readonly bytes: Uint8Array }[] = [];
  private readonly strings = new Map<number, ByteString>();

  constructor(
    private readonly pid: number,
    private readonly tid: number,
    private readonly guest: () => GuestMemory,
    private readonly program: () => ByteString,
  ) {}

  /** Memory as it is now. Sizes may come from the program's own word of a result. */
  private readonly memory: Sight = {
    read: (address, size) => {
      if (size < 0) return undefined;
      const bytes = new Uint8Array(size);
      return this.guest().read(address, bytes, size) === size ? bytes : undefined;
    },
    string: (address, max) => {
      const text = this.guest().readString(address, Math.min(max, PATH_MAX));
      return typeof text === 'string' ? text : undefined;
    },
  };
  /** What the call read, as it was read; else memory as it is now. */
  private readonly judged: Sight = {
    read: (address, size) => {
      const read = this.reads.find((one) => one.address <= address && address + size <= one.address + one.bytes.length);
      return read === undefined
        ? this.memory.read(address, size)
        : read.bytes.slice(address - read.address, address - read.address + size);
    },
    string: (address, max) => this.strings.get(address) ?? this.memory.string(address, max),
  };

  /** A request came. */
  start(): void {
    this.began = performance.now();
    this.caller = this.program();
    this.row = null;
    this.orders = 0;
    this.own = false;
    this.questions = [];
    this.reads.length = 0;
    this.strings.clear();
  }
  /** It is this call. `most`: how many arguments it has when it was carried by another. */
  call(row: Row, name: string, r: Uint32Array, most = 6): void {
    this.row = row;
    this.name = name;
    this.r = r.slice();
    this.most = most;
    this.before = showBefore(row.args, this.r, this.memory);
  }
  saw(address: number, bytes: Uint8Array): void {
    this.reads.push({ address, bytes: bytes.slice() });
  }
  sawString(address: number, text: ByteString): void {
    this.strings.set(address, text);
  }
  asked(question: Asked['question'], decision: Decision): void {
    this.questions.push({ question, decision });
  }
  ordered(): void {
    this.orders++;
  }
  /** The untrustee makes it, and the result is its word. */
  letRun(): void {
    this.own = true;
  }

  /** The arguments of the call at work, as they are shown when it fails. */
  arguments(): readonly string[] {
    const { row, r, memory, judged } = this;
    if (row === null) return [];
    return showArguments({ args: row.args, r, memory, judged, result: -ERRNO.EACCES }, this.before, this.most);
  }

  /** What became of it; undefined when no call is at work. */
  end(result: number | null): CallEvent | undefined {
    const { row } = this;
    if (row === null) return undefined;
    this.row = null;
    const view = { args: row.args, r: this.r, memory: this.memory, judged: this.judged, result };
    return {
      pid: this.pid,
      tid: this.tid,
      program: this.caller,
      nr: row.nr,
      name: this.name,
      registers: [...this.r],
      args: showArguments(view, this.before, this.most),
      note: showNote(view),
      returns: row.returns,
      asked: this.questions,
      why: row.by === 'denied' ? row.why : undefined,
      mechanism: this.own ? 'native' : this.mechanism(row),
      orders: this.orders,
      result,
      time: performance.timeOrigin + this.began,
      micros: (performance.now() - this.began) * 1000,
    };
  }

  private mechanism(row: Row): Mechanism {
    const last = this.questions.at(-1)?.decision.verdict.verdict;
    if (last === 'kill') return 'killed';
    if (row.by === 'denied' || last === 'deny') return 'denied';
    return this.orders > 0 ? 'delegated' : 'answered';
  }
}
