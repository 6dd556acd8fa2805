/* Prints the descriptors that are open, of all that there can be. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

int main(void)
{
	printf("open:");
	for (int fd = 0; fd < 20000; fd++)
		if (fcntl(fd, F_GETFD) >= 0 || errno != EBADF)
			printf(" %d", fd);
	puts("");
	return 0;
}
