/* Capabilities: what capget says of each version of the interface, of oneself and of others. */
#include "call.h"
#include <linux/capability.h>

static struct __user_cap_data_struct data[2];
static struct __user_cap_header_struct head;

static struct __user_cap_header_struct *asks(int version, int pid)
{
	memset(data, 0x55, sizeof data);
	head.version = version;
	head.pid = pid;
	return &head;
}
static void told(void)
{
	for (int i = 0; i < 2; i++)
		SAY("%08x %08x %08x", data[i].effective, data[i].permitted, data[i].inheritable);
}

int main(void)
{
	CALL(capget, asks(_LINUX_CAPABILITY_VERSION_3, 0), data);
	told();
	CALL(capget, asks(_LINUX_CAPABILITY_VERSION_2, 0), data);
	told();
	CALL(capget, asks(_LINUX_CAPABILITY_VERSION_1, 0), data);
	told();
	CALL(capget, asks(_LINUX_CAPABILITY_VERSION_3, getpid()), data);
	told();
	CALL(capget, asks(_LINUX_CAPABILITY_VERSION_3, 0), NULL);
	CALL(capget, asks(0, 0), NULL);
	SAY("preferred: %x", head.version);
	CALL(capget, asks(7, 0), data);
	SAY("preferred: %x", head.version);
	CALL(capget, NULL, data);
	CALL(capget, KERNEL, NULL);
	CALL(capget, asks(_LINUX_CAPABILITY_VERSION_3, 0), KERNEL);
	CALL(capget, asks(_LINUX_CAPABILITY_VERSION_3, -1), data);
	CALL(capget, asks(_LINUX_CAPABILITY_VERSION_3, 0x3fffff), data);
	return 0;
}
