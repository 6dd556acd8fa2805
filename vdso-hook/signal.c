/*
 * Signals in the untrustee. The kernel knows one handler, `handler`, for every signal that the program handles; it gets
 * control on the thread's landing stack with all signals blocked, and moves the frame to where the program expects it. Its
 * return and every change of the mask are a sigreturn, the one call of the kind that strict mode allows. README.md has the
 * rules. Nothing here is trusted: what it gets wrong, the program gets wrong.
 *
 * Two masks: the program's, in the thread's state, and the kernel's, which is the same without SIGILL and SIGSEGV. They
 * change together because everything that changes them runs with all other signals blocked.
 */
#include "wire.gen.h"

typedef unsigned int word;
#define REGISTERS __attribute__((regparm(3)))
#define FROM_ASM REGISTERS __attribute__((used))

enum { NR_READ = 3, NR_WRITE = 4, EINTR = 4, ENOMEM = 12, EPERM = 1, EFAULT = 14, EINVAL = 22 };
enum { NR_SGETMASK = 68, NR_SSETMASK = 69, NR_SIGRETURN = 119, NR_SIGPROCMASK = 126, NR_RT_SIGRETURN = 173 };
enum { NR_RT_SIGPROCMASK = 175, NR_SIGALTSTACK = 186 };
enum { SIGILL = 4, SIGKILL = 9, SIGSEGV = 11, SIGSTOP = 19 };
enum { SIG_DFL = 0, SIG_IGN = 1 };
enum { SA_SIGINFO = 4, SA_RESTORER = 0x04000000, SA_ONSTACK = 0x08000000, SA_NODEFER = 0x40000000 };
#define SA_RESETHAND 0x80000000u
enum { SS_ONSTACK = 1, SS_DISABLE = 2, MINSIGSTKSZ = 2048 };
#define SS_AUTODISARM 0x80000000u
enum { SIG_BLOCK, SIG_UNBLOCK, SIG_SETMASK };
enum { GENERAL_PROTECTION = 13, CALL_LENGTH = 2 };
/* Flags that a handler does not begin with: trap, direction, resume. */
enum { NOT_IN_HANDLERS = 0x100 | 0x400 | 0x10000 };
enum { UC_FP_XSTATE = 1 };
/* Of a word that a segment register was pushed to, the upper half is anything. */
enum { SELECTOR = 0xffff };

/* Image of the FPU in a frame (struct _fpstate_32): where XSAVE's bytes begin, and where the kernel describes them. */
enum { FSAVE_SIZE = 112, FXSAVE_SIZE = 512, SOFTWARE = (FSAVE_SIZE + 464) / 4, MAGIC1 = 0x46505853, MAGIC2 = 0x46505845 };

#define BIT(sig) (1u << ((sig) - 1))
#define OURS (BIT(SIGILL) | BIT(SIGSEGV))
#define UNBLOCKABLE (BIT(SIGKILL) | BIT(SIGSTOP))

typedef struct {
	word low, high;
} mask;
typedef struct {
	word gs, fs, es, ds, di, si, bp, sp, bx, dx, cx, ax, trapno, err, ip, cs, flags, sp_at_signal, ss, fpstate, oldmask, cr2;
} context;
typedef struct {
	word pretcode, sig;
	context sc;
	word unused[156], extramask, retcode[2];
} frame;
typedef struct {
	word sp, flags, size;
} stack;
typedef struct {
	word flags, link;
	stack stack;
	context sc;
	mask mask;
} ucontext;
typedef struct {
	word pretcode, sig, info_at, uc_at, info[32];
	ucontext uc;
	word retcode[2];
} rt_frame;
typedef struct {
	word fs, gs, esp, eax, ebx, ecx, edx, esi, edi, ebp, eflags, eip;
} registers;
typedef struct {
	word kind, sequence;
	mask mask;
	registers r;
} request;
typedef struct {
	word handler, flags, restorer;
	mask mask;
} action;
/* STATE of src/wire/layout.ts */
typedef struct {
	volatile word critical, sequence, stashed, temporary;
	mask mask, base;
	stack stack;
	word held, unused[4], stash[32], held_info[19], pad;
	word fpu[];
} state;

