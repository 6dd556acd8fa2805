import os, sys
[i * i for i in range(3)]
os.isatty(0), os.get_terminal_size()
1/0
print(len(os.ttyname(0)) > 5, os.tcgetpgrp(0) == os.getpgrp())
import termios; termios.tcgetattr(0)[3] & termios.ECHO
import tty; old = termios.tcgetattr(0); tty.setcbreak(0); termios.tcsetattr(0, termios.TCSADRAIN, old)
sys.exit(3)
