/** Structures in strace(1)'s notation. What a struct has no format for here is shown field by field. */
import type { Struct, Values } from '../abi/ctype.js';
import * as FLAGS from '../abi/flags.js';
import { SA, signalName, SS } from '../abi/flags-process.js';
import { cmsghdr, socketName } from '../abi/structs.js';
import type { Flags } from './dsl.js';
import { flagNames, hex, pointer, quoted, signalSet } from './notation.js';

type How = Flags | ((value: number | bigint | Uint8Array, all: Values) => string);
/** `[name, how]`, or a name shown as a decimal number; `…` stands for fields that are left out, as strace does. */
type Format = readonly (string | readonly [name: string, how: How, as?: string])[];
const MORE = '...';

const octal: How = (v) => (Number(v) === 0 ? '0' : `0${v.toString(8)}`);
const hexadecimal: How = (v) => hex(v as number | bigint);
const address: How = (v) => pointer(Number(v));
const text: How = (v) => {
  const bytes = v as Uint8Array;
  const end = bytes.indexOf(0);
  return quoted(end < 0 ? bytes : bytes.subarray(0, end), 256);
};
const signalsOf: How = (v) => signalSet(BigInt(v as bigint));

/** S_IFREG|0644 */
export function fileMode(mode: number): string {
  const type = Object.entries(FLAGS.MODE.values).find(([, bits]) => bits === (mode & FLAGS.S_IFMT))?.[0];
  const rest = mode & ~FLAGS.S_IFMT;
  const bits = `0${(rest & 0o777).toString(8)}`;
  const special = [rest & 0o4000 && 'S_ISUID', rest & 0o2000 && 'S_ISGID', rest & 0o1000 && 'S_ISVTX'].filter(Boolean);
  return [type ?? (mode & FLAGS.S_IFMT ? hex(mode & FLAGS.S_IFMT) : ''), ...special, bits].filter(Boolean).join('|');
}
const modeOf: How = (v) => fileMode(Number(v));

const stat: Format = [['st_mode', modeOf], 'st_size', MORE];
const pair = (sec: string, part: string, as: string): readonly [string, How, string] => [
  sec,
  (v, all) => `{tv_sec=${String(v)}, tv_${part.endsWith('nsec') ? 'nsec' : 'usec'}=${String(all[part])}}`,
  as,
];
const KILO = 1024n;
const limit: How = (v) => {
  const n = BigInt(v as bigint);
  if (n === 0xffffffffn) return 'RLIM_INFINITY';
  if (n === 0xffffffffffffffffn) return 'RLIM64_INFINITY';
  return n > KILO && n % KILO === 0n ? `${n / KILO}*1024` : String(n);
};
const HANDLERS = ['SIG_DFL', 'SIG_IGN'];
const handler: How = (v) => HANDLERS[Number(v)] ?? hex(v as number);
const restorer = (v: number | bigint | Uint8Array, { flags }: Values): string =>
  Number(flags) & SA.values.SA_RESTORER ? pointer(Number(v)) : '';
const bit = (mask: number): How => {
  const shift = Math.log2(mask & -mask);
  return (v) => String((Number(v) & mask) >> shift);
};
const LOCKS = ['F_RDLCK', 'F_WRLCK', 'F_UNLCK'];
const lock: Format = [['l_type', (v) => LOCKS[Number(v)] ?? String(v)], ['l_whence', FLAGS.SEEK], 'l_start', 'l_len'];
const times = (unit: 'nsec' | 'usec'): Format => [
  pair('it_interval.tv_sec', `it_interval.tv_${unit}`, 'it_interval'),
  pair('it_value.tv_sec', `it_value.tv_${unit}`, 'it_value'),
];
const names = ['sysname', 'nodename', 'release', 'version', 'machine'].map((name): readonly [string, How] => [
  name,
  text,
]);

