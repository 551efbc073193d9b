"""Mail by SMTP, where a message can be held back until its last line."""

from __future__ import annotations

import smtplib
import socket
from collections.abc import Callable, Sequence
from typing import Any

from django.core.mail import EmailMessage
from django.core.mail.backends import smtp

from network.delivery.message import Message
from network.delivery.problems import PerhapsTaken

# How long a server that has the whole message may take to say so, in seconds: it looks through it first. RFC 5321
# (4.5.3.2.6) would have ten minutes; who gives up too early does not know whether the mail goes.
VERDICT_TAKES = 120


class _LastMoment(smtplib.SMTP):
    """Calls `before_end` when the server has all of a message but its last line, without which it does nothing with
    it (RFC 5321, 4.1.1.4)."""

    before_end: Callable[[], None] | None = None

    def connect(self, *args: Any, **options: Any) -> tuple[int, bytes]:
        answer = super().connect(*args, **options)
        # The last line is a small piece of its own: it must not wait until the one before it was acknowledged.
        if self.sock is not None:
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return answer

    def data(self, msg: Any) -> tuple[int, bytes]:
        """Raises SMTPDataError, PerhapsTaken, and what `before_end` raises, which ends the connection."""
        self.putcmd("data")
        code, words = self.getreply()
        if code != 354:
            raise smtplib.SMTPDataError(code, words)
        lines = msg if isinstance(msg, bytes) else msg.encode("ascii")
        lines = b"\r\n".join(b"." + line if line.startswith(b".") else line for line in lines.splitlines())
        self.send(lines + b"\r\n")
        try:
            if self.before_end:
                self.before_end()
        except BaseException:
            self.close()  # without the last line: the server throws away what it has
            raise
        return self._ended()

    def _ended(self) -> tuple[int, bytes]:
        assert self.sock is not None
        usual = self.sock.gettimeout()
        try:
            self.sock.settimeout(max(usual or 0, VERDICT_TAKES))
            self.send(b".\r\n")
            answer = self.getreply()
        except OSError as problem:
            self.close()
            raise PerhapsTaken(f"No answer after the last line: {problem}") from problem
        self.sock.settimeout(usual)
        return answer


class _LastMomentOverTLS(_LastMoment, smtplib.SMTP_SSL):
    pass


class EmailBackend(smtp.EmailBackend):
    """Keeps its connection, once opened, for message after message; a connection that is broken is not kept."""

    holds_back = True  # calls each message's `before_end` itself

    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        return _LastMomentOverTLS if self.use_ssl else _LastMoment

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        try:
            return super().send_messages(email_messages) or 0
        finally:
            if self.connection is not None and self.connection.sock is None:
                self.connection = None  # so that the next message opens another

    def _send(self, email_message: EmailMessage) -> bool:
        assert isinstance(self.connection, _LastMoment)
        self.connection.before_end = email_message.before_end if isinstance(email_message, Message) else None
        return bool(super()._send(email_message))  # type: ignore[misc]
