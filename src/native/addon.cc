// The typed face of the kernel for the helper. Every function here is one system call, or the few that must happen
// together (launch, step). A failure is a negative errno, never an exception; wrong argument types throw.
#include <napi.h>

#include <dirent.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/futex.h>
#include <linux/openat2.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/sendfile.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <cstddef>
#include <cstring>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

namespace {

#ifndef SHM_STAT_ANY
#define SHM_STAT_ANY 15
#endif
#ifndef SEM_STAT_ANY
#define SEM_STAT_ANY 20
#endif
#ifndef MSG_STAT_ANY
#define MSG_STAT_ANY 13
#endif
#ifndef PIDFD_THREAD
#define PIDFD_THREAD O_EXCL
#endif
#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC 4
#endif

// ---- arguments: numbers, byte strings (latin1, no NUL inside), bytes (Uint8Array, null for none) ----

struct Bytes {
  uint8_t* data;
  size_t size;
};

// One question to Node per argument: these stand between the program and its answer several times a call.

size_t sizeOf(napi_typedarray_type type) {
  switch (type) {
    case napi_int8_array:
    case napi_uint8_array:
    case napi_uint8_clamped_array:
      return 1;
    case napi_int16_array:
    case napi_uint16_array:
      return 2;
    case napi_int32_array:
    case napi_uint32_array:
    case napi_float32_array:
      return 4;
    default:
      return 8;
  }
}

Bytes bytesOf(const Napi::Value& v) {
  napi_typedarray_type type;
  size_t length;
  void* data;
  if (napi_get_typedarray_info(v.Env(), v, &type, &length, &data, nullptr, nullptr) == napi_ok)
    return {static_cast<uint8_t*>(data), length * sizeOf(type)};
  if (v.IsNull() || v.IsUndefined()) return {nullptr, 0};
  throw Napi::TypeError::New(v.Env(), "bytes must be a typed array or null");
}

std::string byteString(const Napi::Value& v) {
  char path[4096];
  size_t n;
  if (napi_get_value_string_latin1(v.Env(), v, path, sizeof path, &n) != napi_ok)
    throw Napi::TypeError::New(v.Env(), "a name must be a string");
  std::string s(path, n);
  if (n == sizeof path - 1) {  // perhaps cut
    napi_get_value_string_latin1(v.Env(), v, nullptr, 0, &n);
    s.resize(n);
    napi_get_value_string_latin1(v.Env(), v, &s[0], n + 1, &n);
  }
  if (s.find('\0') != std::string::npos) throw Napi::TypeError::New(v.Env(), "a name must not hold a NUL");
  return s;
}

template <class T>
struct Argument {  // integers
  T value;
  explicit Argument(const Napi::Value& v) : value(0) {
    int64_t number;
    if (napi_get_value_int64(v.Env(), v, &number) != napi_ok) throw Napi::TypeError::New(v.Env(), "a number is needed");
    value = static_cast<T>(number);
  }
  T get() { return value; }
};
template <>
struct Argument<const char*> {
  std::string value;
  explicit Argument(const Napi::Value& v) : value(byteString(v)) {}
  const char* get() { return value.c_str(); }
};
template <>
struct Argument<void*> {
  Bytes value;
  explicit Argument(const Napi::Value& v) : value(bytesOf(v)) {}
  void* get() { return value.data; }
};
template <>
struct Argument<const void*> : Argument<void*> {
  using Argument<void*>::Argument;
};
template <>
struct Argument<char*> : Argument<void*> {
  using Argument<void*>::Argument;
  char* get() { return static_cast<char*>(Argument<void*>::get()); }
};

// A size behind bytes says how much of them: more than there is would reach into the helper's own memory.
template <class A, class B>
void fit(const Napi::Env&, const Argument<A>&, const Argument<B>&) {}
template <class A>
auto fit(const Napi::Env& env, const Argument<A>& bytes, const Argument<size_t>& size)
    -> decltype(bytes.value.data, void()) {
  if (bytes.value.data && size.value > bytes.value.size)
    throw Napi::RangeError::New(env, "a size of " + std::to_string(size.value) + " bytes where there are " +
                                         std::to_string(bytes.value.size));
}

template <auto F>
struct Wrap;
template <class R, class... A, R (*F)(A...)>
struct Wrap<F> {
  template <size_t... I>
  static Napi::Value run(const Napi::CallbackInfo& info, std::index_sequence<I...>) {
    std::tuple<Argument<A>...> arguments{Argument<A>(info[I])...};
    check<0>(info.Env(), arguments);
    R result = F(std::get<I>(arguments).get()...);
    return Napi::Number::New(info.Env(), result < 0 ? -errno : static_cast<double>(result));
  }
  template <size_t I>
  static void check(const Napi::Env& env, const std::tuple<Argument<A>...>& arguments) {
    if constexpr (I + 1 < sizeof...(A)) {
      fit(env, std::get<I>(arguments), std::get<I + 1>(arguments));
      check<I + 1>(env, arguments);
    }
  }
  static Napi::Value call(const Napi::CallbackInfo& info) { return run(info, std::index_sequence_for<A...>{}); }
};

// ---- calls whose C face is variadic, host-dependent or missing ----

int openAt(int dir, const char* path, int flags, unsigned mode) { return openat(dir, path, flags | O_CLOEXEC, mode); }
int openAt2(int dir, const char* path, int flags, unsigned mode, unsigned resolve) {
  struct open_how how = {static_cast<__u64>(static_cast<unsigned>(flags)) | O_CLOEXEC, mode, resolve};
  return static_cast<int>(syscall(SYS_openat2, dir, path, &how, sizeof how));
}
int fcntlInt(int fd, int command, int argument) { return fcntl(fd, command, argument); }
int statX(int dir, const char* path, int flags, unsigned mask, void* out) {
  return statx(dir, path, flags, mask, static_cast<struct statx*>(out));
}
// out: ten 64-bit words: type, bsize, blocks, bfree, bavail, files, ffree, fsid (low | high << 32), namelen, frsize, flags
int statFs(const char* path, void* out) {
  struct statfs s;
  if (statfs(path, &s) < 0) return -1;
  uint32_t id[2];
  memcpy(id, &s.f_fsid, sizeof id);
  uint64_t w[11] = {static_cast<uint32_t>(s.f_type), static_cast<uint64_t>(s.f_bsize), s.f_blocks, s.f_bfree, s.f_bavail, s.f_files,
                    s.f_ffree, id[0] | static_cast<uint64_t>(id[1]) << 32, static_cast<uint64_t>(s.f_namelen),
                    static_cast<uint64_t>(s.f_frsize), static_cast<uint64_t>(s.f_flags)};
  memcpy(out, w, sizeof w);
  return 0;
}
// times: four 64-bit words atime sec, nsec, mtime sec, nsec; null for now
int utimesAt(int dir, const char* path, const void* times, int flags) {
  if (!times) return utimensat(dir, path, nullptr, flags);
  int64_t w[4];
  memcpy(w, times, sizeof w);
  struct timespec t[2] = {{static_cast<time_t>(w[0]), static_cast<long>(w[1])}, {static_cast<time_t>(w[2]), static_cast<long>(w[3])}};
  return utimensat(dir, path, t, flags);
}
// out: 64-bit seconds, nanoseconds
int clockTime(int clock, void* out) {
  struct timespec t;
  if (clock_gettime(clock, &t) < 0) return -1;
  int64_t w[2] = {t.tv_sec, t.tv_nsec};
  memcpy(out, w, sizeof w);
  return 0;
}
int clockResolution(int clock, void* out) {
  struct timespec t;
  if (clock_getres(clock, &t) < 0) return -1;
  int64_t w[2] = {t.tv_sec, t.tv_nsec};
  memcpy(out, w, sizeof w);
  return 0;
}
// out: struct __kernel_timex, as it is; nothing is set
int clockAdjustment(int clock, void* out) {
  memset(out, 0, 208);
#ifdef SYS_clock_adjtime64
  return syscall(SYS_clock_adjtime64, clock, out);
#else
  return syscall(SYS_clock_adjtime, clock, out);
#endif
}
// out: six strings of 65 bytes
int uName(void* out) { return uname(static_cast<struct utsname*>(out)); }
// out: 64-bit soft, hard
int limitOf(int pid, int resource, const void* set, void* out) {
  struct rlimit64 now, next;
  if (set) memcpy(&next, set, sizeof next);
  if (prlimit64(pid, static_cast<__rlimit_resource>(resource), set ? &next : nullptr, &now) < 0) return -1;
  if (out) memcpy(out, &now, sizeof now);
  return 0;
}
int socketPair(int type, void* out) { return socketpair(AF_UNIX, type, 0, static_cast<int*>(out)); }
// out: struct sockaddr, 128 bytes; the address's length
int socketName(int fd, int peer, void* out) {
  socklen_t length = 128;
  auto* to = static_cast<struct sockaddr*>(out);
  return (peer ? getpeername(fd, to, &length) : getsockname(fd, to, &length)) < 0 ? -1 : static_cast<int>(length);
}
// Microseconds of SO_RCVTIMEO (send 0) or SO_SNDTIMEO (send 1); 0 for ever
int64_t socketTimeout(int fd, int send) {
  struct timeval t;
  socklen_t size = sizeof t;
  if (getsockopt(fd, SOL_SOCKET, send ? SO_SNDTIMEO : SO_RCVTIMEO, &t, &size) < 0) return -1;
  return static_cast<int64_t>(t.tv_sec) * 1000000 + t.tv_usec;
}
int socketOption(int fd, int level, int option) {
  int value = 0;
  socklen_t size = sizeof value;
  return getsockopt(fd, level, option, &value, &size) < 0 ? -1 : value;
}
int teeBytes(int in, int out, size_t size) { return static_cast<int>(tee(in, out, size, SPLICE_F_NONBLOCK)); }
int pipePair(int flags, void* out) { return pipe2(static_cast<int*>(out), flags); }
int memfdCreate(const char* name, unsigned flags) { return memfd_create(name, flags); }
#ifdef __x86_64__
// A program without large-file support stops at a directory offset of more than 32 bits. ext4 and others hand out such
// ones, unless an i386 call asks: so this is one. Its pointer has 32 bits as well.
constexpr size_t kListing = 0x8000;
ssize_t getDents(int fd, void* out, size_t size) {
  static thread_local void* const low =
      mmap(nullptr, kListing, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
  if (low == MAP_FAILED) {
    errno = ENOMEM;
    return -1;
  }
  constexpr int kGetdents64 = 220;
  int n;
  asm volatile("int $0x80"
               : "=a"(n)
               : "a"(kGetdents64), "b"(fd), "c"(low), "d"(size < kListing ? size : kListing)
               : "memory", "r8", "r9", "r10", "r11");
  if (n < 0) {
    errno = -n;
    return -1;
  }
  memcpy(out, low, n);
  return n;
}
#else
ssize_t getDents(int fd, void* out, size_t size) { return syscall(SYS_getdents64, fd, out, size); }
#endif
int pidfdOpen(int pid, int thread) { return static_cast<int>(syscall(SYS_pidfd_open, pid, thread ? PIDFD_THREAD : 0)); }
int pidfdGetfd(int pidfd, int fd) { return static_cast<int>(syscall(SYS_pidfd_getfd, pidfd, fd, 0)); }
int pidfdKill(int pidfd, int sig) { return static_cast<int>(syscall(SYS_pidfd_send_signal, pidfd, sig, nullptr, 0)); }
int shmOpen(const char* name, int flags, unsigned mode) { return shm_open(name, flags, mode); }
int truncateFd(int fd, int64_t size) { return ftruncate(fd, size); }
int truncatePath(const char* path, int64_t size) { return truncate(path, size); }
int64_t seek(int fd, int64_t offset, int whence) { return lseek(fd, offset, whence); }
// all 64 bits, which a number does not hold; out: the new position
int seekExactly(int fd, uint32_t high, uint32_t low, int whence, void* out) {
  int64_t at = lseek(fd, static_cast<int64_t>(static_cast<uint64_t>(high) << 32 | low), whence);
  if (at < 0) return -1;
  memcpy(out, &at, sizeof at);
  return 0;
}
ssize_t readAt(int fd, void* to, size_t size, int64_t offset) { return pread(fd, to, size, offset); }
ssize_t writeAt(int fd, const void* from, size_t size, int64_t offset) { return pwrite(fd, from, size, offset); }
unsigned maskOf(unsigned mask) { return umask(mask); }
int eventFd(unsigned initial, int flags) { return eventfd(initial, flags | EFD_CLOEXEC); }
// 1 ready, 0 not within the time
int pollOne(int fd, int events, int milliseconds) {
  struct pollfd p = {fd, static_cast<short>(events), 0};
  int n = poll(&p, 1, milliseconds);
  return n <= 0 ? n : p.revents;
}
// exit status as `code` or `-signal` in out[0]; 1 when it ended, 0 when it runs
int waitChild(int pid, void* out) {
  siginfo_t info;
  info.si_pid = 0;
  if (waitid(P_PID, pid, &info, WEXITED | WNOHANG) < 0) return -1;
  if (info.si_pid == 0) return 0;
  int status = info.si_code == CLD_EXITED ? info.si_status : -info.si_status;
  memcpy(out, &status, sizeof status);
  return 1;
}

// Closes a descriptor of the program's, perhaps its last: of a socket that lingers (socket(7)) that may take as long as the
// program has set, so a thread does it that nobody waits for. It ends with us.
int release(int fd) {
  static auto& lock = *new std::mutex;
  static auto& more = *new std::condition_variable;
  static auto& queue = *new std::deque<int>;
  static bool started = false;
  struct linger linger = {0, 0};
  socklen_t size = sizeof linger;
  if (getsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, &size) < 0 || linger.l_onoff == 0) return close(fd);
  std::lock_guard<std::mutex> held(lock);
  if (!started) {
    started = true;
    std::thread([] {
      for (;;) {
        std::unique_lock<std::mutex> waiting(lock);
        more.wait(waiting, [] { return !queue.empty(); });
        int next = queue.front();
        queue.pop_front();
        waiting.unlock();
        close(next);
      }
    }).detach();
  }
  queue.push_back(fd);
  more.notify_one();
  return 0;
}

// the signal by which a child stands still, told once; 0 when it does not
int stoppedBy(int pid) {
  siginfo_t info;
  info.si_pid = 0;
  if (waitid(P_PID, pid, &info, WSTOPPED | WNOHANG) < 0) return -1;
  return info.si_pid == 0 ? 0 : info.si_status;
}

// ---- memory of the sandboxed process ----

ssize_t vmRead(int pid, uint32_t address, void* to, size_t size) {
  struct iovec local = {to, size}, remote = {reinterpret_cast<void*>(static_cast<uintptr_t>(address)), size};
  return process_vm_readv(pid, &local, 1, &remote, 1, 0);
}
ssize_t vmWrite(int pid, uint32_t address, const void* from, size_t size) {
  struct iovec local = {const_cast<void*>(from), size}, remote = {reinterpret_cast<void*>(static_cast<uintptr_t>(address)), size};
  return process_vm_writev(pid, &local, 1, &remote, 1, 0);
}
// The bytes up to and without the first NUL; -ENAMETOOLONG when there is none in `size`. Never reads past a page that holds it.
ssize_t vmReadString(int pid, uint32_t address, void* to, size_t size) {
  char* out = static_cast<char*>(to);
  size_t done = 0;
  while (done < size) {
    size_t chunk = 4096 - ((address + done) & 4095);
    if (chunk > size - done) chunk = size - done;
    ssize_t n = vmRead(pid, static_cast<uint32_t>(address + done), out + done, chunk);
    if (n <= 0) return errno = EFAULT, -1;
    if (void* end = memchr(out + done, 0, static_cast<size_t>(n))) return static_cast<char*>(end) - out;
    done += static_cast<size_t>(n);
    if (static_cast<size_t>(n) < chunk) return errno = EFAULT, -1;
  }
  return errno = ENAMETOOLONG, -1;
}

// ---- shared memory and its futexes ----

// map(fd, size, offset): the shared mapping as an ArrayBuffer, which unmap() ends. A finalizer would not do: Node calls it
// from its own loop, to which the referee's thread does not come back.
Napi::Value map(const Napi::CallbackInfo& info) {
  int fd = Argument<int>(info[0]).get();
  size_t size = Argument<size_t>(info[1]).get();
  int64_t offset = Argument<int64_t>(info[2]).get();
  void* at = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset);
  if (at == MAP_FAILED) return Napi::Number::New(info.Env(), -errno);
  return Napi::ArrayBuffer::New(info.Env(), at, size);
}
// unmap(buffer) of map(): the buffer is empty from now on
void unmap(const Napi::CallbackInfo& info) {
  Napi::ArrayBuffer buffer = info[0].As<Napi::ArrayBuffer>();
  void* at = buffer.Data();
  size_t size = buffer.ByteLength();
  if (size == 0) return;
  buffer.Detach();
  munmap(at, size);
}

