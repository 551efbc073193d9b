from __future__ import annotations

from enum import IntEnum


class Close(IntEnum):
    """Why a socket ended. After 4400 to 4405 the browser must not come back by itself."""

    GONE = 1001  # the browser went; there is nothing left to close
    BROKEN = 1011  # our fault
    BAD_PROTOCOL = 4400
    SESSION_ENDED = 4401
    NOT_PERMITTED = 4403
    ROOM_GONE = 4404
    TOO_MANY_SOCKETS = 4405  # the member has opened others since
    TOO_SLOW = 4409  # come back and go on from where you are
    TOO_FAST = 4429  # come back more slowly
    DRAINING = 4503  # this server is going; come back
