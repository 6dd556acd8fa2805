/** The JSON schema of ACL files, for editors: made from the validator. What a schema cannot say the loader still checks. */
import * as z from 'zod';
import { aclSchema } from './schema.js';
import { UNLISTED_CALLS } from './words.js';

/** @param names of i386 system calls */
export function aclJsonSchema(names: readonly string[]): string {
  const schema = z.toJSONSchema(
    aclSchema(() => true),
    { target: 'draft-7' },
  ) as unknown as {
    properties: { syscalls: object };
  };
  const { syscalls } = schema.properties;
  const titled = {
    ...schema,
    title: 'ACL file of seccomp-nurse',
    description: 'docs/acl.md tells what the keys mean',
    properties: {
      ...schema.properties,
      syscalls: { ...syscalls, propertyNames: { enum: [UNLISTED_CALLS, ...[...names].sort()] } },
    },
  };
  return `${JSON.stringify(titled, null, 1)}\n`;
}
