"""News of this storey, in the past tense, sent inside the transaction that made it true."""

from django.dispatch import Signal

thread_started = Signal()  # thread: Thread; by a member, or by the site itself
post_written = Signal()  # post: Post; a reply, not the first words of a thread