// FUTEX_WAKE of every waiter on the first word of the bytes
int futexWake(void* word) { return static_cast<int>(syscall(SYS_futex, word, FUTEX_WAKE, INT32_MAX, nullptr, nullptr, 0)); }

// The offset of a result channel: out[0] = high word, out[1] = low word
int offsetOf(int fd, void* out) {
  int64_t at = lseek(fd, 0, SEEK_CUR);
  if (at < 0) return -1;
  uint32_t w[2] = {static_cast<uint32_t>(at >> 32), static_cast<uint32_t>(at)};
  memcpy(out, w, sizeof w);
  return 0;
}

// ---- starting a process ----

struct Strings {
  std::vector<std::string> text;
  std::vector<char*> pointers;
  explicit Strings(const Napi::Array& a) {
    for (uint32_t i = 0; i < a.Length(); i++) text.push_back(byteString(a.Get(i)));
    for (auto& s : text) pointers.push_back(&s[0]);
    pointers.push_back(nullptr);
  }
};

// launch(image fd, argv, envp, descriptors as pairs from,to, ignored signals (two words)): pid. The child keeps 0, 1, 2
// and the descriptors' second numbers, which may lie above the soft limit of open files; all else is closed. The soft
// limit of open files is as high as the hard one.
Napi::Value launch(const Napi::CallbackInfo& info) {
  int image = Argument<int>(info[0]).get();
  Strings argv(info[1].As<Napi::Array>()), envp(info[2].As<Napi::Array>());
  Bytes pairs = bytesOf(info[3]), ignored = bytesOf(info[4]);
  std::vector<int> fds(pairs.size / sizeof(int));
  memcpy(fds.data(), pairs.data, fds.size() * sizeof(int));
  uint32_t ignore[2];
  memcpy(ignore, ignored.data, sizeof ignore);
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  int failure[2];
  if (pipe2(failure, O_CLOEXEC) < 0) return Napi::Number::New(info.Env(), -errno);

  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pid_t pid = fork();
  if (pid == 0) {  // async-signal-safe calls only
    for (int s = 1; s < 65; s++) {
      bool ignoring = ignore[(s - 1) / 32] >> ((s - 1) % 32) & 1;
      if (s != SIGKILL && s != SIGSTOP) signal(s, ignoring ? SIG_IGN : SIG_DFL);
    }
    struct rlimit high = {limit.rlim_max, limit.rlim_max};
    bool ok = setrlimit(RLIMIT_NOFILE, &high) == 0;
    int top = 0;
    for (size_t i = 1; i < fds.size(); i += 2)
      if (fds[i] > top) top = fds[i];
    int last = fcntl(failure[1], F_DUPFD_CLOEXEC, top + 1);
    int exe = fcntl(image, F_DUPFD_CLOEXEC, top + 1);
    ok = ok && last >= 0 && exe >= 0;
    for (size_t i = 0; ok && i < fds.size(); i += 2) {  // sources first above all targets, so that none is overwritten
      int up = fcntl(fds[i], F_DUPFD_CLOEXEC, top + 1);
      ok = up >= 0;
      fds[i] = up;
    }
    ok = ok && syscall(SYS_close_range, 3, top, 0) == 0;
    for (size_t i = 0; ok && i < fds.size(); i += 2) ok = dup2(fds[i], fds[i + 1]) >= 0;
    // a caller's descriptor may stand above the reserved ones, even above the limit
    ok = ok && syscall(SYS_close_range, top + 1, ~0U, CLOSE_RANGE_CLOEXEC) == 0;
    if (ok) {
      sigset_t none;
      sigemptyset(&none);
      pthread_sigmask(SIG_SETMASK, &none, nullptr);
      syscall(SYS_execveat, exe, "", argv.pointers.data(), envp.pointers.data(), AT_EMPTY_PATH);
    }
    int e = errno;
    if (write(last >= 0 ? last : failure[1], &e, sizeof e) < 0) _exit(124);
    _exit(125);
  }
  int e = errno;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  close(failure[1]);
  if (pid < 0) {
    close(failure[0]);
    return Napi::Number::New(info.Env(), -e);
  }
  int failed = 0;
  ssize_t n;
  do n = read(failure[0], &failed, sizeof failed);
  while (n < 0 && errno == EINTR);
  close(failure[0]);
  if (n == static_cast<ssize_t>(sizeof failed)) {
    waitpid(pid, nullptr, 0);
    return Napi::Number::New(info.Env(), -failed);
  }
  return Napi::Number::New(info.Env(), pid);
}

