/** Who a thread is, and who it becomes: ids, groups, capabilities. The kernel decides; see support-identity.ts. */
import { capData, capHeader, shortWord, word } from '../abi/structs-process.js';
import type { Struct } from '../abi/ctype.js';
import type { Credentials } from '../native/credentials.js';
import {
  answered,
  constant,
  delegated,
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
import { change, settle, unfollowed } from './support-identity.js';
import { fail, give, giveWord } from './support-process.js';

const NR = { capget: 184, capset: 185 } as const;

type Kind = 'uid' | 'gid';

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

const asked = (nr: number, id: (credentials: Credentials) => number, { put }: Width): Row =>
  constant(nr, (_process, { credentials }) => put(id(credentials)));

const threeIds = (nr: number, kind: Kind, { word, put }: Width): Row =>
  answered(nr, { real: structOut(word), effective: structOut(word), saved: structOut(word) }, (call) => {
    const { real, effective, saved } = call.thread.credentials[kind];
    const values = [real, effective, saved].map((id) => word.encode({ value: put(id) }));
    return values.reduce((refused, bytes, i) => refused || give(call, call.r[i], bytes), 0);
  });

/** getgroups(2): the kernel writes as many groups as there are, not as the program has room for. */
const NGROUPS_MAX = 65536;

// ---- setting: the trustee makes the program's own call, of the same width ----

const NAMES = ['real', 'effective', 'saved'];
const idArguments = (count: number): Args => Object.fromEntries(NAMES.slice(0, count).map((name) => [name, id()]));

/** A change of ids: the thread starts anew with them. */
const changing = (nr: number, args: Args, steps: (call: Call) => Steps): Row =>
  odd(nr, args, steps, { keepsFpu: true });

const setting = (nr: number, kind: Kind, args: Args, { get }: Width): Row =>
  changing(nr, args, function* (call) {
    const given = call.r.slice(0, Object.keys(args).length);
    const named = Array.from(given, get).filter((id) => id !== UNCHANGED);
    return unfollowed(call, kind, named) || (yield* change(call, [nr, ...given]));
  });
const settingAll = (nr: number, kind: Kind, count: number, width: Width): Row =>
  setting(nr, kind, idArguments(count), width);
const settingOne = (nr: number, kind: Kind, width: Width): Row => setting(nr, kind, { id: id() }, width);

/** setfsuid(2) never fails: it answers the id as it was, and what came of it has to be looked at. */
const settingForFiles = (nr: number, kind: Kind, width: Width): Row =>
  changing(nr, { id: id() }, function* (call) {
    const wanted = width.get(call.r[0]);
    const refused = wanted === UNCHANGED ? 0 : unfollowed(call, kind, [wanted]);
    if (refused !== 0) return width.put(call.thread.credentials[kind].files);
    return yield* settle(call, yield [nr, call.r[0]]);
  });

/** setgroups(2): nobody judges the list, which the kernel alone reads. */
const settingGroups = (nr: number, of: 'ushort' | 'uint'): Row =>
  changing(nr, { count: int(), list: words('in', of, 'count', NGROUPS_MAX) }, function* (call) {
    const [count, list] = call.r;
    const size = Math.min(count, NGROUPS_MAX) * (of === 'uint' ? 4 : 2);
    const refused = size === 0 ? 0 : call.checkRange(list, size);
    return refused || (yield* change(call, [nr, count, list]));
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
  if (refused !== 0) return refused;
  const pid = asked.pid === call.thread.tid ? 0 : asked.pid;
  return yield [NR.capget, call.arena(capHeader.encode({ version: asked.version, pid })), data];
}

/** capset(2) is for the thread itself. */
function* capset(call: Call): Steps {
  const [header, data] = call.r;
  const bytes = call.get(header, capHeader.size);
  if (typeof bytes === 'number') return bytes;
  const { version, pid } = capHeader.decode(bytes) as Record<string, number>;
  const sets = CAP_SETS.get(version);
  if (sets === undefined) return giveWord(call, header, CAP_PREFERRED) || fail('EINVAL');
  if (pid !== 0 && pid !== call.thread.tid) return fail('EPERM');
  const wanted = call.get(data, sets * capData.size);
  if (typeof wanted === 'number') return wanted;
  return yield* change(call, [NR.capset, call.arena(capHeader.encode({ version })), call.arena(wanted)]);
}

export const identity = family({
  getuid: asked(24, (c) => c.uid.real, SHORT),
  geteuid: asked(49, (c) => c.uid.effective, SHORT),
  getgid: asked(47, (c) => c.gid.real, SHORT),
  getegid: asked(50, (c) => c.gid.effective, SHORT),
  getuid32: asked(199, (c) => c.uid.real, LONG),
  geteuid32: asked(201, (c) => c.uid.effective, LONG),
  getgid32: asked(200, (c) => c.gid.real, LONG),
  getegid32: asked(202, (c) => c.gid.effective, LONG),
  getresuid: threeIds(165, 'uid', SHORT),
  getresgid: threeIds(171, 'gid', SHORT),
  getresuid32: threeIds(209, 'uid', LONG),
  getresgid32: threeIds(211, 'gid', LONG),
  getgroups: delegated(80, { count: int(), list: words('out', 'ushort', 'count', NGROUPS_MAX) }),
  getgroups32: delegated(205, { count: int(), list: words('out', 'uint', 'count', NGROUPS_MAX) }),

  setuid: settingOne(23, 'uid', SHORT),
  setgid: settingOne(46, 'gid', SHORT),
  setreuid: settingAll(70, 'uid', 2, SHORT),
  setregid: settingAll(71, 'gid', 2, SHORT),
  setresuid: settingAll(164, 'uid', 3, SHORT),
  setresgid: settingAll(170, 'gid', 3, SHORT),
  setfsuid: settingForFiles(138, 'uid', SHORT),
  setfsgid: settingForFiles(139, 'gid', SHORT),
  setuid32: settingOne(213, 'uid', LONG),
  setgid32: settingOne(214, 'gid', LONG),
  setreuid32: settingAll(203, 'uid', 2, LONG),
  setregid32: settingAll(204, 'gid', 2, LONG),
  setresuid32: settingAll(208, 'uid', 3, LONG),
  setresgid32: settingAll(210, 'gid', 3, LONG),
  setfsuid32: settingForFiles(215, 'uid', LONG),
  setfsgid32: settingForFiles(216, 'gid', LONG),
  setgroups: settingGroups(81, 'ushort'),
  setgroups32: settingGroups(206, 'uint'),

  capget: odd(184, { header: structInOut(capHeader), data: structOut(capData, true) }, capget),
  capset: changing(185, { header: structInOut(capHeader), data: structIn(capData, true) }, capset),
});
