import { expect } from 'chai';
import { Problem } from '../../src/policy/problem.js';
import { questionOf, questionOfWords } from '../../src/policy/question-text.js';

describe('questions in words', () => {
  const inet = { ask: 'connect', family: 'inet', address: '127.0.0.1', port: 80 };
  for (const [text, expected] of [
    ['read /a b/é', { ask: 'path', access: 'read', path: '/a b/\xc3\xa9' }],
    ['stat /', { ask: 'path', access: 'stat', path: '/' }],
    ['read /...', { ask: 'path', access: 'read', path: '/...' }],
    ['connect 127.0.0.1:80', inet],
    ['connect 127.0.0.1 80', inet],
    ['send [::1]:53', { ask: 'send', family: 'inet6', address: '::1', port: 53 }],
    ['bind ::1 53', { ask: 'bind', family: 'inet6', address: '::1', port: 53 }],
    ['socket inet', { ask: 'socket', family: 'inet', type: 'stream', protocol: 0 }],
    ['socket packet raw', { ask: 'socket', family: 'packet', type: 'raw', protocol: 0 }],
    ['unix /run/a', { ask: 'unix', action: 'connect', path: '/run/a' }],
    ['unix @a', { ask: 'name', space: 'abstract', name: 'a' }],
    ['name sysv shm:0x1', { ask: 'name', space: 'sysv', name: 'shm:0x1' }],
    ['syscall mkdir', { ask: 'syscall', name: 'mkdir' }],
    [
      'syscall openat at=AT_FDCWD flags=O_WRONLY|O_CREAT mode=0x1a4',
      { ask: 'syscall', name: 'openat', registers: Uint32Array.of(0xffffff9c, 0, 0o101, 0o644, 0, 0) },
    ],
    ['syscall read fd=-1', { ask: 'syscall', name: 'read', registers: Uint32Array.of(0xffffffff, 0, 0, 0, 0, 0) }],
    ['relabel /a /b', { ask: 'relabel', from: '/a', to: '/b', directory: false }],
  ] as const)
    it(text, () => expect(questionOf(text)).to.deep.equal(expected));

  for (const [text, says] of [
    ['', /bad question .* must be one of /],
    ['look /a', /bad question \("look"\)/],
    ['read', /bad path \(""\), must be absolute/],
    ['read a', /bad path \("a"\)/],
    ['read /a/', /bad path/],
    ['read //a', /bad path/],
    ['read /a/../b', /bad path/],
    ['read /.', /bad path/],
    ['connect localhost:80', /bad address \("localhost:80"\), must be as 127\.0\.0\.1:80/],
    ['connect ::1:80', /bad address/],
    ['connect 127.0.0.1:65536', /bad address/],
    ['connect 127.0.0.1', /bad address/],
    ['socket inet99', /bad word \("inet99"\), must be one of unspec, unix/],
    ['socket inet packet', /must be one of stream, /],
    ['name sysv', /missing name/],
    ['name space x', /must be one of abstract, /],
    ['syscall', /missing name/],
    ['syscall open read', /bad argument \("read"\), must be NAME=VALUE, with one of path, flags, mode/],
    ['syscall open fd=1', /bad argument \("fd=1"\)/],
    ['syscall open flags=', /bad argument \("flags="\)/],
    ['syscall open flags=O_NONE', /bad value \("O_NONE"\), must be a number of 32 bits, or a constant/],
    ['syscall open flags=0x1ffffffff', /bad value/],
    ['syscall opne flags=1', /unknown name \("opne"\)/],
    ['relabel /a', /bad path/],
  ] as const)
    it(`${text || 'nothing'} is none`, () => expect(() => questionOf(text)).to.throw(Problem, says));
  it('words are not split again', () => {
    expect(questionOfWords(['read', '/a  b'])).to.deep.equal({ ask: 'path', access: 'read', path: '/a  b' });
    expect(() => questionOfWords(['read', '/a', '/b'])).to.throw(Problem, /stray word/);
  });
});
