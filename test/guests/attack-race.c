/*
 * Makes one judged call again and again while a process outside changes what it points at, and counts what came of it:
 * race MODE COUNT STOP WHAT. STOP: the first win ends the run. A win is a letter D read from a file, or a D said below.
 *
 *   path FILE      open the path that stands in FILE, mapped shared
 *   how FILE PATH  openat2 of PATH with the struct open_how in FILE
 *   name FILE      connect to the struct sockaddr_un in FILE
 *   sendto FILE    sendto the struct sockaddr_in in FILE
 *   sendmsg FILE   the same by sendmsg
 *   vector FILE    readv of /dev/zero by the vector in FILE, which leads to the program's memory or to the sandbox's
 *   open PATH      open PATH, whose directories are swapped
 *   make PATH      mkdir PATH, and remove it
 *   create PATH    create the file PATH, and remove it
 *   bind PATH      bind a unix socket to PATH, and remove it
 *   enter PATH     chdir to PATH, then read the file f there
 */
#define GUEST_MAIN
#include "../attacks/guest.h"

enum { NR_READV = 145, NR_MKDIR = 39, NR_RMDIR = 40, NR_CHDIR = 12, NR_OPENAT2 = 437, NR_BIND = 361, NR_SENDTO = 369, NR_SENDMSG = 370 };
enum { O_RDWR = 2, O_CREAT = 0100, O_EXCL = 0200, AF_UNIX = 1, AF_INET = 2, SOCK_STREAM = 1, SOCK_DGRAM = 2, AT_FDCWD = -100 };
#define OUTCOMES 256

static word outcomes[OUTCOMES];
static const char *target;
static void *shared;

static int same(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

/* The first byte of a file that was opened, or the errno; an errno has no letter's number here. */
static word letter(word fd)
{
	byte read = '0';
	if (failed(fd))
		return -fd;
	call(NR_READ, fd, &read, 1);
	call(NR_CLOSE, fd);
	return read;
}

static word path(void)
{
	return letter(call(NR_OPEN, shared, 0));
}

/* D when the descriptor is good for writing. */
static word how(void)
{
	word fd = call(NR_OPENAT2, AT_FDCWD, target, shared, 24);
	if (failed(fd))
		return -fd;
	word written = call(NR_WRITE, fd, "D", 0);
	call(NR_CLOSE, fd);
	return failed(written) ? 'A' : 'D';
}

static word name(void)
{
	word fd = call(NR_SOCKET, AF_UNIX, SOCK_STREAM, 0), result = call(NR_CONNECT, fd, shared, 110);
	call(NR_CLOSE, fd);
	return failed(result) ? -result : 'A';
}

static word datagrams(void)
{
	static word fd;
	return fd ? fd : (fd = call(NR_SOCKET, AF_INET, SOCK_DGRAM, 0));
}

static word send_to(void)
{
	word result = call(NR_SENDTO, datagrams(), "x", 1, 0, shared, 16);
	return failed(result) ? -result : 'A';
}

static word send_message(void)
{
	static const struct { const void *base; word length; } data = { "x", 1 };
	static struct { void *name; word length; const void *iov; word count; word rest[3]; } message = { 0, 16, &data, 1, { 0 } };
	message.name = shared;
	word result = call(NR_SENDMSG, datagrams(), &message, 0);
	return failed(result) ? -result : 'A';
}

#define MARK 0x5a5a5a5a
static word own;

/* The second page of the file tells who flips what: our memory, and the landing stack, which is ours to write only natively. */
static word vector(void)
{
	static word zero;
	static volatile word *landing;
	if (!zero) {
		zero = call(NR_OPEN, "/dev/zero", 0);
		__asm__("movl %%fs:0x40, %0" : "=r"(landing));
		((volatile word *)shared)[1025] = (word)landing;
		((volatile word *)shared)[1024] = (word)&own;
	}
	*landing = MARK;
	word result = call(NR_READV, zero, shared, 1);
	return *landing != MARK ? 'D' : failed(result) ? -result : 'A';
}

static word open(void)
{
	return letter(call(NR_OPEN, target, 0));
}

static word make(void)
{
	word result = call(NR_MKDIR, target, 0700);
	call(NR_RMDIR, target);
	return failed(result) ? -result : 'A';
}

static word create(void)
{
	word fd = call(NR_OPEN, target, O_RDWR | O_CREAT | O_EXCL, 0600);
	call(NR_CLOSE, fd);
	call(NR_UNLINK, target);
	return failed(fd) ? -fd : 'A';
}

static word bind(void)
{
	static struct { unsigned short family; char path[108]; } name = { AF_UNIX, "" };
	word fd = call(NR_SOCKET, AF_UNIX, SOCK_STREAM, 0), length = 0;
	while ((name.path[length] = target[length]))
		length++;
	word result = call(NR_BIND, fd, &name, 2 + length + 1);
	call(NR_CLOSE, fd);
	call(NR_UNLINK, target);
	return failed(result) ? -result : 'A';
}

static word enter(void)
{
	word result = call(NR_CHDIR, target);
	if (failed(result))
		return -result;
	return letter(call(NR_OPEN, "f", 0));
}

static const struct { const char *name; word (*act)(void); int maps; } MODES[] = {
	{ "path", path, 1 }, { "how", how, 1 }, { "name", name, 1 }, { "vector", vector, 1 }, { "open", open, 0 },
	{ "sendto", send_to, 1 }, { "sendmsg", send_message, 1 }, { "make", make, 0 }, { "create", create, 0 }, { "bind", bind, 0 }, { "enter", enter, 0 },
};

/* Two pages of a file, shared with whoever else maps it, always at the same place. */
static void *map(const char *file)
{
	word fd = call(NR_OPEN, file, O_RDWR);
	word at = call(NR_MMAP2, 0x40000000, 0x2000, 3, 0x11, fd, 0);
	if (failed(at))
		quit(3);
	call(NR_CLOSE, fd);
	return (void *)at;
}

void guest(int argc, char **argv)
{
	word k = 0;
	if (argc < 5)
		quit(2);
	while (!same(MODES[k].name, argv[1]))
		k++;
	target = argv[argc - 1];
	if (MODES[k].maps)
		shared = map(argv[4]);
	word count = number(argv[2]), stop = number(argv[3]);
	for (word i = 0; i < count; i++) {
		outcomes[MODES[k].act() % OUTCOMES]++;
		if (stop && outcomes['D'])
			break;
	}
	for (word i = 0; i < OUTCOMES; i++)
		if (outcomes[i]) {
			say_number(i);
			say(" ");
			say_number(outcomes[i]);
			say("\n");
		}
}
