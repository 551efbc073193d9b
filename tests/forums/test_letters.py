"""What somebody said in a mail, without what they answered; and which mails no person wrote."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress

import pytest

from forums.letters import MOST_CHARACTERS, MOST_INSIDE, MOST_PARTS, Unreadable, read_letter, said_in, text_of
from tests.forums import letters
from tests.forums.letters import message

WORDS = """We do it like this:

- record the meeting
- tell everybody first

Thanks, that is what helped us. Do you want our form?

Olive"""
NAME = "Olive Officer"


@pytest.mark.parametrize(
    "program",
    [letters.gmail, letters.outlook, letters.apple, letters.thunderbird, letters.original_message],
    ids=lambda program: program.__name__,
)
def test_what_was_said_is_all_that_is_left(program: Callable[[str], str]) -> None:
    assert said_in(program(WORDS), name=NAME) == WORDS


@pytest.mark.parametrize(
    "program",
    [letters.gmail_html, letters.outlook_html, letters.classic_outlook_html],
    ids=lambda program: program.__name__,
)
def test_of_html_too(program: Callable[[str], str]) -> None:
    said = said_in(text_of(program("We do &amp; you?</p><p>Here is <b>how</b>: <br>Ask first.")), name=NAME)

    assert [line for line in said.split("\n") if line] == ["We do & you?", "Here is how:", "Ask first."]


def test_lists_in_html_stay_lists() -> None:
    assert text_of("<p>First</p><ul><li>One</li><li>Two</li></ul><p>Last</p>") == "First\n\n- One\n- Two\n\nLast"


@pytest.mark.parametrize(
    "words",
    [
        "To: everybody who asked\nWe do.",
        "From: Monday on we record.\nTo: Friday we do not.",
        "Thanks, that helped.\n\nThis stays too.",
        "Thanks\n\nAlso, who reads them?",
        "Kind regards to your team\n\nWe do.",
        "On Monday the group wrote:\nwe are glad, and this stays.",
        "He said:\n\n> we record\n\nand I agree.",
        "One\n-two\n--three",
        "Title\n====\n\n    code  \n\nWords",
        "Sent from the front desk: they know.\n\nWe do.",
        "Subject: to change\n\nWe do.",
        "___\n\nWords below a line.",
    ],
)
def test_where_it_is_in_doubt_words_stay(words: str) -> None:
    assert said_in(words, name=NAME) == words.replace("  \n", "\n")


def test_answers_between_what_is_quoted_stay() -> None:
    text = "On 02/03/2026 09:12, Guildhall wrote:\n> Who records?\n\nWe do.\n\n> And who reads?\n\nNobody.\n"

    assert [line for line in said_in(text).split("\n") if line] == ["We do.", "Nobody."]


@pytest.mark.parametrize(
    "ending",
    [
        "\n\n-- \nOlive Officer\nDigital",
        "\n\nKind regards,\n\nOlive Officer\nDigital",
        "\n\nMany thanks\nOlive",
        "\n\nSent from Outlook for iOS",
        "\n\nGet Outlook for Android<https://aka.ms/x>",
        "\n\nSent from my iPad",
    ],
)
def test_a_signature_goes(ending: str) -> None:
    assert said_in(f"We do.{ending}\n", name=NAME) == "We do."


def test_of_nothing_but_a_quotation_nothing_is_left() -> None:
    for program in (letters.gmail, letters.apple, letters.original_message):
        assert said_in(program(""), name=NAME) == ""


@pytest.mark.parametrize(
    "line",
    [
        *("On a ", "On a\n", "On x wrote:\n", "From: a\n", "_", "__________\n", " \n", "> ", "> > On 2026\n"),
        *("\nTo:", "-- \n", "Kind regards\n", "many thanks ", "Sent from my ", "a" * 299 + "\n"),
        "On " + "> " * 200 + "\n",
    ],
)
def test_nothing_keeps_it_busy(line: str) -> None:
    text = line * (MOST_CHARACTERS // len(line))
    started = time.process_time()
    said_in(text, name=NAME)

    assert time.process_time() - started < 5


@pytest.mark.parametrize(
    "piece", ["<!--", "<![CDATA[", "<a ", "<div>", "<blockquote>", "&", "<p class='", "</p>", "<p>", "<b><p>"]
)
def test_html_built_to_be_hard_does_not_either(piece: str) -> None:
    html = piece * (MOST_CHARACTERS // len(piece))
    started = time.process_time()
    said_in(read_letter(bytes(message(html=html, to="x@example.org", sender="o@example.org"))).text, name=NAME)

    assert time.process_time() - started < 10


class TestReading:
    def read(self, text: str = "We do.", **changes: str) -> bool:
        return read_letter(bytes(message(text, to="x@example.org", sender="o@example.org", **changes))).is_automatic

    @pytest.mark.parametrize(
        "heads",
        [
            {"auto_submitted": "auto-replied"},
            {"auto_submitted": "Auto-Generated; owner=x"},
            {"precedence": "Bulk"},
            {"precedence": "junk"},
            {"precedence": "list"},
            {"x_auto_response_suppress": "All"},
            {"list_id": "<officers.example.org>"},
            {"return_path": "<>"},
            {"return_path": "<MAILER-DAEMON>"},
        ],
    )
    def test_a_mail_that_no_person_wrote_is_known(self, heads: dict[str, str]) -> None:
        assert self.read(**heads)

    def test_one_that_a_person_wrote_is_too(self) -> None:
        assert not self.read()
        assert not self.read(auto_submitted="no", precedence="normal", return_path="<o@example.org>")

    @pytest.mark.parametrize(
        ("sender", "is_bounce"), [("", True), ("<>", True), ("MAILER-DAEMON", True), ("o@x", False)]
    )
    def test_the_envelope_counts_before_the_head(self, sender: str, is_bounce: bool) -> None:
        raw = bytes(message("We do.", to="x@example.org", sender="o@example.org", return_path="<o@example.org>"))

        assert read_letter(raw, return_path=sender).is_automatic is is_bounce

    def test_a_report_of_the_mail_server_is_known(self) -> None:
        head = b"From: a@example.org\nTo: b@example.org\nContent-Type: multipart/report; boundary=x\n\n"
        raw = head + b"--x\n\nGone\n--x--\n"

        assert read_letter(raw).is_automatic

    def test_a_mail_that_goes_round_is_known(self) -> None:
        assert read_letter(b"Received: by x\n" * 51 + b"From: a@example.org\n\nWords").is_automatic

    def test_plain_text_counts_before_html_and_files_are_counted(self) -> None:
        mail = message("Plain.", html="<p>HTML</p>", to="x@example.org", sender="O <O@Example.org>", files=2)
        letter = read_letter(bytes(mail))

        assert (letter.text.strip(), letter.is_html, letter.files) == ("Plain.", False, 2)
        assert letter.sender == "o@example.org"
        assert letter.message_id == "one@mail.example.org"

    def test_a_text_file_is_no_text_and_a_picture_in_a_signature_no_file(self) -> None:
        mail = message("Plain.", to="x@example.org", sender="o@example.org")
        mail.add_attachment("Minutes", filename="minutes.txt")
        mail.add_attachment(b"x", "image", "png", cid="<logo>", filename="logo.png", disposition="inline")
        letter = read_letter(bytes(mail))

        assert (letter.text.strip(), letter.files) == ("Plain.", 1)

    @pytest.mark.parametrize("charset", ["utf-8", "iso-8859-1", "windows-1252", "no-such-charset"])
    def test_any_charset_is_read(self, charset: str) -> None:
        words = "Café".encode("utf-8" if charset.startswith("no-") else charset)
        raw = f"From: a@example.org\nContent-Type: text/plain; charset={charset}\n\n".encode() + words

        assert read_letter(raw).text == "Café"

    def test_several_senders_are_none(self) -> None:
        assert read_letter(b"From: a@example.org, b@example.org\n\nWords").sender == ""
        assert read_letter(b"From: a@example.org\nFrom: b@example.org\n\nWords").sender == ""

    @pytest.mark.parametrize(
        "raw", [b"", b"\0\xff\xfe", b"From: =?x?y?z?=\nContent-Type: multipart/mixed\n\n", b":\n:\n"]
    )
    def test_what_is_no_mail_breaks_nothing(self, raw: bytes) -> None:
        assert read_letter(raw).sender in ("", "=?x?y?z?=")

    def test_one_with_too_many_parts_is_refused(self) -> None:
        part = b"--x\n\nWords\n"
        raw = b"Content-Type: multipart/mixed; boundary=x\n\n" + part * (MOST_PARTS + 1) + b"--x--\n"
        with pytest.raises(Unreadable):
            read_letter(raw)

    def test_parts_within_parts_break_nothing(self) -> None:
        raw = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(3_000))
        with pytest.raises(Unreadable):
            read_letter(raw)


@pytest.mark.parametrize(
    ("head", "body"),
    [
        ('Content-Type: text/plain; x="' + ";" * 100_000, "We do."),
        ("Content-Type: text/plain; charset=punycode", "a" * 200_000 + "-" + "99" * 100_000),
        ("Cc: " + "(" * 40_000, "We do."),
        ("X: y\r\n" * 1_000_000 + "X: y", "We do."),
    ],
    ids=["what a part is", "a charset", "comments", "heads"],
)
def test_no_mail_keeps_the_site_busy_whoever_sent_it(head: str, body: str) -> None:
    began = time.monotonic()
    with suppress(Unreadable):
        read_letter(f"From: olive@example.gov.uk\r\nTo: replies@example.org\r\n{head}\r\n\r\n{body}".encode())

    assert time.monotonic() - began < 3


def test_a_name_of_hosts_is_no_charset() -> None:
    raw = b"From: olive@example.gov.uk\r\nContent-Type: text/plain; charset=punycode\r\n\r\nWe do-it.\r\n"

    assert read_letter(raw).text.strip() == "We do-it."


def test_a_mail_of_a_million_lines_or_of_parts_in_parts_without_end_is_not_read() -> None:
    part = "Content-Type: multipart/mixed; boundary=b{0}\r\n\r\n--b{0}\r\n"
    for mail in ("\r\nWe do." * 1_000_000, "".join(part.format(n) for n in range(MOST_INSIDE + 2))):
        with pytest.raises(Unreadable):
            read_letter(mail.encode())
