/*
 * Socket options: each of the tables, as the arguments give them (level and number), on sockets of five kinds: read,
 * written with several values and lengths, and read again.
 *
 *   arguments: options
 *   differs: getsockopt(fd, 9999, 1, value, (value[0] = 4, value)) = -1 ENOPROTOOPT -- a level that is not known; kernels differ in it
 */
#include "call.h"
#include "net.h"

static const struct { const char *name; int domain, type; } KINDS[] = {
	{ "unix", AF_UNIX, SOCK_STREAM }, { "tcp", AF_INET, SOCK_STREAM }, { "udp", AF_INET, SOCK_DGRAM },
	{ "tcp6", AF_INET6, SOCK_STREAM }, { "udp6", AF_INET6, SOCK_DGRAM },
};
static const int LENGTHS[] = { 4, 0, 1, 8, 16, 64 };

static int fd, level, option, value[64];

/* What it is may differ from run to run (a processor, a counter): then only that there is a value. */
static void look(int vague)
{
	socklen_t length = sizeof value;
	memset(value, 0x55, sizeof value);
	if (CALL(getsockopt, fd, level, option, value, &length) < 0)
		return;
	SAY("length %u%s", length, length <= 16 && !vague ? ":" : "");
	if (length <= 16 && !vague)
		say_bytes("value", value, length);
}

static void change(int first, int length)
{
	memset(value, 0, sizeof value);
	value[0] = first;
	SAY("to %d, %d bytes", first, length);
	CALL(setsockopt, fd, level, option, value, length);
}

int main(int argc, char **argv)
{
	for (int i = 1; i + 2 < argc; i += 3)
		for (unsigned k = 0; k < sizeof KINDS / sizeof *KINDS; k++) {
			level = atoi(argv[i]), option = atoi(argv[i + 1]);
			int vague = atoi(argv[i + 2]);
			if (k == 0 && level != SOL_SOCKET)
				continue;
			SAY("%s: level %d, option %d", KINDS[k].name, level, option);
			fd = socket(KINDS[k].domain, KINDS[k].type, 0);
			look(vague);
			for (unsigned l = 0; l < sizeof LENGTHS / sizeof *LENGTHS; l++)
				change(1, LENGTHS[l]);
			look(vague);
			change(0, 4);
			change(-1, 4);
			change(3, 4);
			look(vague);
			close(fd);
		}
	fd = socket(AF_INET, SOCK_STREAM, 0);
	CALL(getsockopt, fd, SOL_SOCKET, SO_TYPE, KERNEL, value);
	CALL(getsockopt, fd, SOL_SOCKET, SO_TYPE, value, KERNEL);
	CALL(getsockopt, fd, SOL_SOCKET, SO_TYPE, value, NULL);
	CALL(getsockopt, fd, SOL_SOCKET, SO_TYPE, value, (value[0] = -1, value));
	CALL(getsockopt, fd, SOL_SOCKET, 9999, value, (value[0] = 4, value));
	CALL(getsockopt, fd, 9999, 1, value, (value[0] = 4, value));
	CALL(getsockopt, 0, SOL_SOCKET, SO_TYPE, value, value);
	CALL(getsockopt, 77, SOL_SOCKET, SO_TYPE, value, value);
	CALL(setsockopt, fd, SOL_SOCKET, SO_KEEPALIVE, KERNEL, 4);
	CALL(setsockopt, fd, SOL_SOCKET, SO_KEEPALIVE, NULL, 4);
	CALL(setsockopt, fd, SOL_SOCKET, SO_KEEPALIVE, value, -1);
	CALL(setsockopt, fd, SOL_SOCKET, 9999, value, 4);
	CALL(setsockopt, fd, 9999, 1, value, 4);
	CALL(setsockopt, fd, SOL_RAW, 1, value, 4);
	CALL(setsockopt, fd, SOL_PACKET, 1, value, 4);
	CALL(setsockopt, 77, SOL_SOCKET, SO_KEEPALIVE, value, 4);
	CALL(setsockopt, 0, SOL_SOCKET, SO_KEEPALIVE, value, 4);
	return 0;
}
