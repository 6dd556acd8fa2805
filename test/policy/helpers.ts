import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compile, type Policy } from '../../src/policy/compile.js';
import { decide } from '../../src/policy/decide.js';
import { every } from '../../src/policy/every.js';
import { loadLayers, loadPolicy } from '../../src/policy/load.js';
import { PolicyError } from '../../src/policy/problem.js';
import { verdictText } from '../../src/policy/question-text.js';
import type { AclRule } from '../../src/policy/rules.js';
import { judgeOfSheet, sheetOf, type Sheet } from '../../src/policy/sheet.js';
import type { Access, ByteString, Judge } from '../../src/questions.js';

const KNOWN = new Set([
  'read',
  'write',
  'open',
  'openat',
  'access',
  'socket',
  'ptrace',
  'uname',
  'getpid',
  'time',
  'chroot',
  'mkdir',
]);

/** Stands in for the table of src/syscalls, which the policy may not import. */
export const knownSyscall = (name: string): boolean => KNOWN.has(name);

/** Calls `use` with a directory that holds these files, and removes it. */
export function withFiles<T>(files: Record<string, string | Buffer>, use: (directory: string) => T): T {
  const directory = mkdtempSync(join(tmpdir(), 'policy-'));
  try {
    for (const [name, content] of Object.entries(files)) writeFileSync(join(directory, name), content);
    return use(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** The rules of ACL texts, loaded in order as 0.yaml, 1.yaml, …. */
export function rulesOfTexts(...texts: string[]): AclRule[] {
  const files = Object.fromEntries(texts.map((text, index) => [`${index}.yaml`, text]));
  return withFiles(files, (directory) =>
    loadPolicy(
      Object.keys(files).map((name) => join(directory, name)),
      { knownSyscall },
    ),
  );
}

export function policyOf(...texts: string[]): Policy {
  return compile(rulesOfTexts(...texts));
}

/** The layers of ACL texts, which may have several documents each. */
export function sheetsOf(...texts: string[]): Sheet[] {
  const files = Object.fromEntries(texts.map((text, index) => [`${index}.yaml`, text]));
  return withFiles(files, (directory) =>
    loadLayers(
      Object.keys(files).map((name) => join(directory, name)),
      { knownSyscall },
    ).map((layer) => sheetOf(layer, (veil) => veil)),
  );
}

/** All of them together. */
export function judgeOfTexts(...texts: string[]): Judge {
  const [first, ...rest] = sheetsOf(...texts).map(judgeOfSheet);
  return every([first, ...rest]);
}

/** The problems of one ACL text without the directory before the file name `a.yaml`. */
export function problemsOf(text: string | Buffer): string[] {
  return withFiles({ 'a.yaml': text }, (directory) => {
    try {
      loadLayers([`${directory}/a.yaml`], { knownSyscall });
    } catch (error) {
      if (error instanceof PolicyError) return error.problems.map((line) => line.replaceAll(`${directory}/`, ''));
      throw error;
    }
    return [];
  });
}

/** A verdict as one word or two. */
export const say = verdictText;

export function ask(policy: Policy, access: Access, path: ByteString): string {
  return say(decide(policy, { ask: 'path', access, path }));
}

/** The byte string of a text. */
export function bytes(text: string): ByteString {
  return Buffer.from(text, 'utf8').toString('latin1');
}
