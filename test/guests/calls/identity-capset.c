/* capset and its kin: for oneself alone, less but never more; what they leave for a change of ids. */
#include "call.h"
#include <linux/capability.h>
#include <linux/prctl.h>
#include <linux/securebits.h>

static struct __user_cap_data_struct data[2];
static struct __user_cap_header_struct head;

static struct __user_cap_header_struct *asks(int version, int pid)
{
	head.version = version;
	head.pid = pid;
	return &head;
}
static void tell(void)
{
	MAKE(capget, asks(_LINUX_CAPABILITY_VERSION_3, 0), data);
	for (int i = 0; i < 2; i++)
		SAY("%08x %08x %08x", data[i].effective, data[i].permitted, data[i].inheritable);
	SAY("keep %ld, secure bits %lx, ambient %ld, bounding %ld", MAKE(prctl, PR_GET_KEEPCAPS),
	    MAKE(prctl, PR_GET_SECUREBITS), MAKE(prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_CHOWN, 0, 0),
	    MAKE(prctl, PR_CAPBSET_READ, CAP_SYS_TIME));
}

int main(void)
{
	CALL(capget, asks(_LINUX_CAPABILITY_VERSION_3, 0), data);
	CALL(capset, asks(_LINUX_CAPABILITY_VERSION_3, 0), data);
	CALL(capset, asks(_LINUX_CAPABILITY_VERSION_3, getpid()), data);
	CALL(capset, asks(7, 0), data);
	SAY("preferred: %x", head.version);
	CALL(capset, asks(_LINUX_CAPABILITY_VERSION_3, 1), data);
	CALL(capset, asks(_LINUX_CAPABILITY_VERSION_3, 0), NULL);
	CALL(capset, asks(_LINUX_CAPABILITY_VERSION_3, 0), KERNEL);
	CALL(capset, NULL, data);

	tell();
	CALL(prctl, PR_CAPBSET_DROP, CAP_SYS_TIME);
	CALL(prctl, PR_CAPBSET_DROP, 64);
	data[0].inheritable |= 1 << CAP_CHOWN;
	CALL(capset, asks(_LINUX_CAPABILITY_VERSION_3, 0), data);
	CALL(prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_CHOWN, 0, 0);
	CALL(prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_KILL, 0, 0);
	tell();
	CALL(prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_LOWER, CAP_CHOWN, 0, 0);
	CALL(prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	CALL(prctl, PR_CAP_AMBIENT, 9, 0, 0, 0);
	CALL(prctl, PR_SET_KEEPCAPS, 1);
	CALL(prctl, PR_SET_KEEPCAPS, 2);
	tell();
	CALL(setresuid32, 65533, 65533, 65533);
	tell();
	CALL(chown, "f", 0, 0);
	data[0].effective = data[0].permitted & 1 << CAP_CHOWN;
	data[1].effective = 0;
	CALL(capset, asks(_LINUX_CAPABILITY_VERSION_3, 0), data);
	close(open("f", O_CREAT | O_WRONLY, 0600));
	tell();
	data[0].effective |= 1u << CAP_KILL;
	data[0].permitted = data[0].inheritable = data[0].effective & ~(1u << CAP_KILL);
	CALL(capset, asks(_LINUX_CAPABILITY_VERSION_3, 0), data);
	data[0].effective = data[0].permitted;
	data[1].permitted = data[1].inheritable = 0;
	CALL(capset, asks(_LINUX_CAPABILITY_VERSION_2, 0), data);
	CALL(capset, asks(_LINUX_CAPABILITY_VERSION_1, 0), data);
	tell();
	data[0].permitted |= 1u << CAP_KILL;
	CALL(capset, asks(_LINUX_CAPABILITY_VERSION_3, 0), data);
	CALL(prctl, PR_CAPBSET_DROP, CAP_KILL);
	CALL(prctl, PR_SET_SECUREBITS, SECBIT_NOROOT);
	memset(data, 0, sizeof data);
	CALL(capset, asks(_LINUX_CAPABILITY_VERSION_3, 0), data);
	tell();
	CALL(setuid32, 0);
	return 0;
}
