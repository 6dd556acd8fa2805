#include "ipc.h"
#include <linux/shm.h>

static char *const AT = (char *)0x60000000;

static void forms(int id)
{
	struct shmid64_ds wide;
	struct shmid_ds old;
	struct shm_info info;
	struct shminfo limits;
	struct shminfo64 limits64;
	memset(&wide, 0xff, sizeof wide);
	say("IPC_STAT", syscall(SYS_shmctl, id, IPC_STAT, &wide));
	printf("size %lu mode %o attached %lu own %d\n", (unsigned long)wide.shm_segsz, wide.shm_perm.mode, wide.shm_nattch,
	       wide.shm_cpid == getpid());
	memset(&wide, 0xff, sizeof wide);
	say("IPC_STAT by ipc, IPC_64", syscall(CALL, SHMCTL, id, IPC_STAT | IPC_64, 0, &wide, 0));
	printf("size %lu mode %o attached %lu\n", (unsigned long)wide.shm_segsz, wide.shm_perm.mode, wide.shm_nattch);
	memset(&old, 0xff, sizeof old);
	say("IPC_STAT by ipc, old", syscall(CALL, SHMCTL, id, IPC_STAT, 0, &old, 0));
	printf("size %d mode %o attached %d\n", old.shm_segsz, old.shm_perm.mode, old.shm_nattch);
	say("IPC_STAT with IPC_64 by its own number", syscall(SYS_shmctl, id, IPC_STAT | IPC_64, &wide));
	old.shm_perm.mode = 0640;
	say("IPC_SET, old", syscall(CALL, SHMCTL, id, IPC_SET, 0, &old, 0));
	say("IPC_STAT", syscall(SYS_shmctl, id, IPC_STAT, &wide));
	printf("mode %o\n", wide.shm_perm.mode);
	wide.shm_perm.mode = 0700;
	say("IPC_SET", syscall(SYS_shmctl, id, IPC_SET, &wide));
	say("IPC_SET at nothing", syscall(SYS_shmctl, id, IPC_SET, 0));
	say("IPC_STAT at nothing", syscall(SYS_shmctl, id, IPC_STAT, 16));
	made("IPC_INFO", syscall(SYS_shmctl, 0, IPC_INFO, &limits64));
	made("IPC_INFO, old", syscall(CALL, SHMCTL, 0, IPC_INFO, 0, &limits, 0));
	printf("limits %lu %lu %d %d\n", limits64.shmmin, limits64.shmmni, limits.shmmin, limits.shmmni);
	made("SHM_INFO", syscall(SYS_shmctl, 0, SHM_INFO, &info));
	say("SHM_LOCK", syscall(SYS_shmctl, id, SHM_LOCK, 0));
	say("SHM_UNLOCK", syscall(SYS_shmctl, id, SHM_UNLOCK, 0));
	say("command 99", syscall(SYS_shmctl, id, 99, 0));
	say("SHM_STAT is its id", syscall(SYS_shmctl, id & 0x7fff, SHM_STAT, &wide) == id);
	say("SHM_STAT_ANY is its id", syscall(SYS_shmctl, id & 0x7fff, SHM_STAT_ANY, &wide) == id);
	printf("size %lu\n", (unsigned long)wide.shm_segsz);
}

