from __future__ import annotations

import re

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from forums.actions.posts import reply
from forums.actions.threads import start_thread
from tests.cms.hub import make_hub


def test_x(cast):
    hub = make_hub()
    for n in range(3):
        t = start_thread(cast.ai, by=cast.fay, theme=cast.theme, title=f"T{n}", source="x", tags=["one"])
    reply(t, by=cast.bob, source="y")
    hub.publish_event("E", network=cast.ai, themes=[cast.theme])
    for who in ("bob", "fay"):
        c = Client()
        c.force_login(getattr(cast, who))
        for a in (
            "/networks/ai/",
            "/networks/ai/threads/",
            t.get_absolute_url(),
            "/unread/",
            "/themes/adult-social-care/",
            "/networks/",
            "/networks/ai/threads/new/",
        ):
            c.get(a)
            with CaptureQueriesContext(connection) as q:
                r = c.get(a)
            print("\n##", who, a, r.status_code, len(q))
            for x in q.captured_queries:
                s = x["sql"]
                s = re.sub(r"SELECT (.*?) FROM", lambda m: "SELECT .. FROM", s)
                print("   ", s[:330])
