/** The referee's thread: policy, view and sandbox; tells the main thread what to log and how it ended. */
import { parentPort, workerData } from 'node:worker_threads';
import { fromBytes, type ByteString } from '../abi/bytes.js';
import { NotRunnable } from '../launch/program.js';
import { runSandbox } from '../launch/run.js';
import { SetupError } from '../launch/channels.js';
import { View } from '../referee/view.js';
import { openJudge } from './judge.js';

export interface WorkerData {
  readonly command: readonly ByteString[];
  readonly env: readonly ByteString[];
  /** null: --no-acl; empty: the default file. */
  readonly acl: readonly string[] | null;
  readonly sysroot: string | null;
  readonly root: string;
  readonly keep: readonly number[];
  readonly peek: 'vm' | 'socket';
  readonly ignored: readonly number[];
  readonly verbose: boolean;
  readonly protocol: boolean;
  readonly stop: number;
}

export type WorkerMessage =
  | { readonly say: 'log'; readonly level: 'debug' | 'info' | 'warn' | 'error'; readonly message: string }
  | { readonly say: 'started'; readonly pid: number }
  /** `message`: why it could not be run at all. */
  | { readonly say: 'ended'; readonly status: number; readonly message?: string };

const data = workerData as WorkerData;
const latin1 = (path: string): ByteString => fromBytes(Buffer.from(path));
const tell = (message: WorkerMessage): void => parentPort?.postMessage(message);

function ending(): WorkerMessage {
  try {
    const { status } = runSandbox({
      ...data,
      ignored: Uint32Array.from(data.ignored),
      view: new View({ root: latin1(data.root), sysroot: data.sysroot === null ? null : latin1(data.sysroot) }),
      judge: openJudge(data.acl),
      log: (level, message) => tell({ say: 'log', level, message }),
      started: (pid) => tell({ say: 'started', pid }),
    });
    return { say: 'ended', status };
  } catch (error) {
    if (error instanceof NotRunnable) return { say: 'ended', status: error.status, message: error.message };
    const known = error instanceof SetupError || (error instanceof Error && error.name === 'PolicyError');
    const message = known
      ? (error as Error).message
      : `defect of the sandbox: ${error instanceof Error ? error.stack : String(error)}`;
    return { say: 'ended', status: 125, message };
  }
}

tell(ending());
