/* Setting ids to what they are already, by every call of both widths; and to nobody's. */
#include "call.h"
#include <linux/capability.h>

int main(void)
{
	const int uid = getuid(), gid = getgid();

	CALL(setuid, uid);
	CALL(setgid, gid);
	CALL(setreuid, uid, uid);
	CALL(setregid, gid, gid);
	CALL(setresuid, uid, uid, uid);
	CALL(setresgid, gid, gid, gid);
	CALL(setfsuid, uid);
	CALL(setfsgid, gid);
	CALL(setuid32, uid);
	CALL(setgid32, gid);
	CALL(setreuid32, uid, -1);
	CALL(setregid32, -1, gid);
	CALL(setresuid32, -1, -1, -1);
	CALL(setresgid32, -1, gid, -1);
	CALL(setfsuid32, uid);
	CALL(setfsgid32, gid);
	CALL(setfsuid32, -1);
	CALL(setfsgid, 0xffff);
	CALL(setreuid, 0xffff, 0xffff);
	CALL(setresuid, 0xffff, 0xffff, 0xffff);
	CALL(setuid32, -1);
	CALL(setgid32, -1);
	CALL(setuid, 0xffff);
	CALL(setgid, 0xffff);
	CALL(getuid32);
	CALL(getegid32);
	return 0;
}
