/*
 * What one system call costs, as a program pays for it. Through the C library's syscall(), so that the call is really
 * made: for the clock also as libc's function, which a bare program answers from the vDSO without any call.
 *
 *   calls NAME measure MILLISECONDS REPETITIONS FILE   nanoseconds a round, one number per repetition
 *   calls NAME count ROUNDS FILE                       ROUNDS rounds between two close(MARK), for who reads a trace
 *
 * The clock is a system call itself in the sandbox. It is read twice a repetition, around so many rounds that this is
 * lost in them. A call that fails ends the run: a refusal is not a cost.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MARK (-1000)
#define BLOCK 4096
/* What comes before the first repetition, in repetitions or in rounds, whichever is over first. */
#define WARM_UP 10
#define WARM_UP_ROUNDS 20000

static const char *file;
static int fd = -1, other = -1;
static long top;
static struct sockaddr_in address;
static char block[BLOCK];

static long made(long result, const char *call) {
  if (result >= 0) return result;
  fprintf(stderr, "calls: %s: %s\n", call, strerror(errno));
  exit(1);
}
#define MADE(call, ...) made(syscall(SYS_##call, __VA_ARGS__), #call)
/* For calls that answer an address: most of those are negative as a long. */
static long placed(long result, const char *call) { return result == -1 ? made(result, call) : result; }

static int opened(const char *path, int flags) { return made(open(path, flags), path); }
static void pair(int pairs[2]) {
  fd = pairs[0];
  other = pairs[1];
}

static void getpid_(void) { MADE(getpid, 0); }
static void getppid_(void) { MADE(getppid, 0); }
static void stat_(void) { MADE(stat64, file, block); }
static void open_close(void) { MADE(close, MADE(openat, AT_FDCWD, file, O_RDONLY)); }
static void open_read_close(void) {
  long opened = MADE(openat, AT_FDCWD, file, O_RDONLY);
  MADE(read, opened, block, BLOCK);
  MADE(close, opened);
}

static void file_for_reading(void) { fd = opened(file, O_RDONLY); }
static void fstat_(void) { MADE(fstat64, fd, block); }
static void zeroes(void) { fd = opened("/dev/zero", O_RDONLY); }
static void read_block(void) { MADE(read, fd, block, BLOCK); }

static void null(void) { fd = opened("/dev/null", O_WRONLY); }
static void write_byte(void) { MADE(write, fd, "x", 1); }

static void a_pipe(void) {
  int ends[2];
  made(pipe(ends), "pipe");
  pair(ends);
}
static void through_pipe(void) {
  MADE(write, other, "x", 1);
  MADE(read, fd, block, 1);
}

static void map_unmap(void) {
  long page = placed(syscall(SYS_mmap2, 0, BLOCK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), "mmap2");
  MADE(munmap, page, BLOCK);
}
static void the_break(void) { top = placed(syscall(SYS_brk, 0), "brk"); }
static void brk_(void) {
  if (syscall(SYS_brk, top + BLOCK) != top + BLOCK) made(-1, "brk");
  placed(syscall(SYS_brk, top), "brk");
}

static void clock_call(void) { MADE(clock_gettime64, CLOCK_MONOTONIC, block); }
static void clock_libc(void) {
  struct timespec now;
  made(clock_gettime(CLOCK_MONOTONIC, &now), "clock_gettime");
}

static void poll_(void) {
  struct pollfd one = {.fd = fd, .events = POLLIN};
  MADE(poll, &one, 1, 0);
}

static void a_socketpair(void) {
  int ends[2];
  made(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends), "socketpair");
  pair(ends);
}
static void through_socketpair(void) {
  MADE(sendto, fd, "x", 1, 0, NULL, 0);
  MADE(recvfrom, other, block, BLOCK, 0, NULL, NULL);
}

