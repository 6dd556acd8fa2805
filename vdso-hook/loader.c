/*
 * What the kernel executes in place of the program: freestanding, static-pie, from a sealed memfd. It takes orders
 * from its reserved socket only, never from argv or the environment, which belong to the program. The helper orders
 * the system calls that set the process up (no_new_privs, slots, trustee text, vDSO, trap handlers) and at last that
 * it becomes the trustee. Anything unexpected ends the process with status 125.
 */
#include "wire.gen.h"

typedef unsigned int word;

#pragma GCC visibility push(hidden)
extern char hook[], ill_handler[], segv_handler[], restorer[];

enum { NR_READ = 3, NR_WRITE = 4, NR_EXIT_GROUP = 252 };
enum { AT_NULL = 0, AT_SYSINFO = 32, AT_SYSINFO_EHDR = 33 };

/* The helper writes the socket's number behind the magic before the image is sealed. */
extern const volatile word config[2];

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

static int order(const word *c)
{
	if (c[0] == LOADER_COPY) {
		volatile char *to = (volatile char *)c[1];
		const char *from = (const char *)c[2];
		for (word i = 0; i < c[3]; i++)
			to[i] = from[i];
		return 0;
	}
	if (c[0] == LOADER_BECOME)
		become(c[1], c[2]);
	return call(c);
}

/* The orders of one message, until one fails. */
static void batch(const word *message, word answer[2])
{
	answer[0] = answer[1] = 0;
	for (word i = 0; i < message[0]; i++) {
		int result = order(message + 1 + LOADER_CALL_WORDS * i);
		answer[1] = (word)result;
		if ((word)result >= 0xfffff001u)
			return;
		answer[0]++;
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
		[HELLO_ILL_HANDLER] = (word)ill_handler,
		[HELLO_SEGV_HANDLER] = (word)segv_handler,
		[HELLO_RESTORER] = (word)restorer,
	};
	word socket = config[1];
	__asm__("movl %%cs, %0" : "=r"(hello[HELLO_CS]));
	if (call3(NR_WRITE, socket, (word)hello, sizeof hello) != sizeof hello)
		die();
	for (;;) {
		word answer[2];
		int got = call3(NR_READ, socket, (word)buffer, sizeof buffer);
		if (got < 4 || buffer[0] > ((word)got - 4) / (4 * LOADER_CALL_WORDS))
			die();
		batch(buffer, answer);
		if (call3(NR_WRITE, socket, (word)answer, sizeof answer) != sizeof answer)
			die();
	}
}

#define STRING_(x) #x
#define STRING(x) STRING_(x)
__asm__(".text\n"
	".globl config\n"
	".balign 4\n"
	"config: .long " STRING(LOADER_CONFIG_MAGIC) ", 0\n"
	".globl _start\n"
	"_start: movl %esp, %eax; xorl %ebp, %ebp; andl $-16, %esp; subl $12, %esp; pushl %eax; call loader; hlt\n"
	/* the vDSO is not rewritten yet or rewritten already: int $0x80 is right in both cases */
	"call: pushl %ebx; pushl %esi; pushl %edi; pushl %ebp; movl 20(%esp), %ebp\n"
	"movl 0(%ebp), %eax; movl 4(%ebp), %ebx; movl 8(%ebp), %ecx; movl 12(%ebp), %edx\n"
	"movl 16(%ebp), %esi; movl 20(%ebp), %edi; movl 24(%ebp), %ebp; int $0x80\n"
	"popl %ebp; popl %edi; popl %esi; popl %ebx; ret\n"
	"become: movl 4(%esp), %eax; movl 8(%esp), %esp; jmp *%eax\n");
