/* capset: what one has may be set again, for oneself alone. */
#include "call.h"
#include <linux/capability.h>

static struct __user_cap_data_struct data[2];
static struct __user_cap_header_struct head;

static struct __user_cap_header_struct *asks(int version, int pid)
{
	head.version = version;
	head.pid = pid;
	return &head;
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
	return 0;
}
