/* IPv6: TCP and UDP over ::1, mapped IPv4 addresses, and addresses that are none. */
#include "call.h"
#include "net.h"

static struct sockaddr_in6 here, other;
static socklen_t length;

static void told(const char *what, const struct sockaddr_in6 *a)
{
	char text[INET6_ADDRSTRLEN];
	SAY("%s: family %d, length %u, %s, port: %d", what, a->sin6_family, length,
	       inet_ntop(AF_INET6, &a->sin6_addr, text, sizeof text), a->sin6_port == here.sin6_port);
}

int main(void)
{
	char buffer[16];
	struct sockaddr_in6 any = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int server = socket(AF_INET6, SOCK_STREAM, 0), client = socket(AF_INET6, SOCK_STREAM, 0), peer;

	CALL(bind, server, &any, 24);
	CALL(bind, server, &any, 23);
	CALL(bind, server, &four, sizeof four);
	length = sizeof here;
	CALL(getsockname, server, &here, &length);
	told("server", &here);
	CALL(listen, server, 1);
	CALL(connect, client, &here, sizeof here);
	length = sizeof other;
	peer = CALL(accept4, server, &other, &length, 0);
	told("accepted", &other);
	CALL(sendto, client, "six", 3, 0, NULL, 0);
	CALL(recvfrom, peer, buffer, sizeof buffer, 0, NULL, NULL);
	CALL(connect, socket(AF_INET6, SOCK_STREAM, 0), &four, sizeof four);
	CALL(connect, socket(AF_INET, SOCK_STREAM, 0), &here, sizeof here);

	/* an IPv6 socket that speaks IPv4 */
	int udp = socket(AF_INET6, SOCK_DGRAM, 0), udp4 = socket(AF_INET, SOCK_DGRAM, 0), off = 0;
	struct sockaddr_in6 mapped = { .sin6_family = AF_INET6 };
	inet_pton(AF_INET6, "::ffff:127.0.0.1", &mapped.sin6_addr);
	CALL(setsockopt, udp, SOL_IPV6, IPV6_V6ONLY, &off, sizeof off);
	CALL(bind, udp, &mapped, sizeof mapped);
	CALL(bind, udp4, &four, sizeof four);
	length = sizeof four;
	CALL(getsockname, udp4, &four, &length);
	mapped.sin6_port = four.sin_port;
	CALL(sendto, udp, "mapped", 6, 0, &mapped, sizeof mapped);
	await(udp4);
	length = sizeof four;
	CALL(recvfrom, udp4, buffer, sizeof buffer, 0, &four, &length);
	SAY("from %s", inet_ntoa(four.sin_addr));
	CALL(sendto, udp, "four", 4, 0, &four, sizeof four);
	await(udp);
	length = sizeof other;
	CALL(sendto, udp4, "back", 4, 0, &four, sizeof four);
	await(udp);
	CALL(recvfrom, udp, buffer, sizeof buffer, 0, &other, &length);
	told("from", &other);
	other.sin6_scope_id = 1;
	inet_pton(AF_INET6, "2001:db8::1", &other.sin6_addr);
	CALL(bind, socket(AF_INET6, SOCK_DGRAM, 0), &other, sizeof other);
	inet_pton(AF_INET6, "fe80::1", &other.sin6_addr);
	other.sin6_scope_id = 0;
	CALL(bind, socket(AF_INET6, SOCK_DGRAM, 0), &other, sizeof other);
	CALL(connect, socket(AF_INET6, SOCK_STREAM, 0), &other, sizeof other);
	return 0;
}
