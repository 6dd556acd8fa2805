/**
 * Structures of the kernel's i386 interface that carry files, descriptors and sockets. Struct and field names are
 * those of the kernel's uapi headers; test/abi/kernel-headers.test.ts proves sizes and offsets against them.
 */
import { SocketAddress } from 'node:net';
import { fromBytes, toBytes, type ByteString } from './bytes.js';
import { bytes, i32, i64, pointer, struct, u16, u32, u64, u8 } from './ctype.js';
import { AF } from './flags.js';

// ---- stat ----

/** struct stat64 of stat64(2), asm/stat.h. */
export const stat64 = struct('stat64', 96, {
  st_dev: u64,
  __pad0: bytes(4),
  __st_ino: u32,
  st_mode: u32,
  st_nlink: u32,
  st_uid: u32,
  st_gid: u32,
  st_rdev: u64,
  __pad3: bytes(4),
  st_size: i64,
  st_blksize: u32,
  st_blocks: i64,
  st_atime: u32,
  st_atime_nsec: u32,
  st_mtime: u32,
  st_mtime_nsec: u32,
  st_ctime: u32,
  st_ctime_nsec: u32,
  st_ino: u64,
});

/** struct stat of stat(2) by number 106. */
export const stat = struct('stat', 64, {
  st_dev: u32,
  st_ino: u32,
  st_mode: u16,
  st_nlink: u16,
  st_uid: u16,
  st_gid: u16,
  st_rdev: u32,
  st_size: u32,
  st_blksize: u32,
  st_blocks: u32,
  st_atime: u32,
  st_atime_nsec: u32,
  st_mtime: u32,
  st_mtime_nsec: u32,
  st_ctime: u32,
  st_ctime_nsec: u32,
  __unused4: u32,
  __unused5: u32,
});

/** The stat of Linux 1.0: oldstat, oldlstat, oldfstat. */
export const oldKernelStat = struct('__old_kernel_stat', 32, {
  st_dev: u16,
  st_ino: u16,
  st_mode: u16,
  st_nlink: u16,
  st_uid: u16,
  st_gid: u16,
  st_rdev: u16,
  st_size: u32,
  st_atime: u32,
  st_mtime: u32,
  st_ctime: u32,
});

/** struct statx of statx(2): the same on every architecture. Nested fields carry their dotted C name. */
export const statx = struct('statx', 256, {
  stx_mask: u32,
  stx_blksize: u32,
  stx_attributes: u64,
  stx_nlink: u32,
  stx_uid: u32,
  stx_gid: u32,
  stx_mode: u16,
  __spare0: u16,
  stx_ino: u64,
  stx_size: u64,
  stx_blocks: u64,
  stx_attributes_mask: u64,
  'stx_atime.tv_sec': i64,
  'stx_atime.tv_nsec': u32,
  __atime_reserved: i32,
  'stx_btime.tv_sec': i64,
  'stx_btime.tv_nsec': u32,
  __btime_reserved: i32,
  'stx_ctime.tv_sec': i64,
  'stx_ctime.tv_nsec': u32,
  __ctime_reserved: i32,
  'stx_mtime.tv_sec': i64,
  'stx_mtime.tv_nsec': u32,
  __mtime_reserved: i32,
  stx_rdev_major: u32,
  stx_rdev_minor: u32,
  stx_dev_major: u32,
  stx_dev_minor: u32,
  stx_mnt_id: u64,
  __spare3: bytes(104),
});

// ---- attributes ----

/** struct file_attr of file_getattr(2), linux/fs.h: Linux 6.17, its first form. */
export const fileAttr = struct('file_attr', 24, {
  fa_xflags: u64,
  fa_extsize: u32,
  fa_nextents: u32,
  fa_projid: u32,
  fa_cowextsize: u32,
});

// ---- statfs ----

/** struct statfs of statfs(2), asm-generic/statfs.h. */
export const statfs = struct('statfs', 64, {
  f_type: u32,
  f_bsize: u32,
  f_blocks: u32,
  f_bfree: u32,
  f_bavail: u32,
  f_files: u32,
  f_ffree: u32,
  f_fsid: u64,
  f_namelen: u32,
  f_frsize: u32,
  f_flags: u32,
  f_spare: bytes(16),
});

export const statfs64 = struct('statfs64', 84, {
  f_type: u32,
  f_bsize: u32,
  f_blocks: u64,
  f_bfree: u64,
  f_bavail: u64,
  f_files: u64,
  f_ffree: u64,
  f_fsid: u64,
  f_namelen: u32,
  f_frsize: u32,
  f_flags: u32,
  f_spare: bytes(16),
});

// ---- descriptors ----

