import { expect } from 'chai';
import { endpointHolds, parseEndpoint } from '../../src/policy/endpoint.js';
import { Problem } from '../../src/policy/problem.js';

const family = (address: string) => (address.includes(':') ? 'inet6' : 'inet');

const HELD: [endpoint: string, yes: [string, number][], no: [string, number][]][] = [
  [
    '127.0.0.0/8:80',
    [
      ['127.0.0.1', 80],
      ['127.255.255.255', 80],
      ['::ffff:127.0.0.1', 80],
      ['::ffff:7f00:1', 80],
    ],
    [
      ['127.0.0.1', 81],
      ['128.0.0.1', 80],
      ['::1', 80],
      ['0.0.0.0', 80],
    ],
  ],
  [
    '10.1.2.3:1024-2048',
    [
      ['10.1.2.3', 1024],
      ['10.1.2.3', 2048],
    ],
    [
      ['10.1.2.3', 1023],
      ['10.1.2.3', 2049],
      ['10.1.2.4', 1024],
    ],
  ],
  [
    '[::1]:*',
    [
      ['::1', 0],
      ['0:0:0:0:0:0:0:1', 65535],
    ],
    [
      ['::2', 1],
      ['127.0.0.1', 1],
      ['::ffff:127.0.0.1', 1],
    ],
  ],
  [
    '[fe80::/10]:443',
    [
      ['fe80::1', 443],
      ['fe80::1%eth0', 443],
      ['febf::', 443],
    ],
    [
      ['fec0::', 443],
      ['fe80::1', 80],
    ],
  ],
  [
    '[::/0]:*',
    [
      ['::1', 1],
      ['2001:db8::1', 1],
    ],
    [
      ['127.0.0.1', 1],
      ['::ffff:127.0.0.1', 1],
    ],
  ],
  [
    '0.0.0.0/0:53',
    [
      ['1.2.3.4', 53],
      ['::ffff:1.2.3.4', 53],
    ],
    [['::1', 53]],
  ],
  [
    '*:53',
    [
      ['1.2.3.4', 53],
      ['::1', 53],
    ],
    [
      ['1.2.3.4', 54],
      ['nonsense', 53],
      ['', 53],
      ['1.2.3.4 ', 53],
      ['1.2.3', 53],
    ],
  ],
];

describe('endpoints', () => {
  for (const [text, yes, no] of HELD) {
    it(`${text} holds what it says`, () => {
      const endpoint = parseEndpoint(text);
      for (const [address, port] of yes) {
        expect(endpointHolds(endpoint, family(address), address, port), `${address} ${port}`).to.equal(true);
      }
      for (const [address, port] of no) {
        expect(endpointHolds(endpoint, family(address), address, port), `${address} ${port}`).to.equal(false);
      }
    });
  }

  it('holds no port that is no number', () => {
    expect(endpointHolds(parseEndpoint('*:*'), 'inet', '1.2.3.4', NaN)).to.equal(false);
    expect(endpointHolds(parseEndpoint('*:*'), 'inet', '1.2.3.4', -1)).to.equal(false);
  });

  for (const text of [
    '',
    '1.2.3.4',
    '1.2.3.4:',
    ':80',
    '::1:80',
    '[::1]',
    '[::1%lo]:80',
    '1.2.3:80',
    '1.2.3.4/33:80',
    '[::1/129]:80',
    '1.2.3.4:65536',
    '1.2.3.4:90-80',
    '1.2.3.4:http',
    'localhost:80',
    '[1.2.3.4]:80',
    '[::ffff:1.2.3.4]:80',
    '*/8:80',
    '01.2.3.4:80',
    '1.2.3.4:-1',
    '*:*\n',
  ]) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      expect(() => parseEndpoint(text)).to.throw(Problem);
    });
  }
});