_Static_assert(sizeof(frame) == 732 && sizeof(request) == REQUEST_SIZE, "sizes of the kernel and the wire");
_Static_assert(__builtin_offsetof(rt_frame, uc.mask) == 252, "rt_sigframe_ia32");
_Static_assert(__builtin_offsetof(state, mask) == STATE_MASK && __builtin_offsetof(state, base) == STATE_BASE &&
		       __builtin_offsetof(state, stack) == STATE_STACK && __builtin_offsetof(state, stash) == STATE_STASH &&
		       __builtin_offsetof(state, fpu) == STATE_FPU && (STATE_FPU + FSAVE_SIZE) % 64 == 0,
	       "STATE");

#pragma GCC visibility push(hidden)
extern char key[], keyed[], raw[], raw_report[], made_raw[];
extern char return_stub[], return_rt_stub[], hook[], own[], enter[], scan_load[], scan_fault[], fetch_load[], store_word[], access_fault[];
REGISTERS int fetch(word from, word *to);
REGISTERS int store(word to, word value);
REGISTERS int enter3(word nr, word a, word b, word c);
REGISTERS void load_frame(context *) __attribute__((noreturn));
REGISTERS void change_mask(context *);
REGISTERS void save_fpu(word *image);
#define NORETURN __attribute__((noreturn))
FROM_ASM void own_call(const registers *) NORETURN;
FROM_ASM void start(const registers *) NORETURN;
FROM_ASM void keep_fpu(void);
FROM_ASM void end(const registers *) NORETURN;
FROM_ASM void end_by_restart(const registers *) NORETURN;
FROM_ASM void end_without(const registers *) NORETURN;
FROM_ASM void end_unless(const registers *);
FROM_ASM void end_without_key(const registers *, word report) NORETURN;
FROM_ASM void set_temporary(word low, word high, word forget);
__attribute__((used)) void handler(int sig, const word *info, ucontext *uc) NORETURN;

#define SLOT_WORD(offset)                                                                                              \
	({                                                                                                             \
		word value_;                                                                                           \
		__asm__ volatile("movl %%fs:%c1, %0" : "=r"(value_) : "i"(offset));                                    \
		value_;                                                                                                \
	})

static void copy(void *to, const void *from, word bytes)
{
	__asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(bytes) : : "memory");
}

static state *own_state(void)
{
	return (state *)SLOT_WORD(SLOT_STATE);
}

static mask without(mask m, word low)
{
	m.low &= ~low;
	return m;
}

static int has(mask m, word sig)
{
	return (sig <= 32 ? m.low >> (sig - 1) : m.high >> (sig - 33)) & 1;
}

static mask with(mask m, word sig)
{
	if (sig <= 32)
		m.low |= BIT(sig);
	else
		m.high |= 1u << (sig - 33);
	return m;
}

static const mask ALL = { ~0u, ~0u };

/* The context of a call, or of a new thread, as it is when the program goes on. */
static context context_of(const registers *r)
{
	context c = { 0 };
	c.gs = r->gs;
	c.fs = r->fs & SELECTOR;
	__asm__("movl %%es, %0; movl %%ds, %1" : "=r"(c.es), "=r"(c.ds));
	__asm__("movl %%cs, %0; movl %%ss, %1" : "=r"(c.cs), "=r"(c.ss));
	c.di = r->edi;
	c.si = r->esi;
	c.bp = r->ebp;
	c.sp = c.sp_at_signal = r->esp + REQUEST_ESP_BIAS;
	c.bx = r->ebx;
	c.dx = r->edx;
	c.cx = r->ecx;
	c.ax = r->eax;
	c.ip = r->eip;
	c.flags = r->eflags;
	return c;
}

/* All registers and the kernel's mask at once. fpstate of the context: the FPU's image, or 0 for its initial state. */
NORETURN static void load(const context *c, mask kernel)
{
	frame f;
	copy(&f.sc, c, sizeof f.sc);
	f.sc.oldmask = kernel.low;
	f.extramask = kernel.high;
	load_frame(&f.sc);
}

