/**
 * A helper with one check taken out, for controls only: `weakened.ts WEAKENING (--no-acl | --acl FILE) [--KEY=VALUE of
 * secfilter] [--pledge PROMISES] -- PROGRAM ARGUMENT…`.
 * It runs the product's own parts from src; nothing in src knows of it.
 */
import { openLayers } from '../../src/cli/judge.js';
import { NotRunnable } from '../../src/launch/program.js';
import { runSandbox } from '../../src/launch/run.js';
import { native } from '../../src/native/index.js';
import { every } from '../../src/policy/every.js';
import { layersOf } from '../../src/policy/layers.js';
import { settingsOf, type Entry } from '../../src/policy/secfilter/settings.js';
import { promisesOf } from '../../src/policy/pledge/names.js';
import { View } from '../../src/referee/view.js';
import { weaken } from './weaken.js';

const [weakening, ...rest] = process.argv.slice(2);
const cut = rest.indexOf('--');
const options = rest.slice(0, cut);
const acl = options.indexOf('--acl');
const peek = options.includes('--peek') ? options[options.indexOf('--peek') + 1] : 'vm';
const files = acl < 0 ? null : [options[acl + 1]];
const entries = options.flatMap((option): Entry[] => {
  const [, key, value] = /^--([a-z-]+)=(.*)$/.exec(option) ?? [];
  return key === undefined ? [] : [{ key, value, origin: { file: `--${key}`, line: 0 } }];
});
const secfilter = entries.length === 0 ? null : settingsOf(entries, []);
const { below } = await openLayers({ acl: files, secfilter, promised: null, lists: {}, root: '/' });
const [first, ...more] = below.map((layer) => layer.judge);
const judge = weaken(weakening, every([first, ...more]));
const pledge = options.indexOf('--pledge');
const promises = pledge < 0 ? undefined : promisesOf(options[pledge + 1]);

function status(): number {
  try {
    return runSandbox({
      command: rest.slice(cut + 1),
      env: Object.entries(process.env).map(([name, value]) => `${name}=${value ?? ''}`),
      view: new View({ root: '/', sysroot: null }),
      layers: {
        ...layersOf(judge),
        wish: promises === undefined ? null : { promises, exec: null, veils: [], from: 'main' },
      },
      keep: [],
      peek: peek === 'socket' ? 'socket' : 'vm',
      ignored: new Uint32Array(2),
      log: (level, message) => {
        if (level !== 'warn' && level !== 'error') return;
        const line = Buffer.from(`sandbox: ${level}: ${typeof message === 'string' ? message : message()}\n`);
        native.write(2, line, line.length);
      },
      observer: null,
      protocol: false,
      askAll: false,
      stop: native.eventfd(0, 0),
      living: new Int32Array(1),
      started: () => undefined,
    }).status;
  } catch (error) {
    console.error(error instanceof NotRunnable ? error.message : error);
    return error instanceof NotRunnable ? error.status : 125;
  }
}

process.exit(status());
