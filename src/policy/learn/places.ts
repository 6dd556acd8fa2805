/** Which directories may be taken as a whole when a program used much of what is in them, and which never. */
import type { Access } from '../../questions.js';
import { DANGERS } from '../dangers.js';
import { matchesPath, mayMeet, parseGlob, type Glob } from '../glob.js';
import { Problem } from '../problem.js';

/** What stands in these has nothing in common, or belongs to somebody: no pattern for all names in one. */
const NEVER = [
  ...['/', '/*', '/home/*', '/root/.*', '/home/*/.*', '/run/user/*', '/usr/*', '/usr/local/*', '/var/*'],
  ...['/usr/lib/*-linux-gnu', '/var/spool/*', '/var/lib/*', '/opt/*/bin'],
];
const NEVER_OF_USER = ['${HOME}', '${HOME}/.*', '${HOME}/.config/*', '${HOME}/.local/*', '${TMPDIR}'];
/** Nor for all names at any place below these. */
const NEVER_BELOW = [
  ...['/proc/**', '/sys/**', '/dev/**', '/boot/**', '/etc/ssh/**', '/etc/ssl/private/**', '/etc/sudoers.d/**'],
  ...['/etc/letsencrypt/**', '/etc/wireguard/**', '/**/.ssh/**', '/**/.gnupg/**', '/**/.aws/**', '/**/.kube/**'],
  ...['/**/.password-store/**', '/**/.mozilla/**', '/**/.docker/**', '/**/keyrings/**', '/**/.git/hooks/**'],
];
/** Nor for writing. */
const SYSTEM = ['/bin', '/etc', '/lib', '/lib32', '/lib64', '/run', '/sbin', '/usr', '/var/spool', '/var/lib/dpkg'];
/** What programs there are is no secret. */
const PROGRAMS = ['', '/usr', '/usr/local'].flatMap((top) => [`${top}/bin`, `${top}/sbin`, `${top}/games`]);
/** Where everybody puts temporary files. */
const TEMPORARY = ['/tmp/**', '/var/tmp/**', '/dev/shm/**'];
/** Where versions are installed beside each other. */
const VERSIONED = ['/usr/**', '/lib/**', '/opt/**', '/bin/**', '/sbin/**', '/etc/**', '/**/lib/**', '/**/*.so.*'];

/** Patterns with variables are none where these have no fit value. */
function globsOf(texts: readonly string[]): readonly Glob[] {
  return texts.flatMap((text) => {
    try {
      return [parseGlob(text)];
    } catch (error) {
      if (error instanceof Problem) return [];
      throw error;
    }
  });
}

const changes = (access: Access): boolean => access === 'write' || access === 'create';

/** Of one lesson: variables have their values then. */
export class Places {
  private readonly never = globsOf([...NEVER, ...NEVER_OF_USER, ...NEVER_BELOW]);
  private readonly system = globsOf(SYSTEM.map((top) => `${top}/**`));
  private readonly temporary = globsOf([...TEMPORARY, '${TMPDIR}/**']);
  private readonly versioned = globsOf(VERSIONED);

  /** May all names in this directory (`/*`), or below it (`/**`), be granted? `executed`: what may be run. */
  mayWiden(directory: string, access: Access, executed: readonly Glob[]): boolean {
    const glob = parseGlob(directory);
    if (access === 'stat' && PROGRAMS.includes(directory)) return true;
    if (this.never.some((one) => mayMeet(one, glob))) return false;
    if (!changes(access)) return true;
    return !this.system.some((one) => mayMeet(one, glob)) && !executed.some((one) => mayMeet(one, below(directory)));
  }
  /** A well-known way out, or a secret, that the pattern would open; undefined: none. */
  danger(pattern: Glob, access: Access): string | undefined {
    const found = DANGERS.filter(({ accesses }) => accesses.includes(access)).flatMap(({ paths }) => paths);
    return found.find((path) => matchesPath(pattern, path));
  }
  /** A home is none, wherever it is. */
  isTemporary(directory: string): boolean {
    return !directory.startsWith('${HOME}') && matchesAny(this.temporary, directory);
  }
  isVersioned(path: string): boolean {
    return matchesAny(this.versioned, path);
  }
}

const below = (directory: string): Glob => parseGlob(`${directory === '/' ? '' : directory}/**`);
const matchesAny = (globs: readonly Glob[], pattern: string): boolean => {
  const glob = parseGlob(pattern);
  return globs.some((one) => mayMeet(one, glob));
};