/* The kernel's mask alone. */
static void set_kernel_mask(mask kernel, word fpstate)
{
	frame f;
	f.sc.fpstate = fpstate;
	f.sc.oldmask = kernel.low;
	f.extramask = kernel.high;
	change_mask(&f.sc);
}

/* The FPU in the state, as a frame has it; it is initialised by that. */
static void keep(state *s)
{
	save_fpu(s->fpu);
	word features = SLOT_WORD(SLOT_FPU_FEATURES), size = SLOT_WORD(SLOT_FPU_SIZE);
	s->fpu[SOFTWARE] = size ? MAGIC1 : 0;
	s->fpu[SOFTWARE + 1] = FSAVE_SIZE + size + 4;
	s->fpu[SOFTWARE + 2] = features;
	s->fpu[SOFTWARE + 3] = 0;
	s->fpu[SOFTWARE + 4] = size;
	if (size)
		s->fpu[(FSAVE_SIZE + size) / 4] = MAGIC2;
}

/* Keeps the FPU, and blocks what could come in between; one signal may have been stashed before that. */
static void close_doors(state *s)
{
	keep(s);
	set_kernel_mask(without(ALL, OURS), 0);
}

/* For who begins with it. Of what is kept only FNSAVE's part was lost by that. */
FROM_ASM void keep_fpu(void)
{
	state *s = own_state();
	keep(s);
	__asm__ volatile("frstor %0" : : "m"(s->fpu[0]));
}

/* ---- the referee ---- */

/* A question of the handler's: the value of the reply. Peeks and pokes of the helper are served meanwhile. */
static word ask(word kind, word sig, const context *c)
{
	state *s = own_state();
	word socket = SLOT_WORD(SLOT_SOCKET_FD), reply[REPLY_SIZE / 4];
	request q = { kind, ++s->sequence, s->mask, { c->fs, c->gs, 0, sig, (word)c, 0, 0, 0, 0, 0, c->flags, c->ip } };
	q.r.esp = c->sp - REQUEST_ESP_BIAS;
	enter3(NR_WRITE, socket, (word)&q, sizeof q);
	for (;;) {
		if (enter3(NR_READ, socket, (word)reply, sizeof reply) != sizeof reply)
			enter3(1, 125, 0, 0);
		int done;
		switch (reply[0]) {
		case REPLY_PEEK:
			if (enter3(NR_WRITE, socket, reply[1], reply[2]) < 0)
				enter3(NR_WRITE, socket, (word)reply, 0);
			break;
		case REPLY_POKE:
			done = enter3(NR_READ, socket, reply[1], reply[2]);
			enter3(NR_WRITE, socket, (word)&done, sizeof done);
			break;
		case REPLY_EXIT:
			enter3(1, reply[1], 0, 0);
			break;
		default:
			return reply[1];
		}
	}
}

/* The process's action, which the helper may be writing just now. */
static action action_of(word sig)
{
	const volatile word *table = (const volatile word *)SLOT_WORD(SLOT_DISPOSITIONS);
	const volatile word *entry = table + (DISPOSITIONS_ACTIONS + DISPOSITIONS_ENTRY * (sig - 1)) / 4;
	for (;;) {
		word sequence = table[DISPOSITIONS_SEQUENCE / 4];
		action a = { entry[0], entry[1], entry[2], { entry[3], entry[4] } };
		if (!(sequence & 1) && sequence == table[DISPOSITIONS_SEQUENCE / 4])
			return a;
	}
}

/* ---- handing a signal on ---- */

static int on_stack(const stack *s, word sp)
{
	return !(s->flags & SS_AUTODISARM) && sp > s->sp && sp - s->sp <= s->size;
}

static word image_size(const word *image)
{
	return image[SOFTWARE] == MAGIC1 ? image[SOFTWARE + 1] : FSAVE_SIZE + FXSAVE_SIZE;
}