// ---- System V IPC ----

void permOf(const struct ipc_perm& p, uint32_t* w) {
  w[0] = static_cast<uint32_t>(p.__key);
  w[1] = p.cuid;
  w[2] = p.cgid;
  w[3] = p.mode;
}
// What stands at the index of an id, and its own id, whoever may read it. out: key, cuid, cgid, mode, creator's pid or 0,
// semaphores or 0, low and high word of the segment's size or 0
int shmStat(int id, void* out) {
  struct shmid_ds d;
  int found = shmctl(id, SHM_STAT_ANY, &d);
  if (found < 0) return -1;
  uint64_t size = d.shm_segsz;
  uint32_t w[8] = {0, 0, 0, 0, static_cast<uint32_t>(d.shm_cpid), 0, static_cast<uint32_t>(size), static_cast<uint32_t>(size >> 32)};
  permOf(d.shm_perm, w);
  memcpy(out, w, sizeof w);
  return found;
}
int semStat(int id, void* out) {
  struct semid_ds d;
  union {
    int value;
    struct semid_ds* buffer;
  } argument;
  argument.buffer = &d;
  int found = semctl(id, 0, SEM_STAT_ANY, argument);
  if (found < 0) return -1;
  uint32_t w[8] = {0, 0, 0, 0, 0, static_cast<uint32_t>(d.sem_nsems), 0, 0};
  permOf(d.sem_perm, w);
  memcpy(out, w, sizeof w);
  return found;
}
int msgStat(int id, void* out) {
  struct msqid_ds d;
  int found = msgctl(id, MSG_STAT_ANY, &d);
  if (found < 0) return -1;
  uint32_t w[8] = {};
  permOf(d.msg_perm, w);
  memcpy(out, w, sizeof w);
  return found;
}
// Addresses are the helper's own: at most 47 bits, exact in a double
int64_t shmAttach(int id, int flags) {
  void* at = shmat(id, nullptr, flags);
  return at == reinterpret_cast<void*>(-1) ? -1 : static_cast<int64_t>(reinterpret_cast<uintptr_t>(at));
}
int shmDetach(int64_t at) { return shmdt(reinterpret_cast<void*>(static_cast<uintptr_t>(at))); }
int protectRange(int64_t at, size_t size, int protection) {
  return mprotect(reinterpret_cast<void*>(static_cast<uintptr_t>(at)), size, protection);
}

