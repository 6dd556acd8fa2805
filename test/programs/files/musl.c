#include <stdio.h>
#include <time.h>
int main(){struct timespec t; printf("musl %d\n",clock_gettime(0,&t));}
