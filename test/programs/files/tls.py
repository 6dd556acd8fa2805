import socket, ssl

class End:
    """One end of a TLS connection, by hand: nothing blocks, so both ends run in one thread."""
    def __init__(self, context, sock, **kind):
        self.sock, self.into, self.out = sock, ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.into, self.out, **kind)

    def flush(self):
        self.sock.sendall(self.out.read())

    def fill(self):
        data = self.sock.recv(65536)
        self.into.write(data)

    def step(self, act, *args):
        try:
            result = act(*args)
            self.flush()
            return True, result
        except ssl.SSLWantReadError:
            self.flush()
            return False, None

server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
server_context.load_cert_chain('c', 'k')
listener = socket.create_server(('127.0.0.1', 0))
near = socket.create_connection(listener.getsockname())
far, _ = listener.accept()
client = End(ssl._create_unverified_context(), near)
server = End(server_context, far, server_side=True)

client.step(client.tls.do_handshake)
server.fill()
server.step(server.tls.do_handshake)
client.fill()
print(client.step(client.tls.do_handshake))
server.fill()
print(server.step(server.tls.do_handshake))
print(server.step(server.tls.write, b'hello tls'))
while True:
    client.fill()
    done, text = client.step(client.tls.read, 99)
    if done:
        break
print(text.decode(), client.tls.version(), client.tls.cipher()[0])