// ---- rights ----

// 16-bit ids where the host is an i386 one
#ifdef SYS_setfsuid32
constexpr long kSetfsuid = SYS_setfsuid32, kSetfsgid = SYS_setfsgid32, kSetgroups = SYS_setgroups32;
#else
constexpr long kSetfsuid = SYS_setfsuid, kSetfsgid = SYS_setfsgid, kSetgroups = SYS_setgroups;
#endif
constexpr uint32_t kNoId = ~0U;

int setFileId(long call, uint32_t id) {
  syscall(call, id);  // tells the id before, whether or not it changed anything
  if (static_cast<uint32_t>(syscall(call, kNoId)) == id) return 0;
  errno = EPERM;
  return -1;
}

// What this thread, and no other of the process (libc's functions would change all), may do from now on: the ids and
// groups that count for files, and its effective capabilities. The permitted ones stay, so that it can go back.
// words: uid, gid, low and high word of the capabilities.
int assume(const void* words, const void* groups, size_t count) {
  uint32_t w[4];
  memcpy(w, words, sizeof w);
  const int dumpable = prctl(PR_GET_DUMPABLE);
  struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct caps[_LINUX_CAPABILITY_U32S_3];
  if (syscall(SYS_capget, &head, caps) < 0) return -1;
  for (auto& c : caps) c.effective = c.permitted;
  if (syscall(SYS_capset, &head, caps) < 0) return -1;
  if (groups && syscall(kSetgroups, count, groups) < 0) return -1;
  if (setFileId(kSetfsgid, w[1]) < 0 || setFileId(kSetfsuid, w[0]) < 0) return -1;
  for (int i = 0; i < 2; i++) caps[i].effective = w[2 + i] & caps[i].permitted;
  if (syscall(SYS_capset, &head, caps) < 0) return -1;
  // The kernel takes the change for one of the whole process's rights. Its real ids have not changed: who may look into
  // it is as before.
  return dumpable == 1 ? prctl(PR_SET_DUMPABLE, 1) : 0;
}

