/** Writes vdso-hook/wire.gen.h, the C and assembler face of layout.ts. `--check`: exit 1 when the file is stale. */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { CLONE_THREAD_FLAGS } from '../abi/linux.js';
import * as wire from './layout.js';

const target = fileURLToPath(new URL('../../vdso-hook/wire.gen.h', import.meta.url));

const upper = (name: string): string => name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toUpperCase();
const hex = (value: number): string => `0x${(value >>> 0).toString(16)}`;
const define = (name: string, value: number): string => `#define ${name} ${hex(value)}`;
const group = (prefix: string, values: Record<string, number>): string[] =>
  Object.entries(values).map(([name, value]) => define(`${prefix}_${upper(name)}`, value));

export function header(): string {
  const frames = wire.FRAMES.map((name, i) => define(`FRAME_${upper(name)}`, wire.SLOT.frames + i * wire.FRAME_SIZE));
  const lines = [
    '/* Generated from src/wire/layout.ts by `npm run gen`. */',
    '#ifndef WIRE_GEN_H',
    '#define WIRE_GEN_H',
    define('SLOT_SIZE', wire.SLOT_SIZE),
    define('FRAME_SIZE', wire.FRAME_SIZE),
    define('USER_DESC_SIZE', wire.USER_DESC_SIZE),
    define('CALL_SIZE', wire.CALL_SIZE),
    define('SIGFRAME_SC', wire.SIGFRAME.sc),
    define('CLONE_THREAD_FLAGS', CLONE_THREAD_FLAGS),
    ...group('SLOT', wire.SLOT),
    ...group('DISPOSITIONS', wire.DISPOSITIONS),
    ...group('STATE', wire.STATE),
    define('STATE_SIZE', wire.STATE_SIZE),
    ...group('CRITICAL', wire.CRITICAL),
    ...frames,
    ...group('KEY', wire.KEY),
    ...group('FORM', wire.FORM),
    define('ACTION_COUNT', wire.ACTION_COUNT),
    ...group('ACTION', wire.ACTION),
    ...group('KIND', wire.KIND),
    define('HANDLED', wire.HANDLED),
    define('REQUEST_SIZE', wire.REQUEST_SIZE),
    define('REQUEST_ESP_BIAS', wire.REQUEST_ESP_BIAS),
    define('CANCEL_SIZE', wire.CANCEL_SIZE),
    define('REPLY_SIZE', wire.REPLY_SIZE),
    ...group('REPLY', wire.REPLY),
    define('HELLO_MAGIC', wire.HELLO_MAGIC),
    ...wire.HELLO_FIELDS.map((name, i) => define(`HELLO_${upper(name)}`, i)).slice(1),
    define('HELLO_WORDS', wire.HELLO_FIELDS.length),
    define('LOADER_CONFIG_MAGIC', wire.LOADER_CONFIG_MAGIC),
    define('LOADER_BUFFER_SIZE', wire.LOADER_BUFFER_SIZE),
    define('LOADER_CALL_WORDS', wire.LOADER_CALL_WORDS),
    define('LOADER_ADDRESS_SIZE', wire.LOADER_ADDRESS_SIZE),
    define('LOADER_DESCRIPTORS', wire.LOADER_DESCRIPTORS),
    ...group('LOADER', wire.LOADER),
    '#endif',
  ];
  return lines.join('\n') + '\n';
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv.includes('--check')) {
    if (readFileSync(target, 'latin1') !== header()) {
      console.error('vdso-hook/wire.gen.h is stale: run npm run gen');
      process.exit(1);
    }
  } else writeFileSync(target, header());
}
