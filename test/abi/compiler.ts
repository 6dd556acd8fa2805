/** Asks a C compiler for i386 what headers say: the kernel's own (uapi), or glibc's of the i386 tree. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { sysroot } from '../support/elf-builder.js';

/** Whose headers. They cannot be included together. */
export const WORLDS = ['uapi', 'libc'] as const;
export type World = (typeof WORLDS)[number];

const HEADERS: Readonly<Record<World, string>> = {
  uapi: `
    linux/stddef.h linux/types.h linux/version.h asm/unistd_32.h asm/stat.h linux/stat.h asm/statfs.h linux/fcntl.h
    linux/openat2.h linux/time_types.h linux/time.h linux/timex.h linux/times.h linux/timerfd.h linux/signalfd.h linux/uio.h linux/poll.h
    linux/eventpoll.h asm/termios.h linux/utime.h linux/xattr.h linux/fs.h linux/falloc.h linux/memfd.h
    linux/close_range.h linux/inotify.h asm/ioctls.h linux/sockios.h asm/socket.h linux/in.h linux/in6.h linux/tcp.h
    linux/udp.h linux/netlink.h linux/net.h linux/resource.h linux/signal.h asm/signal.h asm/sigcontext.h asm/siginfo.h
    asm/ldt.h linux/futex.h linux/sched.h linux/sched/types.h linux/capability.h linux/sysinfo.h linux/utsname.h
    linux/mman.h linux/membarrier.h linux/prctl.h linux/random.h linux/wait.h linux/ipc.h linux/shm.h linux/sem.h
    linux/msg.h linux/mqueue.h asm/errno.h`,
  libc: `
    sys/types.h sys/socket.h sys/stat.h sys/file.h sys/epoll.h sys/eventfd.h sys/shm.h sys/msg.h sys/sem.h sys/uio.h
    unistd.h poll.h fcntl.h stdio.h dirent.h time.h sched.h signal.h net/if.h netinet/in.h netinet/tcp.h netinet/udp.h`,
};

const ON_I386 = process.arch === 'ia32';
const X86_64 = '/usr/include/x86_64-linux-gnu';
const tree = (path: string): string => join(sysroot(), 'usr/include', path);

/**
 * linux/shm.h includes libc's unistd.h, which needs 32-bit parts of libc: its guard is set. glibc's headers are those of
 * the i386 tree, and nothing of the host's stands before them.
 */
const OPTIONS: Readonly<Record<World, readonly string[]>> = {
  uapi: ['-ffreestanding', '-D_UNISTD_H', ...(existsSync(X86_64) ? ['-idirafter', X86_64] : [])],
  libc: ['-D_GNU_SOURCE', ...(ON_I386 ? [] : ['-isystem', tree('i386-linux-gnu'), '-isystem', tree('')])],
};

const include = (world: World): string =>
  HEADERS[world]
    .trim()
    .split(/\s+/)
    .map((header) => `#if __has_include(<${header}>)\n#include <${header}>\n#endif\n`)
    .join('');

/** A text for each world, as one C file: WORLD_uapi or WORLD_libc chooses. */
export const cFile = (texts: Readonly<Record<World, string>>): string =>
  WORLDS.map((world) => `#ifdef WORLD_${world}\n${include(world)}${texts[world]}\n#endif\n`).join('\n');

/** The compiler's complaints about a C file. */
export function complaints(world: World, text: string): string {
  const options = ['-m32', '-w', `-DWORLD_${world}`, ...OPTIONS[world], '-fsyntax-only', '-xc', '-'];
  const { stderr, error } = spawnSync('gcc', options, {
    input: text,
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
    maxBuffer: 1 << 26,
  });
  if (error !== undefined) throw error;
  return stderr;
}

const one = (world: World, text: string): string => cFile({ uapi: '', libc: '', [world]: text });

/** Those of the names that the headers do not have, be it as a macro, an enumerator or a function. */
export function unknownNames(world: World, names: readonly string[]): Set<string> {
  const body = names.map((name) => `  (void)(${name});`).join('\n');
  const said = complaints(world, one(world, `void names(void)\n{\n${body}\n}`));
  return new Set([...said.matchAll(/error: '(\w+)' undeclared/g)].map(([, name]) => name));
}

/** LINUX_VERSION_CODE of the kernel's headers as major and minor. */
export function headerVersion(): readonly [major: number, minor: number] {
  const code = constant('uapi', 'LINUX_VERSION_CODE');
  return [code >> 16, (code >> 8) & 0xff];
}

/** An expression's value, which the compiler tells in the message of a failed assertion about it. */
export function constant(world: World, expression: string): number {
  // The size of an array stands in the message about a wrong use of it.
  const said = complaints(world, one(world, `char (*told)[${expression}] = 1.0;`));
  const size = /char \(\*\)\[(\d+)\]/.exec(said)?.[1];
  if (size === undefined) throw new Error(`${expression}: ${said}`);
  return Number(size);
}
