#include <stdio.h>
int main(){puts("static");}
