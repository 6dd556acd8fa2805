/**
 * The commands of a row, one after the other, as one line: words as sh has them, and of sh's ways only these, done by
 * the test itself, since a shell would be a second process:
 *
 *   A ; B          B after A, whatever A's status is
 *   NAME=VALUE A   with that in the environment
 *   A <FILE >FILE 2>FILE   standard input, output and error
 *   A &PORT        in the background until the last one is over; the next one starts when the TCP port listens
 *   A &./FILE      the same; it starts when the file is there
 *   wait           until all in the background are over
 *   tty PROMPT A   on a terminal, where the lines of standard input are typed, each when PROMPT begins a line
 *   {port} {other} two TCP ports that were free when the row began
 *   {x*COUNT}      COUNT times x
 */

import { words } from '../support/compare.js';

export interface Step {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Names of files, relative to the row's directory. */
  readonly stdin?: string;
  readonly stdout?: string;
  readonly stderr?: string;
  readonly ready?: { readonly port: number } | { readonly file: string };
  readonly prompt?: string;
}

export function stepsOf(line: string, ports: Readonly<Record<string, number>>): Step[] {
  const filled = words(line).map((word) =>
    word
      .replace(/\{(\w+)\}/g, (all, name: string) => (name in ports ? String(ports[name]) : all))
      .replace(/\{(.)\*(\d+)\}/g, (_, one: string, count: string) => one.repeat(Number(count))),
  );
  return split(filled).map(step);
}

function split(list: readonly string[]): string[][] {
  const end = list.indexOf(';');
  return end < 0 ? [[...list]] : [list.slice(0, end), ...split(list.slice(end + 1))];
}

function step(list: readonly string[]): Step {
  const settings = list.findIndex((word) => !/^[A-Z_][A-Za-z0-9_]*=/.test(word));
  const env = Object.fromEntries(list.slice(0, settings).map((word) => word.split(/=(.*)/s, 2)));
  const command: string[] = [];
  let parts: Omit<Step, 'command' | 'env'> = {};
  for (const word of list.slice(settings)) {
    const [, sign, rest] = /^(<|2?>|&)([^<>&=\s(]+)$/.exec(word) ?? [];
    if (sign === '<') parts = { ...parts, stdin: rest };
    else if (sign === '>') parts = { ...parts, stdout: rest };
    else if (sign === '2>') parts = { ...parts, stderr: rest };
    else if (sign === '&') parts = { ...parts, ready: /^\d+$/.test(rest) ? { port: Number(rest) } : { file: rest } };
    else command.push(word);
  }
  if (command[0] === 'tty') return { command: command.slice(2), env, ...parts, prompt: command[1] };
  if (command.length === 0) throw new Error(`a step without a command: ${list.join(' ')}`);
  return { command, env, ...parts };
}
