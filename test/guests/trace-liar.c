/* readlink(2) into the buffer that holds its own path: a trace that looks afterwards tells another path. */
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv) {
  static char path[4096];
  strncpy(path, argv[argc - 1], sizeof path - 1);
  return syscall(SYS_readlink, path, path, sizeof path) < 0;
}