// ---- the loop ----

int epollCreate() { return epoll_create1(EPOLL_CLOEXEC); }
int epollAdd(int epoll, int fd, uint32_t tag) {
  struct epoll_event e = {};
  e.events = EPOLLIN;
  e.data.u32 = tag;
  return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e);
}
// The events of poll(2), none of which needs another name here. EEXIST when it is watched already: change 1 alters that.
int epollWatch(int epoll, int fd, uint32_t events, uint32_t tag, int change) {
  struct epoll_event e = {};
  e.events = events;
  e.data.u32 = tag;
  return epoll_ctl(epoll, change ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &e);
}
int timerCreate() { return timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK); }
// From now on; 0 stops it. It is readable no longer, whatever it was
int timerSet(int fd, int64_t nanoseconds) {
  struct itimerspec t = {};
  t.it_value.tv_sec = static_cast<time_t>(nanoseconds / 1000000000);
  t.it_value.tv_nsec = static_cast<long>(nanoseconds % 1000000000);
  return timerfd_settime(fd, 0, &t, nullptr);
}
int epollRemove(int epoll, int fd) { return epoll_ctl(epoll, EPOLL_CTL_DEL, fd, nullptr); }

// Waits for one ready descriptor: event[0] = its tag, event[1] = its epoll events. 1, or 0 after the time.
int step(int epoll, int milliseconds, void* event) {
  struct epoll_event e;
  int n;
  do n = epoll_wait(epoll, &e, 1, milliseconds);
  while (n < 0 && errno == EINTR);
  if (n <= 0) return n;
  uint32_t w[2] = {e.data.u32, e.events};
  memcpy(event, w, sizeof w);
  return 1;
}

