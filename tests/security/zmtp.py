# SPDX-License-Identifier: Apache-2.0
"""A peer that speaks ZMTP 3.0 byte by byte, so that it can also misbehave; and messages by hand."""

import socket
import struct

GREETING = b"\xff" + bytes(8) + b"\x7f\x03\x00"
COMMAND, LONG, MORE = 4, 2, 1
TIMEOUT_S = 10


def greeting(mechanism):
    return GREETING + mechanism.ljust(20, b"\0") + bytes(32)


def frame(body, flags=0):
    if len(body) > 255:
        return bytes([flags | LONG]) + struct.pack(">Q", len(body)) + body
    return bytes([flags, len(body)]) + body


def ready(identity):
    def item(name, value):
        return bytes([len(name)]) + name + struct.pack(">I", len(value)) + value
    return frame(b"\x05READY" + item(b"Socket-Type", b"DEALER") + item(b"Identity", identity),
                 COMMAND)


def connect(port):
    return socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S)


class Peer:
    """A DEALER without keys, past its handshake."""

    def __init__(self, port, identity):
        self.socket = connect(port)
        self.socket.sendall(greeting(b"NULL") + ready(identity))

    def send(self, control, bulk=None):
        self.socket.sendall(frame(control, 0 if bulk is None else MORE)
                            + (b"" if bulk is None else frame(bulk)))

    def send_raw(self, data):
        self.socket.sendall(data)

    def is_closed(self):
        """Whether the other end hangs up; what it says before is thrown away."""
        try:
            while self.socket.recv(65536):
                pass
        except ConnectionError:
            return True
        except TimeoutError:
            return False
        return True

    def close(self):
        self.socket.close()


# ---- Messages of proto/tamis/v1/control.proto ----

def varint(value):
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def number(field, value):
    return varint(field << 3) + varint(value)


def data(field, value):
    return varint(field << 3 | 2) + varint(len(value)) + value


def envelope(kind, body, sequence=1, job=b""):
    """kind: the number of the body's field."""
    return (number(1, 1) + number(2, sequence) + (data(4, job) if job else b"")
            + data(kind, body))


HELLO, REFUSED, STATUS_REQUEST = 16, 18, 30


def hello(build=b"another"):
    return envelope(HELLO, number(1, 1) + data(2, build) + data(3, b"1.5.4") + number(4, 1)
                    + data(5, b"host") + data(6, b"/nowhere"))
