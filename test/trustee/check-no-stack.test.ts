import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { FRAMES } from '../../src/wire/layout.js';
import { offences } from '../../trustee-asm/check-no-stack.js';

const TABLE = `.text\n.space ${4 * (FRAMES.length + 1)}\n`;

/** What each instruction must be caught for. */
const BAD: [source: string, offence: RegExp][] = [
  ['pushl %eax', /stack/],
  ['popl %eax', /stack/],
  ['pushfl', /stack/],
  ['call 1f\n1:', /calls/],
  ['call *(%esp)', /calls/],
  ['ret', /returns/],
  ['leave', /stack|esp/],
  ['enter $8, $0', /stack|esp/],
  ['int $0x80', /kernel/],
  ['sysenter', /kernel/],
  ['syscall', /kernel/],
  ['movl %eax, (%esp)', /stores/],
  ['movl %eax, 4(%ebx)', /stores/],
  ['incl (%esp)', /stores/],
  ['xchgl %eax, (%esp)', /stores/],
  ['movd %mm0, (%esp)', /stores/],
  ['rep stosb', /stores/],
  ['cmpxchgl %ecx, (%esp)', /stores/],
  ['movl %eax, %esp', /esp/],
  ['addl $16, %esp', /esp/],
  ['leal 4(%esp), %esp', /esp/],
  ['leal 0x100(%ebx), %esp', /esp/],
  ['movl 0x1234, %eax', /slot/],
  ['movl (%ebx), %eax', /slot/],
  ['.data\n.long 1', /section \.data/],
  ['.bss\n.space 4', /section \.bss/],
  ['.section .rodata\n.long 1', /section \.rodata/],
  ['movl $outside, %eax', /relocations/],
  ['.space 4096, 0x90', /page/],
];

describe('the check of the trustee object', () => {
  let dir: string;
  before(() => {
    dir = mkdtempSync(join(tmpdir(), 'check-'));
  });
  after(() => rmSync(dir, { recursive: true }));

  const assemble = (source: string): Uint8Array => {
    writeFileSync(join(dir, 'x.S'), `${TABLE}${source}\n`);
    execFileSync('gcc', ['-m32', '-c', join(dir, 'x.S'), '-o', join(dir, 'x.o')], { stdio: 'pipe' });
    return readFileSync(join(dir, 'x.o'));
  };

  it('passes the trustee as it is built', () => {
    expect(offences(readFileSync(new URL('../../build/Release/trustee.o', import.meta.url)))).to.deep.equal([]);
  });
  it('passes what the trustee is made of', () => {
    expect(
      offences(
        assemble(
          'leal 0x100(%esp), %esp\n leal -0x110(%esp), %esp\n movl 4(%esp), %eax\n movd %eax, %mm0\n jmp *0x30(%esp)',
        ),
      ),
    ).to.deep.equal([]);
  });
  for (const [source, offence] of BAD)
    it(`catches ${source.split('\n')[0]}`, () => {
      expect(offences(assemble(source)).join('\n')).to.match(offence);
    });
});
