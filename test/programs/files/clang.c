int puts(const char*);int main(){puts("clang");return 0;}
