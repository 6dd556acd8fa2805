/* A little of everything, so that compilers, linkers and readers of ELF have something to do. */
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct tree { struct tree *left, *right; uint64_t key; double weight; char name[24]; };

static __thread int depth_seen;
int total;

static struct tree *insert(struct tree *t, uint64_t key)
{
	if (!t) {
		t = calloc(1, sizeof *t);
		t->key = key;
		t->weight = sqrt((double)key) * 1.5;
		snprintf(t->name, sizeof t->name, "n%llu", (unsigned long long)key);
	} else if (key < t->key)
		t->left = insert(t->left, key);
	else if (key > t->key)
		t->right = insert(t->right, key);
	return t;
}

static int depth(const struct tree *t)
{
	if (!t)
		return 0;
	int l = depth(t->left), r = depth(t->right), d = 1 + (l > r ? l : r);
	if (d > depth_seen)
		depth_seen = d;
	return d;
}

static double sum(const struct tree *t) { return t ? t->weight + sum(t->left) + sum(t->right) : 0; }

__attribute__((constructor)) static void early(void) { total = 1; }

__attribute__((noinline)) int add(int count, ...)
{
	va_list list;
	int all = 0;
	va_start(list, count);
	while (count--)
		all += va_arg(list, int);
	va_end(list);
	return all;
}

int main(int argc, char **argv)
{
	struct tree *root = NULL;
	uint64_t key = 12345;
	for (int i = 0; i < 20000; i++) {
		key = key * 6364136223846793005ull + 1442695040888963407ull;
		root = insert(root, key >> 44);
	}
	struct tm day = { .tm_year = 120, .tm_mon = 1, .tm_mday = 3 };
	char text[40];
	time_t when = timegm(&day);
	strftime(text, sizeof text, "%F", gmtime(&when));
	printf("%d %d %.3f %s %s %d\n", depth(root), depth_seen, sum(root), root->name, text, add(3, 1, 2, 3) + total);
	FILE *f = fopen(argc > 1 ? argv[1] : "missing", "r");
	if (!f)
		printf("%s\n", strerror(errno));
	return argc;
}
