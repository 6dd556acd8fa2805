/*
 * Becoming somebody else: not yet.
 *
 *   bare: no
 *   build: glibc-static
 */
#include "call.h"

int main(void)
{
	CALL(setuid, 65533);
	CALL(setgid, 65533);
	CALL(setreuid, 65533, 65533);
	CALL(setregid, -1, 65533);
	CALL(setresuid, -1, 65533, -1);
	CALL(setresgid, 65533, 65533, 65533);
	CALL(setuid32, 12345678);
	CALL(setgid32, 12345678);
	CALL(setreuid32, 65533, -1);
	CALL(setregid32, -1, 65533);
	CALL(setresuid32, -1, 65533, -1);
	CALL(setresgid32, 65533, -1, -1);
	SAY("file ids stay: %d", MAKE(setfsuid32, 65533) == (long)geteuid() && MAKE(setfsuid32, -1) == (long)geteuid());
	SAY("file groups too: %d", MAKE(setfsgid32, 65533) == (long)getegid() && MAKE(setfsgid32, -1) == (long)getegid());
	CALL(setgroups32, 0, NULL);
	CALL(setgroups, 0, NULL);
	CALL(setgroups32, 70000, NULL);
	SAY("nothing changed: %d %d", getuid() == geteuid(), getgid() == getegid());
	return 0;
}
