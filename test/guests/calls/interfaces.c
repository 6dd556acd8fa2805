/* What ioctl tells of network interfaces: the loopback's, and of one that is not there. */
#include "call.h"
#include <arpa/inet.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#undef ioctl

static const char *address(const struct ifreq *r)
{
	return inet_ntoa(((const struct sockaddr_in *)&r->ifr_addr)->sin_addr);
}

int main(void)
{
	struct ifreq lo = {.ifr_name = "lo"}, none = {.ifr_name = "none9"}, name = {.ifr_ifindex = 1}, r;
	struct ifreq list[16];
	struct ifconf all = {.ifc_len = sizeof list, .ifc_req = list};
	int s = socket(AF_INET, SOCK_DGRAM, 0), file = file_of("file", "");
	r = lo, CALL(ioctl, s, SIOCGIFFLAGS, &r);
	SAY("%x", r.ifr_flags & (IFF_UP | IFF_LOOPBACK));
	r = lo, CALL(ioctl, s, SIOCGIFADDR, &r);
	SAY("%s", address(&r));
	r = lo, CALL(ioctl, s, SIOCGIFNETMASK, &r);
	SAY("%s", address(&r));
	r = lo, CALL(ioctl, s, SIOCGIFBRDADDR, &r);
	r = lo, CALL(ioctl, s, SIOCGIFDSTADDR, &r);
	r = lo, CALL(ioctl, s, SIOCGIFMTU, &r);
	SAY("%d", r.ifr_mtu);
	r = lo, CALL(ioctl, s, SIOCGIFMETRIC, &r);
	r = lo, CALL(ioctl, s, SIOCGIFHWADDR, &r);
	SAY("%d", r.ifr_hwaddr.sa_family);
	r = lo, CALL(ioctl, s, SIOCGIFINDEX, &r);
	SAY("%d", r.ifr_ifindex);
	r = lo, CALL(ioctl, s, SIOCGIFTXQLEN, &r);
	r = lo, CALL(ioctl, s, SIOCGIFMAP, &r);
	CALL(ioctl, s, SIOCGIFNAME, &name);
	SAY("%s", name.ifr_name);
	CALL(ioctl, s, SIOCGIFCONF, &all);
	SAY("%s", all.ifc_len >= (int)sizeof *list && !strcmp(list[0].ifr_name, "lo") ? "lo is the first" : "lo is not first");
	all.ifc_req = NULL;
	CALL(ioctl, s, SIOCGIFCONF, &all);
	CALL(ioctl, s, SIOCGIFFLAGS, &none);
	CALL(ioctl, s, SIOCGIFFLAGS, NOWHERE);
	CALL(ioctl, file, SIOCGIFFLAGS, &lo);
	return 0;
}
