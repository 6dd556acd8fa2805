/** Python's threads and children, and how programs end that end badly. */

import { expect } from 'chai';
import { dedent, ENVIRONMENT, sandbox, type Ended } from '../support/run.js';

const python = (script: string, ...options: string[]): Promise<Ended> =>
  sandbox(['python3.11', '-c', dedent(script)], { options: ['-d', 'ERROR', ...options], cwd: '/tmp' });

describe('python, threads and processes', function () {
  this.timeout(60_000);

  const DONE: Readonly<Record<string, readonly [script: string, output: string]>> = {
    'os.fork': ['import os; p = os.fork(); p or os._exit(7); print(os.waitpid(p, 0)[1] >> 8)', '7\n'],
    'os.posix_spawn': [
      "import os; print(os.waitpid(os.posix_spawn('/bin/echo', ['echo', 'spawned'], {}), 0)[1])",
      'spawned\n0\n',
    ],
    'os.posix_spawn of nothing': [
      "import os\ntry: os.posix_spawn('/no/such', ['x'], {})\nexcept OSError as e: print(e)",
      "[Errno 2] No such file or directory: '/no/such'\n",
    ],
    'os.execv': ["import os; os.execv('/bin/echo', ['echo', 'executed'])", 'executed\n'],
    subprocess: ["import subprocess; print(subprocess.check_output(['echo', 'child']))", "b'child\\n'\n"],
    'a thread': [
      'import threading; t = threading.Thread(target=print, args=["in a thread"]); t.start(); t.join()',
      'in a thread\n',
    ],
    'fifty threads and a lock': [
      'import threading as t\nl, n = t.Lock(), [0]\ndef f():\n  for _ in range(200):\n    with l: n[0] += 1\n' +
        'x = [t.Thread(target=f) for _ in range(50)]\n[i.start() for i in x]; [i.join() for i in x]; print(n[0])',
      '10000\n',
    ],
    'the children of a thread': [
      'import os, threading as t\ndef f():\n  p = os.fork() or os._exit(0)\n' +
        "  print([p] == [int(x) for x in open(f'/proc/self/task/{t.get_native_id()}/children').read().split()]); os.waitpid(p, 0)\n" +
        'f(); x = t.Thread(target=f); x.start(); x.join()',
      'True\nTrue\n',
    ],
    multiprocessing: [
      'import multiprocessing as m; p = m.get_context("fork").Process(target=print, args=[42]); p.start(); p.join(); print(p.exitcode)',
      '42\n0\n',
    ],
  };
  for (const [what, [script, output]] of Object.entries(DONE))
    it(what, async () => {
      const { status, stdout, stderr } = await sandbox(['python3.11', '-c', script], {
        options: ['--no-acl', '-d', 'ERROR'],
        cwd: '/tmp',
      });
      expect([status, stdout, stderr]).to.deep.equal([0, output, '']);
    });
});

describe('how python ends', function () {
  this.timeout(60_000);

  const ENDS: Readonly<Record<string, readonly [script: string, status: number]>> = {
    'sys.exit with a number': ['import sys; sys.exit(42)', 42],
    'sys.exit with a text': ["import sys; sys.exit('text')", 1],
    'an exception': ['1 / 0', 1],
    'os._exit': ['import os; os._exit(255)', 255],
    'os.abort': ['import os; os.abort()', 134],
    'a signal to itself': ['import os; os.kill(os.getpid(), 15)', 143],
    'SIGKILL to itself': ['import os; os.kill(os.getpid(), 9)', 137],
    'signal.raise_signal': ['import signal; signal.signal(10, signal.SIG_DFL); signal.raise_signal(10)', 138],
    'an ignored signal': [
      'import os, signal; signal.signal(15, signal.SIG_IGN); os.kill(os.getpid(), 15); os._exit(3)',
      3,
    ],
    'a null pointer': ['import ctypes; ctypes.string_at(0)', 139],
    'a jump to nowhere': ['import ctypes; ctypes.CFUNCTYPE(None)(8)()', 139],
  };
  for (const [what, [script, status]] of Object.entries(ENDS))
    it(`${what}: ${status}`, async () => {
      expect((await python(script)).status).to.equal(status);
    });

  it('buffered output comes before the end', async () => {
    const ended = await sandbox(['python3.11', '-c', "print('x' * 200_000); import sys; sys.exit(9)"], {
      env: ENVIRONMENT,
    });
    expect(ended.stdout).to.equal('x'.repeat(200_000) + '\n');
    expect(ended.status).to.equal(9);
  });
});
