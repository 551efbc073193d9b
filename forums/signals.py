"""News of this storey, in the past tense, sent inside the transaction that made it true."""

from django.dispatch import Signal

tag_taken_off = Signal()  # tag: Tag; no thread of some network has it any more, so perhaps nothing has
post_written = Signal()  # post: Post; of a member: a reply, or the first words of a thread
# Sent inside the transaction that asks for threads to be made of a session, with the `batch`.
threads_asked_for = Signal()