// One message: its whole length even when it was cut to `size`; 0 at the end.
ssize_t receive(int fd, void* to, size_t size, int flags) {
  ssize_t n;
  do n = recv(fd, to, size, flags | MSG_TRUNC);
  while (n < 0 && errno == EINTR);
  return n;
}
ssize_t sendMessage(int fd, const void* from, size_t size, int flags) { return send(fd, from, size, flags | MSG_NOSIGNAL); }
// One message with descriptors, eight at most (bytes of ints)
ssize_t sendDescriptors(int fd, const void* from, size_t size, const void* fds, size_t count) {
  if (count < 1 || count > 8) return errno = EINVAL, -1;
  struct iovec data = {const_cast<void*>(from), size};
  alignas(struct cmsghdr) char control[CMSG_SPACE(8 * sizeof(int))] = {};
  struct msghdr message = {};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = CMSG_SPACE(count * sizeof(int));
  struct cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(count * sizeof(int));
  memcpy(CMSG_DATA(header), fds, count * sizeof(int));
  return sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}
socklen_t abstractAddress(const char* name, struct sockaddr_un* address) {
  memset(address, 0, sizeof *address);
  address->sun_family = AF_UNIX;
  strncpy(address->sun_path + 1, name, sizeof address->sun_path - 2);
  return static_cast<socklen_t>(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name));
}
// A listening SOCK_SEQPACKET socket with an abstract name
int listenAt(const char* name) {
  struct sockaddr_un address;
  socklen_t length = abstractAddress(name, &address);
  int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -1;
  if (bind(fd, reinterpret_cast<struct sockaddr*>(&address), length) == 0 && listen(fd, 128) == 0) return fd;
  int e = errno;
  close(fd);
  return errno = e, -1;
}
int acceptOne(int fd) { return accept4(fd, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK); }
// The pid of the process that connected; 0 when it is of no pid namespace of ours
int peerPid(int fd) {
  struct ucred peer;
  socklen_t length = sizeof peer;
  return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0 ? -1 : peer.pid;
}
ssize_t readFd(int fd, void* to, size_t size) { return read(fd, to, size); }
ssize_t writeFd(int fd, const void* from, size_t size) { return write(fd, from, size); }
// kcmp(2), KCMP_FILE: 0 for the same open file; this process's descriptor `own`
int compareFile(int pid, int fd, int own) { return static_cast<int>(syscall(SYS_kcmp, pid, getpid(), 0, fd, own)); }
int killProcess(int pid, int sig) { return kill(pid, sig); }
ssize_t getXattr(int fd, const char* name, void* to, size_t size) { return fgetxattr(fd, name, to, size); }
ssize_t pathGetXattr(const char* path, const char* name, void* to, size_t size) { return getxattr(path, name, to, size); }
ssize_t pathListXattr(const char* path, void* to, size_t size) { return listxattr(path, static_cast<char*>(to), size); }
int pathSetXattr(const char* path, const char* name, const void* from, size_t size, int flags) {
  return setxattr(path, name, from, size, flags);
}
int pathRemoveXattr(const char* path, const char* name) { return removexattr(path, name); }
int exitNow(int status) { _exit(status); }
int setTscFault(int on) { return prctl(PR_SET_TSC, on ? PR_TSC_SIGSEGV : PR_TSC_ENABLE); }

