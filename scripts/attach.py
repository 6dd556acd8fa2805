"""For gdb, attached to a sandboxed program: gdb -p PID -x scripts/attach.py

The kernel takes the sandbox's loader for the program, so gdb finds no symbols by itself. This adds those of what is
mapped: the program, its libraries, and the loader with the hook, so that a backtrace leads out of a call that waits.
"""

import struct

import gdb

ELF32 = b"\x7fELF\x01"
PT_LOAD = 1
PAGE = 4096


def first_address(path):
    """Where the first segment of an i386 file wants to be; None if it is no such file."""
    with open(path, "rb") as file:
        head = file.read(52)
        if len(head) < 52 or not head.startswith(ELF32):
            return None
        (start,) = struct.unpack_from("<I", head, 28)
        size, count = struct.unpack_from("<HH", head, 42)
        file.seek(start)
        headers = file.read(size * count)
    for at in range(0, len(headers), size):
        kind, _, address = struct.unpack_from("<III", headers, at)
        if kind == PT_LOAD:
            return address & -PAGE
    return None


def mappings(pid):
    """Each mapping's start, offset in its file, inode (0: no file) and name."""
    with open(f"/proc/{pid}/maps") as lines:
        for line in lines:
            span, _, offset, _, inode, *name = line.rstrip("\n").split(None, 5)
            yield int(span.split("-")[0], 16), int(offset, 16), int(inode), name[0] if name else ""


def add_file(path, start):
    try:
        wanted = first_address(path)
    except OSError as error:
        gdb.write(f"{path}: {error.strerror}\n")
        return
    if wanted is not None:
        gdb.execute(f'add-symbol-file "{path}" -o {start - wanted}', to_string=True)


def add_symbols(pid):
    # Its place comes from the kernel's auxiliary vector, which is the loader's.
    gdb.execute(f"file /proc/{pid}/exe", to_string=True)
    seen = set()
    for start, offset, inode, name in mappings(pid):
        if name == "[vdso]":
            gdb.execute(f"add-symbol-file-from-memory {start}", to_string=True)
        elif inode != 0 and offset == 0 and inode not in seen and not name.endswith(" (deleted)"):
            seen.add(inode)
            add_file(name, start)


gdb.execute("set confirm off")
add_symbols(gdb.selected_inferior().pid)
