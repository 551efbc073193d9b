# ruff: noqa
from __future__ import annotations
import os
from datetime import timedelta
import pytest
from django.utils import timezone
from forums.actions.hosting import begin_answering
from forums.actions.messages import Saying, say, say_together
from forums.actions.questions import ask_question
from forums.models import Question, Room
from tests.journeys.test_walk_hosting import *  # noqa
from tests.journeys.test_walk_hosting import room, yan, questions, look
from forums.models import HeldMessage


def test_pics(browse, cast, room, yan, questions):
    begin_answering(questions[0], by=cast.bob)
    for n in range(4):
        ask_question(room, by=cast.fay, body=f"And how did you deal with number {n}, which everybody has?")
    Room.objects.filter(pk=room.pk).update(holds_questions=True, held_words="zyzzyva")
    room.refresh_from_db()
    ask_question(room, by=yan, body="May I ask something that waits?")
    import uuid

    say_together(room.pk, [Saying(yan.pk, "My zyzzyva is here", uuid.uuid4())])
    for n in range(3):
        say(room, by=cast.fay, body=f"Some words that are said in the room {n}")
    for width, name in ((360, "host-360"), (1280, "host-wide")):
        page = browse(cast.bob, width=width)
        page.goto(f"/rooms/{room.pk}/host/")
        page.wait_for_timeout(1500)
        page.screenshot(path=f"{os.environ['PICS']}/{name}.png", full_page=True)
        page.screenshot(path=f"{os.environ['PICS']}/{name}-first.png")
    page = browse(yan, width=360)
    q = Question.objects.filter(author=yan, state="waiting").first()
    page.goto(q.get_absolute_url())
    page.screenshot(path=f"{os.environ['PICS']}/question-360.png", full_page=True)
    page.goto(q.get_absolute_url() + "withdraw/")
    page.screenshot(path=f"{os.environ['PICS']}/withdraw-360.png", full_page=True)
