#include "ipc.h"
#include <linux/msg.h>

static struct { long type; char text[32]; } out = {5, "hello"}, in;

static void received(const char *what, long result)
{
	say(what, result);
	if (result != -1)
		printf("type %ld text %.*s\n", in.type, (int)result, in.text);
	memset(&in, '.', sizeof in);
}

static void messages(int id)
{
	struct { void *message; long type; } kludge = {&in, 0};
	say("msgsnd", syscall(SYS_msgsnd, id, &out, 5, 0));
	received("msgrcv", syscall(SYS_msgrcv, id, &in, 32, 0, 0));
	out.type = 6;
	say("msgsnd by ipc", syscall(CALL, MSGSND, id, 4, 0, &out, 0));
	received("msgrcv by ipc, version 0", syscall(CALL, MSGRCV, id, 32, 0, &kludge, 0));
	say("msgsnd", syscall(SYS_msgsnd, id, &out, 3, 0));
	received("msgrcv of type 7", syscall(SYS_msgrcv, id, &in, 32, 7, IPC_NOWAIT));
	received("msgrcv by ipc, version 1", syscall(CALL, 0x10000 | MSGRCV, id, 32, 0, &in, 6));
	say("msgrcv by ipc, kludge nowhere", syscall(CALL, MSGRCV, id, 32, 0, 0, 0));
	say("msgrcv by ipc, kludge at nothing", syscall(CALL, MSGRCV, id, 32, 0, 16, 0));
	say("msgsnd", syscall(SYS_msgsnd, id, &out, 5, 0));
	received("msgrcv of too much", syscall(SYS_msgrcv, id, &in, 2, 0, 0));
	received("msgrcv of a part", syscall(SYS_msgrcv, id, &in, 2, 0, MSG_NOERROR));
	out.type = 9;
	say("msgsnd", syscall(SYS_msgsnd, id, &out, 5, 0));
	made("msgrcv of a copy", syscall(SYS_msgrcv, id, &in, 32, 0, MSG_COPY | IPC_NOWAIT));
	say("msgrcv of a copy that may wait", syscall(SYS_msgrcv, id, &in, 32, 0, MSG_COPY));
	received("msgrcv of any type but 9", syscall(SYS_msgrcv, id, &in, 32, 9, MSG_EXCEPT | IPC_NOWAIT));
	received("msgrcv of any type but 8", syscall(SYS_msgrcv, id, &in, 32, 8, MSG_EXCEPT));
	say("msgsnd at nothing", syscall(SYS_msgsnd, id, 16, 5, 0));
	out.type = 0;
	say("msgsnd of type 0", syscall(SYS_msgsnd, id, &out, 5, 0));
	say("msgsnd of -1 bytes", syscall(SYS_msgsnd, id, &out, -1, 0));
	say("msgrcv of -1 bytes", syscall(SYS_msgrcv, id, &in, -1, 0, 0));
	say("msgsnd of a megabyte", syscall(SYS_msgsnd, id, &out, 1 << 20, 0));
}

static void forms(int id)
{
	struct msqid64_ds wide;
	struct msqid_ds old;
	struct msginfo info;
	say("IPC_STAT", syscall(SYS_msgctl, id, IPC_STAT, &wide));
	printf("%lu messages, sent last by own %d\n", wide.msg_qnum, wide.msg_lspid == getpid());
	say("IPC_STAT, old", syscall(CALL, MSGCTL, id, IPC_STAT, 0, &old, 0));
	printf("%d messages, mode %o\n", old.msg_qnum, old.msg_perm.mode);
	wide.msg_qbytes = 1000;
	say("IPC_SET by ipc, IPC_64", syscall(CALL, MSGCTL, id, IPC_SET | IPC_64, 0, &wide, 0));
	say("IPC_STAT, old", syscall(CALL, MSGCTL, id, IPC_STAT, 0, &old, 0));
	printf("room for %d bytes\n", old.msg_qbytes);
	made("IPC_INFO", syscall(SYS_msgctl, 0, IPC_INFO, &info));
	made("MSG_INFO", syscall(SYS_msgctl, 0, MSG_INFO, &info));
	say("MSG_STAT is its id", syscall(SYS_msgctl, id & 0x7fff, MSG_STAT, &wide) == id);
	say("MSG_STAT_ANY is its id", syscall(SYS_msgctl, id & 0x7fff, MSG_STAT_ANY, &wide) == id);
	say("command 99", syscall(SYS_msgctl, id, 99, 0));
}

int main(int argc, char **argv)
{
	long key = keyed(argc, argv);
	int id = mine("msg", made("msgget private", syscall(SYS_msgget, IPC_PRIVATE, 0600)));
	if (id != -1) {
		messages(id);
		forms(id);
		say("IPC_RMID", syscall(SYS_msgctl, id, IPC_RMID, 0));
		say("msgsnd to what is gone", syscall(SYS_msgsnd, id, &out, 5, 0));
	}
	say("msgget of none", syscall(SYS_msgget, key, 0600));
	id = mine("msg", made("msgget", syscall(CALL, MSGGET, key, IPC_CREAT | 0600, 0, 0, 0)));
	say("msgget again", syscall(SYS_msgget, key, IPC_CREAT | IPC_EXCL | 0600));
	if (id != -1)
		say("IPC_RMID", syscall(CALL, MSGCTL, id, IPC_RMID, 0, 0, 0));
	return 0;
}
