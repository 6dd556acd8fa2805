/** The environment variables that lists of calls come in. A run without them loads no more than this. */
import type { ByteString } from '../../abi/bytes.js';

export const ALLOW = 'SECCOMP_SYSCALL_ALLOW';
export const DENY = 'SECCOMP_SYSCALL_DENY';
export const ACTION = 'SECCOMP_DEFAULT_ACTION';
const ALL: readonly string[] = [ALLOW, DENY, ACTION];

/** The variables as they are set; one that is not is left out. */
export type Variables = Readonly<Partial<Record<string, string>>>;

const nameOf = (entry: ByteString): string => entry.split('=', 1)[0];

/** Those of an environment; of two with one name the first counts, as getenv(3) has it. */
export const variablesIn = (environment: readonly ByteString[]): Variables =>
  Object.fromEntries(
    environment
      .filter((entry) => ALL.includes(nameOf(entry)))
      .reverse()
      .map((entry) => [nameOf(entry), entry.slice(nameOf(entry).length + 1)]),
  );
/** The environment that the program gets. */
export const withoutVariables = (environment: readonly ByteString[]): ByteString[] =>
  environment.filter((entry) => !ALL.includes(nameOf(entry)));
/** Is one of the lists set, be it empty? */
export const areLists = (variables: Variables): boolean =>
  variables[ALLOW] !== undefined || variables[DENY] !== undefined;
