/*
 * Promises of an i386 program to the sandbox that it runs in, as OpenBSD's pledge(2) and unveil(2) have them: docs/pledge.md.
 * Link with libpledge.a. Both return 0, or -1 with errno set. Outside of the sandbox that is ENOSYS, always.
 */
#ifndef SECCOMP_NURSE_PLEDGE_H
#define SECCOMP_NURSE_PLEDGE_H

#ifdef __cplusplus
extern "C" {
#endif

/*
 * From now on only what one of these promises allows, for all threads; for programs that are executed, execpromises.
 * A null pointer leaves what was promised. EINVAL: a word is no promise. EPERM: a promise that is not held any more.
 */
int pledge(const char *promises, const char *execpromises);

/*
 * From the first call on only paths that were unveiled exist. permissions: letters of rwxc. Null pointers for both end it: no
 * later call may add a path (EPERM).
 */
int unveil(const char *path, const char *permissions);

#ifdef __cplusplus
}
#endif

#endif
