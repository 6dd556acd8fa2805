/** A size that is handed to the addon beside bytes is a claim about them. */
import { expect } from 'chai';
import { native } from '../../src/native/index.js';

describe('bytes and their sizes', () => {
  const four = new Uint8Array(4);
  it('as much as there is, and less', () => {
    expect(native.vmRead(process.pid, 0, four, 4)).to.be.below(0);
    expect(native.write(1, four, 0)).to.equal(0);
  });
  it('more than there is throws: it would be memory of the helper that is no part of them', () => {
    const sizes = /a size of \d+ bytes where there are 4/;
    for (const size of [5, 0x1000, 2 ** 32, -1]) {
      expect(() => native.vmRead(process.pid, 0, four, size)).to.throw(RangeError, sizes);
      expect(() => native.vmWrite(process.pid, 0, four, size)).to.throw(RangeError, sizes);
      expect(() => native.read(0, four, size)).to.throw(RangeError, sizes);
      expect(() => native.receive(0, four, size, 0)).to.throw(RangeError, sizes);
    }
    expect(() => native.read(0, new Uint32Array(1), 5)).to.throw(RangeError, sizes);
  });
  it('none is none', () => {
    expect(native.getxattr('/', 'user.none', null, 0)).to.be.below(0);
  });
});