/* Where the frame's image goes: below sp, its XSAVE part on a multiple of 64. */
static word place_image(word sp, word size)
{
	return ((sp - (size - FSAVE_SIZE)) & ~63u) - FSAVE_SIZE;
}

NORETURN static void deliver(context *c, mask before, mask base, word sig, const word *info);

/* On with the program under this mask, its FPU as the context says. */
NORETURN static void go(context *c, mask m)
{
	state *s = own_state();
	m = without(m, UNBLOCKABLE);
	s->mask = m;
	word held = s->held;
	if (held && !has(m, held)) {
		s->held = 0;
		deliver(c, m, m, held, s->held_info);
	}
	load(c, without(m, OURS));
}

static word sigframe_at(word sp, word size)
{
	return ((sp - size + 4) & ~15u) - 4;
}

/*
 * The program's handler, as the kernel begins one (arch/x86/kernel/signal_32.c): c is where it comes back to, `before` the mask
 * from then on, `base` what is blocked as it comes. A stack that cannot be written ends the process, with SIGSEGV blocked.
 */
static void deliver(context *c, mask before, mask base, word sig, const word *info)
{
	state *s = own_state();
	action a = action_of(sig);
	if (a.handler == SIG_DFL)
		ask(KIND_ACT, sig, c);
	if (a.handler == SIG_DFL || a.handler == SIG_IGN)
		go(c, before);
	if (a.flags & SA_RESETHAND && OURS & BIT(sig) && sig < 32)
		ask(KIND_RESET, sig, c);

	word sp = c->sp;
	int switched = a.flags & SA_ONSTACK && s->stack.size != 0 && !on_stack(&s->stack, sp);
	if (switched)
		sp = s->stack.sp + s->stack.size;
	word image = 0;
	if (c->fpstate != 0) {
		word size = image_size((const word *)c->fpstate);
		sp = image = place_image(sp, size);
		copy((void *)image, (const void *)c->fpstate, size);
	}
	context h = *c;
	h.ax = sig;
	h.flags &= ~NOT_IN_HANDLERS;
	h.ip = a.handler;
	h.fpstate = 0;
	if (a.flags & SA_SIGINFO) {
		rt_frame *f = (rt_frame *)(sp = sigframe_at(sp, sizeof *f));
		f->sig = sig;
		h.dx = f->info_at = (word)f->info;
		h.cx = f->uc_at = (word)&f->uc;
		copy(f->info, info, sizeof f->info);
		f->uc.flags = SLOT_WORD(SLOT_FPU_SIZE) ? UC_FP_XSTATE : 0;
		f->uc.link = 0;
		copy(&f->uc.stack, &s->stack, sizeof f->uc.stack);
		copy(&f->uc.sc, c, sizeof f->uc.sc);
		f->uc.sc.fpstate = image;
		f->uc.sc.oldmask = before.low;
		f->uc.mask = before;
		f->retcode[0] = 0x0000adb8; /* movl $173, %eax; int $0x80: how debuggers know it */
		f->retcode[1] = 0x0080cd00;
		f->pretcode = a.flags & SA_RESTORER ? a.restorer : (word)return_rt_stub;
	} else {
		frame *f = (frame *)(sp = sigframe_at(sp, sizeof *f));
		f->sig = sig;
		h.dx = h.cx = 0;
		copy(&f->sc, c, sizeof f->sc);
		f->sc.fpstate = image;
		f->sc.oldmask = before.low;
		f->extramask = before.high;
		f->retcode[0] = 0x0077b858; /* popl %eax; movl $119, %eax; int $0x80 */
		f->retcode[1] = 0x80cd0000;
		f->pretcode = a.flags & SA_RESTORER ? a.restorer : (word)return_stub;
	}
	if (switched && s->stack.flags & SS_AUTODISARM)
		s->stack = (stack){ 0, SS_DISABLE, 0 };
	h.sp = sp;
	mask m = { base.low | a.mask.low, base.high | a.mask.high };
	go(&h, a.flags & SA_NODEFER ? m : with(m, sig));
}

