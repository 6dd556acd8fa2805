/**
 * Whom the kernel sends signals of a file to: F_SETOWN, F_SETOWN_EX, FIOSETOWN, SIOCSPGRP. The helper sets it on what
 * the descriptor is now, and looks again whether the number still meant the member: nobody stops the helper in between.
 * And whether it sends any: O_ASYNC, FIOASYNC.
 */
import { ERRNO } from '../abi/errno.js';
import { FCNTL, MODE, OPEN } from '../abi/flags.js';
import { fOwnerEx } from '../abi/structs.js';
import { native } from '../native/index.js';
import type { Call, ProcessView } from './dsl.js';
import { isOwn, membersOf, refuseForeign } from './members.js';
import { statxOfFd } from './support.js';
import { refuse } from './support-process.js';

const { F_GETFL, F_SETFL, F_GETOWN, F_SETOWN } = FCNTL.values;
const { FASYNC } = OPEN.values;
const { S_IFSOCK, S_IFIFO } = MODE.values;
const OWNER = { thread: 0, process: 1, group: 2 } as const;
const LOWEST = -0x80000000;
const POLLIN = 1;

const lives = ({ pidfd }: ProcessView): boolean => native.poll(pidfd, POLLIN, 0) === 0;

/** 0, a process, or with a negative number a group: on the helper's duplicate of a descriptor. */
function setOwner(call: Call, pin: number, who: number): number {
  if (who === 0) return native.fcntl(pin, F_SETOWN, 0);
  if (who === LOWEST) return -ERRNO.EINVAL;
  const members = membersOf(call);
  const process = who < 0 ? undefined : isOwn(call, who) ? call.process : members.process(who);
  if (who > 0 && process === undefined) return refuseForeign(call, who);
  if (who < 0 && members.group(-who).length === 0) return refuseForeign(call, who);
  if (who < 0 && !members.ownsGroup(-who)) return refuse(call, 'EPERM', `the helper is in process group ${-who}`);
  const set = native.fcntl(pin, F_SETOWN, process?.pid ?? who);
  const meant = process === undefined ? members.group(-who).some(lives) : lives(process);
  if (set < 0 || meant) return set;
  native.fcntl(pin, F_SETOWN, 0);
  return -ERRNO.ESRCH;
}

const pinned = (call: Call, act: (pin: number) => number): number => {
  const pin = call.pin(call.r[0] | 0);
  return pin < 0 ? pin : act(pin);
};

export const fcntlOwner = (call: Call): number => pinned(call, (pin) => setOwner(call, pin, call.r[2] | 0));

/** struct f_owner_ex. One thread alone can be no owner: its untrustee may be another one when the signal comes. */
export function fcntlOwnerEx(call: Call): number {
  const bytes = call.get(call.r[2], fOwnerEx.size);
  if (typeof bytes === 'number') return bytes;
  const { type, pid } = fOwnerEx.decode(bytes) as Record<string, number>;
  if (type < OWNER.thread || type > OWNER.group) return -ERRNO.EINVAL;
  if (pid < 0) return -ERRNO.ESRCH;
  const thread = type === OWNER.thread ? membersOf(call).thread(pid) : undefined;
  if (thread !== undefined && thread.tid !== thread.process.pid)
    return refuse(call, 'EINVAL', 'one thread alone cannot own a file');
  return pinned(call, (owned) => setOwner(call, owned, type === OWNER.group ? -pid : pid));
}

/** FIOSETOWN and SIOCSPGRP are for sockets. */
export function ioctlOwner(call: Call): number {
  const bytes = call.get(call.r[2], 4);
  if (typeof bytes === 'number') return bytes;
  const who = new DataView(bytes.buffer, bytes.byteOffset).getInt32(0, true);
  return pinned(call, (pin) => {
    const s = statxOfFd(pin);
    if (typeof s === 'number') return s;
    return s.type === S_IFSOCK ? setOwner(call, pin, who) : -ERRNO.ENOTTY;
  });
}

/**
 * May the kernel send signals for this file? Its owner must be a process of the sandbox, or nobody yet; a group might
 * get members outside. For sockets, pipes and FIFOs alone: a terminal makes its foreground group the owner by itself.
 */
function mayTell(call: Call, pin: number): number {
  const s = statxOfFd(pin);
  if (typeof s === 'number') return s;
  const owner = native.fcntl(pin, F_GETOWN, 0); // that of a group is negative, as errors are
  const ours = owner === 0 || (owner > 0 && call.process.sandbox.process(owner) !== undefined);
  if ((s.type === S_IFSOCK || s.type === S_IFIFO) && ours) return 0;
  return refuse(call, 'EPERM', 'the kernel would send signals, perhaps to an owner outside');
}

/** fcntl(F_SETFL) with O_ASYNC. */
export const setFlagsAsync = (call: Call): number =>
  pinned(call, (pin) => mayTell(call, pin) || native.fcntl(pin, F_SETFL, call.r[2]));

/** ioctl(FIOASYNC). */
export function setAsync(call: Call): number {
  const bytes = call.get(call.r[2], 4);
  return pinned(call, (pin) => {
    if (typeof bytes === 'number') return bytes;
    const flags = native.fcntl(pin, F_GETFL, 0);
    if (flags < 0) return flags;
    const on = bytes.some(Boolean);
    if (on === ((flags & FASYNC) !== 0)) return 0;
    return (on ? mayTell(call, pin) : 0) || native.fcntl(pin, F_SETFL, on ? flags | FASYNC : flags & ~FASYNC);
  });
}
