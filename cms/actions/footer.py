"""The pages to which the foot of every page leads. A new hub has them from its first day: they say what the software
does, which is the same everywhere, and where whoever runs the hub has something to add."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import transaction

from cms.actions.pages import publish_page
from cms.models import HomePage, InformationPage
from cms.models.blocks import FOR_THE_OPERATOR
from forums.models import ModerationAct
from network.actions.intake import KEPT as LISTS_KEPT
from network.actions.invitations import KEPT as INVITATIONS_KEPT
from network.actions.mail import KEPT as MAIL_KEPT
from network.actions.mail import KEPT_ADDRESSES as ADDRESSES_KEPT
from network.actions.sessions import BROWSERS_KEPT
from network.models import DataExport
from network.notifications import ANSWERED_WITHIN

Block = tuple[str, Any]


def _heading(words: str) -> Block:
    return ("heading", words)


def _text(words: str) -> Block:
    return ("paragraph", f"<p>{words}</p>")


def _for_the_operator(words: str) -> Block:
    return ("callout", {"title": FOR_THE_OPERATOR, "text": f"<p>{words}</p>"})


_REPROVING = [
    _text(
        f"Once in {settings.REPROVE_MONTHS} months we ask you to show that your mailbox is still yours. If nobody "
        f"answers within {ANSWERED_WITHIN.days} days, the account cannot be used until you sign in with a code."
    )
][: bool(settings.REPROVE_MONTHS)]

# Address, title, summary and text.
_PAGES: list[tuple[str, str, str, list[Block]]] = [
    (
        "privacy",
        "Privacy",
        "What this site keeps about you, why, and who can see it.",
        [
            _heading("If you only read"),
            _text("Nothing. Reading the hub without signing in sets no cookie and asks nothing about you."),
            _text(
                "So that nobody can slow the search down for all, we count how often it is used from one network "
                "address by people who are not signed in. We keep a mark of the address, and not the address itself, "
                "for a minute."
            ),
            _heading("If you have an account"),
            (
                "list",
                [
                    "Your email address, to send you a code, to see which council you work for, and to write to you. "
                    "Why you were let in, and from which date.",
                    "Your name, your job title and your council, which members of your networks can see.",
                    "Your profile: what you can help with, a few words and a picture, the themes you follow and the "
                    "tools you use. All of it is up to you, and for each part you choose whether the members of your "
                    "networks or nobody can see it. We take the place and the camera out of a picture.",
                    "Why you asked to join a network, which its facilitators read, and what they answered.",
                    "What you write, with your council at the time. It stays when you leave a network.",
                    "Which threads you have read, so that we can show what is new. Only you can see it.",
                    "Which version of the ground rules you agreed to, and when.",
                ],
            ),
            _text(
                "All of this is kept for as long as you have an account. What is kept for a shorter time says so below."
            ),
            *_REPROVING,
            _heading("Where you are signed in"),
            _text(
                "For each browser in which you are signed in we keep what kind it is, the network address it came "
                "from, when you signed in and when it was last used, so that you can sign it out from elsewhere. It "
                "goes when you sign out or when the time is over, "
                f"{settings.MEMBER_SESSION_LONGEST.days} days after you signed in at the latest, and is cleared away "
                "within a day of that."
            ),
            _text(
                "We also remember which browsers you have signed in with, by a random cookie, so that we can write to "
                "you when a new one is used. We keep when each was first and last used and nothing about it or its "
                f"place. It goes {BROWSERS_KEPT.days} days after you last signed in with it."
            ),
            _text(
                "If you add a passkey or an authenticator app, we keep its name, when it was added and last used, and "
                "what is needed to check it. The secret of an app and your recovery codes are encrypted. They go when "
                "you remove them."
            ),
            _heading("Mail"),
            _text(
                "We keep that a mail was sent to you, of which kind and when, so that nothing is sent twice. We do not "
                "keep what it said, and we do not see whether you opened it. After "
                f"{MAIL_KEPT.days} days it goes; if you have no account, after {ADDRESSES_KEPT.days} days."
            ),
            _heading("If you have no account yet"),
            (
                "list",
                [
                    "An address that somebody typed to create an account, and that was not proved, goes after a day.",
                    "If a facilitator invites you, we keep your address, their words, why they vouch for you and when "
                    "the invitation ends. The facilitators of that network can see them. If you do not accept, they "
                    f"go {INVITATIONS_KEPT.days} days after the invitation has ended.",
                    "If an administrator lets in a list of people, we keep the name, address, organisation and job "
                    f"title that the list gives, and what became of each line. Lists go after {LISTS_KEPT.days} days.",
                    "If you ask to be let in, we keep where you work, why, and what was decided, as long as you have "
                    "an account.",
                ],
            ),
            _heading("Events of a network"),
            _text(
                "The joining link, the recording and the notes of an event are for those who may attend it. The hub's "
                "editors, who put them there, can see them too, whether they belong to the network or not."
            ),
            _heading("If something is reported"),
            _text(
                "What somebody reports is kept as it was then, for those who decide about it: its words stay with the "
                "report; a file that you remove, or a copy of the picture that your profile showed, goes within hours "
                "of their decision. What a facilitator does to a thread can be undone for "
                f"{ModerationAct.UNDOABLE_FOR.days} days. After that we delete what was there before."
            ),
            _heading("Who decided what"),
            _text(
                "If an administrator suspends or changes your account, we keep what was decided, when and why, as long "
                "as you have an account. Administrators can read it, and it is in the data that you can download."
            ),
            _text(
                "Decisions such as letting somebody into a network are recorded with who made them and when. Only "
                "administrators can read that record. It holds numbers of accounts and never what somebody wrote, and "
                "it stays when an account is closed, for as long as the site runs."
            ),
            _heading("Take your data along, or close your account"),
            _text(
                'You can <a href="/account/data/">download your data</a> at any time. The file can be fetched for '
                f"{DataExport.KEPT.days} days and only in the browser where you asked for it. Then it is deleted."
            ),
            _text(
                'You can <a href="/account/close/">close your account</a>. Your profile, your addresses and your '
                "settings are deleted at once, you are signed out everywhere, and your name becomes “Former member”. "
                "What you wrote stays for the others in the conversation, unless you have it erased too."
            ),
            _text(
                "If a network had suspended you, or asked you not to write for a while, that goes on when you come "
                "back. Until it is over we keep a note, without your name and without what was said, of the network, "
                "which of the two it was and until when, with a mark that can be compared with an address and from "
                "which none can be read. A suspension without an end is kept until you come back."
            ),
            _heading("Nobody else"),
            _text(
                "No page of this site asks another site for anything: no analytics, no fonts, no pictures from "
                "elsewhere. We do not sell or give away what we keep. A public body may have to disclose what is "
                "written here under freedom of information law."
            ),
            _for_the_operator(
                "Put the name of the data controller, the lawful basis, how long things are kept in backups and the "
                "contact for requests here."
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
        "Three, and only after you begin to sign in.",
        [
            _heading("Before you sign in"),
            _text("None."),
            _heading("When you sign in"),
            (
                "list",
                [
                    "sessionid: knows that you are signed in. It goes when you sign out.",
                    "csrftoken: makes sure that a form you send came from this site.",
                    f"{settings.BROWSER_COOKIE_NAME}: a random number by which we know that you have signed in with "
                    f"this browser before, so that we can write to you when it is a new one. It stays for "
                    f"{BROWSERS_KEPT.days} days.",
                ],
            ),
            _text(
                "All are needed for the site to work safely, so we do not ask whether you want them. There are no "
                "others."
            ),
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
            _text("Ask the people who run this site."),
            ("contact", None),
            _heading("Something in the software"),
            _text("Guildhall is open source. Open an issue where you found the code."),
            _for_the_operator("Say here how soon you answer, and how else people can reach you."),
        ],
    ),
    (
        "complaints",
        "How to complain",
        "What to do when something here is wrong, and what happens then.",
        [
            _heading("First"),
            _text(
                "If it is about what somebody said in a network, tell a facilitator: the page of the network says who "
                "they are. They can act at once."
            ),
            _heading("If that does not help"),
            _text(
                'Write to the people who run this site: the address is on the page <a href="/contact/">Contact</a>. '
                "Say what happened, where and when, and what you would like us to do. You can complain about a "
                "member, a facilitator, a decision, how we use your data, or the site itself."
            ),
            _heading("What happens next"),
            (
                "list",
                [
                    "We tell you that we have your complaint, and who looks into it.",
                    "Somebody who was not part of it looks into it, and hears both sides.",
                    "We write to you what we found and what we do about it.",
                    "If you do not agree, you can ask for somebody more senior to look at it again.",
                ],
            ),
            _heading("Beyond us"),
            (
                "list",
                [
                    "About how a council acted: the Local Government and Social Care Ombudsman, or the ombudsman of "
                    "your nation.",
                    "About how your data is used: the Information Commissioner's Office.",
                    "About a page that you cannot use: the Equality Advisory and Support Service.",
                ],
            ),
            _for_the_operator(
                "Say who answers, within how many working days, and who looks at a complaint a second time. Take out "
                "what does not apply to you."
            ),
        ],
    ),
]


def set_up_footer(home: HomePage) -> None:
    """Publishes what is missing of the pages to which the footer leads. What an editor made of them stays. Safe to
    repeat."""
    with transaction.atomic():
        for slug, title, summary, body in _PAGES:
            publish_page(home, InformationPage(slug=slug, title=title, summary=summary, body=body), by=None)


def retire_rules_page(home: HomePage) -> str:
    """The ground rules once were a page of the hub. Takes it out of the site, for its address now shows them in
    versions; it stays among the drafts of the admin. Returns its rules, one per line, or "" where there is no such
    page. Safe to repeat."""
    page = InformationPage.objects.child_of(home).live().filter(slug="ground-rules").first()
    if page is None:
        return ""
    rules = [str(rule) for block in page.body if block.block_type == "list" for rule in block.value]
    page.unpublish()
    return "\n".join(rules)