/* The stashed signal. Doors are closed, the context's fpstate is set. */
NORETURN static void deliver_stash(state *s, context *c)
{
	word sig = s->stashed;
	mask before = s->temporary ? s->mask : s->base;
	s->critical = CRITICAL_NO;
	s->temporary = 0;
	s->stashed = 0;
	deliver(c, before, s->base, sig, s->stash);
}

/* A fault of an instruction that reaches for the program's memory: where to go on, or 0. */
static word recovery(word ip)
{
	if (ip == (word)scan_load)
		return (word)scan_fault;
	return ip == (word)fetch_load || ip == (word)store_word ? (word)access_fault : 0;
}

/* SIGSEGV and SIGILL of the processor: what is ours is settled; otherwise it comes back. */
static void settle(word sig, ucontext *uc, mask base)
{
	context *c = &uc->sc;
	word on = sig == SIGSEGV ? recovery(c->ip) : 0;
	if (on) {
		c->ip = on;
		load(c, uc->mask);
	}
	if (sig == SIGILL && ask(KIND_TRAP, sig, c) == HANDLED) {
		c->sp -= 4; /* as the program's call of the entry would */
		*(word *)c->sp = c->ip + CALL_LENGTH;
		c->ip = (word)hook;
		load(c, uc->mask);
	}
	if (sig == SIGSEGV && c->trapno == GENERAL_PROTECTION && ask(KIND_FAULT, sig, c) == HANDLED)
		load(c, uc->mask);
	action a = action_of(sig);
	if (has(base, sig) || a.handler == SIG_DFL || a.handler == SIG_IGN) {
		ask(KIND_ACT, sig, c);
		load(c, uc->mask); /* it faults again */
	}
	deliver(c, base, base, sig, (const word *)uc - 32);
}

/* The program may have another fs. */
static void take_key(void)
{
	word cs;
	__asm__("movl %%cs, %0" : "=r"(cs));
	__asm__ volatile("movl %0, %%fs" : : "r"(cs == KEY_LONG_MODE_CODE ? KEY_LONG_MODE : KEY_LEGACY));
}

/* The kernel's handler of every signal. */
void handler(int sig, const word *info, ucontext *uc)
{
	take_key();
	state *s = own_state();
	if (uc->sc.ip - (word)key < (word)(keyed - key)) {
		uc->sc.ip = (word)key;
		uc->sc.fs = ((const word *)uc->sc.sp)[1] & SELECTOR; /* behind its return address */
	}
	mask base = { uc->mask.low | (s->mask.low & OURS), uc->mask.high };
	int synchronous = (sig == SIGSEGV || sig == SIGILL) && (int)info[2] > 0;
	if (synchronous)
		settle(sig, uc, base);
	if (s->critical != CRITICAL_NO) {
		word message[CANCEL_SIZE / 4] = { KIND_CANCEL, s->sequence, sig };
		s->stashed = sig;
		s->base = base;
		copy(s->stash, info, sizeof s->stash);
		copy(message + 3, info, sizeof s->stash);
		if (s->critical == CRITICAL_REQUEST)
			enter3(NR_WRITE, SLOT_WORD(SLOT_SOCKET_FD), (word)message, sizeof message);
		load(&uc->sc, without(ALL, OURS));
	}
	if (has(base, sig)) { /* a SIGSEGV or SIGILL that somebody sent */
		s->held = sig;
		copy(s->held_info, info, sizeof s->held_info);
		load(&uc->sc, uc->mask);
	}
	deliver(&uc->sc, base, base, sig, info);
}

/* ---- how a request ends where a signal came, or the mask is another ---- */

static void close_again(state *s)
{
	close_doors(s);
	s->critical = CRITICAL_NO;
}

FROM_ASM void end(const registers *r)
{
	state *s = own_state();
	context c = context_of(r);
	close_again(s);
	c.fpstate = (word)s->fpu;
	if (s->stashed)
		deliver_stash(s, &c);
	s->temporary = 0;
	go(&c, s->mask);
}

