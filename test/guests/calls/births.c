/*
 * New threads, processes and programs. Flags that are refused inside, or need rights, are in births-refused.c.
 */
#include "call.h"
#include <sched.h>
#include <sys/wait.h>

static char stack[2][65536] __attribute__((aligned(16)));
static int word, parent_tid, child_tid;
static struct { unsigned entry, base, limit, flags; } tls;

/* What a child does is told by its status. */
static void ended(const char *what, long pid)
{
	int status = 0;
	if (pid < 0)
		return;
	long got = MAKE(wait4, pid, &status, __WALL, NULL);
	SAY("%s: waited %d, exit %d, signal %d", what, got == pid, WEXITSTATUS(status), WTERMSIG(status));
}

/* Runs in memory that it shares, on a stack of its own: nothing of the C library. */
__attribute__((noinline)) static int in_child(void *unused)
{
	(void)unused;
	word = 42;
	return 5;
}

int main(int argc, char **argv)
{
	char *again[] = { "births", "again", NULL }, *none[] = { NULL };
	long pid;
	if (argc > 1) {
		SAY("executed: %s", argv[1]);
		return 9;
	}

	if ((pid = MAKE(fork)) == 0)
		_exit(3);
	ended("fork()", pid);
	if ((pid = vfork()) == 0)
		_exit(4);
	ended("vfork()", pid);
	pid = clone(in_child, stack[0] + sizeof stack[0], CLONE_VM | CLONE_VFORK | SIGCHLD, NULL);
	ended("clone(shared memory)", pid);
	SAY("word %d", word);
	word = 0;
	pid = clone(in_child, stack[0] + sizeof stack[0], SIGCHLD, NULL);
	ended("clone(a copy)", pid);
	SAY("word %d", word);
	pid = clone(in_child, stack[0] + sizeof stack[0], CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | SIGCHLD, NULL,
		    &parent_tid, NULL, &child_tid);
	ended("clone(ids)", pid);
	SAY("parent's word is the pid %d, child's was its own %d", parent_tid == pid, child_tid);
	word = 0;
	pid = clone(in_child, stack[0] + sizeof stack[0], CLONE_PIDFD | SIGCHLD, NULL, &parent_tid);
	SAY("a pidfd %d", parent_tid > 2 && close(parent_tid) == 0);
	ended("clone(pidfd)", pid);
	pid = clone(in_child, stack[0] + sizeof stack[0], CLONE_UNTRACED | CLONE_IO | CLONE_DETACHED | CLONE_SYSVSEM | SIGCHLD, NULL);
	ended("clone(flags without effect)", pid);

	__asm__("movw %%gs, %w0" : "=q"(tls.entry));
	tls.entry >>= 3;
	MAKE(get_thread_area, &tls);
	word = 0;
	pid = clone(in_child, stack[1] + sizeof stack[1],
		    CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SETTLS | CLONE_CHILD_CLEARTID | CLONE_PARENT_SETTID,
		    NULL, &parent_tid, &tls, &child_tid);
	SAY("a thread %d, told %d", pid > 0, parent_tid == pid);
	while (__atomic_load_n(&word, __ATOMIC_SEQ_CST) != 42)
		sched_yield();
	SAY("it ran");

	static uint64_t arguments[11];
	arguments[4] = SIGCHLD;
	if ((pid = MAKE(clone3, arguments, sizeof arguments)) == 0)
		_exit(6);
	ended("clone3()", pid);
	CALL(clone3, arguments, 8);
	CALL(clone3, KERNEL, sizeof arguments);

	CALL(execve, "/none", again, none);
	CALL(execve, "/", again, none);
	CALL(execve, "/etc/passwd", again, none);
	CALL(execve, KERNEL, again, none);
	CALL(execve, "", again, none);
	CALL(execveat, 77, "true", again, none, AT_EMPTY_PATH);
	CALL(execveat, AT_FDCWD, "/none", again, none, 0x8000);
	if ((pid = fork()) == 0) {
		MAKE(execve, "/proc/self/exe", again, none);
		_exit(99);
	}
	ended("execve()", pid);
	int self = open("/proc/self/exe", O_PATH);
	if ((pid = fork()) == 0) {
		MAKE(execveat, self, "", again, none, AT_EMPTY_PATH);
		_exit(99);
	}
	ended("execveat()", pid);
	return 0;
}
