/** A name as the kernel has it: bytes, held as a string with one character (0–255, "latin1") per byte. */
export type ByteString = string;

export const toBytes = (s: ByteString): Buffer => Buffer.from(s, 'latin1');
export const fromBytes = (b: Uint8Array): ByteString =>
  Buffer.from(b.buffer, b.byteOffset, b.byteLength).toString('latin1');

/** A name for people: printable as it is, all else escaped, so that a log line or a terminal cannot be forged. */
export function printable(s: ByteString): string {
  const text = toBytes(s).toString('utf8');
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufffd\\]/g, (c) =>
    c === '\\'
      ? '\\\\'
      : c === '\n'
        ? '\\n'
        : c === '\t'
          ? '\\t'
          : c.charCodeAt(0) < 256
            ? `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`
            : `\\u${c.charCodeAt(0).toString(16)}`,
  );
}