const FORMATS: Readonly<Record<string, Format>> = {
  stat,
  stat64: stat,
  __old_kernel_stat: stat,
  statx: [
    ['stx_mask', FLAGS.STATX],
    ['stx_attributes', (v) => (BigInt(v as bigint) === 0n ? '0' : hex(v as bigint))],
    ['stx_mode', modeOf],
    'stx_size',
    MORE,
  ],
  old_timespec32: [
    ['sec', String, 'tv_sec'],
    ['nsec', String, 'tv_nsec'],
  ],
  __kernel_timespec: [
    ['sec', String, 'tv_sec'],
    ['nsec', String, 'tv_nsec'],
  ],
  old_timeval32: [
    ['sec', String, 'tv_sec'],
    ['usec', String, 'tv_usec'],
  ],
  timezone: [
    ['minuteswest', String, 'tz_minuteswest'],
    ['dsttime', String, 'tz_dsttime'],
  ],
  old_itimerval32: [pair('intervalSec', 'intervalUsec', 'it_interval'), pair('sec', 'usec', 'it_value')],
  old_time32_t: [['sec', String, '']],
  __kernel_old_itimerspec: times('nsec'),
  __kernel_itimerspec: times('nsec'),
  rlimit: [
    ['cur', limit, 'rlim_cur'],
    ['max', limit, 'rlim_max'],
  ],
  rlimit64: [
    ['cur', limit, 'rlim_cur'],
    ['max', limit, 'rlim_max'],
  ],
  rusage: [pair('utimeSec', 'utimeUsec', 'ru_utime'), pair('stimeSec', 'stimeUsec', 'ru_stime'), MORE],
  sysinfo: ['uptime', MORE],
  tms: ['utime', 'stime', 'cutime', 'cstime'].map((name): readonly [string, How, string] => [
    name,
    String,
    `tms_${name}`,
  ]),
  new_utsname: [...names, ['domainname', text]],
  old_utsname: names,
  oldold_utsname: names,
  user_desc: [
    ['entry', (v) => String(Number(v) | 0), 'entry_number'],
    ['base', hexadecimal, 'base_addr'],
    ['limit', (v) => `0x${Number(v).toString(16).padStart(6, '0')}`],
    ['flags', bit(1), 'seg_32bit'],
    ['flags', bit(6), 'contents'],
    ['flags', bit(8), 'read_exec_only'],
    ['flags', bit(0x10), 'limit_in_pages'],
    ['flags', bit(0x20), 'seg_not_present'],
    ['flags', bit(0x40), 'useable'],
  ],
  sigaction: [
    ['handler', handler, 'sa_handler'],
    ['mask', signalsOf, 'sa_mask'],
    ['flags', SA, 'sa_flags'],
    ['restorer', restorer, 'sa_restorer'],
  ],
  old_sigaction: [
    ['handler', handler, 'sa_handler'],
    ['mask', signalsOf, 'sa_mask'],
    ['flags', SA, 'sa_flags'],
    ['restorer', restorer, 'sa_restorer'],
  ],
  sigset_t: [['set', signalsOf, '']],
  old_sigset_t: [['set', signalsOf, '']],
  sigaltstack: [
    ['sp', address, 'ss_sp'],
    ['flags', SS, 'ss_flags'],
    ['size', String, 'ss_size'],
  ],
  siginfo: [['signo', (v) => signalName(Number(v)), 'si_signo'], ['code', String, 'si_code'], MORE],
  int: [['value', String, '']],
  short: [['value', String, '']],
  pollfd: ['fd', ['events', FLAGS.POLL]],
  epoll_event: [
    ['events', FLAGS.EPOLL_EVENT],
    ['data', (v) => `{u32=${BigInt.asUintN(32, v as bigint)}, u64=${String(v)}}`],
  ],
  flock: lock,
  flock64: lock,
  f_owner_ex: ['type', 'pid'],
  open_how: [
    ['flags', (v) => flagNames(FLAGS.OPEN, Number(BigInt.asUintN(32, v as bigint)))],
    ['mode', octal],
    ['resolve', (v) => flagNames(FLAGS.RESOLVE, Number(BigInt.asUintN(32, v as bigint)))],
  ],
  termio: [
    ['c_iflag', hexadecimal],
    ['c_oflag', hexadecimal],
    ['c_cflag', hexadecimal],
    ['c_lflag', hexadecimal],
    MORE,
  ],
  termios: [
    ['c_iflag', hexadecimal],
    ['c_oflag', hexadecimal],
    ['c_cflag', hexadecimal],
    ['c_lflag', hexadecimal],
    MORE,
  ],
  termios2: [
    ['c_iflag', hexadecimal],
    ['c_oflag', hexadecimal],
    ['c_cflag', hexadecimal],
    ['c_lflag', hexadecimal],
    MORE,
  ],
  ifreq: [['ifr_ifrn.ifrn_name', text, 'ifr_name'], MORE],
  sched_param: [['priority', String, '']],
  old_timex32: [['modes', hexadecimal], MORE],
  __kernel_timex: [['modes', hexadecimal], MORE],
  sigset_argpack: [
    ['p', address, 'sigmask'],
    ['size', String, 'sigsetsize'],
  ],
};

const HIDDEN = /^_|pad|spare|reserved|unused/;
const plain = (value: number | bigint | Uint8Array): string =>
  value instanceof Uint8Array ? quoted(value) : String(value);

function field(values: Values, part: Format[number]): string {
  if (part === MORE) return MORE;
  if (typeof part === 'string') return `${part}=${plain(values[part])}`;
  const [name, how, as = name] = part;
  const shown = typeof how === 'function' ? how(values[name], values) : flagNames(how, Number(values[name]));
  return as === '' ? shown : shown === '' ? '' : `${as}=${shown}`;
}

/** The format of its name, if that speaks of fields that it has: some structs are declared with the kernel's names and with ours. */
function formatOf({ name, fields }: Struct): Format {
  const has = (part: Format[number]): boolean => {
    const field = typeof part === 'string' ? part : part[0];
    return part === MORE || fields.some((one) => one.name === field);
  };
  const format = FORMATS[name];
  if (format?.every(has)) return format;
  return fields.filter((field) => !HIDDEN.test(field.name)).map((field): Format[number] => field.name);
}