static void places(int id)
{
	unsigned long at = 0;
	char *by = (char *)syscall(SYS_shmat, id, 0, 0);
	made("shmat", (long)by);
	strcpy(by, "written");
	say("shmat at an address", syscall(SYS_shmat, id, AT, SHM_RDONLY) == (long)AT);
	printf("reads %s\n", AT);
	say("shmat at what is taken", syscall(SYS_shmat, id, AT, 0));
	say("shmat unaligned", syscall(SYS_shmat, id, AT + 0x5010, 0));
	say("shmat rounded", syscall(SYS_shmat, id, AT + 0x5010, SHM_RND) == (long)AT + 0x5000);
	say("shmdt", syscall(SYS_shmdt, AT + 0x5000));
	say("shmat over it", syscall(SYS_shmat, id, AT, SHM_REMAP) == (long)AT);
	strcpy(AT, "over");
	printf("reads %s\n", by);
	say("shmat over nothing", syscall(SYS_shmat, id, 0, SHM_REMAP));
	say("shmat rounded to nothing over it", syscall(SYS_shmat, id, 0x10, SHM_REMAP | SHM_RND));
	made("mmap", (long)mmap(AT + 0x8000, 0x3000, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	AT[0xa000] = 'x';
	say("shmat over memory", syscall(SYS_shmat, id, AT + 0x8000, SHM_REMAP) == (long)AT + 0x8000);
	printf("reads %s, behind it %c\n", AT + 0x8000, AT[0xa000]);
	say("shmdt", syscall(SYS_shmdt, AT + 0x8000));
	say("shmdt", syscall(SYS_shmdt, AT));
	say("shmdt of nothing", syscall(SYS_shmdt, AT));
	say("shmdt of what is no segment", syscall(SYS_shmdt, AT + 0xa000));
	say("shmat by ipc", syscall(CALL, SHMAT, id, 0, &at, 0, 0));
	printf("reads %s\n", (char *)at);
	say("shmdt by ipc", syscall(CALL, SHMDT, 0, 0, 0, at, 0));
	say("shmat by ipc, result nowhere", syscall(CALL, SHMAT, id, SHM_RDONLY, 16, AT + 0x20000, 0));
	say("which is attached", syscall(SYS_shmdt, AT + 0x20000));
	say("shmat by ipc, version 1", syscall(CALL, 0x10000 | SHMAT, id, 0, &at, 0, 0));
	made("shmat, executable", (long)(at = (unsigned long)syscall(SYS_shmat, id, 0, SHM_EXEC)));
	memcpy((char *)at, "\xb8\x2a\0\0\0\xc3", 6);
	printf("runs: %d\n", ((int (*)(void))at)());
	say("shmdt", syscall(SYS_shmdt, at));
	say("SHM_RDONLY", syscall(SYS_shmat, id, AT, SHM_RDONLY) == (long)AT);
	say("read to it", syscall(SYS_getcwd, AT, 4096));
	say("IPC_RMID", syscall(SYS_shmctl, id, IPC_RMID, 0));
	say("shmat of what is removed and attached", syscall(SYS_shmat, id, AT + 0x8000, SHM_REMAP) == (long)AT + 0x8000);
	say("shmdt", syscall(SYS_shmdt, AT + 0x8000));
	say("shmdt", syscall(SYS_shmdt, AT));
	say("shmdt", syscall(SYS_shmdt, by));
	say("shmat of what is gone", syscall(SYS_shmat, id, 0, 0));
	say("IPC_STAT of what is gone", syscall(SYS_shmctl, id, IPC_STAT, &at));
}

int main(int argc, char **argv)
{
	long key = keyed(argc, argv);
	int id = mine("shm", made("shmget private", syscall(SYS_shmget, IPC_PRIVATE, 5000, 0700)));
	if (id != -1) {
		forms(id);
		places(id);
	}
	say("shmget of none", syscall(SYS_shmget, key, 5000, 0600));
	id = mine("shm", made("shmget", syscall(CALL, SHMGET, key, 5000, IPC_CREAT | IPC_EXCL | 0600, 0, 0)));
	say("shmget again", syscall(SYS_shmget, key, 5000, IPC_CREAT | IPC_EXCL | 0600));
	if (id != -1) {
		say("shmget is its id", syscall(SYS_shmget, key, 0, 0) == id);
		say("shmget of more", syscall(SYS_shmget, key, 50000, 0));
		say("IPC_RMID by ipc", syscall(CALL, SHMCTL, id, IPC_RMID | IPC_64, 0, 0, 0));
		say("IPC_RMID again", syscall(SYS_shmctl, id, IPC_RMID, 0));
	}
	say("shmget of nothing", syscall(SYS_shmget, IPC_PRIVATE, 0, 0600));
	say("shmget of nothing, huge", syscall(SYS_shmget, IPC_PRIVATE, 0, SHM_HUGETLB | 0600));
	id = mine("shm", made("shmget without reserve", syscall(SYS_shmget, IPC_PRIVATE, 5000, SHM_NORESERVE | 0600)));
	say("IPC_RMID", syscall(SYS_shmctl, id, IPC_RMID, 0));
	say("ipc 25", syscall(CALL, 25, 0, 0, 0, 0, 0));
	return 0;
}
