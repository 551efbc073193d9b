"""What can become of a message besides that it was taken. Whatever else is an OSError: try it again later."""


class PerhapsTaken(OSError):
    """The other side had the whole message and did not say whether it takes it."""


class NeverTaken(OSError):
    """The other side will not take this message, however often it is tried; others it may."""
