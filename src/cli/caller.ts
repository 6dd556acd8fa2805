/**
 * What ./sandbox noted before it became the helper: Node resets the dispositions it was started with and marks every
 * descriptor close-on-exec, and the shell has changed the environment. `SIGIGN[,fd…];FILES;ENVIRON`: the mask of ignored
 * signals in hexadecimal, the open descriptors, the soft limit of open files, and the environment in base64 (empty when it is too large for that).
 */
import { readFileSync } from 'node:fs';
import type { ByteString } from '../abi/bytes.js';

const VARIABLE = 'SECCOMP_NURSE_CALLER';

const [noted, files = '', environ = ''] = (process.env[VARIABLE] ?? '').split(';');
const [mask = '', ...open] = noted.split(',');

/** SigIgn of the caller as two words. */
export function ignoredSignals(): [low: number, high: number] {
  const bits = /^[0-9a-f]{1,16}$/.test(mask) ? BigInt(`0x${mask}`) : 0n;
  return [Number(bits & 0xffffffffn), Number(bits >> 32n)];
}

/** The soft limit of open files; -1 for the helper's own. */
export const openFiles = (): number => (/^\d{1,9}$/.test(files) ? Number(files) : -1);

/** Was the descriptor open in the caller? */
export const handedOver = (fd: number): boolean => fd < 3 || open.includes(String(fd));

const strings = (block: string): ByteString[] => block.split('\0').slice(0, -1);
const own = (file: string): ByteString[] => strings(readFileSync(`/proc/self/${file}`, 'latin1'));

/** The program's environment byte for byte, in its order; without ./sandbox's note the helper's own. */
export const environment = (): ByteString[] =>
  environ === ''
    ? own('environ').filter((entry) => !entry.startsWith(`${VARIABLE}=`))
    : strings(Buffer.from(environ, 'base64').toString('latin1'));

/** The last `count` arguments byte for byte; Node's own copy has lost what is not UTF-8. */
export const lastArguments = (count: number): ByteString[] => own('cmdline').slice(-count);
