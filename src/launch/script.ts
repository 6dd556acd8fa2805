/** The first line of a script (load_script() of fs/binfmt_script.c). */
import { fromBytes, type ByteString } from '../abi/bytes.js';

/** Bytes of a file that are looked at: BINPRM_BUF_SIZE. */
const LOOKED_AT = 256;

export interface Shebang {
  readonly interpreter: ByteString;
  /** All that follows, as one argument. */
  readonly argument: ByteString | undefined;
}

/** undefined: the file is no script. null: its line names no interpreter, or was cut within the name (ENOEXEC). */
export function shebangOf(head: Uint8Array): Shebang | null | undefined {
  if (head[0] !== 0x23 || head[1] !== 0x21) return undefined;
  const start = head.subarray(2, LOOKED_AT);
  const end = start.indexOf(0x0a);
  const line = fromBytes(end < 0 ? start : start.subarray(0, end)).split('\0', 1)[0];
  const parts = /^[ \t]*([^ \t]+)(?:[ \t]+(.*?))?[ \t]*$/.exec(line);
  if (parts === null) return null;
  const [, interpreter, argument] = parts;
  const cut = end < 0 && head.length >= LOOKED_AT && argument === undefined && !/[ \t]$/.test(line);
  return cut ? null : { interpreter, argument: argument === '' ? undefined : argument };
}
