/**
 * Who the program is. The helper is the same user, and as long as ids cannot be changed (DESIGN: one respawn per
 * change), what it knows of itself holds for the program. Setting an id to what it is already succeeds.
 */
import { readFileSync } from 'node:fs';
import { capData, capHeader, shortWord, word } from '../abi/structs-process.js';
import type { Struct } from '../abi/ctype.js';
import {
  answered,
  constant,
  delegated,
  denied,
  family,
  id,
  int,
  odd,
  structIn,
  structInOut,
  structOut,
  words,
  type Args,
  type Call,
  type Row,
  type Steps,
} from './dsl.js';
import { isOwn, refuseForeign } from './members.js';
import { fail, give, giveWord, refuseOnce } from './support-process.js';

const NR = { capget: 184 } as const;

interface Ids {
  readonly real: number;
  readonly effective: number;
}
const users = (): Ids => ({ real: process.getuid?.() ?? 0, effective: process.geteuid?.() ?? 0 });
const groups = (): Ids => ({ real: process.getgid?.() ?? 0, effective: process.getegid?.() ?? 0 });
type Kind = () => Ids;

// ---- ids of 16 and of 32 bits ----

const UNCHANGED = 0xffffffff;
const UNCHANGED16 = 0xffff;
const OVERFLOW = 65534;
/** high2lowuid() and low2highuid() of include/linux/highuid.h. */
const narrow = (id: number): number => (id > 0xffff ? OVERFLOW : id);
const widen = (id: number): number => ((id & 0xffff) === UNCHANGED16 ? UNCHANGED : id & 0xffff);

interface Width {
  readonly word: Struct;
  put(id: number): number;
  get(register: number): number;
}
const SHORT: Width = { word: shortWord, put: narrow, get: widen };
const LONG: Width = { word, put: (id) => id, get: (id) => id };

const asked = (nr: number, id: () => number, { put }: Width): Row => constant(nr, () => put(id()));

/** getresuid(2): the saved id is the effective one, as at every start of a program. */
const threeIds = (nr: number, kind: Kind, { word, put }: Width): Row =>
  answered(nr, { real: structOut(word), effective: structOut(word), saved: structOut(word) }, (call) => {
    const { real, effective } = kind();
    const values = [real, effective, effective].map((id) => word.encode({ value: put(id) }));
    return values.reduce((refused, bytes, i) => refused || give(call, call.r[i], bytes), 0);
  });

/** getgroups(2): the kernel writes as many groups as there are, not as the program has room for. */
const NGROUPS_MAX = 65536;

// ---- setting ----

const NOT_YET = 'changing ids is not supported yet';

/** Allowed when every named id is what all of them are. */
function same(call: Call, kind: Kind, count: number, { get }: Width): number {
  const { real, effective } = kind();
  const named = Array.from(call.r.subarray(0, count), get).filter((id) => id !== UNCHANGED);
  return named.every((id) => id === real && id === effective) ? 0 : refuseOnce(call, 'EPERM', NOT_YET);
}
const NAMES = ['real', 'effective', 'saved'];
const idArguments = (count: number): Args => Object.fromEntries(NAMES.slice(0, count).map((name) => [name, id()]));
const setting = (nr: number, kind: Kind, count: number, width: Width): Row =>
  answered(nr, idArguments(count), (call) => same(call, kind, count, width));

/** setuid(2) has no "unchanged": -1 is no id. */
const settingOne = (nr: number, kind: Kind, width: Width): Row =>
  answered(nr, { id: id() }, (call) =>
    width.get(call.r[0]) === UNCHANGED ? fail('EINVAL') : same(call, kind, 1, width),
  );

/** setfsuid(2) never fails: it answers the id as it was, and stays. */
const settingForFiles = (nr: number, kind: Kind, width: Width): Row =>
  answered(nr, { id: id() }, (call) => {
    const { effective } = kind();
    const id = width.get(call.r[0]);
    if (id !== UNCHANGED && id !== effective) refuseOnce(call, 'EPERM', NOT_YET);
    return width.put(effective);
  });

// ---- capabilities ----

/** Sets of 32 capabilities by version (include/uapi/linux/capability.h); the last is what the kernel prefers. */
const CAP_SETS = new Map([
  [0x19980330, 1],
  [0x20071026, 2],
  [0x20080522, 2],
]);
const CAP_PREFERRED = 0x20080522;

