/** Every call that has a row, by number and by name. A number in two families, or a name twice, is a defect: it throws. */
import { NUMBERS, syscallName, type SyscallName } from '../abi/numbers.js';
import { births } from './births.js';
import { deniedCalls } from './denied.js';
import { descriptors } from './descriptors.js';
import type { Family, Row } from './dsl.js';
import { files } from './files.js';
import { identity } from './identity.js';
import { ipc } from './ipc.js';
import { memory } from './memory.js';
import { mqueue } from './mqueue.js';
import { CARRIERS, SOCKETCALL } from './multiplexed.js';
import { net } from './net.js';
import { own } from './own.js';
import { processes } from './process.js';
import { signals } from './signals.js';
import { time } from './time.js';
import { timers } from './timers.js';
import { xattrs } from './xattrs.js';

export const families: Readonly<Record<string, Family>> = {
  files,
  xattrs,
  descriptors,
  net,
  memory,
  births,
  processes,
  signals,
  time,
  timers,
  identity,
  ipc,
  mqueue,
  own,
  denied: deniedCalls,
};

export function join(all: Readonly<Record<string, Family>>): (Row | undefined)[] {
  const table: (Row | undefined)[] = [];
  const home = new Map<number, string>();
  for (const [name, rows] of Object.entries(all))
    for (const row of Object.values(rows)) {
      const other = home.get(row.nr);
      if (other !== undefined) throw new Error(`${syscallName(row.nr)} is in ${other} and in ${name}`);
      home.set(row.nr, name);
      table[row.nr] = row;
    }
  return table;
}

/** Rows by system call number. */
export const rows: readonly (Row | undefined)[] = join(families);

/** The row of a number or a name; undefined for what is not in the kernel's i386 table. */
export const rowOf = (call: number | string): Row | undefined =>
  rows[typeof call === 'number' ? call : (NUMBERS[call as SyscallName] ?? -1)];

/** The row that a sub-call of socketcall(2) runs. */
export function socketcallRow(sub: number): Row | undefined {
  const call = SOCKETCALL.get(sub);
  return call === undefined ? undefined : rowOf(call.row);
}

/** Names that the kernel's table has and no family. */
export const missing = (): SyscallName[] =>
  (Object.keys(NUMBERS) as SyscallName[]).filter((name) => rowOf(name) === undefined && !CARRIERS.includes(name));
