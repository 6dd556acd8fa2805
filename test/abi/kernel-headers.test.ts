/**
 * Numbers, flags, sizes and offsets against the kernel's own uapi headers, by the compiler: one C file of
 * _Static_asserts, made from the tables, for i386. What those headers leave out, glibc's headers prove.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import type { Struct } from '../../src/abi/ctype.js';
import { NUMBERS } from '../../src/abi/numbers.js';

/** Modules whose exported structs and tables are proved. `fields`: their field names are the kernel's. */
const MODULES: readonly { readonly file: string; readonly fields: boolean }[] = [
  { file: 'structs', fields: true },
  { file: 'flags', fields: true },
  { file: 'structs-process', fields: false },
  { file: 'flags-process', fields: false },
  { file: 'structs-ipc', fields: true },
  { file: 'flags-ipc', fields: false },
];

const HEADERS = [
  'linux/stddef.h linux/types.h asm/unistd_32.h asm/stat.h linux/stat.h asm/statfs.h linux/fcntl.h linux/openat2.h',
  'linux/time_types.h linux/time.h linux/timex.h linux/times.h linux/uio.h linux/poll.h linux/eventpoll.h asm/termios.h',
  'linux/utime.h linux/xattr.h linux/fs.h linux/falloc.h linux/memfd.h linux/close_range.h linux/inotify.h',
  'asm/ioctls.h linux/sockios.h asm/socket.h linux/in.h linux/in6.h linux/tcp.h linux/udp.h linux/netlink.h linux/net.h',
  'linux/resource.h linux/signal.h asm/signal.h asm/sigcontext.h asm/siginfo.h asm/ldt.h linux/futex.h linux/sched.h linux/sched/types.h',
  'linux/timerfd.h linux/capability.h linux/sysinfo.h linux/utsname.h linux/mman.h linux/membarrier.h linux/prctl.h linux/random.h linux/wait.h',
  'linux/ipc.h linux/shm.h linux/sem.h linux/msg.h linux/mqueue.h',
]
  .join(' ')
  .split(' ');
const LIBC_HEADERS =
  'sys/socket.h sys/stat.h sys/file.h sys/epoll.h sys/eventfd.h unistd.h poll.h fcntl.h stdio.h netinet/in.h netinet/tcp.h netinet/udp.h'.split(
    ' ',
  );

/** Their C names where those are not `struct NAME`; null: the uapi headers do not have them (kernel-internal, or libc's). */
const C_NAMES: Readonly<Record<string, string | null>> = {
  linux_dirent64: null,
  sel_arg_struct: null,
  ifreq: null,
  ifconf: null,
  sigset_argpack: null,
  msghdr: null,
  mmsghdr: null,
  cmsghdr: null,
  __kernel_old_itimerspec: null,
  old_timespec32: 'struct __kernel_old_timespec',
  old_timeval32: 'struct __kernel_old_timeval',
  old_itimerval32: 'struct __kernel_old_itimerval',
  old_time32_t: '__kernel_old_time_t',
  old_timex32: 'struct timex',
  mmap_arg_struct32: null,
  sigcontext_32: 'struct sigcontext',
  sigframe_ia32: null,
  old_sigaction: 'struct sigaction',
  sigaction: null,
  siginfo: 'siginfo_t',
  sigset_t: null,
  old_sigset_t: 'sigset_t',
  sched_param: null,
  int: 'int',
  short: 'short',
};
const UNPROVEN_STRUCTS_MAX = 18;

/** Flags younger than Debian 12's headers (Linux 6.1), and those that the tables name otherwise (MEMBARRIER_CMD_…). */
const ELSEWHERE: ReadonlySet<string> = new Set(
  [
    'F_SEAL_EXEC F_DUPFD_QUERY F_CREATED_QUERY MFD_NOEXEC_SEAL MFD_EXEC MADV_GUARD_INSTALL MADV_GUARD_REMOVE MAP_DROPPABLE MAP_ABOVE4G',
    'PR_SET_MDWE PR_GET_MDWE PR_SET_MEMORY_MERGE PR_GET_MEMORY_MERGE PR_GET_AUXV',
    'QUERY GLOBAL GLOBAL_EXPEDITED REGISTER_GLOBAL_EXPEDITED PRIVATE_EXPEDITED REGISTER_PRIVATE_EXPEDITED',
    'PRIVATE_EXPEDITED_SYNC_CORE REGISTER_PRIVATE_EXPEDITED_SYNC_CORE',
  ]
    .join(' ')
    .split(' '),
);

