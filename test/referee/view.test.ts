import { expect } from 'chai';
import { View, type Layer } from '../../src/referee/view.js';

const plain = new View({ root: '/', sysroot: null });
const tree = new View({ root: '/', sysroot: '/home/u/co/.sysroot/i386' });
const world = new View({ root: '/srv/w', sysroot: null });
const both = new View({ root: '/srv/w', sysroot: '/srv/w/i386' });
const inMemory = new View({ root: '/dev/shm/w', sysroot: '/dev/shm/t' });
const VIEWS = { plain, tree, world, both, inMemory };
type Name = keyof typeof VIEWS;

const TO_GUEST: [view: Name, host: string, guest: string | null][] = [
  ['plain', '/', '/'],
  ['plain', '/etc/passwd', '/etc/passwd'],
  ['plain', '/proc/7', '/proc/7'],
  ['tree', '/', '/'],
  ['tree', '/etc/passwd', '/etc/passwd'],
  ['tree', '/home/u/co/.sysroot', '/home/u/co/.sysroot'],
  ['tree', '/home/u/co/.sysroot/i386', '/'],
  ['tree', '/home/u/co/.sysroot/i386/etc/passwd', '/etc/passwd'],
  ['tree', '/home/u/co/.sysroot/i386more/etc', '/home/u/co/.sysroot/i386more/etc'],
  ['tree', '/home/u/co/.sysroot/i386/proc/7', null],
  ['tree', '/home/u/co/.sysroot/i386/processes', '/processes'],
  ['world', '/srv/w', '/'],
  ['world', '/srv/w/a/b', '/a/b'],
  ['world', '/srv/wide', null],
  ['world', '/srv', null],
  ['world', '/', null],
  ['world', '/etc/passwd', null],
  ['world', '/proc/7/fd', '/proc/7/fd'],
  ['world', '/dev', '/dev'],
  ['world', '/sys/x', '/sys/x'],
  ['world', '/srv/w/proc/x', null],
  ['world', '/srv/w/dev', null],
  ['both', '/srv/w/i386/lib', '/lib'],
  ['both', '/srv/w/lib', '/lib'],
  ['inMemory', '/dev/shm/w/a', '/a'],
  ['inMemory', '/dev/shm/t/a', '/a'],
  ['inMemory', '/dev/shm/x', '/dev/shm/x'],
];

const TO_HOST: [view: Name, layer: Layer, guest: string, host: string][] = [
  ['plain', 'host', '/', '/'],
  ['plain', 'host', '/a/b', '/a/b'],
  ['tree', 'host', '/a/b', '/a/b'],
  ['tree', 'sysroot', '/', '/home/u/co/.sysroot/i386'],
  ['tree', 'sysroot', '/a', '/home/u/co/.sysroot/i386/a'],
  ['world', 'host', '/', '/srv/w'],
  ['world', 'host', '/a', '/srv/w/a'],
  ['world', 'host', '/dev', '/dev'],
  ['world', 'host', '/dev/null', '/dev/null'],
  ['world', 'host', '/device', '/srv/w/device'],
];

const RENAMED: [view: Name, guest: string, name: string | null][] = [
  ['plain', '/a', null],
  ['tree', '/home/u/co/.sysroot', null],
  ['tree', '/home/u/co/.sysroot/i386', '/'],
  ['tree', '/home/u/co/.sysroot/i386/etc', '/etc'],
  ['tree', '/etc', null],
  ['world', '/a', null],
  ['world', '/srv/w', null],
  ['both', '/i386/etc', '/etc'],
  ['inMemory', '/dev/shm/w/etc', '/etc'],
  ['inMemory', '/dev/shm/t/etc', '/etc'],
];

const HOLDS: [view: Name, host: string, holds: boolean][] = [
  ['plain', '/etc', false],
  ['tree', '/home/u', true],
  ['tree', '/home/u/co/.sysroot', true],
  ['tree', '/home/u/co/.sysroot/i386', false],
  ['tree', '/home/u/co/.sys', false],
  ['tree', '/etc', false],
  ['inMemory', '/dev/shm', true],
];

describe('view', () => {
  for (const [view, host, guest] of TO_GUEST)
    it(`${view}: ${host} is ${guest ?? 'not in it'}`, () => expect(VIEWS[view].toGuest(host)).to.equal(guest));
  for (const [view, layer, guest, host] of TO_HOST)
    it(`${view}: ${guest} is ${host} in the ${layer}`, () => {
      expect(VIEWS[view].hostPath(layer, guest)).to.equal(host);
      if (layer === 'sysroot') expect(VIEWS[view].layerOf(host)).to.equal('sysroot');
    });
  for (const [view, guest, name] of RENAMED)
    it(`${view}: ${guest} goes on as ${name ?? 'itself'}`, () => expect(VIEWS[view].renamed(guest)).to.equal(name));
  for (const [view, host, holds] of HOLDS)
    it(`${view}: ${host} ${holds ? 'holds' : 'does not hold'} a layer`, () =>
      expect(VIEWS[view].holdsLayer(host)).to.equal(holds));

  it('is made of the sysroot, then the host', () => {
    expect(tree.hostLayers('/etc')).to.deep.equal([
      { layer: 'sysroot', host: '/home/u/co/.sysroot/i386/etc' },
      { layer: 'host', host: '/etc' },
    ]);
    expect(tree.hostLayers('/dev/shm')).to.deep.equal([{ layer: 'host', host: '/dev/shm' }]);
    expect(world.hostLayers('/')).to.deep.equal([{ layer: 'host', host: '/srv/w' }]);
  });
  it('has one layer where both directories are the same', () => {
    expect(new View({ root: '/srv', sysroot: '/srv' }).sysroot).to.equal(null);
  });
  it('gives back every guest path that it puts on the host', () => {
    for (const view of Object.values(VIEWS))
      for (const guest of ['/', '/a', '/a/b', '/proc/1', '/dev', '/sys/k'])
        for (const { host } of view.hostLayers(guest)) expect(view.toGuest(host), host).to.equal(guest);
  });
  for (const root of ['', 'srv', '/srv/', '/srv//w', '/srv/./w', '/srv/..'])
    it(`refuses ${JSON.stringify(root)} as its root`, () => {
      expect(() => new View({ root, sysroot: null })).to.throw(TypeError, 'canonical');
      expect(() => new View({ root: '/', sysroot: root })).to.throw(TypeError, 'canonical');
    });
});
