/*
 * A yardstick for the bench, no sandbox: a supervisor by SECCOMP_RET_USER_NOTIF that does the least a judge of paths
 * must do. An i386 program's calls, the ones aside that strict mode leaves alone, wait for the supervisor. It reads
 * the path of those that have one, looks at it, and lets the kernel go on with the call.
 *
 * Going on is what makes it cheap, and what no sandbox may do: the program can put another path there after the look.
 *
 *   notif PROGRAM [ARGUMENT...]     its status is the program's
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

/* From the rows of src/syscalls: NATIVE, numbers that are not to be judged; PATHS, {number, argument} of a path each. */
#include "calls.gen.h"

#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS /* Linux 6.6; its headers may be older */
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP 1UL
#endif

#define SECRET "/secret/"
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const unsigned native[] = {NATIVE};
static const struct {
  unsigned short nr, argument;
} paths[] = {PATHS};
/* A path's argument and one more, by number of the call; 0: none. */
static unsigned char path_of[1024];
/* Volatile, so that the look is really taken. */
static volatile unsigned long secrets;
static pid_t child;

static void fail(const char *what) {
  fprintf(stderr, "notif: %s: %s\n", what, strerror(errno));
  _exit(125);
}

/* arch? then number in native? then allow, else ask. Other architectures: the exec of an amd64 child, and amd64 programs. */
static int install(void) {
  struct sock_filter code[COUNT(native) + 6];
  size_t n = 0;
  code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
  code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_I386, 0, COUNT(native) + 2);
  code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
  for (size_t i = 0; i < COUNT(native); i++)
    code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, native[i], COUNT(native) - i, 0);
  code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF);
  code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  struct sock_fprog filter = {.len = n, .filter = code};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) fail("no_new_privs");
  int listener = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &filter);
  if (listener < 0) fail("seccomp");
  return listener;
}

/* Up to the end of a page at a time: the next one may not be there. 0 unless a whole path was read. */
static int read_path(pid_t pid, unsigned long address, char *path, size_t room) {
  for (size_t done = 0; done < room;) {
    size_t size = 4096 - ((address + done) & 4095);
    if (size > room - done) size = room - done;
    struct iovec here = {path + done, size}, there = {(void *)(address + done), size};
    if (process_vm_readv(pid, &here, 1, &there, 1, 0) != (ssize_t)size) return 0;
    if (memchr(path + done, 0, size) != NULL) return 1;
    done += size;
  }
  return 0;
}

static void look(int listener, const struct seccomp_notif *notice) {
  char path[4096];
  unsigned nr = notice->data.nr;
  if (nr >= sizeof(path_of) || path_of[nr] == 0) return;
  if (!read_path(notice->pid, notice->data.args[path_of[nr] - 1], path, sizeof(path))) return;
  /* Only now is it sure whose memory that was: seccomp_unotify(2). */
  if (ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &notice->id) != 0) return;
  if (strncmp(path, SECRET, sizeof(SECRET) - 1) == 0) secrets = secrets + 1;
}

/* The listener need not tell that nobody is left, so the child's end does. */
static void ended(int signal) {
  int status;
  (void)signal;
  if (waitpid(child, &status, WNOHANG) == child)
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

static void supervise(int listener) {
  struct seccomp_notif_sizes sizes;
  if (syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) != 0) fail("sizes");
  struct seccomp_notif *notice = malloc(sizes.seccomp_notif);
  struct seccomp_notif_resp *answer = calloc(1, sizes.seccomp_notif_resp);
  if (notice == NULL || answer == NULL) fail("memory");
  /* Waker and woken take turns: on one processor that is faster. Older kernels do not know it. */
  ioctl(listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
  for (;;) {
    memset(notice, 0, sizes.seccomp_notif);
    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, notice) != 0) {
      if (errno == EINTR || errno == ENOENT) continue;
      fail("receiving");
    }
    look(listener, notice);
    answer->id = notice->id;
    answer->flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, answer) != 0 && errno != ENOENT) fail("answering");
  }
}

/* The child says which number its listener has, and goes on when the supervisor has it. Both calls are native ones. */
static void run(int parent, char **argv) {
  int listener = install();
  if (write(parent, &listener, sizeof(listener)) != sizeof(listener)) fail("telling the listener");
  if (read(parent, &listener, 1) != 1) fail("waiting for the supervisor");
  execv(argv[0], argv);
  fail(argv[0]);
}

static int take_listener(int pipe) {
  int number, pidfd = syscall(SYS_pidfd_open, child, 0);
  if (pidfd < 0) fail("pidfd");
  if (read(pipe, &number, sizeof(number)) != sizeof(number)) _exit(125); /* the child has told why */
  int listener = syscall(SYS_pidfd_getfd, pidfd, number, 0);
  if (listener < 0) fail("taking the listener");
  if (write(pipe, "", 1) != 1) fail("letting the child go on");
  return listener;
}

int main(int argc, char **argv) {
  int sockets[2];
  sigset_t chld;
  if (argc < 2) {
    fputs("usage: notif PROGRAM [ARGUMENT...]\n", stderr);
    return 125;
  }
  for (size_t i = 0; i < COUNT(paths); i++)
    if (path_of[paths[i].nr] == 0) path_of[paths[i].nr] = paths[i].argument + 1;
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0) fail("socketpair");
  /* Blocked until the child's id is known. */
  sigemptyset(&chld);
  sigaddset(&chld, SIGCHLD);
  sigprocmask(SIG_BLOCK, &chld, NULL);
  sigaction(SIGCHLD, &(struct sigaction){.sa_handler = ended}, NULL);
  child = fork();
  if (child < 0) fail("fork");
  if (child == 0) {
    sigprocmask(SIG_UNBLOCK, &chld, NULL);
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    run(sockets[0], argv + 1);
  }
  close(sockets[0]);
  int listener = take_listener(sockets[1]);
  sigprocmask(SIG_UNBLOCK, &chld, NULL);
  supervise(listener);
}
