/* Shows that it ran: makes the directory that its argument names, and ends with status 7. */
#define GUEST_MAIN
#include "../attacks/guest.h"

void guest(int argc, char **argv)
{
	if (argc > 1)
		call(39, argv[1], 0700);
	quit(7);
}
