"""A malware scanner of a few lines that speaks clamd's protocol, over TCP or a Unix socket."""

from __future__ import annotations

import socketserver
import struct
import threading
from pathlib import Path

EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


class Conversation(socketserver.StreamRequestHandler):
    """One command, which begins with z, and its answer; both end with a zero byte."""

    def handle(self) -> None:
        command = b""
        while not command.endswith(b"\0"):
            piece = self.rfile.read(1)
            if not piece:
                return
            command += piece
        clamd: Clamd = self.server.clamd  # type: ignore[attr-defined]
        clamd.asked.append(command)
        if clamd.is_mute:
            return
        if command == b"zPING\0":
            self.wfile.write(b"PONG\0")
        elif command == b"zINSTREAM\0":
            self.wfile.write((clamd.says or self.scanned()) + b"\0")
        else:
            self.wfile.write(b"UNKNOWN COMMAND\0")

    def scanned(self) -> bytes:
        content = b""
        while length := struct.unpack("!I", self.rfile.read(4))[0]:
            content += self.rfile.read(length)
        self.server.clamd.scanned.append(content)  # type: ignore[attr-defined]
        return b"stream: Eicar-Test-Signature FOUND" if EICAR in content else b"stream: OK"


class TcpServer(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


class UnixServer(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True


class Clamd:
    """`says`, where given, is its answer to every file; mute, it closes the connection without one."""

    def __init__(self, path: Path | None = None) -> None:
        self.asked: list[bytes] = []
        self.scanned: list[bytes] = []
        self.says = b""
        self.is_mute = False
        self.server: socketserver.BaseServer
        if path is None:
            self.server = TcpServer(("127.0.0.1", 0), Conversation)
            self.address = f"tcp://127.0.0.1:{self.server.server_address[1]}"
        else:
            self.server = UnixServer(str(path), Conversation)
            self.address = f"unix://{path}"
        self.server.clamd = self  # type: ignore[attr-defined]
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()
