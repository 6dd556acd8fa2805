/*
 * Frames that no kernel made, given to sigreturn(2), which strict mode lets everybody call; a hostile program with a C
 * library. Each case is a child of fork. It ends with the status RAN when what is behind the frame could make a call
 * that nobody judged, or read the file SECRET; a line for each case says how it ended: exit N, signal N.
 *
 *   cases SECRET OFFSET
 *                   contexts of all kinds; the slot's address is in it at OFFSET, 0 bare
 *   inside SECRET   a register image that opens SECRET, continued at places inside the sandbox's own code
 *   threads         one thread blocks all there is and spins; the others go on
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { GS, FS, ES, DS, DI, SI, BP, SP, BX, DX, CX, AX, TRAPNO, ERR, IP, CS, FLAGS, SP_AT_SIGNAL, SS, FPSTATE, OLDMASK, CR2 };
enum { CONTEXT = 22, EXTRAMASK = CONTEXT + 156, FRAME = EXTRAMASK + 1, RAN = 66 };
typedef uint32_t word;

static const char *secret;
/* The thread's slot, which it can only read. */
static word slot;
static word context[FRAME];

/* The five bytes are `mov $imm32, %eax`; entered behind the first they are `int $0x80; ret; nop`: no patcher finds them. */
__asm__(".text\n"
	".globl hidden, forge, ran, ran_long, endless, fill\n"
	"hidden: .byte 0xb8, 0xcd, 0x80, 0xc3, 0x90; ret\n"
	/* forge(sc): sigreturn takes the context from esp */
	"forge: movl 4(%esp), %esp; movl $119, %eax; jmp hidden + 1\n"
	/* getpid as nobody judges it; then the status that tells of it */
	"ran: movl $20, %eax; call hidden + 1; movl $252, %eax; movl $66, %ebx; call hidden + 1; hlt\n"
	/* the same by 64-bit code: mov $39, %eax; syscall; mov $231, %eax; mov $66, %edi; syscall */
	"ran_long: .byte 0xb8, 39, 0, 0, 0, 0x0f, 0x05, 0xb8, 231, 0, 0, 0, 0xbf, 66, 0, 0, 0, 0x0f, 0x05, 0xf4\n"
	"endless: jmp endless\n"
	/* fill(sc): the context as it is */
	"fill: movl 4(%esp), %edx\n"
	"  movl %gs, %ecx; movl %ecx, (%edx); movl %fs, %ecx; movl %ecx, 4(%edx)\n"
	"  movl %es, %ecx; movl %ecx, 8(%edx); movl %ds, %ecx; movl %ecx, 12(%edx)\n"
	"  movl %edi, 16(%edx); movl %esi, 20(%edx); movl %ebp, 24(%edx); movl %ebx, 32(%edx)\n"
	"  leal 4(%esp), %ecx; movl %ecx, 28(%edx); movl (%esp), %ecx; movl %ecx, 56(%edx)\n"
	"  movl %cs, %ecx; movl %ecx, 60(%edx); movl %ss, %ecx; movl %ecx, 72(%edx); pushfl; popl 64(%edx); ret\n");
extern char ran[], ran_long[], endless[];
void forge(word *context) __attribute__((noreturn));
void fill(word *context);

/* What a child does behind its frame: a call as libc makes it, which is judged. */
static void judged(void)
{
	char content;
	int fd = open(secret, O_RDONLY);
	if (fd >= 0 && read(fd, &content, 1) == 1)
		_exit(RAN);
	_exit(getppid() > 0 ? 0 : 1);
}

__attribute__((noreturn)) static void set(int register_, word value)
{
	context[register_] = value;
	forge(context);
}

/* `sp` as it is at a call of `judged`, so that the libc's own frame fits. */
static void at_judged(void)
{
	context[IP] = (word)judged;
	context[SP] = (context[SP] - 256) & ~15u;
	context[SP] -= 4;
}

static word fpu[1024] __attribute__((aligned(64)));

