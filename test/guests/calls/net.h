/* What the guests of the net family share. */
#pragma once
#include "call.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

static inline void say_bytes(const char *what, const void *bytes, int count)
{
	printf("  %s:", what);
	for (int i = 0; i < count; i++)
		printf(" %02x", ((const unsigned char *)bytes)[i]);
	puts("");
}

/* Waits until there is something to read; what comes over a network need not be there at once. */
static inline void await(int fd)
{
	poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, 5000);
}

/* Loopback, any port. */
static const struct sockaddr_in LOOPBACK = { .sin_family = AF_INET, .sin_addr.s_addr = 0x0100007f };
