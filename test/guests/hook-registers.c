/* Every register and flag is as before behind a call that the hook answers, one that is answered, one that is delegated and one made natively. */
#include "hook.h"

/* 0 when nothing but eax changed. edx, the third argument, is 0. */
int kept(word nr, word first, word flags);
__asm__("kept: pushl %ebx; pushl %esi; pushl %edi; pushl %ebp; movl 28(%esp), %eax; pushl %eax; popfl; movl %esp, before\n"
	"movl 20(%esp), %eax; movl 24(%esp), %ebx; movl $before, %ecx; movl $0, %edx; movl $0x51525354, %esi; movl $0xe1e2e3e4, %edi; movl $0xb1b2b3b4, %ebp\n"
	"call *sysinfo\n"
	"pushfl; cld; popl %eax; cmpl %eax, 28(%esp); movl $1, %eax; jne 1f\n"
	"movl $2, %eax; cmpl 24(%esp), %ebx; jne 1f; cmpl $before, %ecx; jne 1f; testl %edx, %edx; jne 1f\n"
	"movl $3, %eax; cmpl $0x51525354, %esi; jne 1f; cmpl $0xe1e2e3e4, %edi; jne 1f; cmpl $0xb1b2b3b4, %ebp; jne 1f\n"
	"movl $4, %eax; cmpl %esp, before; jne 1f; xorl %eax, %eax\n"
	"1: popl %ebp; popl %edi; popl %esi; popl %ebx; ret\n");
word before;

int test(void)
{
	static const word calls[][2] = { { NR_GETPID, 0 }, { NR_UNAME, 0 }, { NR_OPENAT, -1u }, { NR_READ, 0 }, { NR_WRITE, -1u }, { 9999, 0 } };
	static const word flags[] = { 0x202, 0xed7, 0x40202 };
	for (word i = 0; i < sizeof calls / sizeof *calls; i++)
		for (word j = 0; j < sizeof flags / sizeof *flags; j++)
			if (kept(calls[i][0], calls[i][1], flags[j]))
				return (int)(16 * (i + 1) + kept(calls[i][0], calls[i][1], flags[j]));
	say("registers: kept\n");
	return 0;
}