/* How a frame is spoilt: by the number of the case. */
__attribute__((noreturn)) static void spoil(int group, int n)
{
	static const word flags[] = { 0x100, 0x400, 0x4000, 0x40000, 0x10000, 0x20000, 0x200000, 0x3000, 0xffffffff, 0 };
	static const int selectors[] = { CS, SS, DS, ES, FS, GS };
	static const word images[] = { 1, 0x1000, 0xfffff000, 0xc0000000 };
	static char stack[0x4000] __attribute__((aligned(4096)));
	const word addresses[] = { 0, 4, 0xfffffffc, 0xc0000000, (word)stack, slot + 0x800 };
	switch (group) {
	case 0: /* nothing is spoilt: the frame is good */
		context[IP] = (word)ran;
		forge(context);
	case 1: /* 64-bit code */
		context[IP] = (word)ran_long;
		set(CS, 0x33);
	case 2: /* every selector, where a call follows that nobody judges */
	case 3: /* … and one that is judged */
		if (group == 2)
			context[IP] = (word)ran;
		else
			at_judged();
		set(selectors[n % 6], (word)(n / 6) * 4 + 3);
	case 4:
		at_judged();
		set(FLAGS, context[FLAGS] | flags[n]);
	case 5: /* images of the FPU: nowhere, and of wild contents */
		at_judged();
		if (n < 4)
			set(FPSTATE, images[n]);
		memset(fpu, n % 2 ? 0xff : 0, sizeof fpu);
		fpu[27] = (n & 2) << 15;		     /* magic of an FXSAVE image */
		fpu[(112 + 464) / 4] = n & 4 ? 0x46505853 : 0; /* and of XSAVE's, with a length */
		fpu[(112 + 464) / 4 + 1] = n & 8 ? 0xffffffff : 0x340;
		set(FPSTATE, (word)fpu + (n >= 16));
	case 6: /* stacks where a call cannot push */
		at_judged();
		set(SP, addresses[n]);
	case 7: /* a frame that ends where memory does */
	{
		char *pages = mmap(NULL, 0x2000, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		munmap(pages + 0x1000, 0x1000);
		at_judged();
		word *at = (word *)(pages + 0x1000 - n * 60);
		memcpy(at, context, (size_t)(n * 60));
		forge(at);
	}
	case 8: /* everything blocked, what nobody can block included; then a call */
		context[OLDMASK] = context[EXTRAMASK] = ~0u;
		at_judged();
		forge(context);
	case 9: /* everything blocked, and a fault */
		context[OLDMASK] = context[EXTRAMASK] = ~0u;
		set(IP, 0x10);
	default: /* everything blocked, for ever */
		context[OLDMASK] = context[EXTRAMASK] = ~0u;
		set(IP, (word)endless);
	}
}

enum { AT_ONCE = 16, PATIENCE = 400000 };
struct child {
	pid_t pid;
	int group, n;
};
static struct child children[AT_ONCE];
static int living;

/* Ends what is left of a batch, and says how each ended. */
static void collect(void)
{
	for (int waited = 0, left = living; left > 0 && waited < PATIENCE; waited += 10000) {
		siginfo_t info;
		left = 0;
		for (int i = 0; i < living; i++) {
			info.si_pid = 0;
			waitid(P_PID, (id_t)children[i].pid, &info, WEXITED | WNOHANG | WNOWAIT);
			left += info.si_pid == 0;
		}
		if (left > 0)
			usleep(10000);
	}
	for (int i = 0; i < living; i++) {
		int status;
		kill(children[i].pid, SIGKILL);
		waitpid(children[i].pid, &status, 0);
		printf("%d %d: %s %d\n", children[i].group, children[i].n, WIFEXITED(status) ? "exit" : "signal",
		       WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
	}
	fflush(stdout);
	living = 0;
}

static int started(int group, int n)
{
	pid_t pid = fork();
	if (pid != 0)
		children[living++] = (struct child){ pid, group, n };
	if (living == AT_ONCE)
		collect();
	return pid == 0;
}

static void cases(void)
{
	static const int counts[] = { 1, 1, 6 * 25, 6 * 25, 10, 20, 6, 5, 1, 1, 1 };
	for (int group = 0; group < 11; group++)
		for (int n = 0; n < counts[group]; n++)
			if (started(group, n)) {
				fill(context);
				spoil(group, n);
			}
	collect();
}

/* Behind an open of SECRET that nobody refused: its descriptor is in eax, or in ebx where the image was loaded as it is. */
__attribute__((used)) static void opened(int fd)
{
	char content;
	if (fd >= 0 && read(fd, &content, 1) == 1)
		write(1, "LEAK\n", 5);
	_exit(0);
}
__asm__("behind: pushl %eax; call opened; hlt\n");
extern char behind[];

enum { EACH = 80, MOST_PLACES = 480, MOST_ENTRIES = 400, MOST_CODE = 0x1800, OPEN = 5 };

/* Places inside what is executable and not ours: the sandbox's code, and the vDSO; where they enter the kernel, too. */
static void inside(void)
{
	static word stack[0x1000];
	char line[256];
	word own = (word)inside, places[MOST_PLACES];
	int count = 0;
	FILE *maps = fopen("/proc/self/maps", "r");
	while (maps != NULL && fgets(line, sizeof line, maps) != NULL) {
		word from, to;
		char perms[5];
		if (sscanf(line, "%x-%x %4s", &from, &to, perms) != 3 || perms[2] != 'x' || (own >= from && own < to))
			continue;
		/* where the kernel is entered: int $0x80, sysenter, syscall */
		for (const unsigned char *p = (void *)from; (word)p < to - 1 && count < MOST_ENTRIES; p++)
			if ((p[0] == 0xcd && p[1] == 0x80) || (p[0] == 0x0f && (p[1] == 0x34 || p[1] == 0x05)))
				places[count++] = (word)p;
		word size = to - from < MOST_CODE ? to - from : MOST_CODE;
		for (int i = 0; i < EACH && count < MOST_PLACES; i++)
			places[count++] = from + size / EACH * (word)i + (word)i % 5;
	}
	for (int n = 0; n < count; n++)
		if (started(11, n)) {
			fill(context);
			for (int i = 0; i < 0x1000; i++)
				stack[i] = (word)behind;
			context[AX] = OPEN;
			context[BX] = (word)secret;
			context[CX] = context[DX] = context[SI] = context[DI] = 0;
			context[BP] = context[SP] = (word)(stack + 0x800);
			context[OLDMASK] = context[EXTRAMASK] = n % 2 ? ~0u : 0;
			set(IP, places[n]);
		}
	collect();
	printf("places %d\n", count);
}

static volatile int came, spinning;
static void handler(int sig)
{
	came = sig;
}
static void *spin(void *unused)
{
	static word frame[FRAME];
	(void)unused;
	fill(frame);
	frame[OLDMASK] = frame[EXTRAMASK] = ~0u;
	frame[IP] = (word)endless;
	spinning = 1;
	forge(frame);
}

static void threads(void)
{
	pthread_t thread;
	int good = 0;
	signal(SIGUSR1, handler);
	pthread_create(&thread, NULL, spin, NULL);
	while (!spinning)
		usleep(1000);
	usleep(20000);
	for (int i = 0; i < 50; i++) {
		came = 0;
		kill(getpid(), SIGUSR1);
		for (int n = 0; n < 100 && !came; n++)
			usleep(1000);
		pid_t child = fork();
		if (child == 0)
			_exit(0);
		good += came == SIGUSR1 && waitpid(child, NULL, 0) == child;
	}
	printf("good %d\n", good);
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";
	secret = argc > 2 ? argv[2] : "";
	const word offset = argc > 3 ? (word)strtoul(argv[3], NULL, 0) : 0;
	if (offset != 0)
		__asm__("movl %%fs:(%1), %0" : "=r"(slot) : "r"(offset));
	if (!strcmp(mode, "cases"))
		cases();
	else if (!strcmp(mode, "inside"))
		inside();
	else if (!strcmp(mode, "threads"))
		threads();
	return 0;
}