/** struct flock of fcntl(2). */
export const flock = struct('flock', 16, { l_type: u16, l_whence: u16, l_start: i32, l_len: i32, l_pid: i32 });
export const flock64 = struct('flock64', 24, { l_type: u16, l_whence: u16, l_start: i64, l_len: i64, l_pid: i32 });
export const iovec = struct('iovec', 8, { iov_base: pointer, iov_len: u32 });
export const pollfd = struct('pollfd', 8, { fd: i32, events: u16, revents: u16 });
/** struct epoll_event: packed on x86-64, and on i386 by nature. */
export const epollEvent = struct('epoll_event', 12, { events: u32, data: u64 });
/** struct open_how of openat2(2). */
/** Of ioctl(2) FICLONERANGE. */
export const fileCloneRange = struct('file_clone_range', 32, {
  src_fd: i64,
  src_offset: u64,
  src_length: u64,
  dest_offset: u64,
});
export const openHow = struct('open_how', 24, { flags: u64, mode: u64, resolve: u64 });
/** Of setxattrat(2) and getxattrat(2), since Linux 6.13. */
export const xattrArgs = struct('xattr_args', 16, { value: u64, size: u32, flags: u32 });
/** The head of struct linux_dirent64 of getdents64(2); the NUL-terminated name follows. */
export const linuxDirent64 = struct('linux_dirent64', 20, {
  d_ino: u64,
  d_off: i64,
  d_reclen: u16,
  d_type: u8,
  d_name: bytes(1),
});
/** Offset of the name in struct linux_dirent64. */
export const DIRENT64_NAME = 19;
/** What select(2) by number 82 points at. */
export const selArg = struct('sel_arg_struct', 20, { n: u32, inp: pointer, outp: pointer, exp: pointer, tvp: pointer });
/** What argument six of pselect6(2) points at. */
export const sigsetArgpack = struct('sigset_argpack', 8, { p: pointer, size: u32 });
/** struct termios of TCGETS, and struct termios2 of TCGETS2. */
export const termios = struct('termios', 36, {
  c_iflag: u32,
  c_oflag: u32,
  c_cflag: u32,
  c_lflag: u32,
  c_line: u8,
  c_cc: bytes(19),
});
/** struct termio of TCGETA. */
export const termio = struct('termio', 18, {
  c_iflag: u16,
  c_oflag: u16,
  c_cflag: u16,
  c_lflag: u16,
  c_line: u8,
  c_cc: bytes(8),
});
export const termios2 = struct('termios2', 44, {
  c_iflag: u32,
  c_oflag: u32,
  c_cflag: u32,
  c_lflag: u32,
  c_line: u8,
  c_cc: bytes(19),
  c_ispeed: u32,
  c_ospeed: u32,
});
export const winsize = struct('winsize', 8, { ws_row: u16, ws_col: u16, ws_xpixel: u16, ws_ypixel: u16 });
/** struct ifreq and struct ifconf of the SIOCGIF requests; what the union holds depends on the request. */
export const ifreq = struct('ifreq', 32, { 'ifr_ifrn.ifrn_name': bytes(16), ifr_ifru: bytes(16) });
export const ifconf = struct('ifconf', 8, { ifc_len: i32, ifc_ifcu: pointer });
export const fOwnerEx = struct('f_owner_ex', 8, { type: i32, pid: i32 });

// ---- time, as file and poll calls take it (linux/time_types.h) ----

export const timespec32 = struct('__kernel_old_timespec', 8, { tv_sec: i32, tv_nsec: i32 });
export const timespec64 = struct('__kernel_timespec', 16, { tv_sec: i64, tv_nsec: i64 });
export const timeval32 = struct('__kernel_old_timeval', 8, { tv_sec: i32, tv_usec: i32 });
/** struct utimbuf of utime(2). */
export const utimbuf = struct('utimbuf', 8, { actime: i32, modtime: i32 });
export const itimerspec32 = struct('__kernel_old_itimerspec', 16, {
  'it_interval.tv_sec': i32,
  'it_interval.tv_nsec': i32,
  'it_value.tv_sec': i32,
  'it_value.tv_nsec': i32,
});
export const itimerspec64 = struct('__kernel_itimerspec', 32, {
  'it_interval.tv_sec': i64,
  'it_interval.tv_nsec': i64,
  'it_value.tv_sec': i64,
  'it_value.tv_nsec': i64,
});

// ---- sockets ----

