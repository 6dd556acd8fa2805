/** Python programs that try one thing after the other and say what came of each. */
import { dedent, type Ended } from './run.js';

const PRELUDE = `
import ctypes, errno, os, socket, subprocess, sys, threading
libc = ctypes.CDLL(None, use_errno=True)
def check(result):
    if result < 0: raise OSError(ctypes.get_errno(), 'failed')
def attempt(name, f):
    try:
        f()
        print(name, 'done')
    except OSError as e: print(name, errno.errorcode.get(e.errno, e.errno))
`;

/** `attempt('name', function)` prints `name done`, or the errno's name in place of `done`. */
export const attempting = (...scripts: string[]): string[] => [
  'python3.11',
  '-c',
  [PRELUDE, ...scripts.map(dedent)].join('\n'),
];

/** What was printed, by name. */
export const results = ({ stdout }: Ended): Record<string, string> =>
  Object.fromEntries(
    stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split(' ') as [string, string]),
  );
