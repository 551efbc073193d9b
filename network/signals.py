"""News of this storey, in the past tense, sent inside the transaction that made it true."""

from django.dispatch import Signal

membership_began = Signal()  # membership: Membership
membership_ended = Signal()  # membership: Membership; left, suspended, or the account was deactivated
account_closed = Signal()  # member: Member, as they were; erase: bool, whether their words go too
data_asked_for = Signal()  # wanted: DataExport, to be packed
mailbox_bounced = Signal()  # member: Member; a mail server says that there is no such mailbox

# Not inside a transaction: sent once, in the server's event loop, before it stops. Receivers may be coroutines.
stop_requested = Signal()
