/*
 * A whiteout is a device: not made.
 * differs: renameat2(AT_FDCWD, "a", AT_FDCWD, "b", RENAME_WHITEOUT) = -1 EPERM -- a whiteout is a device node
 */
#include "call.h"

int main(void)
{
	close(file_of("a", "a"));
	CALL(renameat2, AT_FDCWD, "a", AT_FDCWD, "b", RENAME_WHITEOUT);
	unlink("a"), unlink("b");
	return 0;
}
