/*
 * What the kernel executes in place of every program: freestanding, static-pie, from a sealed memfd. It takes orders
 * from the helper only, to which it connects, never from argv or the environment, which belong to the program. The
 * helper orders the system calls that set the process up (no_new_privs, slots, trustee text, vDSO, signal handler,
 * images) and at last that it becomes the trustee. Anything unexpected ends the process with status 125.
 */
#include "wire.gen.h"

typedef unsigned int word;

#pragma GCC visibility push(hidden)
extern char hook[], handler[], restorer[], started[];

enum { NR_WRITE = 4, NR_CLOSE = 6, NR_EXIT_GROUP = 252, NR_DUP3 = 330, NR_SOCKET = 359, NR_CONNECT = 362, NR_RECVMSG = 372 };
enum { AF_UNIX = 1, SOCK_SEQPACKET = 5, O_CLOEXEC = 02000000, MSG_CMSG_CLOEXEC = 0x40000000, SOL_SOCKET = 1, SCM_RIGHTS = 1 };
enum { AT_NULL = 0, AT_SYSINFO = 32, AT_SYSINFO_EHDR = 33 };

/* The helper writes this behind the magic before the image is sealed. */
struct config {
	word magic, socket, length;
	char address[LOADER_ADDRESS_SIZE];
};
extern const struct config config;

struct control {
	word length, level, type;
	int descriptors[LOADER_DESCRIPTORS];
};

int call(const word nr_and_args[7]);
void become(word eip, word esp) __attribute__((noreturn));

static int call3(word nr, word a, word b, word c)
{
	word call_[7] = { nr, a, b, c, 0, 0, 0 };
	return call(call_);
}

__attribute__((noreturn)) static void die(void)
{
	for (;;)
		call3(NR_EXIT_GROUP, 125, 0, 0);
}

static word auxv(const word *stack, word type)
{
	const word *p = stack + 1 + stack[0] + 1;
	while (*p++)
		;
	for (; p[0] != AT_NULL; p += 2)
		if (p[0] == type)
			return p[1];
	return 0;
}

/* A descriptor that came with the message gets its number. */
static int place(const struct control *got, word i, word number, word flags)
{
	int result;
	if (got->type != SCM_RIGHTS || got->level != SOL_SOCKET || 12 + 4 * i >= got->length)
		return -1;
	result = call3(NR_DUP3, (word)got->descriptors[i], number, flags);
	call3(NR_CLOSE, (word)got->descriptors[i], 0, 0);
	return result;
}

static int order(const word *c, const struct control *got)
{
	if (c[0] == LOADER_COPY) {
		volatile char *to = (volatile char *)c[1];
		const char *from = (const char *)c[2];
		for (word i = 0; i < c[3]; i++)
			to[i] = from[i];
		return 0;
	}
	if (c[0] == LOADER_PLACE)
		return place(got, c[1], c[2], c[3]);
	if (c[0] == LOADER_BECOME)
		become(c[1], c[2]);
	return call(c);
}

/* The orders of one message, until one fails that must not: how many words of results. */
static word batch(const word *message, const struct control *got, word *results)
{
	for (word i = 0; i < message[0]; i++) {
		const word *c = message + 1 + LOADER_CALL_WORDS * i;
		word calls[LOADER_CALL_WORDS];
		for (word k = 0; k < LOADER_CALL_WORDS; k++)
			calls[k] = c[k];
		if (calls[0] < LOADER_COPY)
			calls[0] &= ~LOADER_MAY_FAIL;
		results[i] = (word)order(calls, got);
		if (results[i] >= 0xfffff001u && (c[0] >= LOADER_COPY || !(c[0] & LOADER_MAY_FAIL)))
			return i + 1;
	}
	return message[0];
}

/* The helper knows who connects. */
static void connect_to_helper(void)
{
	int s = call3(NR_SOCKET, AF_UNIX, SOCK_SEQPACKET | O_CLOEXEC, 0);
	if (s < 0 || call3(NR_CONNECT, (word)s, (word)config.address, config.length) < 0)
		die();
	if (call3(NR_DUP3, (word)s, config.socket, O_CLOEXEC) < 0)
		die();
	call3(NR_CLOSE, (word)s, 0, 0);
}