/** struct msghdr of sendmsg(2), as 32-bit programs lay it out (struct compat_msghdr). */
export const msghdr = struct('msghdr', 28, {
  msg_name: pointer,
  msg_namelen: i32,
  msg_iov: pointer,
  msg_iovlen: u32,
  msg_control: pointer,
  msg_controllen: u32,
  msg_flags: u32,
});
export const mmsghdr = struct('mmsghdr', 32, {
  'msg_hdr.msg_name': pointer,
  'msg_hdr.msg_namelen': i32,
  'msg_hdr.msg_iov': pointer,
  'msg_hdr.msg_iovlen': u32,
  'msg_hdr.msg_control': pointer,
  'msg_hdr.msg_controllen': u32,
  'msg_hdr.msg_flags': u32,
  msg_len: u32,
});
/** struct cmsghdr; the data follows, the next one starts at a multiple of 4. */
export const cmsghdr = struct('cmsghdr', 12, { cmsg_len: u32, cmsg_level: i32, cmsg_type: i32 });

/** A socket address, decoded from the bytes that a program gave. IPv4-mapped IPv6 comes as inet. */
export type SocketName =
  | { readonly family: 'inet' | 'inet6'; readonly address: string; readonly port: number }
  | { readonly family: 'unix'; readonly path: ByteString }
  | { readonly family: 'abstract'; readonly name: ByteString }
  | { readonly family: 'unnamed' }
  | { readonly family: 'unspec' }
  | { readonly family: 'netlink'; readonly port: number; readonly groups: number }
  | { readonly family: 'vsock'; readonly cid: number; readonly port: number }
  | { readonly family: 'other'; readonly number: number }
  | { readonly family: 'short' };

/** Sizes of struct sockaddr_in, _in6 (as RFC 2133 had it, without the scope), _nl, _vm, and of sun_path. */
const SOCKADDR = { in: 16, in6: 24, nl: 12, vm: 16 } as const;
export const SUN_PATH = 108;

const inet = (view: DataView, at: number): string => [0, 1, 2, 3].map((i) => view.getUint8(at + i)).join('.');

function inet6(view: DataView, at: number): { family: 'inet' | 'inet6'; address: string } {
  const groups = [0, 2, 4, 6, 8, 10, 12, 14].map((i) => view.getUint16(at + i));
  if (groups.slice(0, 5).every((g) => g === 0) && groups[5] === 0xffff)
    return { family: 'inet', address: inet(view, at + 12) };
  return {
    family: 'inet6',
    address: new SocketAddress({ family: 'ipv6', address: groups.map((g) => g.toString(16)).join(':') }).address,
  };
}

function unix(path: Uint8Array): SocketName {
  if (path.length === 0) return { family: 'unnamed' };
  if (path[0] === 0) return { family: 'abstract', name: fromBytes(path.subarray(1)) };
  const end = path.indexOf(0);
  return { family: 'unix', path: fromBytes(path.subarray(0, end < 0 ? SUN_PATH : end)) };
}

/**
 * unix(7), ip(7), ipv6(7), netlink(7), vsock(7). `plain`: AF_UNSPEC stands for AF_INET, as bind and UDP's sendto take
 * it; for connect it dissolves the association.
 */
export function socketName(from: Uint8Array, plain: boolean): SocketName {
  if (from.length < 2) return { family: 'short' };
  const view = new DataView(from.buffer, from.byteOffset, from.byteLength);
  const number = view.getUint16(0, true);
  const { AF_UNSPEC, AF_UNIX, AF_INET, AF_INET6, AF_NETLINK, AF_VSOCK } = AF.values;
  const long = (size: number): boolean => from.length >= size;
  switch (number) {
    case AF_UNIX:
      return unix(from.subarray(2, 2 + SUN_PATH));
    case AF_UNSPEC:
    case AF_INET:
      if (number === AF_UNSPEC && !(plain && long(SOCKADDR.in))) return { family: 'unspec' };
      return long(SOCKADDR.in)
        ? { family: 'inet', address: inet(view, 4), port: view.getUint16(2) }
        : { family: 'short' };
    case AF_INET6:
      return long(SOCKADDR.in6) ? { ...inet6(view, 8), port: view.getUint16(2) } : { family: 'short' };
    case AF_NETLINK:
      return long(SOCKADDR.nl)
        ? { family: 'netlink', port: view.getUint32(4, true), groups: view.getUint32(8, true) }
        : { family: 'short' };
    case AF_VSOCK:
      return long(SOCKADDR.vm)
        ? { family: 'vsock', port: view.getUint32(4, true), cid: view.getUint32(8, true) }
        : { family: 'short' };
    default:
      return { family: 'other', number };
  }
}

/** struct sockaddr_un of a path with its NUL; the path must be shorter than SUN_PATH. */
export function unixAddress(path: ByteString): Uint8Array {
  const bytes = new Uint8Array(2 + path.length + 1);
  bytes[0] = AF.values.AF_UNIX;
  bytes.set(toBytes(path), 2);
  return bytes;
}
