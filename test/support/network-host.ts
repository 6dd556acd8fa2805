/**
 * The one process that a network of a test lives by: servers of names, TCP and UDP, as its argument says in JSON. It tells
 * what it hears in lines of JSON, and ends with its standard input.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, isIPv6 } from 'node:net';
import { answerTo, questionOf, type Names } from './name-server.js';

export interface Hosted {
  /** `10.99.0.1:80`, `[::1]:80`: who comes is sent `hello`. */
  readonly tcp?: readonly string[];
  /** What comes is sent back. */
  readonly udp?: readonly string[];
  /** Addresses at whose port 53 names are told. */
  readonly servers?: readonly string[];
  readonly names?: Names;
}
/** `text`: `tcp 10.99.0.1:80 who came`, `udp 10.99.0.1:80 what came`; the name that was asked, and by what. */
export interface Heard {
  readonly is: 'ready' | 'heard' | 'question';
  readonly text: string;
}

const DNS = 53;
const tell = (heard: Heard): boolean => process.stdout.write(`${JSON.stringify(heard)}\n`);
const split = (place: string): { address: string; port: number } => {
  const at = place.lastIndexOf(':');
  return { address: place.slice(0, at).replace(/[[\]]/g, ''), port: Number(place.slice(at + 1)) };
};

async function tcp(place: string): Promise<void> {
  const { address, port } = split(place);
  const server = createServer((client) => {
    tell({ is: 'heard', text: `tcp ${place}` });
    client.on('error', () => undefined).end('hello');
  });
  await once(server.listen(port, address), 'listening');
}

async function udp(place: string): Promise<void> {
  const { address, port } = split(place);
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
  socket.on('message', (data, from) => {
    tell({ is: 'heard', text: `udp ${place} ${data.toString('latin1')}` });
    socket.send(data, from.port, from.address);
  });
  socket.bind(port, address);
  await once(socket, 'listening');
}

// By TCP each message follows its length.
const LENGTH = 2;
function endOf(come: Buffer): number | undefined {
  const end = come.length < LENGTH ? Infinity : LENGTH + come.readUInt16BE(0);
  return end <= come.length ? end : undefined;
}
function framed(message: Buffer): Buffer {
  const length = Buffer.alloc(LENGTH);
  length.writeUInt16BE(message.length);
  return Buffer.concat([length, message]);
}

async function names(address: string, table: Names): Promise<void> {
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
  const hear = (message: Buffer, by: string): boolean =>
    tell({ is: 'question', text: `${questionOf(message).name} ${by}` });
  socket.on('message', (message, from) => {
    hear(message, 'udp');
    socket.send(answerTo(message, table, 'udp'), from.port, from.address);
  });
  socket.bind(DNS, address);
  const server = createServer((client) => {
    let come = Buffer.alloc(0);
    client
      .on('error', () => undefined)
      .on('data', (data) => {
        come = Buffer.concat([come, data]);
        for (let end = endOf(come); end !== undefined; end = endOf(come)) {
          const message = come.subarray(LENGTH, end);
          come = come.subarray(end);
          hear(message, 'tcp');
          client.write(framed(answerTo(message, table, 'tcp')));
        }
      });
  }).listen(DNS, address);
  await Promise.all([once(socket, 'listening'), once(server, 'listening')]);
}

process.stdin.on('end', () => process.exit(0)).resume();
const hosted = JSON.parse(process.argv[2]) as Hosted;
await Promise.all([
  ...(hosted.tcp ?? []).map(tcp),
  ...(hosted.udp ?? []).map(udp),
  ...(hosted.servers ?? []).map((address) => names(address, hosted.names ?? {})),
]);
tell({ is: 'ready', text: '' });
