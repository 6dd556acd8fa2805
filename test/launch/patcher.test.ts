import { expect } from 'chai';
import { ImagePatcher } from '../../src/launch/patcher.js';

const LIBRARIES = '/usr/lib/i386-linux-gnu';

describe('which images are searched for system calls in full', () => {
  for (const name of [
    'ld-linux.so.2',
    'ld-musl-i386.so.1',
    'libc.so.6',
    'libc-2.28.so',
    'libpthread-2.28.so',
    'libgomp.so.1.0.0',
    'libitm.so.1.0.0',
    'libasan.so.8.0.0',
    'libubsan.so.1.0.0',
  ])
    it(name, () => expect(ImagePatcher.roleOf(`${LIBRARIES}/${name}`)).to.equal('syscall-object'));

  for (const name of ['libcrypto.so.3', 'libcap.so.2', 'libcrypt.so.1', 'libgompx.so.1', 'libgomp.so.1/other'])
    it(`not ${name}`, () => expect(ImagePatcher.roleOf(`${LIBRARIES}/${name}`)).to.equal('other'));
});
