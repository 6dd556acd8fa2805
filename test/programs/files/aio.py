import asyncio, os, signal, socket

async def serve(reader, writer):
    while line := await reader.readline():
        writer.write(line.upper())
        await writer.drain()
    writer.close()

async def talk(family, address):
    server = await asyncio.start_server(serve, *address, family=family)
    host, port = server.sockets[0].getsockname()[:2]
    async def one(i):
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(f'client {i}\n'.encode() * 50)
        writer.write_eof()
        data = await reader.read()
        writer.close()
        return len(data), data[:8]
    print(host, sorted(await asyncio.gather(*map(one, range(20)))))
    server.close()
    await server.wait_closed()

async def unix():
    server = await asyncio.start_unix_server(serve, 'bus')
    reader, writer = await asyncio.open_unix_connection('bus')
    writer.write(b'unix\n')
    print(await reader.readline())
    writer.close()
    server.close()

class Echo(asyncio.DatagramProtocol):
    def connection_made(self, transport): self.transport = transport
    def datagram_received(self, data, peer): self.transport.sendto(data[::-1], peer)

class Ask(asyncio.DatagramProtocol):
    def __init__(self, done): self.done = done
    def connection_made(self, transport): transport.sendto(b'datagram')
    def datagram_received(self, data, peer): self.done.set_result(data)

async def udp():
    loop = asyncio.get_running_loop()
    echo, _ = await loop.create_datagram_endpoint(Echo, ('127.0.0.1', 0))
    done = loop.create_future()
    await loop.create_datagram_endpoint(lambda: Ask(done), remote_addr=echo.get_extra_info('sockname'))
    print(await done)

async def late():
    try:
        await asyncio.wait_for(asyncio.sleep(9), 0.02)
    except asyncio.TimeoutError:
        print('late')

async def main():
    await talk(socket.AF_INET, ('127.0.0.1', 0))
    await talk(socket.AF_INET6, ('::1', 0))
    await unix()
    await udp()
    await late()

asyncio.run(main())
