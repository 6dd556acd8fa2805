/**
 * The program's address space. What would change a protected range is refused before the kernel sees it; the kernel's
 * own rounding is followed (mm/mmap.c, mm/mremap.c), so that no request means more than what was checked.
 */
import { MADV, MAP, MCL, MEMBARRIER, MREMAP, MS, PROT } from '../abi/flags-process.js';
import { mmapArgs } from '../abi/structs-process.js';
import { native } from '../native/index.js';
import {
  address,
  delegated,
  denied,
  family,
  flags,
  hex,
  int,
  odd,
  page,
  size,
  structIn,
  type Call,
  type Doing,
  type ProcessView,
  type Steps,
} from './dsl.js';
import { fail, guarded, PAGE, refuse, refuseOnce, roundUp, SPACE, type Guard } from './support-process.js';
import { atTarget, failed, ownLink } from './support.js';

const NR = { brk: 45, munmap: 91, mprotect: 125, mmap2: 192 } as const;
const { PROT_EXEC } = PROT.values;
const { MAP_PRIVATE, MAP_FIXED, MAP_ANONYMOUS, MAP_GROWSDOWN, MAP_HUGETLB, MAP_FIXED_NOREPLACE } = MAP.values;
const { MREMAP_FIXED, MREMAP_DONTUNMAP } = MREMAP.values;
const { MADV_HWPOISON, MADV_SOFT_OFFLINE } = MADV.values;
const HUGETLBFS_MAGIC = 0x958458f6n;

/** EPERM when the range meets protected memory (the referee logs what it touches), otherwise 0. */
const keepOut = (call: Call, start: number, length: number): number =>
  call.checkRange(start, length) === 0 ? 0 : fail('EPERM');

const aligned = (at: number): boolean => at % PAGE === 0;

// ---- mmap ----

interface Mapping {
  readonly address: number;
  readonly length: number;
  readonly prot: number;
  readonly flags: number;
  readonly fd: number;
  /** Offset in the file, in pages. */
  readonly page: number;
}

const statfsWords = new BigUint64Array(11);

/** What may be mapped, pinned. Huge pages are refused: with them the kernel rounds a range far beyond what was checked. */
function mappable(call: Call, fd: number): number {
  const refused = call.checkFd(fd);
  if (refused !== 0) return refused;
  const pin = call.pin(fd);
  if (pin < 0) return pin;
  const result = native.statfs(ownLink(pin), statfsWords);
  if (result < 0) return result;
  return statfsWords[0] === HUGETLBFS_MAGIC ? refuse(call, 'EINVAL', 'huge pages are not offered') : pin;
}

/** The smallest huge page; only at multiples of it can they be mapped. */
const HUGE = 1 << 21;

function* map(call: Call, m: Mapping): Steps {
  const file = (m.flags & MAP_ANONYMOUS) === 0;
  const fixed = (m.flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) !== 0;
  if (m.flags & MAP_HUGETLB) return refuseOnce(call, 'EINVAL', 'huge pages are not offered');
  const pin = file ? mappable(call, m.fd | 0) : 0;
  const refused = pin < 0 ? pin : fixed ? keepOut(call, m.address, m.length) : 0;
  if (refused !== 0) return refused;
  // A mapping that grows by itself could grow towards protected memory.
  const flags = m.flags & ~MAP_GROWSDOWN;
  const from = function* (fd: number): Doing {
    return yield [NR.mmap2, m.address, m.length, m.prot, flags, fd, m.page];
  };
  // Another thread may put a file of huge pages under the number.
  const delicate = file && fixed && m.address % HUGE === 0;
  const result = yield* delicate ? atTarget(call, pin, { descriptor: m.fd | 0 }, from) : from(m.fd);
  const priv = (m.flags & MAP.field) === MAP_PRIVATE;
  if (file && priv && m.prot & PROT_EXEC && !failed(result))
    call.patch(result >>> 0, m.length, m.fd | 0, m.page * PAGE);
  return result;
}

