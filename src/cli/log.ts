/** The helper's log: one line a message on standard error, in colour only on a terminal and without NO_COLOR. */
import { isatty } from 'node:tty';
import pino from 'pino';
import pretty from 'pino-pretty';
import type { Level } from './levels.js';

const customLevels = { debug: 20, info: 30, warning: 40, error: 50, critical: 60 };

/**
 * A function that writes `sandbox: LEVEL: message`, synchronously, when the level is at or above `level`; a message that
 * is a function is called only then.
 */
export function openLog(level: Level): (level: Level, message: string | (() => string)) => void {
  const stream = pretty({
    destination: 2,
    sync: true,
    colorize: isatty(2) && !process.env.NO_COLOR,
    ignore: 'pid,hostname,time,level',
    messageFormat: 'sandbox: {levelLabel}: {msg}',
    customLevels: 'debug:20,info:30,warning:40,error:50,critical:60',
    useOnlyCustomProps: true,
    singleLine: true,
  });
  const logger = pino(
    { customLevels, useOnlyCustomLevels: true, level: level.toLowerCase() as keyof typeof customLevels },
    stream,
  );
  return (at, message) => {
    const method = at.toLowerCase() as keyof typeof customLevels;
    if (logger.isLevelEnabled(method)) logger[method](typeof message === 'string' ? message : message());
  };
}
