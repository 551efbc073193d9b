"""What is kept out of the logs."""

from __future__ import annotations

import logging
import re

_SECRET = re.compile(r"(/feeds/|/mail/stop/)[^/\s?]+(?=/)")


def without_secrets(line: str) -> str:
    """Without what in an address opens something by itself: whoever reads logs must not be able to read feeds,
    nor to stop anybody's mail."""
    return _SECRET.sub(r"\1(cut)", line)


class SecretsCut(logging.Filter):
    """Takes such addresses out of a record, whatever is made of it afterwards."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.msg, str):
            record.msg = without_secrets(record.msg)
        if isinstance(record.args, tuple):
            record.args = tuple(without_secrets(arg) if isinstance(arg, str) else arg for arg in record.args)
        return True
