/* uname in its three layouts, the personality, umask. */
#include "call.h"
#include <sys/personality.h>
#include <sys/stat.h>
#include <sys/utsname.h>

int main(void)
{
	struct utsname u;
	struct stat st;
	char old[5 * 65 + 8], oldest[5 * 9 + 8];

	CALL(uname, &u);
	SAY("%s %s %s %s %s %s", u.sysname, u.nodename, u.release, u.version, u.machine, u.domainname);
	memset(old, '!', sizeof old);
	CALL(olduname, old);
	SAY("%s %s %s %s %s %.8s", old, old + 65, old + 130, old + 195, old + 260, old + 325);
	memset(oldest, '!', sizeof oldest);
	CALL(oldolduname, oldest);
	SAY("%s %s %s %s %s %.8s", oldest, oldest + 9, oldest + 18, oldest + 27, oldest + 36, oldest + 45);
	CALL(uname, NULL);
	CALL(uname, KERNEL);
	CALL(olduname, NULL);
	CALL(oldolduname, KERNEL);

	CALL(umask, 0);
	CALL(umask, 01234567);
	CALL(umask, -1);
	CALL(mkdir, "masked", 0777);
	stat("masked", &st);
	SAY("mode %o", st.st_mode);
	CALL(rmdir, "masked"); /* nobody could list it */
	CALL(umask, 022);
	CALL(mkdir, "usual", 0777);
	return 0;
}
