import ctypes
t = ctypes.CDLL('./libt.so')
print(t.add(3, 10, 20, 30), ctypes.c_int.in_dll(t, 'total').value, t.entry(1, (ctypes.c_char_p * 2)(b'x', None)))
ctypes.CDLL(None).fflush(None)
callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_int), ctypes.POINTER(ctypes.c_int))
numbers = (ctypes.c_int * 5)(5, 3, 9, 1, 7)
ctypes.CDLL(None).qsort(numbers, 5, 4, callback(lambda a, b: a[0] - b[0]))
print(list(numbers))
