"""Descriptors of every kind, passed on and waited for."""
import array, ctypes, fcntl, mmap, os, select, socket, struct, tempfile

a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
files = [os.open('words', os.O_RDONLY), os.memfd_create('made', os.MFD_ALLOW_SEALING)]
socket.send_fds(a, [b'two files'], files)
text, got, flags, _ = socket.recv_fds(b, 100, 5)
print(text, len(got), os.read(got[0], 8), os.lseek(files[0], 0, os.SEEK_CUR))
os.write(got[1], b'x' * 5000)
fcntl.fcntl(files[1], fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_WRITE)
for act in (lambda: os.ftruncate(got[1], 10), lambda: os.write(got[1], b'y')):
    try:
        act()
    except OSError as e:
        print(e)
print(socket.socket(socket.AF_UNIX).getsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED))

server = socket.socket(socket.AF_UNIX)
server.bind('\0nurse-abstract-%d' % os.getpid())
server.listen()
client = socket.socket(socket.AF_UNIX)
client.connect(server.getsockname())
peer, _ = server.accept()
pid, uid, gid = struct.unpack('3i', peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
print(pid == os.getpid(), uid == os.getuid(), gid == os.getgid())

epoll = select.epoll()
r, w = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
event = os.eventfd(0)
epoll.register(r, select.EPOLLIN)
epoll.register(event, select.EPOLLIN | select.EPOLLET)
print(epoll.poll(0.01))
os.write(w, b'x'); os.eventfd_write(event, 7)
print(len(epoll.poll(1)), os.eventfd_read(event), os.read(r, 5))
print(fcntl.fcntl(w, 1032), fcntl.fcntl(w, 1031, 65536))

with mmap.mmap(files[1], 5000, mmap.MAP_SHARED, mmap.PROT_READ) as m:
    print(m[:3], m.find(b'y'), len(m))
with open('large', 'r+b') as f, mmap.mmap(f.fileno(), 0) as m:
    m[10:14] = b'MMAP'
    m.flush()
    m.madvise(mmap.MADV_DONTNEED)
    print(m[8:16])
    fcntl.lockf(f, fcntl.LOCK_EX | fcntl.LOCK_NB, 10, 5)
    print(struct.unpack('hhqqi', fcntl.fcntl(f, fcntl.F_GETLK64 if hasattr(fcntl, 'F_GETLK64') else 12, struct.pack('hhqqi', fcntl.F_WRLCK, 0, 0, 0, 0)))[0])
    print(os.posix_fallocate(f.fileno(), 0, 300000), os.fstat(f.fileno()).st_size)
out = os.open('sent', os.O_CREAT | os.O_WRONLY, 0o640)
with open('bytes', 'rb') as f:
    print(os.sendfile(out, f.fileno(), 100, 900), os.copy_file_range(f.fileno(), out, 500), os.pwritev(out, [b'one', b'two'], 50), os.preadv(f.fileno(), [bytearray(3)], 5))
    print(os.splice(f.fileno(), w, 300))
os.setxattr('words', 'user.note', b'kept')
print(os.listxattr('words'), os.getxattr('words', 'user.note'))
libc = ctypes.CDLL(None, use_errno=True)
watch = libc.inotify_init1(0o4000)
print(libc.inotify_add_watch(watch, b'dir', 0x3c6))
open('dir/new', 'w').close(); os.rename('dir/new', 'dir/newer'); os.unlink('dir/newer')
events = os.read(watch, 4096)
while events:
    wd, mask, cookie, size = struct.unpack('iIII', events[:16])
    print(hex(mask), bool(cookie), events[16:16 + size].rstrip(b'\0'))
    events = events[16 + size:]
timer = libc.timerfd_create(1, 0)
print(libc.timerfd_settime(timer, 0, struct.pack('4i', 0, 0, 0, 20_000_000), None), struct.unpack('Q', os.read(timer, 8)))
fd = os.open('dir', os.O_RDONLY | os.O_DIRECTORY)
os.mkdir('deep', dir_fd=fd); os.symlink('x', 'link', dir_fd=fd); print(sorted(os.listdir(fd)), os.readlink('link', dir_fd=fd))
os.link('words', 'hard'); os.replace('hard', 'dir/hard'); print(os.stat('hard', dir_fd=fd).st_nlink)
with tempfile.TemporaryFile(dir='.') as f:
    f.write(b'z' * 100); print(f.tell())
