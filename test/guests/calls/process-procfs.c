/* What /proc tells a program of itself and of its thread. */
#include "call.h"
#include <dirent.h>
#include <elf.h>
#include <sys/auxv.h>

static char text[8192];

static void read_file(const char *name)
{
	int fd = open(name, O_RDONLY);
	long n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
	text[n < 0 ? 0 : n] = 0;
	close(fd);
}
/* A line of a status file, where its value is no matter of chance. */
static void tell(const char *file, const char *name, const char *expected)
{
	char line[64];
	read_file(file);
	snprintf(line, sizeof line, "\n%s:\t%s\n", name, expected);
	SAY("%s: %d", name, strstr(text, line) != NULL);
}

int main(void)
{
	char id[16], by_pid[64], by_task[64], by_number[64], target[64];
	const char *files[] = { "/proc/self/status", "/proc/thread-self/status", by_pid, by_task, by_number };
	int fd, n = 0, auxv_fd;
	long length;
	struct dirent *e;
	Elf32_auxv_t *a;

	snprintf(id, sizeof id, "%d", getpid());
	snprintf(by_pid, sizeof by_pid, "/proc/%d/status", getpid());
	snprintf(by_task, sizeof by_task, "/proc/self/task/%d/status", getpid());
	snprintf(by_number, sizeof by_number, "/proc/%d/task/%d/status", getpid(), getpid());
	for (unsigned i = 0; i < sizeof files / sizeof *files; i++) {
		tell(files[i], "Pid", id);
		tell(files[i], "Tgid", id);
		tell(files[i], "Threads", "1");
		tell(files[i], "State", "R (running)");
		tell(files[i], "SigBlk", "0000000000000000");
	}
	CALL(open, "/proc/self/status", O_RDONLY | O_DIRECTORY);
	CALL(open, "/proc/self/status", O_RDONLY | O_CREAT | O_EXCL, 0600);
	CALL(open, "/proc/self/status/", O_RDONLY);
	CALL(open, "/proc/self/none", O_RDONLY);

	read_file("/proc/self/stat");
	SAY("stat: %d", atoi(text) == getpid() && strstr(text, ") R "));
	length = syscall(NR_readlink, "/proc/thread-self", target, sizeof target);
	target[length < 0 ? 0 : length] = 0;
	snprintf(by_task, sizeof by_task, "%d/task/%d", getpid(), getpid());
	SAY("thread-self: %d", strcmp(target, by_task) == 0);

	DIR *tasks = opendir("/proc/self/task");
	while ((e = readdir(tasks)) != NULL)
		if (e->d_name[0] != '.')
			n += 1 + 10 * (atoi(e->d_name) != getpid());
	closedir(tasks);
	SAY("threads: %d", n);
	fd = open("/proc/self/task", O_RDONLY);
	CALL(faccessat, fd, id, R_OK);
	CALL(faccessat, fd, "1", R_OK);
	CALL(openat, fd, "none", O_RDONLY, 0);

	auxv_fd = open("/proc/self/auxv", O_RDONLY);
	length = read(auxv_fd, text, sizeof text);
	n = 0;
	for (a = (void *)text; (char *)a < text + length && a->a_type != AT_NULL; a++)
		n += a->a_type == AT_PHDR && a->a_un.a_val == getauxval(AT_PHDR) ? 1 :
		     a->a_type == AT_ENTRY && a->a_un.a_val == getauxval(AT_ENTRY) ? 10 : 0;
	SAY("auxv: %d", n);
	CALL(fchdir, fd);
	CALL(chdir, id);
	CALL(chdir, "../..");
	length = syscall(NR_getcwd, target, sizeof target) - 1;
	snprintf(by_task, sizeof by_task, "/proc/%d", getpid());
	SAY("where: %d", length == (long)strlen(by_task) && !strcmp(target, by_task));
	return 0;
}
