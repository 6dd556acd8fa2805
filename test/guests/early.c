/*
 * Code that ld.so runs before the program's first instruction (preinit). early MODE PROGRAM [ARGUMENT...]:
 * main: it does nothing, main makes a directory. fork: its child goes on to main. exec: it executes PROGRAM.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void before(int argc, char **argv, char **envp)
{
	int status = 0;
	if (argc < 3)
		_exit(2);
	if (mkdir("before", 0700) == 0)
		rmdir("before");
	else
		_exit(3);
	if (strcmp(argv[1], "exec") == 0) {
		execve(argv[2], argv + 2, envp);
		_exit(4);
	}
	if (strcmp(argv[1], "fork") != 0)
		return;
	if (fork() == 0)
		return;
	wait(&status);
	_exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
}

__attribute__((section(".preinit_array"), used)) static void (*const first)(int, char **, char **) = before;

int main(int argc, char **argv)
{
	(void)argc;
	return mkdir(argv[2], 0700) == 0 ? 0 : 1;
}
