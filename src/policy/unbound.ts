/** Restrictions that hostile code gets around: calls that strict mode lets a thread make without anybody. */
import type { Judge } from '../questions.js';

/** arch/x86: seccomp_mode1_syscalls of a 32-bit thread. */
const STRICT = ['read', 'write', 'exit', 'sigreturn'];
const NO_REGISTERS = new Uint32Array(6);

/** The restricted ones among them: who goes past the hook makes them all the same. */
export const unbound = ({ calls }: Judge): string[] =>
  STRICT.filter((name) => {
    const rule = calls.get(name);
    return rule !== undefined && rule(NO_REGISTERS)?.verdict.verdict !== 'native';
  });

export const warningOf = (names: readonly string[]): string =>
  `the program's own hook asks before ${names.join(', ')}: hostile code can make them past it`;
