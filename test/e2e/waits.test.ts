/**
 * Calls that block, bare and inside: the same results, and inside the trustee does not block with them. What ends each
 * wait comes from here, from outside of the sandbox.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, closeSync, existsSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'chai';
import { NUMBERS } from '../../src/abi/numbers.js';
import { buildGuest, ENVIRONMENT, makeTemporary, remove, SANDBOX, sandbox } from '../support/run.js';

const FUTEX_WAIT = 0;

/** Does something after the call has begun to wait; what it gives back is undone at the end. */
interface Mode {
  readonly name: string;
  /** Prepares: the guest's second argument. */
  readonly before?: () => Promise<string>;
  readonly during?: (write: (text: string) => void) => Promise<void> | void;
  readonly after?: () => void;
}

describe('waits, bare and inside', function () {
  this.timeout(60_000);
  let directory: string;
  let program: string;
  let server: Server;
  let sockets: Socket[] = [];
  let locker: ReturnType<typeof spawn> | undefined;
  let fifo = 0;

  before(() => {
    directory = makeTemporary('waits');
    chmodSync(directory, 0o755);
    program = join(directory, 'wait');
    buildGuest('glibc-static', 'test/guests/wait.c', program);
  });
  after(() => remove(directory));

  const typed: Mode['during'] = (write) => write('typed');
  const listening = async (): Promise<string> => {
    sockets = [];
    server = createServer({ pauseOnConnect: true }, (socket) => void sockets.push(socket)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return String((server.address() as AddressInfo).port);
  };
  const noMore = (): void => {
    for (const socket of sockets) socket.destroy();
    server.close();
  };
  const said =
    (text: string): Mode['during'] =>
    () =>
      void sockets[0].write(text);
  const onSocket = (name: string, during: Mode['during']): Mode => ({ name, before: listening, during, after: noMore });
  const drained: Mode['during'] = () => void sockets[0].resume();
  const freePort = async (): Promise<string> => {
    const port = await listening();
    noMore();
    return port;
  };
  const fileLocked = async (how: string): Promise<string> => {
    const file = join(directory, `locked-${how}`);
    writeFileSync(file, '');
    locker = spawn('python3', ['-c', LOCK, file, how], { stdio: ['pipe', 'pipe', 'inherit'] });
    await once(locker.stdout as NonNullable<typeof locker.stdout>, 'data');
    return file;
  };
  const unlocked = (): void => void locker?.stdin?.end();
  const newFifo = async (): Promise<string> => {
    const path = join(directory, `fifo-${performance.now()}`);
    execFileSync('mkfifo', [path]);
    fifoPath = path;
    return path;
  };
  let fifoPath = '';

  const MODES: readonly Mode[] = [
    ...['poll', 'ppoll', 'select', 'epoll', 'readv', 'splice'].map((name) => ({ name, during: typed })),
    ...['recv', 'recvmsg', 'recvmmsg'].map((name) => onSocket(name, said('text'))),
    onSocket('waitall', async () => {
      sockets[0].write('abc');
      await pause(100);
      sockets[0].write('def');
    }),
    ...['send', 'sendmsg', 'writev'].map((name) => onSocket(name, drained)),
    {
      name: 'accept',
      before: async () => (port = await freePort()),
      during: () => void (client = connect(Number(port), '127.0.0.1')),
      after: () => client.destroy(),
    },
    ...['flock', 'setlkw'].map((name) => ({
      name,
      before: () => fileLocked(name),
      during: unlocked,
      after: unlocked,
    })),
    {
      name: 'fifo-read',
      before: newFifo,
      during: async () => {
        fifo = openSync(fifoPath, 'r+');
        await pause(150); // a writer that is quiet
        writeSync(fifo, 'text');
      },
      after: () => closeSync(fifo),
    },
    {
      name: 'fifo-write',
      before: newFifo,
      during: () => void (fifo = openSync(fifoPath, 'r+')),
      after: () => closeSync(fifo),
    },
    ...['late', 'nanosleep', 'abstime', 'semtimedop', 'mq', 'timeout'].map((name) => ({ name })),
  ];
  const SLEEPS_IN_TRUSTEE = ['futex', 'futex-bits', 'futex-any'];
  let port = '';
  let client: Socket;

  /** The system call that the leader is in, and its first two arguments. */
  const callOf = (pid: number): number[] =>
    existsSync(`/proc/${pid}/syscall`)
      ? readFileSync(`/proc/${pid}/syscall`, 'latin1').split(' ').slice(0, 3).map(Number)
      : [];

  async function run(mode: Mode, inside: boolean): Promise<{ lines: string[]; calls: number[][] }> {
    const where = (await mode.before?.()) ?? '0';
    const box = inside ? [SANDBOX, '--no-acl', '-d', 'CRITICAL', '--'] : [];
    const [file, ...rest] = [...box, program, mode.name, where];
    const input = join(directory, `input-${performance.now()}`);
    execFileSync('mkfifo', [input]);
    const keep = openSync(input, 'r+');
    const child = spawn(file, rest, { stdio: [keep, 'pipe', 'inherit'], env: { ...ENVIRONMENT } });
    const guard = setTimeout(() => child.kill('SIGKILL'), 15_000);
    let text = '';
    const stdout = child.stdout as Readable;
    stdout.on('data', (piece: Buffer) => (text += piece.toString('latin1')));
    const closed = once(child, 'close');
    while (!text.includes('pid ')) await Promise.race([once(stdout, 'data'), closed]);
    const pid = Number(/pid (\d+)/.exec(text)?.[1]);
    const calls: number[][] = [];
    for (let i = 0; i < 20; i++) {
      await pause(10);
      calls.push(callOf(pid));
    }
    await pause(150);
    await mode.during?.((typing) => void writeSync(keep, typing));
    await closed;
    clearTimeout(guard);
    mode.after?.();
    closeSync(keep);
    return { lines: text.split('\n').filter((line) => !line.startsWith('pid')), calls };
  }

  for (const mode of MODES)
    it(mode.name, async () => {
      const bare = await run(mode, false);
      const inside = await run(mode, true);
      expect(bare.lines.at(-2)).to.equal('in time 1');
      expect(inside.lines).to.deep.equal(bare.lines);
      // The trustee waits for its next order, now and then it makes one; bare, the program is in the call.
      expect(inside.calls.filter(([nr, , how]) => nr === NUMBERS.futex && how === FUTEX_WAIT).length).to.be.above(10);
      expect(bare.calls.filter(([nr]) => nr === NUMBERS.futex)).to.deep.equal([]);
    });

  for (const name of SLEEPS_IN_TRUSTEE)
    it(name, async () => {
      const bare = await run({ name }, false);
      expect(bare.lines.at(-2)).to.equal('in time 1');
      const inside = await run({ name }, true);
      expect(inside.lines).to.deep.equal(bare.lines);
      const nr = name === 'futex-bits' ? NUMBERS.futex_time64 : NUMBERS.futex_waitv;
      expect(inside.calls.map(([call]) => call)).to.include(nr);
    });

  for (const kind of ['glibc-static', 'musl-static'])
    it(`a blocked thread delays no other (${kind})`, async () => {
      const threads = join(directory, `threads-${kind}`);
      buildGuest(kind, 'test/guests/wait-threads.c', threads);
      const { stdout, status } = await sandbox([threads], { options: ['--no-acl', '-d', 'CRITICAL'] });
      expect({ stdout, status }).to.deep.equal({ stdout: 'woken 8\nreceived 2\n', status: 0 });
    });

  it('a socket that lingers when its last holder was waited for delays nobody, and not the end', async () => {
    const linger = join(directory, 'linger');
    buildGuest('glibc-static', 'test/guests/linger.c', linger, '-D_GNU_SOURCE');
    const options = ['--no-acl', '-d', 'CRITICAL'];
    const { stdout, status } = await sandbox([linger], { options, timeout: 20_000 });
    expect({ stdout, status }).to.deep.equal({ stdout: 'at once: 1\n', status: 0 });
  });
});

/** Locks a file until its standard input ends. */
const LOCK = `
import fcntl, struct, sys
file = open(sys.argv[1], 'r+')
if sys.argv[2] == 'flock':
    fcntl.flock(file, fcntl.LOCK_EX)
else:
    fcntl.fcntl(file, 37, struct.pack('hhqqi4x', fcntl.F_WRLCK, 0, 0, 0, 0))
print('locked', flush=True)
sys.stdin.read()
`;