#define CPUID(leaf, subleaf, a, b, c)                                                                                  \
	__asm__("pushl %%ebx; cpuid; movl %%ebx, %%esi; popl %%ebx" : "=a"(a), "=S"(b), "=c"(c) : "0"(leaf), "2"(subleaf) : "edx")

/* The XSAVE components that signal frames hold and the bytes up to the last one's end; zero without XSAVE. */
static void measure_fpu(word *features, word *size)
{
	enum { OSXSAVE = 1 << 27, LEGACY_AND_HEADER = 576, TILES = 3 << 17 };
	word a, b, c;
	*features = *size = 0;
	CPUID(1, 0, a, b, c);
	if (!(c & OSXSAVE))
		return;
	__asm__("xgetbv" : "=a"(a) : "c"(0) : "edx");
	*features = a & ~TILES; /* of which a program of 32 bits has none */
	*size = LEGACY_AND_HEADER;
	for (word i = 2; i < 32; i++) {
		if (!(*features >> i & 1))
			continue;
		CPUID(13, i, a, b, c);
		if (a + b > *size)
			*size = a + b;
	}
}

__attribute__((noreturn, used)) void loader(const word *stack)
{
	word buffer[LOADER_BUFFER_SIZE / 4];
	word hello[HELLO_WORDS] = {
		[0] = HELLO_MAGIC,
		[HELLO_ESP] = (word)stack,
		[HELLO_BUFFER] = (word)buffer,
		[HELLO_VDSO] = auxv(stack, AT_SYSINFO_EHDR),
		[HELLO_SYSINFO] = auxv(stack, AT_SYSINFO),
		[HELLO_HOOK] = (word)hook,
		[HELLO_HANDLER] = (word)handler,
		[HELLO_RESTORER] = (word)restorer,
		[HELLO_STARTED] = (word)started,
	};
	word socket = config.socket;
	word results[LOADER_BUFFER_SIZE / 4 / LOADER_CALL_WORDS];
	struct control got;
	struct { word base, length; } data = { (word)buffer, sizeof buffer };
	struct { word name, name_length, vector, count, control, control_length, flags; } header;
	__asm__("movl %%cs, %0" : "=r"(hello[HELLO_CS]));
	measure_fpu(&hello[HELLO_FPU_FEATURES], &hello[HELLO_FPU_SIZE]);
	connect_to_helper();
	if (call3(NR_WRITE, socket, (word)hello, sizeof hello) != sizeof hello)
		die();
	for (;;) {
		word count;
		int length;
		header.name = header.name_length = header.flags = 0;
		header.vector = (word)&data;
		header.count = 1;
		header.control = (word)&got;
		header.control_length = sizeof got;
		got.length = got.level = got.type = 0;
		length = call3(NR_RECVMSG, socket, (word)&header, MSG_CMSG_CLOEXEC);
		if (length < 4 || buffer[0] > ((word)length - 4) / (4 * LOADER_CALL_WORDS))
			die();
		count = batch(buffer, &got, results);
		if (call3(NR_WRITE, socket, (word)results, 4 * count) != (int)(4 * count))
			die();
	}
}

#define STRING_(x) #x
#define STRING(x) STRING_(x)
__asm__(".text\n"
	".globl config\n"
	".balign 4\n"
	"config: .long " STRING(LOADER_CONFIG_MAGIC) ", 0, 0\n"
	".zero " STRING(LOADER_ADDRESS_SIZE) "\n"
	".globl _start\n"
	"_start: movl %esp, %eax; xorl %ebp, %ebp; andl $-16, %esp; subl $12, %esp; pushl %eax; call loader; hlt\n"
	/* the vDSO is not rewritten yet or rewritten already: int $0x80 is right in both cases */
	"call: pushl %ebx; pushl %esi; pushl %edi; pushl %ebp; movl 20(%esp), %ebp\n"
	"movl 0(%ebp), %eax; movl 4(%ebp), %ebx; movl 8(%ebp), %ecx; movl 12(%ebp), %edx\n"
	"movl 16(%ebp), %esi; movl 20(%ebp), %edi; movl 24(%ebp), %ebp; int $0x80\n"
	"popl %ebp; popl %edi; popl %esi; popl %ebx; ret\n"
	"become: movl 4(%esp), %eax; movl 8(%esp), %esp; jmp *%eax\n");
