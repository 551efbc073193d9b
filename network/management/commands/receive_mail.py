"""One mail from standard input, as a mail server hands it to a program: a member's answer to a mail about a thread."""

from __future__ import annotations

import logging
import os
import sys
from argparse import ArgumentParser
from typing import IO, Any

from django.conf import settings
from django.core.management.base import BaseCommand

from forums.actions.mail_replies import Outcome, receive_mail
from forums.letters import MOST_BYTES

logger = logging.getLogger(__name__)

AT_A_TIME = 64 * 1024


class Command(BaseCommand):
    help = (
        "Takes a mail from standard input: an answer of a member to a mail about a thread, which becomes a post. "
        "Ends with the codes of sysexits.h, which mail servers know: 0 done, 67 no such address, 69 not switched on, "
        "75 try again later."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("to", nargs="*", help="the addresses it is delivered to; without, those in its head")
        parser.add_argument(
            "--sender", help="the envelope's sender; empty or MAILER-DAEMON for a mail that says another could not go"
        )

    def handle(self, *args: Any, to: list[str], sender: str | None, **options: Any) -> None:
        if not settings.REPLY_ADDRESS:
            self.stderr.write("Answers by mail are not switched on here (GUILDHALL_REPLY_ADDRESS).")
            sys.exit(os.EX_UNAVAILABLE)
        try:
            raw = read_all(sys.stdin.buffer)
            outcome = receive_mail(raw, to=to, return_path=sender)
        except Exception:
            # Whatever is wrong here is no fault of whoever wrote: the mail server keeps it, and asks again.
            logger.exception("A mail could not be taken in")
            sys.exit(os.EX_TEMPFAIL)
        if outcome is Outcome.LATER:
            sys.exit(os.EX_TEMPFAIL)
        if outcome is Outcome.NOBODY:
            self.stderr.write("Nobody is answered by this address.")
            sys.exit(os.EX_NOUSER)


def read_all(stream: IO[bytes]) -> bytes:
    """To the end, for the mail server must not be left with what it could not hand over; what is too large is cut one
    byte after what is taken."""
    raw = bytearray()
    while some := stream.read(AT_A_TIME):
        raw += some[: MOST_BYTES + 1 - len(raw)]
    return bytes(raw)
