/** Writes what src/policy/prepared.ts reads: the default policy, parsed. */
import { writeFileSync } from 'node:fs';
import { loadFiles } from '../src/policy/load.js';
import { DEFAULT_ACL, prepare, PREPARED } from '../src/policy/prepared.js';
import { rowOf } from '../src/syscalls/table.js';

writeFileSync(PREPARED, prepare(loadFiles([DEFAULT_ACL], { knownSyscall: (name) => rowOf(name) !== undefined })));
