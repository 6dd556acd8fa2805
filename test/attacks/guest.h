/*
 * What the hostile guests share: no libc, system calls through the entry that AT_SYSINFO names, as libc makes them, and
 * an `int $0x80` that stands inside another instruction, where no patcher finds it.
 */
typedef unsigned int word;
typedef unsigned char byte;

enum {
	NR_EXIT = 1, NR_READ = 3, NR_WRITE = 4, NR_OPEN = 5, NR_CLOSE = 6, NR_UNLINK = 10, NR_GETPID = 20, NR_SOCKET = 359,
	NR_CONNECT = 362, NR_MMAP2 = 192, NR_EXIT_GROUP = 252, NR_OPENAT = 295, NR_RENAMEAT2 = 353,
};

extern word sysinfo;
word call(word nr, ...);
word raw(word nr, ...);
word run(word address);
void *memcpy(void *to, const void *from, word size);
void *memset(void *to, int value, word size);

static inline word length(const char *s)
{
	word n = 0;
	while (s[n])
		n++;
	return n;
}

static inline int failed(word result)
{
	return result >= 0xfffff001u;
}

__attribute__((noreturn)) static inline void quit(word status)
{
	for (;;)
		call(NR_EXIT_GROUP, status);
}

static inline void say(const char *text)
{
	call(NR_WRITE, 1, text, length(text));
}

static inline void say_number(word n)
{
	char digits[11];
	int at = 10;
	digits[at] = 0;
	do
		digits[--at] = (char)('0' + n % 10);
	while (n /= 10);
	say(digits + at);
}

static inline word number(const char *s)
{
	word n = 0;
	while (*s >= '0' && *s <= '9')
		n = n * 10 + (word)(*s++ - '0');
	return n;
}

/* What the guest does: arguments as main() has them. */
void guest(int argc, char **argv);

#ifdef GUEST_MAIN
word sysinfo;

void *memcpy(void *to, const void *from, word size)
{
	for (word i = 0; i < size; i++)
		((volatile byte *)to)[i] = ((const byte *)from)[i];
	return to;
}

void *memset(void *to, int value, word size)
{
	for (word i = 0; i < size; i++)
		((volatile byte *)to)[i] = (byte)value;
	return to;
}

__attribute__((used, noreturn)) void start(word *stack)
{
	word *p = stack + 1 + stack[0] + 1;
	while (*p++)
		;
	for (; p[0]; p += 2)
		if (p[0] == 32)
			sysinfo = p[1];
	guest((int)stack[0], (char **)(stack + 1));
	quit(0);
}

__asm__(".text\n"
	".globl _start, call, raw, run\n"
	"_start: movl %esp, %eax; xorl %ebp, %ebp; andl $-16, %esp; subl $12, %esp; pushl %eax; call start; hlt\n"
	".macro load\n"
	"pushl %ebx; pushl %esi; pushl %edi; pushl %ebp\n"
	"movl 20(%esp), %eax; movl 24(%esp), %ebx; movl 28(%esp), %ecx; movl 32(%esp), %edx\n"
	"movl 36(%esp), %esi; movl 40(%esp), %edi; movl 44(%esp), %ebp\n"
	".endm\n"
	".macro restore\n"
	"popl %ebp; popl %edi; popl %esi; popl %ebx; ret\n"
	".endm\n"
	"call: load; call *sysinfo; restore\n"
	/* the five bytes are `mov $imm32, %eax`; entered behind the first they are `int $0x80; ret; nop` */
	"raw: load; call hidden + 1; restore\n"
	"hidden: .byte 0xb8, 0xcd, 0x80, 0xc3, 0x90\n"
	"ret\n"
	/* run(address): calls it, returns its eax */
	"run: pushl %ebx; pushl %esi; pushl %edi; pushl %ebp; call *20(%esp); restore\n");
#endif
