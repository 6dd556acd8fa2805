/**
 * The sandbox without its command line, with what only tests choose: `sandbox-with.ts CHOICES PROGRAM [ARGUMENT...]`,
 * CHOICES in JSON. Everything is allowed. Start it with Node and tsx; it exits as the sandbox does.
 */
import { existsSync, realpathSync } from 'node:fs';
import { openLayers } from '../../src/cli/judge.js';
import { runSandbox, type RunOptions } from '../../src/launch/run.js';
import { native } from '../../src/native/index.js';
import { View } from '../../src/referee/view.js';
import { sysroot } from './elf-builder.js';

export type Choices = Partial<Pick<RunOptions, 'peek'>> & { readonly entry?: 'fast' | 'int80' };

const [choices, ...command] = process.argv.slice(2);
const { peek = 'vm', entry } = JSON.parse(choices) as Choices;
const tree = sysroot();

const { status, reason } = runSandbox({
  command,
  env: Object.entries(process.env).map(([name, value]) => `${name}=${value}`),
  view: new View({ root: '/', sysroot: process.arch !== 'ia32' && existsSync(tree) ? realpathSync(tree) : null }),
  layers: {
    ...(await openLayers({ acl: null, secfilter: null, promised: null, lists: {}, root: '/' })),
    onDeny: 'errno',
  },
  keep: [],
  peek,
  ignored: new Uint32Array(2),
  log: () => undefined,
  observer: null,
  protocol: false,
  askAll: false,
  stop: native.eventfd(0, 0),
  living: new Int32Array(1),
  started: () => undefined,
  start: { entry },
});
if (reason !== undefined) console.error(reason);
process.exit(status);
