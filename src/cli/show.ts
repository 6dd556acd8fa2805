/** `./sandbox show FILE`: a record as a trace, as statistics, or as JSON lines. */
import { printable } from '../abi/bytes.js';
import { readRecord, type Recorded } from '../observe/record.js';
import { Stats } from '../observe/stats.js';
import { traceLine } from '../referee/trace.js';

export interface ShowOptions {
  readonly stats?: true;
  readonly json?: true;
}

const ending = ({ status, calls }: Recorded): string =>
  status === null
    ? `# cut off after ${calls.length} calls: the helper was killed, or is still at it`
    : `# ended with status ${status} after ${calls.length} calls`;

function heading({ header }: Recorded): string[] {
  const acl = header.acl === null ? 'none: everything was allowed' : header.acl.join(', ') || 'default.yaml';
  return [
    `# ${header.command.map(printable).join(' ')}`,
    `# in ${printable(header.cwd)}, ${new Date(header.started).toISOString()}, policy ${acl}`,
  ];
}

function jsonLines({ header, calls, status }: Recorded): string[] {
  return [{ is: 'header', ...header }, ...calls.map((call) => ({ is: 'call', ...call })), { is: 'ending', status }].map(
    (value) => JSON.stringify(value).replace(/[^ -~]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`),
  );
}

/** A file that somebody else wrote must not speak to the terminal: no controls, nor what turns or hides text (Cf, Zl, Zp). */
const harmless = (line: string): string =>
  line.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (c) => `\\x${(c.codePointAt(0) ?? 0).toString(16).padStart(2, '0')}`);

/** The text of a record. @throws RecordError */
export function recordText(file: string, options: ShowOptions): string {
  const record = readRecord(file);
  if (options.json) return `${jsonLines(record).join('\n')}\n`;
  const stats = new Stats();
  if (options.stats) for (const call of record.calls) stats.call({ ...call, name: harmless(call.name) });
  const body = options.stats ? stats.table().trimEnd().split('\n') : record.calls.map((call) => traceLine(call, true));
  return `${[...heading(record), ...body, ending(record)].map(harmless).join('\n')}\n`;
}