function* capget(call: Call): Steps {
  const [header, data] = call.r;
  const bytes = call.get(header, capHeader.size);
  if (typeof bytes === 'number') return bytes;
  const asked = capHeader.decode(bytes) as Record<string, number>;
  const sets = CAP_SETS.get(asked.version);
  if (sets === undefined) return giveWord(call, header, CAP_PREFERRED) || (data === 0 ? 0 : fail('EINVAL'));
  if (asked.pid < 0) return fail('EINVAL');
  if (!isOwn(call, asked.pid)) return refuseForeign(call, asked.pid);
  const refused = data === 0 ? 0 : call.checkRange(data, sets * capData.size);
  return refused !== 0 ? refused : yield [NR.capget, call.arena(capHeader.encode({ version: asked.version })), data];
}

/** The helper's own, which are the program's: proc(5) tells each as one number of 64 bits. */
function ownCapabilities(): Record<string, bigint> {
  const status = readFileSync('/proc/self/status', 'latin1');
  const [inheritable, permitted, effective] = ['Inh', 'Prm', 'Eff'].map((name) =>
    BigInt(`0x${new RegExp(`^Cap${name}:\\s*(\\w+)$`, 'm').exec(status)?.[1] ?? '0'}`),
  );
  return { effective, permitted, inheritable };
}

/** capset(2): programs that are to hold nothing make sure of it, and take a refusal for a failure. */
function capset(call: Call): number {
  const [header, data] = call.r;
  const bytes = call.get(header, capHeader.size);
  if (typeof bytes === 'number') return bytes;
  const { version, pid } = capHeader.decode(bytes) as Record<string, number>;
  const sets = CAP_SETS.get(version);
  if (sets === undefined) return giveWord(call, header, CAP_PREFERRED) || fail('EINVAL');
  if (!isOwn(call, pid)) return fail('EPERM');
  const wanted = call.get(data, sets * capData.size);
  if (typeof wanted === 'number') return wanted;
  const same = Object.entries(ownCapabilities()).every(([name, own]) => {
    const half = (i: number): bigint =>
      i < sets ? BigInt(Number(capData.decode(wanted.subarray(i * capData.size))[name])) : 0n;
    return (half(0) | (half(1) << 32n)) === own;
  });
  return same ? 0 : refuseOnce(call, 'EPERM', 'capabilities cannot be changed yet');
}

export const identity = family({
  getuid: asked(24, () => users().real, SHORT),
  geteuid: asked(49, () => users().effective, SHORT),
  getgid: asked(47, () => groups().real, SHORT),
  getegid: asked(50, () => groups().effective, SHORT),
  getuid32: asked(199, () => users().real, LONG),
  geteuid32: asked(201, () => users().effective, LONG),
  getgid32: asked(200, () => groups().real, LONG),
  getegid32: asked(202, () => groups().effective, LONG),
  getresuid: threeIds(165, users, SHORT),
  getresgid: threeIds(171, groups, SHORT),
  getresuid32: threeIds(209, users, LONG),
  getresgid32: threeIds(211, groups, LONG),
  getgroups: delegated(80, { count: int(), list: words('out', 'ushort', 'count', NGROUPS_MAX) }),
  getgroups32: delegated(205, { count: int(), list: words('out', 'uint', 'count', NGROUPS_MAX) }),

  setuid: settingOne(23, users, SHORT),
  setgid: settingOne(46, groups, SHORT),
  setreuid: setting(70, users, 2, SHORT),
  setregid: setting(71, groups, 2, SHORT),
  setresuid: setting(164, users, 3, SHORT),
  setresgid: setting(170, groups, 3, SHORT),
  setfsuid: settingForFiles(138, users, SHORT),
  setfsgid: settingForFiles(139, groups, SHORT),
  setuid32: settingOne(213, users, LONG),
  setgid32: settingOne(214, groups, LONG),
  setreuid32: setting(203, users, 2, LONG),
  setregid32: setting(204, groups, 2, LONG),
  setresuid32: setting(208, users, 3, LONG),
  setresgid32: setting(210, groups, 3, LONG),
  setfsuid32: settingForFiles(215, users, LONG),
  setfsgid32: settingForFiles(216, groups, LONG),
  setgroups: denied(81, 'EPERM', NOT_YET),
  setgroups32: denied(206, 'EPERM', NOT_YET),

  capget: odd(184, { header: structInOut(capHeader), data: structOut(capData, true) }, capget),
  capset: odd(185, { header: structInOut(capHeader), data: structIn(capData, true) }, capset),
});