/** mmap(90) takes a pointer to its six arguments, with the offset in bytes. */
function* oldMmap(call: Call): Steps {
  const bytes = call.get(call.r[0], mmapArgs.size);
  if (typeof bytes === 'number') return bytes;
  const a = mmapArgs.decode(bytes) as Record<string, number>;
  if (!aligned(a.offset)) return fail('EINVAL');
  return yield* map(call, {
    address: a.address,
    length: a.length,
    prot: a.prot,
    flags: a.flags,
    fd: a.fd,
    page: a.offset / PAGE,
  });
}

// ---- ranges ----

/** munmap(2): nothing is done in part, bad ranges are EINVAL. */
const unmap: Guard = (call, [start, length]) =>
  !aligned(start) || length === 0 || start + length > SPACE ? fail('EINVAL') : keepOut(call, start, length);

/**
 * The stack that the thread stands on is unmapped when it is gone: its hook needs one until then. musl's detached threads
 * give it back with their last call but one.
 */
function* unmapped(call: Call): Steps {
  const [start, length] = call.r;
  const refused = unmap(call, [start, length]);
  if (refused !== 0) return refused;
  const { thread } = call;
  if (thread.stack < start || thread.stack >= start + roundUp(length)) return yield [NR.munmap, start, length];
  thread.leaves = [start, length];
  return 0;
}

function* protect(call: Call, start: number, length: number, prot: number): Steps {
  if (!aligned(start)) return fail('EINVAL');
  if (length === 0) return 0;
  if (start + roundUp(length) >= SPACE) return fail('ENOMEM');
  const refused = keepOut(call, start, length);
  if (refused !== 0) return refused;
  const result = yield [NR.mprotect, start, length, prot];
  if (result === 0 && prot & PROT_EXEC) call.patch(start, length, -1, 0);
  return result;
}

/** pkey_mprotect(2) without a key is mprotect; there are no keys to be had. */
function* protectWithKey(call: Call): Steps {
  const [start, length, prot, key] = call.r;
  return (key | 0) === -1 ? yield* protect(call, start, length, prot) : fail('EINVAL');
}

const advise: Guard = (call, [start, length, advice]) => {
  if (advice === MADV_HWPOISON || advice === MADV_SOFT_OFFLINE)
    return refuse(call, 'EPERM', 'memory failures are not simulated');
  if (!aligned(start) || start + length > SPACE) return fail('EINVAL');
  return length === 0 ? 0 : keepOut(call, start, length);
};

const seal: Guard = (call, [start, length]) =>
  !aligned(start) || start + length > SPACE ? fail('EINVAL') : keepOut(call, start, length);

/** mremap(2): old_len 0 maps the page at its address once more, so it counts; a target may replace what is there. */
const remap: Guard = (call, [from, oldLength, newLength, how, to]) => {
  if (!aligned(from) || newLength === 0 || from + oldLength > SPACE) return fail('EINVAL');
  const target = (how & (MREMAP_FIXED | MREMAP_DONTUNMAP)) !== 0;
  if (how & MREMAP_FIXED && (!aligned(to) || to + newLength > SPACE)) return fail('EINVAL');
  return keepOut(call, from, Math.max(oldLength, 1)) || (target ? keepOut(call, to, newLength) : 0);
};

/**
 * brk(2) answers the break as it is when it refuses. Growing never replaces a mapping, but shrinking unmaps what
 * stands between the new break and the old one, whatever it is. Where it stands is known from the last move: they are
 * made one at a time.
 */
function moveBreak(call: Call): Steps | number {
  const now = call.process.break;
  const wanted = call.r[0];
  return now !== undefined && (wanted === 0 || wanted === now) ? now : moveBreakAlone(call, wanted);
}
const moving = new WeakSet<ProcessView>();
function* moveBreakAlone(call: Call, wanted: number): Steps {
  while (moving.has(call.process)) yield { again: 1, deaf: true };
  moving.add(call.process);
  try {
    return yield* moveBreakFrom(call, call.process.break, wanted);
  } finally {
    moving.delete(call.process);
  }
}
function* moveBreakFrom(call: Call, known: number | undefined, wanted: number): Steps {
  const now = known ?? (yield [NR.brk, 0]) >>> 0;
  call.process.break = now;
  if (wanted === 0 || wanted === now) return now;
  const from = Math.min(now, wanted);
  if (call.checkRange(from, Math.max(now, wanted) - from) !== 0) return now;
  call.process.break = (yield [NR.brk, wanted]) >>> 0;
  return call.process.break;
}

