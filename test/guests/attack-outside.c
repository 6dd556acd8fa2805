/*
 * What a process outside does while a guest is judged, until it is killed:
 *   flip FILE OFFSET A B   writes the words A and B in turns at OFFSET of FILE; 0 and 0: those that its second page tells
 *   swap X Y               exchanges two names
 */
#define GUEST_MAIN
#include "../attacks/guest.h"

enum { AT_FDCWD = -100, RENAME_EXCHANGE = 2, O_RDWR = 2 };

static void flip(const char *file, word offset, word a, word b)
{
	word fd = call(NR_OPEN, file, O_RDWR);
	byte *at = (byte *)call(NR_MMAP2, 0, 0x2000, 3, 1, fd, 0);
	volatile word *word_ = (volatile word *)(at + offset);
	if (failed((word)at))
		quit(3);
	while (!a)
		a = ((volatile word *)at)[1024], b = ((volatile word *)at)[1025];
	for (;;) {
		*word_ = a;
		for (volatile int i = 0; i < 200; i++)
			;
		*word_ = b;
		for (volatile int i = 0; i < 200; i++)
			;
	}
}

static void swap(const char *x, const char *y)
{
	while (!failed(call(NR_RENAMEAT2, AT_FDCWD, x, AT_FDCWD, y, RENAME_EXCHANGE)))
		;
	quit(4);
}

void guest(int argc, char **argv)
{
	if (argc == 6)
		flip(argv[2], number(argv[3]), number(argv[4]), number(argv[5]));
	else if (argc == 4)
		swap(argv[2], argv[3]);
	quit(2);
}
