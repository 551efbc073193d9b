"""WebSocket frames as they go over the line. Those of a server have no mask, so what is sent to many is the same bytes
for all of them, and made once."""

from __future__ import annotations

from functools import lru_cache

TEXT = 0x81  # and nothing follows it

# The name in a scope's extensions of what our servers offer beside `send`: a function that writes a text at once,
# without a task, and says whether it did; False where the socket is not open, or takes nothing more for now.
SEND_NOW = "guildhall.send_now"


@lru_cache(maxsize=64)
def frame_of(text: str) -> bytes:
    """The whole of a text frame, head and all (RFC 6455, 5.2)."""
    words = text.encode()
    length = len(words)
    if length < 126:
        return bytes([TEXT, length]) + words
    if length < 1 << 16:
        return bytes([TEXT, 126]) + length.to_bytes(2, "big") + words
    return bytes([TEXT, 127]) + length.to_bytes(8, "big") + words
