/* securebits: root that is nobody special, and ids that leave the capabilities alone. */
#include "call.h"
#include <linux/prctl.h>
#include <linux/securebits.h>

int main(void)
{
	mkdir("closed", 0700);
	MAKE(chown32, "closed", 65533, 65533);
	CALL(prctl, PR_SET_SECUREBITS, 0x1000);
	CALL(prctl, PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP);
	CALL(prctl, PR_GET_SECUREBITS);
	CALL(setresuid32, 65532, 65532, 0);
	SAY("the capabilities are left");
	CALL(access, "closed/x", F_OK);
	CALL(access, "closed", W_OK);
	CALL(mkdir, "closed/made", 0700);
	CALL(setresuid32, 0, 0, 0);
	CALL(prctl, PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP | SECBIT_NO_SETUID_FIXUP_LOCKED);
	CALL(prctl, PR_SET_SECUREBITS, 0);
	return 0;
}
