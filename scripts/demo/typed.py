"""Runs its arguments as the interactive interpreter would run lines that are typed, and shows them behind its prompt."""
import sys
import traceback

names = {}
for line in sys.argv[1:]:
    print(">>>", line, flush=True)
    try:
        exec(compile(line, "<stdin>", "single"), names)
    except Exception as error:
        print("".join(traceback.format_exception_only(error)), end="")
    sys.stdout.flush()
