/** Arguments in strace's notation, from rows and a memory that the test makes. */
import { expect } from 'chai';
import { ERRNO } from '../../src/abi/errno.js';
import { NUMBERS, type SyscallName } from '../../src/abi/numbers.js';
import { iovec, msghdr, stat64, unixAddress } from '../../src/abi/structs.js';
import { sigaction, timespec64 } from '../../src/abi/structs-process.js';
import { showArguments, showBefore, showNote, type Sight } from '../../src/syscalls/show.js';
import { flagNames, quoted, signalSet } from '../../src/syscalls/notation.js';
import { fileMode } from '../../src/syscalls/show-structs.js';
import { OPEN } from '../../src/abi/flags.js';
import { MAP } from '../../src/abi/flags-process.js';
import { rowOf } from '../../src/syscalls/table.js';

const BASE = 0x10000000;

/** Memory that starts at BASE; what is put into it gets an address. */
class Memory implements Sight {
  bytes = new Uint8Array(0x4000);
  private end = 0;
  put(what: Uint8Array | string): number {
    const from = this.end;
    const data = typeof what === 'string' ? Buffer.from(`${what}\0`, 'latin1') : what;
    this.bytes.set(data, from);
    this.end += (data.length + 15) & ~15;
    return BASE + from;
  }
  write(address: number, what: Uint8Array): void {
    this.bytes.set(what, address - BASE);
  }
  read(address: number, size: number): Uint8Array | undefined {
    const at = address - BASE;
    return at >= 0 && at + size <= this.bytes.length ? this.bytes.slice(at, at + size) : undefined;
  }
  string(address: number, max: number): string | undefined {
    const at = address - BASE;
    if (at < 0 || at >= this.bytes.length) return undefined;
    const end = this.bytes.indexOf(0, at);
    return end - at >= max ? undefined : Buffer.from(this.bytes.subarray(at, end)).toString('latin1');
  }
}
const words = (...values: number[]): Uint8Array => new Uint8Array(Int32Array.from(values).buffer);

