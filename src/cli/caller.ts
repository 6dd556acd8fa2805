/**
 * What ./sandbox noted before it became the helper: Node resets the dispositions it was started with and marks every
 * descriptor close-on-exec. `SIGIGN[,fd…]`: the mask of ignored signals in hexadecimal and the open descriptors.
 */
import { readFileSync } from 'node:fs';
import type { ByteString } from '../abi/bytes.js';

const VARIABLE = 'SECCOMP_NURSE_CALLER';

const [mask = '', ...open] = (process.env[VARIABLE] ?? '').split(',');

/** SigIgn of the caller as two words. */
export function ignoredSignals(): [low: number, high: number] {
  const bits = /^[0-9a-f]{1,16}$/.test(mask) ? BigInt(`0x${mask}`) : 0n;
  return [Number(bits & 0xffffffffn), Number(bits >> 32n)];
}

/** Was the descriptor open in the caller? */
export const handedOver = (fd: number): boolean => fd < 3 || open.includes(String(fd));

const own = (file: string): ByteString[] => readFileSync(`/proc/self/${file}`, 'latin1').split('\0').slice(0, -1);

/** The program's environment byte for byte, in its order: all but our own variable. */
export const environment = (): ByteString[] => own('environ').filter((entry) => !entry.startsWith(`${VARIABLE}=`));

/** The last `count` arguments byte for byte; Node's own copy has lost what is not UTF-8. */
export const lastArguments = (count: number): ByteString[] => own('cmdline').slice(-count);
