"""ClamAV's daemon, asked over its socket whether a file holds malware (clamd(8): PING and INSTREAM, the commands that
begin with z and end with a zero byte)."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO
from urllib.parse import unquote, urlsplit

from django.conf import settings

PATIENCE = 60  # seconds that clamd may take for a file; while it loads its signatures it says nothing
AT_A_TIME = 64 * 1024
LONGEST_ANSWER = 4096


class NoAnswer(Exception):
    """The scanner is away, or said something that is neither yes nor no."""


def answers() -> bool:
    try:
        with _connected() as clamd:
            clamd.sendall(b"zPING\0")
            return _answer(clamd) == "PONG"
    except NoAnswer:
        return False


def finding_in(file: IO[bytes]) -> str:
    """The name of the malware that was found, empty for none. Raises NoAnswer."""
    with _connected() as clamd:
        clamd.sendall(b"zINSTREAM\0")
        while piece := file.read(AT_A_TIME):
            clamd.sendall(struct.pack("!I", len(piece)) + piece)
        clamd.sendall(struct.pack("!I", 0))
        said = _answer(clamd).removeprefix("stream: ")
    if said == "OK":
        return ""
    name, _, found = said.rpartition(" ")
    if found != "FOUND" or not name:
        raise NoAnswer(said or "nothing")  # such as "INSTREAM size limit exceeded. ERROR"
    return name


@contextmanager
def _connected() -> Iterator[socket.socket]:
    where = urlsplit(settings.CLAMD)
    clamd = None
    try:
        if where.scheme == "unix":
            clamd = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            clamd.settimeout(PATIENCE)
            clamd.connect(unquote(where.path))
        else:
            clamd = socket.create_connection((where.hostname, where.port or 3310), timeout=PATIENCE)
        yield clamd
    except OSError as error:
        raise NoAnswer(str(error) or type(error).__name__) from error
    finally:
        if clamd is not None:
            clamd.close()


def _answer(clamd: socket.socket) -> str:
    said = b""
    while len(said) < LONGEST_ANSWER and not said.endswith(b"\0"):
        piece = clamd.recv(LONGEST_ANSWER)
        if not piece:
            break
        said += piece
    return said.rstrip(b"\0\n").decode(errors="replace")