describe('arguments in strace’s notation', () => {
  let memory: Memory;
  beforeEach(() => (memory = new Memory()));

  /** The text of a call that answers `result`; `during` is what happens between before and after. */
  function shown(name: SyscallName, r: readonly number[], result: number | null, during?: () => void): string {
    const row = rowOf(NUMBERS[name]);
    if (row === undefined) throw new Error(`${name} has no row`);
    const registers = Uint32Array.from([...r, 0, 0, 0, 0, 0, 0].slice(0, 6));
    const before = showBefore(row.args, registers, memory);
    during?.();
    const view = { args: row.args, r: registers, memory, judged: memory, result };
    return showArguments(view, before).join(', ') + showNote(view);
  }

  it('open: the mode counts when something is made', () => {
    const path = memory.put('/etc/x');
    expect(shown('openat', [-100, path, 0o100000, 0o644], 3)).to.equal('AT_FDCWD, "/etc/x", O_RDONLY|O_LARGEFILE');
    expect(shown('openat', [5, path, 0o101, 0o644], 3)).to.equal('5, "/etc/x", O_WRONLY|O_CREAT, 0644');
  });
  it('what is written shows after success, its address after failure', () => {
    const out = memory.put(stat64.encode({ st_mode: 0o100644, st_size: 1234n }));
    const path = memory.put('/a');
    expect(shown('stat64', [path, out], 0)).to.equal('"/a", {st_mode=S_IFREG|0644, st_size=1234, ...}');
    expect(shown('stat64', [path, out], -ERRNO.ENOENT)).to.equal(`"/a", 0x${out.toString(16)}`);
    expect(shown('stat64', [path, out], null)).to.equal(`"/a", 0x${out.toString(16)}`);
  });
  it('data shows as much as was read or given, cut at 32 bytes', () => {
    const data = memory.put('0123456789'.repeat(5));
    expect(shown('read', [0, data, 100], 4)).to.equal('0, "0123", 100');
    expect(shown('write', [1, data, 50], 50)).to.equal('1, "01234567890123456789012345678901"..., 50');
    expect(shown('read', [0, data, 100], -ERRNO.EINTR)).to.match(/^0, 0x1\w+, 100$/);
  });
  it('a 64-bit number is one argument of two registers, whichever comes first', () => {
    const data = memory.put('abc');
    expect(shown('pread64', [3, data, 3, 1, 1], 3)).to.equal('3, "abc", 3, 4294967297');
    const result = memory.put(new Uint8Array(8));
    expect(shown('_llseek', [3, 0xffffffff, 0xfffffffe, result, 1], 0)).to.equal('3, -2, [0], SEEK_CUR');
  });
  it('vectors and messages show what stands in their buffers', () => {
    const [one, two] = [memory.put('one'), memory.put('twotwo')];
    const encoded = Buffer.concat([
      iovec.encode({ iov_base: one, iov_len: 3 }),
      iovec.encode({ iov_base: two, iov_len: 6 }),
    ]);
    const vector = memory.put(encoded);
    expect(shown('writev', [1, vector, 2], 9)).to.equal(
      '1, [{iov_base="one", iov_len=3}, {iov_base="twotwo", iov_len=6}], 2',
    );
    expect(shown('readv', [0, vector, 2], 5)).to.equal(
      '0, [{iov_base="one", iov_len=3}, {iov_base="tw", iov_len=6}], 2',
    );
    const address = memory.put(unixAddress('/run/x'));
    const control = memory.put(words(16, 1, 1, 7));
    const message = memory.put(
      msghdr.encode({
        msg_name: address,
        msg_namelen: 9,
        msg_iov: vector,
        msg_iovlen: 1,
        msg_control: control,
        msg_controllen: 16,
      }),
    );
    expect(shown('sendmsg', [4, message, 0x4000], 3)).to.equal(
      '4, {msg_name={sa_family=AF_UNIX, sun_path="/run/x"}, msg_namelen=9, msg_iov=[{iov_base="one", iov_len=3}], ' +
        'msg_iovlen=1, msg_control=[{cmsg_len=16, cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, cmsg_data=[7]}], ' +
        'msg_controllen=16, msg_flags=0}, MSG_NOSIGNAL',
    );
  });
  it('a socket address comes back with its length', () => {
    const address = memory.put(Uint8Array.of(2, 0, 0x1f, 0x90, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0));
    const length = memory.put(words(128));
    expect(shown('getsockname', [3, address, length], 0, () => memory.write(length, words(16)))).to.equal(
      '3, {sa_family=AF_INET, sin_port=htons(8080), sin_addr=inet_addr("127.0.0.1")}, [128 => 16]',
    );
  });
  it('poll and select show what they were given, and behind the result what they found', () => {
    const fds = memory.put(Uint8Array.of(3, 0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0, 4, 0, 0, 0));
    const found = Uint8Array.of(3, 0, 0, 0, 1, 0, 1, 0, 4, 0, 0, 0, 4, 0, 0, 0);
    expect(shown('poll', [fds, 2, 0], 1, () => memory.write(fds, found))).to.equal(
      '[{fd=3, events=POLLIN}, {fd=4, events=POLLOUT}], 2, 0 ([{fd=3, revents=POLLIN}])',
    );
    const set = memory.put(words(0b101000));
    const shownSelect = shown('_newselect', [6, set, 0, 0, 0], 1, () => memory.write(set, words(0b100000)));
    expect(shownSelect).to.equal('6, [3 5], NULL, NULL, NULL (in [5])');
  });
  it('what an argument is may depend on another', () => {
    expect(shown('fcntl64', [3, 1], 0)).to.equal('3, F_GETFD');
    expect(shown('fcntl64', [3, 2, 1], 0)).to.equal('3, F_SETFD, FD_CLOEXEC');
    const size = memory.put(Uint8Array.of(24, 0, 80, 0, 0, 0, 0, 0));
    expect(shown('ioctl', [0, 0x5413, size], 0)).to.equal(
      '0, TIOCGWINSZ, {ws_row=24, ws_col=80, ws_xpixel=0, ws_ypixel=0}',
    );
    expect(shown('futex', [BASE, 129, 1, 0, 0, 7], 0)).to.equal(
      `0x${BASE.toString(16)}, FUTEX_WAKE|FUTEX_PRIVATE_FLAG, 1`,
    );
    const time = memory.put(timespec64.encode({ sec: 1n, nsec: 5n }));
    expect(shown('futex_time64', [BASE, 0, 1, time], -ERRNO.ETIMEDOUT)).to.equal(
      `0x${BASE.toString(16)}, FUTEX_WAIT, 1, {tv_sec=1, tv_nsec=5}`,
    );
  });
  it('signals have names, sets show what they hold or lack', () => {
    const action = memory.put(sigaction.encode({ handler: 1, mask: 0b10n, flags: 0x10000000 }));
    expect(shown('rt_sigaction', [15, action, 0, 8], 0)).to.equal(
      'SIGTERM, {sa_handler=SIG_IGN, sa_mask=[INT], sa_flags=SA_RESTART}, NULL, 8',
    );
    expect(signalSet(~0n)).to.equal('~[]');
    expect(signalSet(1n << 33n)).to.equal('[RT_2]');
  });
  it('memory that cannot be read shows as its address', () => {
    expect(shown('openat', [-100, 0xdead0000, 0], -ERRNO.EFAULT)).to.equal('AT_FDCWD, 0xdead0000, O_RDONLY');
    expect(shown('writev', [1, 0xdead0000, 2], -ERRNO.EFAULT)).to.equal('1, 0xdead0000, 2');
    expect(shown('sendmsg', [1, 0xdead0000, 0], -ERRNO.EFAULT)).to.equal('1, 0xdead0000, 0');
    expect(shown('poll', [0xdead0000, 3, 0], -ERRNO.EFAULT)).to.equal('0xdead0000, 3, 0');
  });
  it('what a program gives cannot speak to a terminal, forge a line, or take for ever', () => {
    const path = memory.put('/\u001b[2J"\n= 0\u009b1m');
    expect(shown('unlink', [path], -ERRNO.ENOENT)).to.equal('"/\\33[2J\\"\\n= 0\\2331m"');
    expect(shown('poll', [BASE, 0xffffffff, 0], -ERRNO.EINVAL).length).to.be.below(2000);
    expect(shown('writev', [1, BASE, 0x7fffffff], -ERRNO.EINVAL).length).to.be.below(2000);
    expect(shown('_newselect', [0x7fffffff, BASE, 0, 0, 0], -ERRNO.EINVAL).length).to.be.below(4000);
  });

  it('quotes as C does', () => {
    expect(quoted(Uint8Array.of(0, 49, 0, 255, 92, 34, 10))).to.equal('"\\0001\\0\\377\\\\\\"\\n"');
  });
  it('names a field, its bits and what has no name', () => {
    expect(flagNames(OPEN, 0o2000102)).to.equal('O_RDWR|O_CREAT|O_CLOEXEC');
    expect(flagNames(OPEN, 0o4010000)).to.equal('O_RDONLY|O_SYNC');
    expect(flagNames(MAP, 0x40000022 >>> 0)).to.equal('MAP_PRIVATE|MAP_ANONYMOUS|0x40000000');
    expect(flagNames({ name: 'none', values: { A: 1 } }, 0)).to.equal('0');
  });
  it('shows a mode with type, special bits and permissions', () => {
    expect(fileMode(0o104755)).to.equal('S_IFREG|S_ISUID|0755');
    expect(fileMode(0o041777)).to.equal('S_IFDIR|S_ISVTX|0777');
  });
});
