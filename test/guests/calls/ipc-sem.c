#include "ipc.h"
#include <linux/sem.h>
#include <time.h>

struct old_timespec { int sec, nsec; };

static int operate(const char *what, int id, int number, int by, int how)
{
	struct sembuf one = {(unsigned short)number, (short)by, (short)how};
	return say(what, syscall(CALL, SEMOP, id, 1, 0, &one, 0));
}

static void values(int id)
{
	unsigned short all[4] = {9, 9, 9, 9};
	union semun by = {.val = 7};
	say("SETVAL", syscall(SYS_semctl, id, 1, SETVAL, 5));
	say("SETVAL by ipc", syscall(CALL, SEMCTL, id, 2, SETVAL | IPC_64, &by, 0));
	say("GETVAL", syscall(SYS_semctl, id, 1, GETVAL, 0));
	say("GETALL", syscall(SYS_semctl, id, 0, GETALL, all));
	printf("values %d %d %d, behind %d\n", all[0], all[1], all[2], all[3]);
	all[0] = 3;
	by.array = all;
	say("SETALL by ipc", syscall(CALL, SEMCTL, id, 0, SETALL, &by, 0));
	say("GETALL at nothing", syscall(SYS_semctl, id, 0, GETALL, 16));
	say("GETVAL", syscall(SYS_semctl, id, 0, GETVAL, 0));
	say("GETVAL of the fourth", syscall(SYS_semctl, id, 3, GETVAL, 0));
	say("GETNCNT", syscall(SYS_semctl, id, 0, GETNCNT, 0));
	say("GETZCNT", syscall(SYS_semctl, id, 0, GETZCNT, 0));
	say("semctl by ipc without union", syscall(CALL, SEMCTL, id, 0, GETVAL, 0, 0));
	operate("semop", id, 0, -2, 0);
	say("GETPID is own", syscall(SYS_semctl, id, 0, GETPID, 0) == getpid());
	say("GETVAL", syscall(SYS_semctl, id, 0, GETVAL, 0));
	operate("semop that would wait", id, 0, -2, IPC_NOWAIT);
	operate("semop of the fourth", id, 3, 1, 0);
	operate("semop with undo", id, 0, 1, SEM_UNDO);
	say("semop of none", syscall(CALL, SEMOP, id, 0, 0, all, 0));
	say("semop of too many", syscall(CALL, SEMOP, id, 100000, 0, all, 0));
	say("semop at nothing", syscall(CALL, SEMOP, id, 1, 0, 16, 0));
}

static void timeouts(int id)
{
	struct sembuf take = {0, -100, 0};
	struct old_timespec soon = {0, 20000000}, wrong = {0, -1};
	struct { long long sec, nsec; } soon64 = {0, 20000000}, wrong64 = {0, 1000000000};
	say("semtimedop", syscall(CALL, SEMTIMEDOP, id, 1, 0, &take, &soon));
	say("semtimedop, wrong time", syscall(CALL, SEMTIMEDOP, id, 1, 0, &take, &wrong));
	say("semtimedop, time at nothing", syscall(CALL, SEMTIMEDOP, id, 1, 0, &take, 16));
	say("semtimedop_time64", syscall(SYS_semtimedop_time64, id, &take, 1, &soon64));
	say("semtimedop_time64, wrong time", syscall(SYS_semtimedop_time64, id, &take, 1, &wrong64));
	take.sem_op = -1;
	say("semtimedop_time64 without time", syscall(SYS_semtimedop_time64, id, &take, 1, 0));
}

static void forms(int id)
{
	struct semid64_ds wide;
	struct semid_ds old;
	struct seminfo info;
	union semun by = {.buf = &old};
	say("IPC_STAT", syscall(SYS_semctl, id, 0, IPC_STAT, &wide));
	printf("%lu semaphores, mode %o\n", wide.sem_nsems, wide.sem_perm.mode);
	say("IPC_STAT, old", syscall(CALL, SEMCTL, id, 0, IPC_STAT, &by, 0));
	printf("%d semaphores, mode %o\n", old.sem_nsems, old.sem_perm.mode);
	old.sem_perm.mode = 0640;
	say("IPC_SET, old", syscall(CALL, SEMCTL, id, 0, IPC_SET, &by, 0));
	wide.sem_perm.mode = 0;
	by.buf = (void *)&wide;
	say("IPC_STAT by ipc, IPC_64", syscall(CALL, SEMCTL, id, 0, IPC_STAT | IPC_64, &by, 0));
	printf("mode %o\n", wide.sem_perm.mode);
	made("IPC_INFO", syscall(SYS_semctl, 0, 0, IPC_INFO, &info));
	printf("limits %d %d\n", info.semmsl, info.semvmx);
	made("SEM_INFO", syscall(SYS_semctl, 0, 0, SEM_INFO, &info));
	say("SEM_STAT is its id", syscall(SYS_semctl, id & 0x7fff, 0, SEM_STAT, &wide) == id);
	say("SEM_STAT_ANY is its id", syscall(SYS_semctl, id & 0x7fff, 0, SEM_STAT_ANY, &wide) == id);
	say("command 99", syscall(SYS_semctl, id, 0, 99, 0));
}

int main(int argc, char **argv)
{
	long key = keyed(argc, argv);
	int id = mine("sem", made("semget private", syscall(CALL, SEMGET, IPC_PRIVATE, 3, 0600, 0, 0)));
	if (id != -1) {
		values(id);
		timeouts(id);
		forms(id);
		say("IPC_RMID", syscall(SYS_semctl, id, 0, IPC_RMID, 0));
		say("IPC_STAT of what is gone", syscall(SYS_semctl, id, 0, IPC_RMID, 0));
	}
	say("semget of none", syscall(SYS_semget, key, 1, 0600));
	id = mine("sem", made("semget", syscall(SYS_semget, key, 1, IPC_CREAT | 0600)));
	say("semget again", syscall(SYS_semget, key, 1, IPC_CREAT | IPC_EXCL | 0600));
	if (id != -1)
		say("IPC_RMID", syscall(SYS_semctl, id, 0, IPC_RMID, 0));
	say("semop of -1", syscall(CALL, SEMOP, -1, 1, 0, &id, 0));
	return 0;
}
