/* hello [STATUS [environment] [TEXT...]]: says hello, sums up its arguments and environment, complains, and exits. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern char **environ;

/* The sum does not tell the order: the environment's may change on the way. */
static void show(const char *kind, char **list)
{
    unsigned long sum = 0, bytes = 0;
    int count = 0;

    for (; *list; list++, count++) {
        unsigned long hash = 5381;

        for (const char *p = *list; *p; p++)
            hash = hash * 33 + (unsigned char)*p;
        bytes += strlen(*list) + 1;
        sum += hash * hash;
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
