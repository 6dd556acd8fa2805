#include <libintl.h>
#define _(x) gettext(x)
int main() { puts(_("tree")); puts(_("An %s is a tree.\n")); return 0; }
