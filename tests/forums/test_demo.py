from datetime import timedelta

from django.utils import timezone

import forums.demo
import network.demo
from forums.actions.rooms import schedule_room
from forums.models import Message, Poll, Post, Question, Room, Thread
from network.models import Network


def test_the_conversations_load_twice_with_the_same_result(db: None) -> None:
    now = timezone.now()
    network.demo.load(now)
    schedule_room(
        Network.objects.get(slug="ai"), title="Now", opens_at=now, closes_at=now + timedelta(hours=1), by=None
    )
    long_ago = now - timedelta(days=30)
    schedule_room(
        Network.objects.get(slug="ai"),
        title="Then",
        opens_at=long_ago,
        closes_at=long_ago + timedelta(hours=1),
        by=None,
    )
    forums.demo.load(now)
    first = (Thread.objects.count(), Post.objects.count(), Message.objects.count())
    polls = list(Poll.objects.order_by("opened_at").values_list("room__title", "state", "voters"))
    forums.demo.load(now)

    assert (Thread.objects.count(), Post.objects.count(), Message.objects.count()) == first
    assert first == (12, 12 + sum(len(one.replies) for one in forums.demo.CONVERSATIONS), len(forums.demo.CHAT))
    assert Room.objects.get(title="Now").last_seq == len(forums.demo.CHAT) + len(forums.demo.ASKED) + 1
    assert polls == [("Then", "closed", 6), ("Now", "open", 3)]
    assert Poll.objects.count() == len(polls)
    assert Poll.objects.get(state="closed").shows_results_to_everybody()
    assert Question.objects.count() == len(forums.demo.ASKED)