FROM_ASM void end_without(const registers *r)
{
	state *s = own_state();
	s->stashed = 0;
	end(r);
}

FROM_ASM void end_by_restart(const registers *r)
{
	registers again;
	copy(&again, r, sizeof again);
	again.esp -= 4;
	again.eip = (word)hook;
	end(&again);
}

/* Comes back when there is a stash: the FPU is as it was, and signals stay blocked. */
FROM_ASM void end_unless(const registers *r)
{
	state *s = own_state();
	close_doors(s);
	if (s->stashed == 0) {
		context c = context_of(r);
		c.fpstate = (word)s->fpu;
		s->critical = CRITICAL_NO;
		s->temporary = 0;
		go(&c, s->mask);
	}
	set_kernel_mask(without(ALL, OURS), (word)s->fpu);
}

FROM_ASM void set_temporary(word low, word high, word forget)
{
	state *s = own_state();
	close_doors(s);
	if (forget) /* a signal that was kept: there is no other, for all were blocked */
		s->stashed = 0;
	mask m = { low, high };
	if (s->stashed == 0)
		s->temporary = 1;
	set_kernel_mask(without(s->stashed ? ALL : m, OURS), (word)s->fpu);
}

/* ---- a new untrustee ---- */

FROM_ASM void start(const registers *r)
{
	state *s = own_state();
	const state *heritage = (const state *)SLOT_WORD(SLOT_HERITAGE);
	context c = context_of(r);
	c.fpstate = SLOT_WORD(SLOT_FPU_KEPT) ? (word)s->fpu : 0;
	s->mask = (mask){ SLOT_WORD(SLOT_MASK), SLOT_WORD(SLOT_MASK + 4) };
	if (heritage == 0)
		s->stack = (stack){ 0, 0, 0 };
	else if (heritage != s)
		s->stack = heritage->stack;
	if (heritage != s)
		s->stashed = s->held = 0;
	s->temporary = 0;
	s->critical = CRITICAL_NO;
	if (s->stashed) {
		s->base = s->mask;
		deliver_stash(s, &c);
	}
	go(&c, s->mask);
}

/* ---- the calls on masks, stacks and frames ---- */

static int fetch_words(word from, word *to, word count)
{
	for (word i = 0; i < count; i++)
		if (fetch(from + 4 * i, to + i))
			return 0;
	return 1;
}

static int store_words(word to, const word *from, word count)
{
	for (word i = 0; i < count; i++)
		if (store(to + 4 * i, from[i]))
			return 0;
	return 1;
}

/* sigprocmask(2) with sets of one word or two. */
static int change(state *s, word how, word set_at, word old_at, word count)
{
	mask old = s->mask, set = { 0, 0 }, next = old;
	if (set_at) {
		if (!fetch_words(set_at, &set.low, count))
			return -EFAULT;
		set = without(set, UNBLOCKABLE);
		if (how > SIG_SETMASK)
			return -EINVAL;
		next.low = how == SIG_BLOCK ? old.low | set.low : how == SIG_UNBLOCK ? old.low & ~set.low : set.low;
		if (count == 2)
			next.high = how == SIG_BLOCK ? old.high | set.high : how == SIG_UNBLOCK ? old.high & ~set.high : set.high;
		s->mask = next;
	}
	return old_at && !store_words(old_at, &old.low, count) ? -EFAULT : 0;
}

/* do_sigaltstack() of kernel/signal.c; sp is the program's. */
static int set_stack(state *s, const stack *next, word sp)
{
	word how = next->flags & ~SS_AUTODISARM;
	if (on_stack(&s->stack, sp))
		return -EPERM;
	if (how != SS_DISABLE && how != SS_ONSTACK && how != 0)
		return -EINVAL;
	if (how != SS_DISABLE && next->size < MINSIGSTKSZ)
		return -ENOMEM;
	s->stack = how == SS_DISABLE ? (stack){ 0, next->flags, 0 } : *next;
	return 0;
}

