/* Sending: to oneself what is ignored, number 0, numbers that are none, targets that are none. */
#include "call.h"
#include <fcntl.h>
#include <signal.h>

int main(void)
{
	int pid = getpid(), none = 0x3fffff;
	siginfo_t info = { .si_signo = SIGUSR1, .si_code = SI_QUEUE };

	signal(SIGUSR1, SIG_IGN);
	CALL(kill, pid, SIGUSR1);
	CALL(tkill, pid, SIGUSR1);
	CALL(tgkill, pid, pid, SIGUSR1);
	CALL(rt_sigqueueinfo, pid, SIGUSR1, &info);
	CALL(rt_tgsigqueueinfo, pid, pid, SIGUSR1, &info);
	CALL(kill, pid, SIGCHLD);
	CALL(kill, pid, SIGCONT);
	CALL(kill, pid, SIGWINCH);
	CALL(kill, pid, SIGURG);

	CALL(kill, pid, 0);
	CALL(kill, 0, 0);
	CALL(kill, pid, 65);
	CALL(kill, pid, -1);
	CALL(kill, none, 0);
	CALL(kill, none, SIGKILL);
	CALL(kill, none, 65);
	CALL(kill, -none, SIGTERM);
	CALL(kill, 0x80000000, SIGTERM);
	CALL(tkill, pid, 0);
	CALL(tkill, none, SIGTERM);
	CALL(tkill, 0, SIGTERM);
	CALL(tkill, -1, SIGTERM);
	CALL(tkill, pid, 65);
	CALL(tgkill, pid, none, SIGTERM);
	CALL(tgkill, none, pid, SIGTERM);
	CALL(tgkill, none, none, SIGTERM);
	CALL(tgkill, 0, pid, SIGTERM);
	CALL(tgkill, pid, -1, SIGTERM);
	CALL(tgkill, pid, pid, 65);
	CALL(tgkill, pid, pid, 0);
	CALL(rt_sigqueueinfo, pid, 0, &info);
	CALL(rt_sigqueueinfo, pid, 65, &info);
	CALL(rt_sigqueueinfo, pid, SIGUSR1, NULL);
	CALL(rt_sigqueueinfo, pid, SIGUSR1, KERNEL);
	CALL(rt_sigqueueinfo, none, SIGUSR1, &info);
	CALL(rt_tgsigqueueinfo, pid, none, SIGUSR1, &info);
	CALL(rt_tgsigqueueinfo, 0, pid, SIGUSR1, &info);
	CALL(rt_tgsigqueueinfo, pid, pid, SIGUSR1, KERNEL);
	CALL(rt_tgsigqueueinfo, pid, pid, 0, &info);

	int self = syscall(SYS_pidfd_open, pid, 0), directory = open("/proc/self", O_DIRECTORY);
	CALL(pidfd_send_signal, self, SIGUSR1, NULL, 0);
	CALL(pidfd_send_signal, self, 0, NULL, 0);
	CALL(pidfd_send_signal, self, SIGUSR1, &info, 0);
	CALL(pidfd_send_signal, directory, SIGUSR1, NULL, 0);
	CALL(pidfd_send_signal, self, 65, NULL, 0);
	CALL(pidfd_send_signal, self, SIGUSR2, &info, 0);
	CALL(pidfd_send_signal, self, SIGUSR1, KERNEL, 0);
	CALL(pidfd_send_signal, self, SIGUSR1, NULL, 0x80000000);
	CALL(pidfd_send_signal, -1, SIGUSR1, NULL, 0);
	CALL(pidfd_send_signal, 0, SIGUSR1, NULL, 0);
	return 0;
}
