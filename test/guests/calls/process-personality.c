/* The execution domain: asked and set. */
#include "call.h"
#include <sys/personality.h>

int main(void)
{
	MAKE(personality, PER_LINUX32); /* as whoever starts it bare must have it */
	CALL(personality, 0xffffffff);
	CALL(personality, PER_LINUX32);
	CALL(personality, 0xffffffff);
	CALL(personality, PER_LINUX);
	CALL(personality, 0xffffffff);
	CALL(personality, PER_LINUX32);
	CALL(personality, PER_LINUX32);
	return 0;
}