static int change_stack(state *s, word next_at, word old_at, word sp)
{
	word how = s->stack.size == 0 ? SS_DISABLE : on_stack(&s->stack, sp) ? SS_ONSTACK : 0;
	stack old = { s->stack.sp, how | (s->stack.flags & SS_AUTODISARM), s->stack.size }, next;
	if (next_at) {
		if (!fetch_words(next_at, &next.sp, 3))
			return -EFAULT;
		int refused = set_stack(s, &next, sp);
		if (refused)
			return refused;
	}
	return old_at && !store_words(old_at, &old.sp, 3) ? -EFAULT : 0;
}

/* The kernel's own answer to a frame that it cannot read is a SIGSEGV. */
NORETURN static void bad_frame(state *s, context *c)
{
	c->ip = ~0u;
	go(c, s->mask);
}

/* sigreturn(2): c is replaced by the frame at sp - 8. */
NORETURN static void return_plain(state *s, context *c, word sp)
{
	context was;
	mask m;
	if (!fetch_words(sp, &was.gs, sizeof was / 4) || fetch(sp + 712, &m.high))
		bad_frame(s, c);
	m.low = was.oldmask;
	go(&was, m);
}

/* rt_sigreturn(2): its frame stands at sp - 4. */
NORETURN static void return_rt(state *s, context *c, word sp)
{
	const rt_frame *f = (const rt_frame *)(sp - 4);
	context was;
	stack st;
	mask m;
	if (!fetch_words((word)&f->uc.sc, &was.gs, sizeof was / 4) || !fetch_words((word)&f->uc.mask, &m.low, 2) ||
	    !fetch_words((word)&f->uc.stack, &st.sp, 3))
		bad_frame(s, c);
	set_stack(s, &st, was.sp);
	go(&was, m);
}

/* A call of ours, whose result goes into c; sp is the program's. Is it none: 0. */
static int make_own(state *s, const registers *r, context *c, word sp)
{
	switch (r->eax) {
	case NR_RT_SIGPROCMASK:
		c->ax = r->esi == 8 ? change(s, r->ebx, r->ecx, r->edx, 2) : -EINVAL;
		break;
	case NR_SIGPROCMASK:
		c->ax = change(s, r->ebx, r->ecx, r->edx, 1);
		break;
	case NR_SSETMASK:
		c->ax = s->mask.low;
		s->mask = (mask){ r->ebx & ~UNBLOCKABLE, 0 };
		break;
	case NR_SGETMASK:
		c->ax = s->mask.low;
		break;
	case NR_SIGALTSTACK:
		c->ax = change_stack(s, r->ebx, r->ecx, sp);
		break;
	case NR_SIGRETURN:
		return_plain(s, c, sp);
	case NR_RT_SIGRETURN:
		return_rt(s, c, sp);
	default:
		return 0;
	}
	return 1;
}

/* r->eip is where `own` was called; behind it stand the flags and the program's return address. */
FROM_ASM void own_call(const registers *r)
{
	state *s = own_state();
	context c = context_of(r);
	word sp = c.sp + 8;
	close_again(s);
	c.fpstate = (word)s->fpu;
	if (s->stashed) { /* it came before the call */
		c.sp -= 4;
		c.ip = (word)own;
		deliver_stash(s, &c);
	}
	if (!make_own(s, r, &c, sp)) { /* as it is, which strict mode kills for */
		c.sp -= 4;
		c.ip = (word)enter;
	}
	go(&c, s->mask);
}

/* The program's return address stands below r->esp. */
FROM_ASM void end_without_key(const registers *r, word report)
{
	state *s = own_state();
	context c = context_of(r);
	word sp = c.sp;
	close_again(s);
	c.fpstate = (word)s->fpu;
	c.sp -= 4;
	if (s->stashed) {
		c.ip = (word)hook;
		deliver_stash(s, &c);
	}
	if (r->eax > NR_WRITE && make_own(s, r, &c, sp))
		c.ip = report ? (word)made_raw : r->eip;
	else
		c.ip = report ? (word)raw_report : (word)raw;
	if (c.ip == r->eip)
		c.sp = sp;
	go(&c, s->mask);
}
