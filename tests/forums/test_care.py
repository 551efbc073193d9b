"""What somebody is warned of before they post, what they are not warned of, and that they can go on."""

from __future__ import annotations

import re
import time

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from forums import care, markup
from forums.actions.posts import reply
from forums.actions.threads import start_thread
from forums.care import concerns
from forums.models import Draft, Post, Practice, Thread
from network.models import Member, Organisation, OrganisationDomain
from network.models.organisation import names_of_suppliers
from tests.cast import Cast, sign_in

SUPPLIERS = ["Acme Software Ltd", "Bright (UK) Limited", "IT"]

NINO, NHS, PHONE, EMAIL = "National Insurance", "NHS", "phone", "email"
HOME, BORN, BANK, CARD, VEHICLE = "home address", "date of birth", "bank account", "payment card", "vehicle"
PASSWORD, KEY, TOKEN = "password", "key", "token"
PRICE, MARKING = "price", "marking"

WARNED = [
    ("My number is QQ 12 34 56 C.", NINO),
    ("ab123456d", NINO),
    ("AB-12-34-56-A", NINO),
    ("The patient is 943 476 5919", NHS),
    ("NHS number: 9434765919", NHS),
    ("Ring me on 07700 900123", PHONE),
    ("+44 (0)20 7946 0958", PHONE),
    ("(01632) 960 123, ask for Jo", PHONE),
    ("Write to jo.bloggs@gmail.com", EMAIL),
    ("jo@supplier.co.uk.", EMAIL),
    ("She lives at 12 Acacia Avenue, Exampletown EX1 2AB", HOME),
    ("Flat 3\n47b Long Lane\nEX12 4AD", HOME),
    ("born 12/03/1984", BORN),
    ("DOB: 3 March 1984", BORN),
    ("date of birth is 1984-03-12", BORN),
    ("sort code 12-34-56, account 12345678", BANK),
    ("4111 1111 1111 1111", CARD),
    ("paid with 378282246310005", CARD),
    ("His car is AB12 CDE", VEHICLE),
    ("password: hunter", PASSWORD),
    ("The password is Summer2024!", PASSWORD),
    ("api_key = 'k3y0123456789abc'", KEY),
    ("AKIAIOSFODNN7EXAMPLE", KEY),
    ("-----BEGIN RSA PRIVATE KEY-----\nMIIE", KEY),
    ("Authorization: Bearer abcdef1234567890abcdef12", TOKEN),
    ("postgres://site:s3cret@db.internal/site", PASSWORD),
    ("https://jo:s3cret@intranet.example.org/", PASSWORD),
    ("Acme Software quoted £12,000 a year", PRICE),
    ("We pay 1.2 million pounds to Bright for it", PRICE),
    ("OFFICIAL-SENSITIVE\n\nThe report", MARKING),
    ("It is marked OFFICIAL: SENSITIVE", MARKING),
    ("**Commercial in confidence**", MARKING),
    ("[TOP SECRET]", MARKING),
    ("LEGALLY PRIVILEGED AND CONFIDENTIAL", MARKING),
    ("Exempt by paragraph 3 of Part 1 of Schedule 12A to the Act", MARKING),
]
NOT_WARNED = [
    "Our order is GB123456A, and DA123456A is no such number",
    "AB12 34 56 CD",
    "943 476 5918",
    "invoice 9434765919",
    "https://www.example.gov.uk/case/943 and https://example.org/07700900123/4111111111111111",
    "Ring the help desk on 0300 123 4567 or 0800 123 4567",
    "01-02-2024 10:30, 01 02 2024 1030, 2024-02-01",
    "version 1.2.3.4, 10.0.0.1, 1,234,567,890",
    "Write to jo.bloggs@leeds.gov.uk, enquiries@supplier.co.uk or you@example.com",
    "@Bob Belongs said so, and so did @Fay",
    "County Hall, 1 High Street, Exampletown EX1 2AB",
    "We look at postcodes such as EX1 2AB",
    "born in 1984, on the 3rd",
    "12-03-24 to 13-03-24, file 20240312",
    "4111 1111 1111 1112",
    "room AB12 CDE",
    "The password is changed every month. Password: required. Passwords are a pain.",
    "password: <your password>, API key: see the vault",
    "a bearer of good news; the tokens are hashed",
    "postgres://user:password@host/name and http://localhost:8000",
    "We saved £12,000 a year",
    "Acme Software is what we use.\n\nWe saved £12,000 elsewhere",
    "IT costs us £12,000 a year",
    "How do you handle OFFICIAL-SENSITIVE data in it? Is it official sensitive?",
    "NOT PROTECTIVELY MARKED",
    "OFFICIAL",
    "Read CLIENT_SECRET from the environment. The secret is out.",
    "How do you record exempt information, and what is commercial in confidence?",
    "In part 2 of this series we look at planning",
    "",
]


