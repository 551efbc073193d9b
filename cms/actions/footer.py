"""The pages to which the foot of every page leads. A new hub has them from its first day: they say what the software
does, which is the same everywhere, and where whoever runs the hub has something to add."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from cms.actions.pages import publish_page
from cms.models import HomePage, InformationPage

Block = tuple[str, Any]


def _heading(words: str) -> Block:
    return ("heading", words)


def _text(words: str) -> Block:
    return ("paragraph", f"<p>{words}</p>")


def _for_the_operator(words: str) -> Block:
    return ("callout", {"title": "For whoever runs this site", "text": f"<p>{words}</p>"})


# Address, title, summary and text.
_PAGES: list[tuple[str, str, str, list[Block]]] = [
    (
        "ground-rules",
        "Ground rules",
        "How we talk with each other here.",
        [
            (
                "list",
                [
                    "What is said in a network stays in the network. Share what you learnt, not who said it.",
                    "Never write about a resident in a way that anybody could recognise.",
                    "Say what you know and how you know it. “I have not tried this” is a good beginning.",
                    "Tell us whom you work for. Whoever sells to councils is welcome where they are asked.",
                    "Disagree with the idea. If you would not say it at a colleague's desk, do not write it here.",
                ],
            ),
            _heading("When something is wrong"),
            _text("Tell a facilitator of the network: its page says who they are."),
        ],
    ),
    (
        "privacy",
        "Privacy",
        "What this site keeps about you, why, and who can see it.",
        [
            _heading("If you only read"),
            _text("Nothing. Reading the hub without signing in sets no cookie and asks nothing about you."),
            _heading("If you sign in"),
            (
                "list",
                [
                    "Your email address, to send you a code and to see which council you work for.",
                    "Your name, your job title and your council, which members of your networks can see.",
                    "What you write, with your council at the time. It stays when you leave a network.",
                    "Which threads you have read, so that we can show what is new. Only you can see it.",
                ],
            ),
            _heading("Events of a network"),
            _text(
                "The joining link, the recording and the notes of an event are for those who may attend it. The hub's "
                "editors, who put them there, can see them too, whether they belong to the network or not."
            ),
            _heading("Who decided what"),
            _text(
                "Decisions such as letting somebody into a network are recorded with who made them and when. Only "
                "administrators can read that record."
            ),
            _heading("Nobody else"),
            _text(
                "No page of this site asks another site for anything: no analytics, no fonts, no pictures from "
                "elsewhere."
            ),
            _for_the_operator(
                "Put the name of the data controller, the lawful basis, how long things are kept and the contact for "
                "requests here."
            ),
        ],
    ),
    (
        "accessibility",
        "Accessibility",
        "How far this site can be used by everybody, and what to do where it cannot.",
        [
            _text(
                "We want everybody to be able to use this site: with a keyboard, a screen reader, at 400 per cent "
                "zoom, on a small phone, with your own colours, and with JavaScript switched off."
            ),
            _heading("How it is tested"),
            _text(
                "Every kind of page is checked by a program for the rules of WCAG 2.2 at level AA whenever the "
                "software changes. A program finds only part of what can be wrong; people find the rest. The pages in "
                "which editors write come from Wagtail; those for writing, publishing and taking down a page are "
                "checked too."
            ),
            _heading("What we know is not right yet"),
            _text("Live rooms have not yet been tested with enough people who use screen readers."),
            _for_the_operator(
                "A public body must publish its own statement, with a contact and the way to complain. Put it here."
            ),
        ],
    ),
    (
        "cookies",
        "Cookies",
        "Two, and only after you begin to sign in.",
        [
            _heading("Before you sign in"),
            _text("None."),
            _heading("When you sign in"),
            (
                "list",
                [
                    "sessionid: knows that you are signed in. It goes when you sign out.",
                    "csrftoken: makes sure that a form you send came from this site.",
                ],
            ),
            _text("Both are needed for the site to work, so we do not ask whether you want them. There are no others."),
        ],
    ),
    (
        "contact",
        "Contact",
        "Whom to ask about what.",
        [
            _heading("Something in a network"),
            _text("Ask its facilitators: they are named on the page of the network."),
            _heading("Something on the hub"),
            _text("Ask whoever runs this site."),
            ("contact", None),
            _heading("Something in the software"),
            _text("Guildhall is open source. Open an issue where you found the code."),
            _for_the_operator("Say here how soon you answer, and how else people can reach you."),
        ],
    ),
]


def set_up_footer(home: HomePage) -> None:
    """Publishes what is missing of the pages to which the footer leads. What an editor made of them stays. Safe to
    repeat."""
    with transaction.atomic():
        for slug, title, summary, body in _PAGES:
            publish_page(home, InformationPage(slug=slug, title=title, summary=summary, body=body), by=None)
