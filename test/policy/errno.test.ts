import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { ERRNO, errnoName, errnoNumber } from '../../src/abi/errno.js';

describe('errno', () => {
  it('knows the numbers of the kernel headers', function () {
    let headers: string;
    try {
      headers = ['errno-base.h', 'errno.h']
        .map((name) => readFileSync(`/usr/include/asm-generic/${name}`, 'utf8'))
        .join('');
    } catch {
      this.skip();
    }
    const told = [...headers.matchAll(/^#define\s+(E\w+)\s+(\d+)/gm)].map(([, name, number]) => [name, Number(number)]);
    expect(Object.entries(ERRNO)).to.deep.equal(told);
  });

  it('agrees with Node on the names both have', () => {
    for (const [name, number] of Object.entries(constants.errno)) {
      if (name in ERRNO) expect(errnoNumber(name), name).to.equal(number);
    }
  });

  it('has each number once, second names beside it', () => {
    const numbers = Object.values(ERRNO);
    expect(new Set(numbers).size).to.equal(numbers.length);
    expect(errnoNumber('EWOULDBLOCK')).to.equal(11);
    expect(errnoNumber('EDEADLOCK')).to.equal(35);
    expect(errnoNumber('toString')).to.equal(undefined);
    expect(errnoName(11)).to.equal('EAGAIN');
    expect(errnoName(133)).to.equal('EHWPOISON');
    expect(errnoName(4095)).to.equal('4095');
  });
});
