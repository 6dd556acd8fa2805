/** What Python is told that it cannot have, and how programs end that end badly. */

import { expect } from 'chai';
import { dedent, ENVIRONMENT, sandbox, type Ended } from '../support/run.js';

const python = (script: string, ...options: string[]): Promise<Ended> =>
  sandbox(['python3.11', '-c', dedent(script)], { options: ['-d', 'ERROR', ...options], cwd: '/tmp' });

describe('python, what one process without threads cannot do', function () {
  this.timeout(60_000);

  const REFUSED: Readonly<Record<string, readonly [script: string, error: string]>> = {
    'os.fork': ['import os; os.fork()', 'OSError: [Errno 38] Function not implemented'],
    'os.posix_spawn': [
      "import os; os.posix_spawn('/bin/true', ['true'], {})",
      "OSError: [Errno 38] Function not implemented: '/bin/true'",
    ],
    'os.execv': ["import os; os.execv('/bin/true', ['true'])", 'OSError: [Errno 38] Function not implemented'],
    subprocess: ["import subprocess; subprocess.run(['true'])", 'OSError: [Errno 38] Function not implemented'],
    'a thread': ['import threading; threading.Thread(target=print).start()', "RuntimeError: can't start new thread"],
    multiprocessing: [
      'import multiprocessing as m; m.Process(target=print).start()',
      'OSError: [Errno 38] Function not implemented',
    ],
  };
  for (const [what, [script, error]] of Object.entries(REFUSED))
    it(`${what}: an error, and the program goes on`, async () => {
      const ended = await python(`
        import traceback
        try: exec(${JSON.stringify(script)})
        except Exception as e: print(traceback.format_exception_only(e)[-1], end='')
        print('goes on')`);
      expect(ended.stdout).to.equal(`${error}\ngoes on\n`);
      expect(ended.status).to.equal(0);
    });

  it('says so in the log', async () => {
    const { stderr } = await sandbox(['python3.11', '-c', 'import os; os.fork()'], { options: [] });
    expect(stderr).to.match(/^sandbox: WARNING: (clone|fork): .*ENOSYS$/m);
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
