/* A new session, for who leads no group yet. */
#include "call.h"

int main(void)
{
	int leads = getpgrp() == getpid(); /* whoever started it may have made it so */
	long session = leads ? getpid() : CALL_OK(setsid);
	SAY("leads: %d %d", session == getpid(), leads || getsid(0) == getpid());
	CALL(setsid);
	CALL(setpgid, 0, 0);
	return 0;
}