/** `{tv_sec=1, tv_nsec=0}`; a struct of one unnamed word is that word between brackets. */
export function showStruct(struct: Struct, bytes: Uint8Array): string {
  const values = struct.decode(bytes);
  const format = formatOf(struct);
  const single = format.length === 1 && typeof format[0] !== 'string' && format[0][2] === '';
  const shown = format.map((part) => field(values, part)).filter((part) => part !== '');
  if (!single) return `{${shown.join(', ')}}`;
  return shown[0].startsWith('[') || shown[0].startsWith('~') ? shown[0] : `[${shown[0]}]`;
}

// ---- struct pollfd, before and after ----

/** What poll(2) found: those with events. */
export const showPolled = (struct: Struct, bytes: Uint8Array): string => {
  const { fd, revents } = struct.decode(bytes) as Record<string, number>;
  return revents === 0 ? '' : `{fd=${fd}, revents=${flagNames(FLAGS.POLL, revents)}}`;
};

// ---- struct sockaddr ----

const familyName = (bytes: Uint8Array): string =>
  flagNames(FLAGS.AF, new DataView(bytes.buffer, bytes.byteOffset).getUint16(0, true));

/** A socket address as the kernel would take it. */
export function showSockaddr(bytes: Uint8Array): string {
  const name = socketName(bytes, false);
  const family = bytes.length < 2 ? '' : `sa_family=${familyName(bytes)}`;
  const port = bytes.length < 4 ? 0 : new DataView(bytes.buffer, bytes.byteOffset).getUint16(2);
  switch (name.family) {
    case 'unix':
      return `{${family}, sun_path=${quoted(Buffer.from(name.path, 'latin1'), 256)}}`;
    case 'abstract':
      return `{${family}, sun_path=@${quoted(Buffer.from(name.name, 'latin1'), 256)}}`;
    case 'inet':
      if (!family.endsWith('INET6'))
        return `{${family}, sin_port=htons(${port}), sin_addr=inet_addr("${name.address}")}`;
      return `{${family}, sin6_port=htons(${port}), ${inet6(bytes, `::ffff:${name.address}`)}}`;
    case 'inet6':
      return `{${family}, sin6_port=htons(${port}), ${inet6(bytes, name.address)}}`;
    case 'netlink':
      return `{${family}, nl_pid=${name.port}, nl_groups=${name.groups.toString(16).padStart(8, '0')}}`;
    case 'vsock':
      return `{${family}, svm_cid=${hex(name.cid)}, svm_port=${hex(name.port)}}`;
    case 'short':
      return quoted(bytes);
    default:
      return bytes.length > 2 && name.family === 'other'
        ? `{${family}, sa_data=${quoted(bytes.subarray(2))}}`
        : `{${family}}`;
  }
}

function inet6(bytes: Uint8Array, address: string): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const scope = bytes.length >= 28 ? `, sin6_scope_id=${view.getUint32(24, true)}` : '';
  return `sin6_flowinfo=htonl(${view.getUint32(4)}), inet_pton(AF_INET6, "${address}", &sin6_addr)${scope}`;
}

// ---- control data ----

const { SCM_RIGHTS, SCM_CREDENTIALS } = FLAGS.SCM;

function controlData(level: number, type: number, data: Uint8Array): string {
  const whole = data.subarray(0, data.length & ~3);
  const view = new DataView(whole.buffer, whole.byteOffset, whole.byteLength);
  const words = Array.from({ length: whole.length / 4 }, (_, i) => view.getInt32(i * 4, true));
  if (level !== FLAGS.SOL_SOCKET) return quoted(data);
  if (type === SCM_RIGHTS) return `[${words.join(', ')}]`;
  if (type === SCM_CREDENTIALS && words.length >= 3) return `{pid=${words[0]}, uid=${words[1]}, gid=${words[2]}}`;
  return quoted(data);
}
const SCM_NAMES: Readonly<Record<number, string>> = {
  [SCM_RIGHTS]: 'SCM_RIGHTS',
  [SCM_CREDENTIALS]: 'SCM_CREDENTIALS',
};

/** `[{cmsg_len=16, cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, cmsg_data=[3]}]` */
export function showControl(control: Uint8Array): string {
  const shown: string[] = [];
  for (let at = 0; at + cmsghdr.size <= control.length;) {
    const { cmsg_len, cmsg_level, cmsg_type } = cmsghdr.decode(control.subarray(at)) as Record<string, number>;
    if (cmsg_len < cmsghdr.size || at + cmsg_len > control.length) break;
    const data = controlData(cmsg_level, cmsg_type, control.subarray(at + cmsghdr.size, at + cmsg_len));
    const level = flagNames(FLAGS.LEVEL, cmsg_level);
    const type = cmsg_level === FLAGS.SOL_SOCKET ? (SCM_NAMES[cmsg_type] ?? hex(cmsg_type)) : hex(cmsg_type);
    shown.push(`{cmsg_len=${cmsg_len}, cmsg_level=${level}, cmsg_type=${type}, cmsg_data=${data}}`);
    at += (cmsg_len + 3) & ~3;
  }
  return `[${shown.join(', ')}]`;
}