static void udp(void) {
  socklen_t size = sizeof(address);
  fd = made(socket(AF_INET, SOCK_DGRAM, 0), "socket");
  address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  made(bind(fd, (struct sockaddr *)&address, size), "bind");
  made(getsockname(fd, (struct sockaddr *)&address, &size), "getsockname");
}
static void through_udp(void) {
  MADE(sendto, fd, "x", 1, 0, &address, sizeof(address));
  MADE(recvfrom, fd, block, BLOCK, 0, NULL, NULL);
}

/* Births: what is born ends at once, and is waited for. */
static char *const self[] = {"/proc/self/exe", "end", NULL};
static void await(long child) {
  int status;
  if (made(waitpid(child, &status, 0), "waitpid") != child || status != 0) {
    fprintf(stderr, "calls: a child ended with 0x%x\n", status);
    exit(1);
  }
}
static void fork_(void) {
  long child = made(fork(), "fork");
  if (child == 0) _exit(0);
  await(child);
}
static void fork_exec(void) {
  long child = made(fork(), "fork");
  if (child == 0) {
    execv(self[0], self);
    _exit(1);
  }
  await(child);
}
static void spawn(void) {
  pid_t child;
  made(-posix_spawn(&child, self[0], NULL, NULL, self, environ), "posix_spawn");
  await(child);
}
static void *nothing(void *unused) { return unused; }
static void thread(void) {
  pthread_t one;
  made(-pthread_create(&one, NULL, nothing, NULL), "pthread_create");
  made(-pthread_join(one, NULL), "pthread_join");
}

/* There and back between two: a byte to another process, a word to another thread. */
static void echo(void) {
  int there[2], back[2];
  made(pipe(there), "pipe");
  made(pipe(back), "pipe");
  if (made(fork(), "fork") == 0) {
    close(there[1]);
    while (read(there[0], block, 1) == 1 && write(back[1], block, 1) == 1)
      ;
    _exit(0);
  }
  close(there[0]);
  fd = back[0];
  other = there[1];
}
static unsigned turn;
static void pass(unsigned mine, unsigned next) {
  unsigned now;
  while ((now = __atomic_load_n(&turn, __ATOMIC_SEQ_CST)) != mine)
    if (syscall(SYS_futex, &turn, FUTEX_WAIT, now, NULL) < 0 && errno != EAGAIN && errno != EINTR) made(-1, "futex");
  __atomic_store_n(&turn, next, __ATOMIC_SEQ_CST);
  MADE(futex, &turn, FUTEX_WAKE, 1);
}
static void *partner(void *unused) {
  for (;;) pass(1, 0);
  return unused;
}
static void with_partner(void) {
  pthread_t one;
  made(-pthread_create(&one, NULL, partner, NULL), "pthread_create");
}
static void futex_(void) { pass(0, 1); }

static volatile unsigned came, sent;
static void comes(int signal) { came += signal > 0; }
static void handler(void) { signal(SIGUSR1, comes); }
static void signal_(void) {
  MADE(kill, getpid(), SIGUSR1);
  for (sent++; came != sent;)
    ;
}

/* Many threads that make calls all the time; who measures looks how many they have made. */
static unsigned made_by[64];
static void *worker(void *counter) {
  char result[256];
  for (;; ++*(volatile unsigned *)counter) MADE(stat64, file, result);
}
static unsigned all_made(void) {
  unsigned sum = 0;
  for (unsigned i = 0; i < 64; i++) sum += __atomic_load_n(made_by + i, __ATOMIC_RELAXED);
  return sum;
}
static void workers(unsigned count) {
  pthread_t one;
  for (unsigned i = 0; i < count; i++) made(-pthread_create(&one, NULL, worker, made_by + i), "pthread_create");
}
static void workers_1(void) { workers(1); }
static void workers_4(void) { workers(4); }
static void workers_16(void) { workers(16); }
static void workers_64(void) { workers(64); }