@pytest.mark.parametrize(("text", "kind"), WARNED)
def test_it_warns(text: str, kind: str) -> None:
    found = concerns(text, suppliers=SUPPLIERS)

    assert [kind in concern.kind for concern in found] == [True], found
    assert " ".join(found[0].words.split()) in " ".join(text.split())


@pytest.mark.parametrize("text", NOT_WARNED)
def test_it_does_not_warn(text: str) -> None:
    assert concerns(text, suppliers=SUPPLIERS) == []


def test_each_thing_is_named_once_and_in_the_order_of_the_text() -> None:
    found = concerns("07700 900123, then QQ123456C, then 07700900123 and QQ 12 34 56 C")

    assert [(concern.kind, concern.words, concern.place) for concern in found] == [
        ("a phone number", "07700 900123", 0),
        ("a National Insurance number", "QQ123456C", 19),
    ]


def test_ones_own_address_is_ones_own() -> None:
    assert concerns("Jo@Gmail.com", own=["jo@gmail.com"]) == []


def test_how_long_it_takes_goes_with_the_length_whatever_the_text() -> None:
    """A pattern that looks at the same place again and again takes a hundred times as long for ten times the text."""
    pieces = ["a", "1", "1 ", "07", "eyJ", "a@", "a.", "password: ", "£1 acme software ", "12-34-56 ", "[", "> ", "x:/"]
    pieces += ["-", "(", "\n", " ", "AB12 CDE ", "1 A ", "LS1 4AB ", "1 High Street LS1 4AB ", "bearer ", "http://"]
    slow = []
    for piece in pieces:
        took = []
        for length in (markup.MAX_LENGTH // 10, markup.MAX_LENGTH):
            text = (piece * (length // len(piece) + 1))[:length]
            began = time.process_time()
            concerns(text, suppliers=SUPPLIERS * 50)
            took.append(time.process_time() - began)
        if took[1] > 1 and took[1] > 40 * took[0]:
            slow.append((piece, took))

    assert slow == []


# In the forms


@pytest.fixture
def thread(cast: Cast) -> Thread:
    return start_thread(cast.ai, by=cast.fay, theme=cast.theme, title="Minutes", source="Who records meetings?")


def browser_of(member: Member) -> Client:
    client = Client()
    sign_in(client, member)
    return client


def sent(client: Client, address: str, **fields: str) -> str:
    return client.post(address, fields, follow=True).content.decode()


def warned(page: str) -> str:
    """What the form remembers of the warning."""
    found = re.search(r'name="warned" value="([^"]+)"', page)
    assert found
    return found[1]


def test_a_reply_is_sent_once_its_writer_says_so(cast: Cast, thread: Thread, caplog: pytest.LogCaptureFixture) -> None:
    client, address = browser_of(cast.bob), reverse("reply", args=[thread.pk])
    typed = {"source": "Ring 07700 900123, or write to jo@gmail.com", "quoting": "members"}

    page = sent(client, address, **typed)
    assert "This looks like a phone number: <strong>07700 900123</strong>" in page
    assert "a personal email address: <strong>jo@gmail.com</strong>" in page
    assert typed["source"] in page and re.search(r'value="members"[^>]* selected', page)
    assert "07700" not in warned(page) and "07700" not in caplog.text
    assert thread.posts.count() == 1 and not Draft.objects.exists()

    again = sent(client, address, **typed, warned=warned(page))
    assert "Look at this before you post" in again, "the button that sends asks again, the other goes on"
    sent(client, address, **typed, warned=warned(again), do="anyway")
    assert thread.posts.last().source == typed["source"]  # type: ignore[union-attr]


def test_what_is_new_since_the_warning_is_asked_too(cast: Cast, thread: Thread) -> None:
    client, address = browser_of(cast.bob), reverse("reply", args=[thread.pk])
    page = sent(client, address, source="Ring 07700 900123")

    page = sent(client, address, source="Ring 07700 900123\n\npassword: hunter2", warned=warned(page), do="anyway")
    assert "a password" in page and "a phone number" not in page
    # The first they agreed to.
    sent(client, address, source="Ring 07700 900123", warned=warned(page))
    assert thread.posts.count() == 2


def test_nobody_goes_on_from_a_warning_that_was_not_theirs(cast: Cast, thread: Thread) -> None:
    address = reverse("reply", args=[thread.pk])
    fays = warned(sent(browser_of(cast.fay), address, source="Ring 07700 900123"))

    for mark in (fays, "made up", ""):
        page = sent(browser_of(cast.bob), address, source="Ring 07700 900123", warned=mark, do="anyway")
        assert "Look at this before you post" in page
    assert thread.posts.count() == 1


def test_a_new_thread_is_looked_through_with_its_title_and_what_stands_beside(cast: Cast) -> None:
    client, address = browser_of(cast.bob), reverse("thread_new", args=[cast.ai.slug])
    typed = {
        "title": "Password: Summer2024",
        "kind": "practice",
        "theme": str(cast.theme.pk),
        "source": "All of it.",
        "tags": "QQ123456C",
        "tool": "Transcriber",
        "stage": "live",
        "outcome": "Ring 07700 900123",
        "differently": "OFFICIAL-SENSITIVE",
    }

    page = sent(client, address, **typed)
    for kind in ("a password", "a National Insurance number", "a phone number", "a protective marking"):
        assert f"This looks like {kind}" in page
    assert not Thread.objects.exists()
    sent(client, address, **typed, warned=warned(page), do="anyway")
    assert Practice.objects.get().outcome == typed["outcome"]


def test_an_edit_is_asked_only_about_what_it_adds(cast: Cast, thread: Thread) -> None:
    post = reply(thread, by=cast.bob, source="Ring 07700 900123")
    client, address = browser_of(cast.bob), reverse("post_edit", args=[thread.pk, post.number])

    sent(client, address, source="Do ring 07700 900123", seen=post.edition)
    post.refresh_from_db()
    assert post.source == "Do ring 07700 900123"
    page = sent(client, address, source="Ring 07700 900123 or 07700 900456", seen=post.edition)
    assert "07700 900456</strong>" in page and "07700 900123</strong>" not in page
    sent(client, address, source="Ring 07700 900456", seen=post.edition, warned=warned(page), do="anyway")
    assert Post.objects.get(pk=post.pk).source == "Ring 07700 900456"


def test_a_preview_and_a_draft_ask_nothing(cast: Cast, thread: Thread) -> None:
    client, address = browser_of(cast.bob), reverse("reply", args=[thread.pk])

    assert "Look at this" not in sent(client, address, source="Ring 07700 900123", do="preview")
    assert "Look at this" not in sent(client, address, source="Ring 07700 900123", do="draft")
    assert Draft.objects.get().fields["source"] == "Ring 07700 900123"
    assert "warned" not in Draft.objects.get().fields


# Who sells


def test_suppliers_are_those_of_the_register(
    cast: Cast, thread: Thread, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    acme = Organisation.objects.create(name="Acme Software Ltd", short_name="Acme", slug="acme")
    OrganisationDomain.objects.create(organisation=acme, domain="acme.example.org", source="person", kind="supplier")
    bright = Organisation.objects.create(name="Bright plc", short_name="Bright", slug="bright")
    for number in range(2):
        Member.objects.create_user(f"{number}@bright.example.org", organisation=bright, kind=Member.Kind.SUPPLIER)
    Organisation.objects.create(name="Partner", short_name="Partner", slug="partner")

    assert sorted(names_of_suppliers()) == ["Acme Software Ltd", "Bright plc"]
    with django_assert_num_queries(0):
        names_of_suppliers()
    page = sent(browser_of(cast.bob), reverse("reply", args=[thread.pk]), source="Bright asked for £900 a day")
    assert "a price of a supplier: <strong>Bright asked for £900</strong>" in page


def test_without_an_amount_nobody_asks_who_the_suppliers_are() -> None:
    assert not care.names_amounts("Acme Software is what 12 of us use")
    assert care.names_amounts("for £12k")
