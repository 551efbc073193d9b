"""Numbers as they come in addresses and forms, where anybody may type anything."""

from __future__ import annotations


def number_in(typed: str) -> int | None:
    """The whole number that was typed; None where it is none, or larger than any of ours. Python reads digits of every
    script, and fails on thousands of them."""
    return int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 16 else None
