import { expect } from 'chai';
import { NUMBERS, type SyscallName } from '../../src/abi/numbers.js';
import { ASKED, markdownOfPathCalls, pathCalls } from '../../src/syscalls/calls-table.js';
import { denied } from '../../src/syscalls/dsl.js';
import { families, join, missing, rowOf, rows, socketcallRow } from '../../src/syscalls/table.js';

/** Calls of the kernel that take a path, or an address that may be one: from its own prototypes, not from the rows. */
const PATH_TAKING: readonly SyscallName[] = [
  'access', 'acct', 'bind', 'chdir', 'chmod', 'chown', 'chown32', 'chroot', 'connect', 'creat', 'execve', 'execveat',
  'faccessat', 'faccessat2', 'fanotify_mark', 'file_getattr', 'file_setattr', 'fchmodat', 'fchmodat2', 'fchownat', 'fspick', 'fstatat64', 'futimesat',
  'getxattr', 'getxattrat', 'inotify_add_watch', 'lchown', 'lchown32', 'lgetxattr', 'link', 'linkat', 'listxattr',
  'listxattrat', 'llistxattr', 'lremovexattr', 'lsetxattr', 'lstat', 'lstat64', 'mkdir', 'mkdirat', 'mknod', 'mknodat',
  'mount', 'mount_setattr', 'move_mount', 'name_to_handle_at', 'oldlstat', 'oldstat', 'open', 'open_tree',
  'open_tree_attr', 'openat', 'openat2', 'pivot_root', 'quotactl', 'readlink', 'readlinkat', 'removexattr',
  'removexattrat', 'rename', 'renameat', 'renameat2', 'rmdir', 'sendmmsg', 'sendmsg', 'sendto', 'setxattr', 'setxattrat',
  'stat', 'stat64', 'statfs', 'statfs64', 'statx', 'swapoff', 'swapon', 'symlink', 'symlinkat', 'truncate', 'truncate64',
  'umount', 'umount2', 'unlink', 'unlinkat', 'uselib', 'utime', 'utimensat', 'utimensat_time64', 'utimes',
]; // prettier-ignore

describe('the table of calls', () => {
  it('has every number of the kernel’s table', () => expect(missing()).to.deep.equal([]));
  it('has no number twice', () => {
    const none = denied(0, 'ENOSYS', 'a test');
    expect(() => join({ one: { restart_syscall: none }, two: { restart_syscall: none } })).to.throw(
      'restart_syscall is in one and in two',
    );
  });
  it('finds rows by number and by name', () => {
    expect(rowOf(20)).to.equal(families.processes.getpid);
    expect(rowOf('getpid')).to.equal(families.processes.getpid);
    for (const call of [222, 4095, -1, 0.5, 2 ** 32 - 1, 'getpidd', 'constructor', '__proto__'])
      expect(rowOf(call), String(call)).to.equal(undefined);
  });
  it('finds the calls in socketcall', () => {
    expect(socketcallRow(3)).to.equal(families.net.connect);
    expect(socketcallRow(21)).to.equal(undefined);
  });
  it('gives no row more arguments than there are registers', () => {
    for (const row of rows) expect(row?.args.length ?? 0).to.be.at.most(6);
  });
  it('names lengths and directories that are arguments', () => {
    for (const row of rows)
      for (const [, kind] of row?.args ?? []) {
        const names = row?.args.map(([name]) => name);
        if (kind.kind === 'path' && kind.at !== undefined) expect(names).to.include(kind.at);
        if (kind.kind === 'iovec' || kind.kind === 'fdset') expect(names).to.include(kind.count);
        if (kind.kind === 'sockaddr') expect(names).to.include(kind.length);
        if (kind.kind === 'choice') expect(names).to.include(kind.on);
        if ((kind.kind === 'structs' || kind.kind === 'words') && typeof kind.count === 'string')
          expect(names).to.include(kind.count);
        if (kind.kind === 'bytes' && typeof kind.length === 'string') expect(names).to.include(kind.length);
      }
  });
  it('says why for every refused call', () => {
    for (const row of rows) if (row?.by === 'denied') expect(row.why, String(row.nr)).to.match(/\w/);
  });
});

describe('calls that take paths', () => {
  const mapped = new Map(pathCalls().map((call) => [call.name, call.asks]));
  for (const name of PATH_TAKING)
    it(`${name} is refused or asks`, () => {
      if (rowOf(name)?.by !== 'denied') expect(mapped.get(name)).to.match(/\b(read|write|create|execute|stat)\b/);
    });
  it('are all listed here', () => {
    for (const { name } of pathCalls()) expect([...PATH_TAKING, 'unveil']).to.include(name);
    for (const name of Object.keys(ASKED)) expect(NUMBERS).to.have.property(name);
  });
  it('make a table', () => {
    expect(markdownOfPathCalls())
      .to.contain('\n| mkdir | path | create |\n')
      .and.to.contain('\n| rename | to | create |\n');
  });
});