/** One byte for each page of the range. */
const residency: Guard = (call, [start, length, vector]) =>
  aligned(start) ? call.checkRange(vector, roundUp(length) / PAGE) : fail('EINVAL');

// ---- membarrier ----

/** Every command up to REGISTER_PRIVATE_EXPEDITED_SYNC_CORE is harmless; the rseq ones need what is not offered. */
const BARRIERS = 0x7f;
function* barrier(call: Call): Steps {
  const [command, ...rest] = call.r;
  if (command === MEMBARRIER.values.MEMBARRIER_CMD_QUERY) {
    const commands = yield [call.nr, command, ...rest];
    return failed(commands) ? commands : commands & BARRIERS;
  }
  return command <= MEMBARRIER.values.MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE
    ? yield [call.nr, command, ...rest]
    : fail('EINVAL');
}

const NUMA = 'NUMA placement is not offered';

export const memory = family({
  mmap: odd(90, { arguments: structIn(mmapArgs) }, oldMmap, { returns: 'address' }),
  mmap2: odd(
    192,
    { address: address(), length: size(), prot: flags(PROT), flags: flags(MAP), fd: int(), page: page() },
    (call) => {
      const [address, length, prot, flags, fd, page] = call.r;
      return map(call, { address, length, prot, flags, fd, page });
    },
    { returns: 'address' },
  ),
  munmap: odd(91, { start: address(), length: size() }, unmapped),
  mprotect: odd(125, { start: address(), length: size(), prot: flags(PROT) }, (call) =>
    protect(call, call.r[0], call.r[1], call.r[2]),
  ),
  pkey_mprotect: odd(380, { start: address(), length: size(), prot: flags(PROT), key: int() }, protectWithKey),
  madvise: guarded(219, { start: address(), length: size(), advice: flags(MADV) }, advise),
  mremap: guarded(
    163,
    { from: address(), oldLength: size(), newLength: size(), flags: flags(MREMAP), to: address() },
    remap,
    { returns: 'address' },
  ),
  mseal: guarded(462, { start: address(), length: size(), flags: hex() }, seal),
  brk: odd(45, { end: address() }, moveBreak, { returns: 'address' }),
  mincore: guarded(218, { start: address(), length: size(), vector: address() }, residency),
  msync: delegated(144, { start: address(), length: size(), flags: flags(MS) }),
  mlock: delegated(150, { start: address(), length: size() }),
  mlock2: delegated(376, { start: address(), length: size(), flags: hex() }),
  munlock: delegated(151, { start: address(), length: size() }),
  mlockall: delegated(152, { flags: flags(MCL) }),
  munlockall: delegated(153, {}),
  membarrier: odd(375, { command: flags(MEMBARRIER), flags: hex(), cpu: int() }, barrier),

  remap_file_pages: denied(257, 'ENOSYS', 'obsolete; it could replace protected pages'),
  pkey_alloc: denied(381, 'ENOSPC', 'a key could take protected memory away from the trustee'),
  pkey_free: denied(382, 'EINVAL', 'no key was ever allocated'),
  map_shadow_stack: denied(453, 'ENOSYS', 'shadow stacks are not offered'),
  memfd_secret: denied(447, 'ENOSYS', 'the helper could not read such memory'),
  process_madvise: denied(440, 'EPERM', 'it reaches the memory of other processes'),
  process_mrelease: denied(448, 'EPERM', 'it reaches the memory of other processes'),
  mbind: denied(274, 'ENOSYS', NUMA),
  get_mempolicy: denied(275, 'ENOSYS', NUMA),
  set_mempolicy: denied(276, 'ENOSYS', NUMA),
  migrate_pages: denied(294, 'ENOSYS', NUMA),
  move_pages: denied(317, 'ENOSYS', NUMA),
  set_mempolicy_home_node: denied(450, 'ENOSYS', NUMA),
});
