/*
 * Processes that do what they are told, one command after the other, each by a FIFO of its own: model DIRECTORY 0.
 * What they say of themselves is compared with what the host's /proc says of them.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CONTROL = 100, THREADS = 16 };
static const char *directory;
static char name[8], line[8192];
static pthread_t threads[THREADS];
static int count;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int wanted;

static void be(const char *own)
{
	char path[PATH_MAX];
	snprintf(name, sizeof name, "%s", own);
	snprintf(path, sizeof path, "%s/%s", directory, own);
	int fd = open(path, O_RDWR);
	if (fd < 0 || dup2(fd, CONTROL) != CONTROL || close(fd) != 0)
		_exit(99);
}
static void *linger(void *number)
{
	pthread_mutex_lock(&mutex);
	while (wanted > (int)(long)number)
		pthread_cond_wait(&changed, &mutex);
	pthread_mutex_unlock(&mutex);
	return NULL;
}
static void list(const char *of)
{
	DIR *all = opendir(of);
	for (struct dirent *one; (one = readdir(all)) != NULL;)
		if (one->d_name[0] != '.' && !(strcmp(of, "/proc/self/fd") == 0 && atoi(one->d_name) == dirfd(all)))
			sprintf(line + strlen(line), "%s,", one->d_name);
	closedir(all);
	strcat(line, " ");
}
static void describe(void)
{
	mode_t mask = umask(0);
	umask(mask);
	char cwd[PATH_MAX] = "";
	sprintf(line, "%d %d %d %d %o %s ", getpid(), getppid(), getpgid(0), getsid(0), mask, getcwd(cwd, sizeof cwd));
	list("/proc/self/fd");
	list("/proc/self/task");
}

static void obey(char command, char *argument)
{
	int ends[2], status = 0, number = atoi(argument);
	long result = 0;
	switch (command) {
	case 'f':
		if ((result = fork()) == 0) {
			count = wanted = 0;
			pthread_cond_init(&changed, NULL); // its parent's threads waited for the old one
			be(argument);
		}
		break;
	case 't':
		wanted = count + 1;
		result = -pthread_create(threads + count, NULL, linger, (void *)(long)count);
		count++;
		break;
	case 'j':
		pthread_mutex_lock(&mutex);
		wanted = --count;
		pthread_cond_broadcast(&changed);
		pthread_mutex_unlock(&mutex);
		result = -pthread_join(threads[count], NULL);
		break;
	case 'o': result = open("/dev/null", O_RDONLY); break;
	case 'd': result = dup(number); break;
	case 'e': result = fcntl(0, F_DUPFD, number); break;
	case 'c': result = close(number); break;
	case 'p': result = pipe(ends); break;
	case 'm': result = umask(strtol(argument, NULL, 8)); break;
	case 'h': result = chdir(argument); break;
	case 's': result = setsid(); break;
	case 'g': result = setpgid(0, number); break;
	case 'w': result = waitpid(number, &status, WNOHANG); break;
	case 'x': _exit(number);
	case 'q': describe(); return;
	}
	sprintf(line, "%ld %d", result < 0 ? -errno : result, status);
}

int main(int argc, char **argv)
{
	char command[256], answer[sizeof line + 16];
	if (argc != 3)
		return 2;
	directory = argv[1];
	be(argv[2]);
	for (;;) {
		long n = read(CONTROL, command, sizeof command - 1);
		if (n <= 0)
			return 1;
		command[n] = 0;
		obey(command[0], command + 1);
		n = snprintf(answer, sizeof answer, "%s: %s\n", name, line);
		if (write(1, answer, n) != n)
			return 1;
	}
}
