"""News of this storey, in the past tense, sent inside the transaction that made it true."""

from django.dispatch import Signal

membership_began = Signal()  # membership: Membership
membership_ended = Signal()  # membership: Membership; left, suspended, or the account was deactivated
theme_merged = Signal()  # old: Theme, about to be deleted; new: Theme, under which everything of it stands from now on
access_ended = Signal()  # member: Member, whose account was taken out of use: suspended, closed or lapsed
account_closed = Signal()  # member: Member, as they were; erase: bool, whether their words go too
address_changed = Signal()  # member: Member, who has another address; was: str, the one that they had before
data_asked_for = Signal()  # wanted: DataExport, to be packed
profile_shown = Signal()  # member: Member, who shows others a part of their profile that they kept to themselves before
mailbox_bounced = Signal()  # member: Member; a mail server says that there is no such mailbox
signed_out_everywhere = Signal()  # member: Member; by themselves, by an administrator, or with a way to sign in
session_ended = Signal()  # session_key: str; signed out elsewhere, or everywhere at once

# Not inside a transaction: sent once, in the server's event loop, before it stops. Receivers may be coroutines.
stop_requested = Signal()