// The processor's time-stamp counter as two words, for programs whose own rdtsc strict mode forbids
int timeStamp(void* out) {
  uint32_t w[2];
  __asm__ volatile("rdtsc" : "=a"(w[0]), "=d"(w[1]));
  memcpy(out, w, sizeof w);
  return 0;
}

template <auto F>
void add(Napi::Object& exports, const char* name) {
  exports.Set(name, Napi::Function::New<Wrap<F>::call>(exports.Env(), name));
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  add<&close>(exports, "close");
  add<&release>(exports, "release");
  add<&dup3>(exports, "dup3");
  add<&fcntlInt>(exports, "fcntl");
  add<&openAt>(exports, "openat");
  add<&openAt2>(exports, "openat2");
  add<&statX>(exports, "statx");
  add<&statFs>(exports, "statfs");
  add<&faccessat>(exports, "faccessat");
  add<&readlinkat>(exports, "readlinkat");
  add<&mkdirat>(exports, "mkdirat");
  add<&mknodat>(exports, "mknodat");
  add<&unlinkat>(exports, "unlinkat");
  add<&symlinkat>(exports, "symlinkat");
  add<&linkat>(exports, "linkat");
  add<&renameat2>(exports, "renameat2");
  add<&fchmodat>(exports, "fchmodat");
  add<&fchownat>(exports, "fchownat");
  add<&utimesAt>(exports, "utimesat");
  add<&truncatePath>(exports, "truncate");
  add<&truncateFd>(exports, "ftruncate");
  add<&pathGetXattr>(exports, "getxattr");
  add<&getXattr>(exports, "fgetxattr");
  add<&pathListXattr>(exports, "listxattr");
  add<&pathSetXattr>(exports, "setxattr");
  add<&pathRemoveXattr>(exports, "removexattr");
  add<&getDents>(exports, "getdents64");
  add<&seek>(exports, "lseek");
  add<&seekExactly>(exports, "llseek");
  add<&readFd>(exports, "read");
  add<&writeFd>(exports, "write");
  add<&readAt>(exports, "pread");
  add<&writeAt>(exports, "pwrite");
  add<&maskOf>(exports, "umask");
  add<&clockTime>(exports, "clockGettime");
  add<&clockResolution>(exports, "clockGetres");
  add<&clockAdjustment>(exports, "clockAdjustment");
  add<&uName>(exports, "uname");
  add<&limitOf>(exports, "prlimit");
  add<&socketPair>(exports, "socketpair");
  add<&socketName>(exports, "socketName");
  add<&socketTimeout>(exports, "socketTimeout");
  add<&socketOption>(exports, "socketOption");
  add<&teeBytes>(exports, "tee");
  add<&pipePair>(exports, "pipe2");
  add<&memfdCreate>(exports, "memfdCreate");
  add<&shmOpen>(exports, "shmOpen");
  add<&shm_unlink>(exports, "shmUnlink");
  add<&fchmod>(exports, "fchmod");
  add<&eventFd>(exports, "eventfd");
  add<&pollOne>(exports, "poll");
  add<&pidfdOpen>(exports, "pidfdOpen");
  add<&pidfdGetfd>(exports, "pidfdGetfd");
  add<&compareFile>(exports, "compareFile");
  add<&pidfdKill>(exports, "pidfdKill");
  add<&killProcess>(exports, "kill");
  add<&waitChild>(exports, "waitChild");
  add<&stoppedBy>(exports, "stoppedBy");
  add<&vmRead>(exports, "vmRead");
  add<&vmWrite>(exports, "vmWrite");
  add<&vmReadString>(exports, "vmReadString");
  add<&shmStat>(exports, "shmStat");
  add<&semStat>(exports, "semStat");
  add<&msgStat>(exports, "msgStat");
  add<&shmAttach>(exports, "shmat");
  add<&shmDetach>(exports, "shmdt");
  add<&protectRange>(exports, "mprotect");
  add<&futexWake>(exports, "futexWake");
  add<&offsetOf>(exports, "offsetOf");
  add<&assume>(exports, "assume");
  add<&epollCreate>(exports, "epollCreate");
  add<&epollAdd>(exports, "epollAdd");
  add<&epollWatch>(exports, "epollWatch");
  add<&epollRemove>(exports, "epollRemove");
  add<&timerCreate>(exports, "timerCreate");
  add<&timerSet>(exports, "timerSet");
  add<&step>(exports, "step");
  add<&receive>(exports, "receive");
  add<&sendMessage>(exports, "send");
  add<&sendDescriptors>(exports, "sendDescriptors");
  add<&listenAt>(exports, "listenAt");
  add<&acceptOne>(exports, "accept");
  add<&peerPid>(exports, "peerPid");
  add<&setTscFault>(exports, "setTscFault");
  add<&timeStamp>(exports, "timeStamp");
  add<&exitNow>(exports, "exit");
  exports.Set("map", Napi::Function::New<map>(env, "map"));
  exports.Set("unmap", Napi::Function::New<unmap>(env, "unmap"));
  exports.Set("launch", Napi::Function::New<launch>(env, "launch"));
  return exports;
}

NODE_API_MODULE(nurse, init)

}  // namespace
