import os
for i in range(3):
    print(i)

os.isatty(0), os.get_terminal_size()
1/0
x = input()
typed
x
import sys; sys.exit(3)
