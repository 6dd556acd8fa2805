/** The command line as it is declared, for who looks at it and runs nothing. */
import { commandLine } from '../../src/cli/command-line.js';

const nothing = (): Promise<number> => Promise.reject(new Error('not to be run'));

export const { command: root } = commandLine({
  run: nothing,
  syscalls: nothing,
  show: nothing,
  wrap: nothing,
  explain: nothing,
  check: nothing,
  learn: nothing,
  policy: nothing,
  completion: nothing,
});
