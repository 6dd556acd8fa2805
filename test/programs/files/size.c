#include <stdio.h>
int main(){printf("%d\n",(int)sizeof(void*));}
