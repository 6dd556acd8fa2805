/* Prints the instruction by which this kernel, on this processor, lets i386 programs in: the first of the three in
 * the code that AT_SYSINFO points to, or int 0x80 when there is nothing better. */
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>

int main(void) {
  const unsigned char *entry = (const unsigned char *)getauxval(AT_SYSINFO);
  for (int i = 0; entry != NULL && i < 16; i++) {
    if (memcmp(entry + i, "\x0f\x05", 2) == 0) {
      puts("syscall");
      return 0;
    }
    if (memcmp(entry + i, "\x0f\x34", 2) == 0) {
      puts("sysenter");
      return 0;
    }
    if (memcmp(entry + i, "\xcd\x80", 2) == 0) break;
  }
  puts("int 0x80");
  return 0;
}
