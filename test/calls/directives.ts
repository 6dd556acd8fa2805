/** What a guest says about itself in its first comment: test/guests/calls/call.h. */
import { GIVEN } from './arguments.js';

export interface Difference {
  /** The line as it is inside. */
  readonly line: string;
  readonly why: string;
}
export interface Directives {
  /** none, default, or a file next to the guest. */
  readonly policy: string;
  readonly kinds: readonly string[];
  readonly bare: boolean;
  /** The first kernel that it is for, [0, 0] for all. */
  readonly kernel: readonly [major: number, minor: number];
  readonly differs: readonly Difference[];
  /** A name in GIVEN (arguments.ts). */
  readonly given?: string;
}

/** @throws Error for a directive that is malformed */
export function readDirectives(source: string): Directives {
  const comment = /^\/\*([^]*?)\*\//.exec(source)?.[1] ?? '';
  const found = comment.split('\n').flatMap((line) => {
    const [, key, value] = /^[\s*]*(policy|build|differs|bare|kernel|arguments): (.*?)\s*$/.exec(line) ?? [];
    return key === undefined ? [] : [{ key, value }];
  });
  const all = (key: string): string[] => found.filter((d) => d.key === key).map(({ value }) => value);
  const [policy = 'none', ...more] = all('policy');
  if (more.length > 0 || !/^(none|default|[\w-]+\.yaml)$/.test(policy))
    throw new Error(`"policy: ${[policy, ...more].join(', ')}" must be none, default or FILE.yaml, once`);
  const kinds = all('build').flatMap((value) => value.split(' '));
  const bare = all('bare');
  if (bare.some((value) => value !== 'no')) throw new Error(`"bare: ${bare.join()}" must be no`);
  const [given, ...others] = all('arguments');
  if (others.length > 0 || (given !== undefined && GIVEN[given] === undefined))
    throw new Error(`"arguments: ${[given, ...others].join()}" must be one of ${Object.keys(GIVEN).join(', ')}, once`);
  return {
    policy,
    given,
    kinds: kinds.length > 0 ? kinds : KINDS,
    bare: bare.length === 0,
    kernel: release(all('kernel')[0] ?? '0.0'),
    differs: all('differs').map(difference),
  };
}
/** Major and minor number of a kernel release. */
export function release(text: string): [major: number, minor: number] {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(text) ?? [];
  if (minor === undefined) throw new Error(`"${text}" must be a release X.Y`);
  return [Number(major), Number(minor)];
}
const KINDS = ['glibc-static'];

function difference(value: string): Difference {
  const [line, why] = value.split(' -- ');
  if (!why) throw new Error(`"differs: ${value}" must be LINE -- WHY`);
  return { line, why };
}

/**
 * The bare output with the lines replaced that are declared to differ, where they do: what the sandbox must print.
 * `unused`: declared lines that did not come, or that are no difference.
 */
export function settle(
  bare: string,
  inside: string,
  differs: readonly Difference[],
): { readonly settled: string; readonly unused: readonly string[] } {
  const used = new Set<string>();
  const root = process.geteuid?.() === 0;
  const there = inside.split('\n');
  const settled = bare.split('\n').map((line, i) => {
    const same = there[i] === line && root; // what only root may do is refused to others bare, too
    const declared = !same && differs.some((d) => d.line === there[i]?.trim());
    if (declared) used.add(there[i].trim());
    return declared ? there[i] : line;
  });
  const unused = differs.map(({ line }) => line).filter((line) => !used.has(line));
  return { settled: settled.join('\n'), unused };
}
