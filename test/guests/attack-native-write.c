/* Writes through the hook and around it. Status: 1 when the hook's answer was EPERM, and 2 when the other wrote. */
#define GUEST_MAIN
#include "../attacks/guest.h"

void guest(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	word asked = call(NR_WRITE, 1, "asked\n", 6);
	word native = raw(NR_WRITE, 1, "native\n", 7);
	quit((asked == (word)-1) + 2 * (native == 7));
}
