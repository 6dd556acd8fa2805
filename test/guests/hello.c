/* hello [STATUS [TEXT...]]: says hello, prints its arguments' and environment's bytes, complains, and exits. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern char **environ;

static void show(const char *kind, char **list)
{
    unsigned long sum = 5381, bytes = 0;
    int count = 0;

    for (; *list; list++, count++)
        for (const char *p = *list; ; p++) {
            sum = sum * 33 + (unsigned char)*p;
            bytes++;
            if (!*p)
                break;
        }
    printf("%s: %d, %lu bytes, sum %08lx\n", kind, count, bytes, sum);
}

int main(int argc, char **argv)
{
    int status = argc > 1 ? atoi(argv[1]) : 0;

    puts("hello");
    show("arguments", argv);
    if (argc > 2 && !strcmp(argv[2], "environment"))
        show("environment", environ);
    if (status)
        fprintf(stderr, "%s: ends with %d\n", argv[0], status);
    return status;
}