static const struct {
  const char *name;
  void (*prepare)(void);
  /* NULL: workers make the rounds. */
  void (*round)(void);
} benchmarks[] = {
    {"getpid", NULL, getpid_},
    {"getppid", NULL, getppid_},
    {"stat", NULL, stat_},
    {"fstat", file_for_reading, fstat_},
    {"open-close", NULL, open_close},
    {"open-read-close", NULL, open_read_close},
    {"read", zeroes, read_block},
    {"write", null, write_byte},
    {"pipe", a_pipe, through_pipe},
    {"mmap-munmap", NULL, map_unmap},
    {"brk", the_break, brk_},
    {"clock", NULL, clock_call},
    {"clock-libc", NULL, clock_libc},
    {"poll", a_pipe, poll_},
    {"socketpair", a_socketpair, through_socketpair},
    {"udp", udp, through_udp},
    {"fork", NULL, fork_},
    {"fork-exec", NULL, fork_exec},
    {"spawn", NULL, spawn},
    {"thread", NULL, thread},
    {"pipe-processes", echo, through_pipe},
    {"futex-threads", with_partner, futex_},
    {"signal", handler, signal_},
    {"stat-1", workers_1, NULL},
    {"stat-4", workers_4, NULL},
    {"stat-16", workers_16, NULL},
    {"stat-64", workers_64, NULL},
};

static uint64_t nanoseconds(void) {
  struct timespec now;
  made(clock_gettime(CLOCK_MONOTONIC, &now), "clock_gettime");
  return now.tv_sec * 1000000000ull + now.tv_nsec;
}
/* At least so many rounds: how many. */
static unsigned make(void (*round)(void), unsigned rounds) {
  if (round == NULL) {
    unsigned before = all_made(), now;
    while ((now = all_made()) - before < rounds) usleep(2000);
    return now - before;
  }
  for (unsigned i = 0; i < rounds; i++) round();
  return rounds;
}
static uint64_t took(void (*round)(void), unsigned rounds) {
  uint64_t start = nanoseconds();
  unsigned made = make(round, rounds);
  return (double)(nanoseconds() - start) * rounds / made;
}

/* So many rounds that they take the time; found on the way of a warm-up, for caches and for the helper's compiler. */
static unsigned rounds_for(void (*round)(void), uint64_t time) {
  unsigned rounds = 1;
  for (uint64_t all = 0, made = 0;; made += rounds) {
    uint64_t spent = took(round, rounds);
    all += spent;
    if (spent < time / 4 && (all < WARM_UP * time || spent < 1000))
      rounds *= 2;
    else if (all >= WARM_UP * time || made >= WARM_UP_ROUNDS)
      return 1 + (unsigned)((double)rounds * time / spent);
  }
}

static void measure(void (*round)(void), unsigned milliseconds, unsigned repetitions) {
  unsigned rounds = rounds_for(round, milliseconds * 1000000ull);
  for (unsigned i = 0; i < repetitions; i++) printf("%.1f\n", (double)took(round, rounds) / rounds);
}

static void count(void (*round)(void), unsigned rounds) {
  syscall(SYS_close, MARK);
  make(round, rounds);
  syscall(SYS_close, MARK);
}

int main(int argc, char **argv) {
  if (argc == 2 && strcmp(argv[1], "end") == 0) return 0;
  int measures = argc == 6 && strcmp(argv[2], "measure") == 0;
  if (!measures && !(argc == 5 && strcmp(argv[2], "count") == 0)) {
    fputs("usage: calls NAME measure MILLISECONDS REPETITIONS FILE | calls NAME count ROUNDS FILE\n", stderr);
    return 2;
  }
  file = argv[argc - 1];
  for (unsigned i = 0; i < sizeof(benchmarks) / sizeof(benchmarks[0]); i++) {
    if (strcmp(argv[1], benchmarks[i].name) != 0) continue;
    if (benchmarks[i].prepare != NULL) benchmarks[i].prepare();
    if (measures)
      measure(benchmarks[i].round, atoi(argv[3]), atoi(argv[4]));
    else
      count(benchmarks[i].round, atoi(argv[3]));
    return 0;
  }
  fprintf(stderr, "calls: %s is no benchmark\n", argv[1]);
  return 2;
}