interface Table {
  readonly name: string;
  readonly values: Readonly<Record<string, number>>;
}
const isObject = (x: unknown): x is Record<string, unknown> => typeof x === 'object' && x !== null;
const isStruct = (x: unknown): x is Struct => isObject(x) && Array.isArray(x.fields) && typeof x.size === 'number';
const isTable = (x: unknown): x is Table => isObject(x) && isObject(x.values) && typeof x.name === 'string';

async function exportsOf(file: string): Promise<unknown[]> {
  const at = new URL(`../../src/abi/${file}.ts`, import.meta.url);
  return existsSync(fileURLToPath(at)) ? Object.values((await import(at.href)) as object) : [];
}

const X86_64 = '/usr/include/x86_64-linux-gnu';
/** linux/shm.h includes libc's unistd.h, which needs 32-bit parts of libc: its guard is set. */
const I386 = ['-m32', '-ffreestanding', '-w', '-D_UNISTD_H', ...(existsSync(X86_64) ? ['-idirafter', X86_64] : [])];
const HOST = ['-D_GNU_SOURCE', '-w'];
const include = (headers: readonly string[]): string =>
  headers.map((h) => `#if __has_include(<${h}>)\n#include <${h}>\n#endif`).join('\n') + '\n';

/** The compiler's complaints about a C text. */
function complaints(options: readonly string[], text: string): string {
  return spawnSync('gcc', [...options, '-fsyntax-only', '-xc', '-'], { input: text, encoding: 'utf8' }).stderr;
}
function macros(options: readonly string[], headers: readonly string[]): Set<string> {
  const text = execFileSync('gcc', [...options, '-E', '-dM', '-xc', '-'], {
    input: include(headers),
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  return new Set([...text.matchAll(/^#define (\w+)/gm)].map((m) => m[1]));
}
const assertion = (what: string, value: number | string): string =>
  `_Static_assert(${what} == ${value}, "${what.replace(/"/g, '')}");`;

describe('the i386 interface as the kernel headers have it', () => {
  let found: unknown[];
  let kernel: Set<string>;
  before(async () => {
    found = (await Promise.all(MODULES.map(({ file }) => exportsOf(file)))).flat();
    kernel = macros(I386, HEADERS);
  });

  it('numbers every system call as asm/unistd_32.h does', () => {
    const known = Object.entries(NUMBERS).filter(([name]) => kernel.has(`__NR_${name}`));
    expect(known.length).to.be.above(400);
    const text = known.map(([name, nr]) => assertion(`__NR_${name}`, nr)).join('\n');
    expect(complaints(I386, include(HEADERS) + text)).to.equal('');
  });

  it('lays out every structure as they do', async () => {
    const lines: string[] = [];
    const unproven: string[] = [];
    for (const { file, fields } of MODULES)
      for (const s of (await exportsOf(file)).filter(isStruct)) {
        const name = s.name in C_NAMES ? C_NAMES[s.name] : `struct ${s.name}`;
        if (name === null) {
          unproven.push(s.name);
          continue;
        }
        lines.push(assertion(`sizeof(${name})`, s.size));
        if (!fields) continue;
        for (const f of s.fields)
          if (!/^__.*(spare|reserved)/.test(f.name) && f.name !== '__spare3')
            lines.push(assertion(`__builtin_offsetof(${name}, ${f.name})`, f.offset));
      }
    expect(lines.length).to.be.above(100);
    expect(unproven.length).to.be.at.most(UNPROVEN_STRUCTS_MAX);
    expect(complaints(I386, include(HEADERS) + lines.join('\n'))).to.equal('');
  });

  it('names every flag as they do', () => {
    const libc = macros(HOST, LIBC_HEADERS);
    const pairs = found.filter(isTable).flatMap(({ values }) => Object.entries(values));
    const proved = (names: Set<string>, skip: Set<string>) =>
      pairs.filter(([name]) => names.has(name) && !skip.has(name));
    const lines = (list: typeof pairs) =>
      list.map(([name, value]) => assertion(`(unsigned)(${name})`, `${value >>> 0}u`)).join('\n');
    const none = new Set<string>();
    expect(complaints(I386, include(HEADERS) + lines(proved(kernel, none)))).to.equal('');
    expect(complaints(HOST, include(LIBC_HEADERS) + lines(proved(libc, kernel)))).to.equal('');
    const rest = pairs.map(([name]) => name).filter((name) => !kernel.has(name) && !libc.has(name));
    expect(rest.filter((name) => !ELSEWHERE.has(name))).to.deep.equal([]);
  });
});
