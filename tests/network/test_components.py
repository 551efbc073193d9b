"""What pages are built of: form fields, ways between pages, times, the header, and the pages for errors."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django import forms
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.template import Context, Template
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from network.actions.notices import give_notice
from network.limits import LimitReached
from network.middleware import LimitsMiddleware
from network.models import Member, Membership, Viewer
from network.permissions import Refused
from network.views import errors
from network.views.components import components
from tests.cast import Cast, sign_in

ROOT = Path(__file__).resolve().parents[2]


class AForm(forms.Form):
    title = forms.CharField(
        help_text="Say it shortly.", widget=forms.TextInput(attrs={"class": "govuk-input--width-10"})
    )
    secret = forms.CharField(widget=forms.HiddenInput)
    day = forms.DateField()
    at = forms.DateTimeField(required=False)
    kind = forms.ChoiceField(choices=[("a", "First"), ("b", "Second")], widget=forms.RadioSelect)
    picks = forms.MultipleChoiceField(choices=[("x", "X"), ("y", "Y")], widget=forms.CheckboxSelectMultiple)
    theme = forms.ChoiceField(choices=[("", "Choose"), ("care", "Care")])
    words = forms.CharField(widget=forms.Textarea, max_length=10)
    agree = forms.BooleanField(label="I agree")
    address = forms.EmailField(widget=forms.EmailInput(attrs={"autocomplete": "email"}))

    def clean(self) -> None:
        self.add_error(None, "These do not go together")


def rendered(template: str, **context: Any) -> str:
    return Template("{% load components %}" + template).render(Context(context))


def field(name: str, data: dict[str, Any] | None = None, arguments: str = "", **initial: Any) -> str:
    return rendered(f"{{% field form.{name} {arguments} %}}", form=AForm(data, initial=initial))


# Fields


def test_a_field_is_tied_to_its_label_and_hint() -> None:
    html = field("title")

    assert '<label class="govuk-label" for="id_title">Title</label>' in html
    assert '<div id="id_title_helptext" class="govuk-hint">Say it shortly.</div>' in html
    assert 'aria-describedby="id_title_helptext"' in html
    assert 'class="govuk-input govuk-input--width-10"' in html
    assert "required" not in html


def test_a_wrong_field_says_so_beside_it_and_keeps_what_was_typed() -> None:
    html = field("address", {"address": "<nobody>"})

    assert "govuk-form-group--error" in html
    assert 'id="id_address_error"' in html
    assert '<span class="govuk-visually-hidden">Error:</span> Enter a valid email address.' in html
    assert 'aria-describedby="id_address_error"' in html
    assert 'aria-invalid="true"' in html
    assert 'autocomplete="email"' in html
    assert 'value="&lt;nobody&gt;"' in html


def test_days_and_moments_get_the_browsers_own_picker_in_its_own_format() -> None:
    assert re.search(r'<input type="date" name="day" value="2025-06-03"', field("day", day=date(2025, 6, 3)))
    moment = datetime(2025, 6, 3, 13, 30, tzinfo=UTC)
    assert re.search(r'<input type="datetime-local" name="at" value="2025-06-03T14:30"', field("at", at=moment))


def test_a_picker_leaves_the_form_itself_as_it_was() -> None:
    form = AForm()
    rendered("{% field form.day %}", form=form)

    assert getattr(form.fields["day"].widget, "input_type", "") == "text"


def test_what_the_browsers_picker_sends_is_understood() -> None:
    form = AForm({"day": "2025-06-03", "at": "2025-06-03T14:30"})
    form.is_valid()

    assert form.cleaned_data["day"] == date(2025, 6, 3)
    assert form.cleaned_data["at"] == datetime(2025, 6, 3, 13, 30, tzinfo=UTC)


@pytest.mark.parametrize(("name", "kind", "chosen"), [("kind", "radio", "b"), ("picks", "checkbox", ["y"])])
def test_choices_stand_in_a_fieldset_with_a_legend(name: str, kind: str, chosen: Any) -> None:
    html = field(name, **{name: chosen})

    assert "<legend" in html
    assert html.count(f'type="{kind}"') == 2
    assert html.count(" checked") == 1
    assert f'for="id_{name}_1"' in html


def test_a_single_box_stands_before_its_words() -> None:
    html = field("agree")

    assert html.index('type="checkbox"') < html.index("I agree")
    assert 'class="govuk-checkboxes__input"' in html


def test_a_single_box_is_read_before_its_hint() -> None:
    html = field("agree", arguments="hint='You can take it back.'")

    assert html.index("I agree") < html.index('class="govuk-hint govuk-checkboxes__hint">You can take it back.')
    assert html.count("You can take it back.") == 1


def test_a_select_keeps_its_choice() -> None:
    assert re.search(r'<option value="care" selected>', field("theme", {"theme": "care"}))


def test_a_hidden_field_has_no_label() -> None:
    assert field("secret").strip() == '<input type="hidden" name="secret" id="id_secret">'


def test_a_counted_text_is_not_cut_off_by_the_browser() -> None:
    html = field("words", {"words": "x" * 11}, "count=10 rows=3")

    assert 'data-maxlength="10"' in html
    assert " maxlength" not in html
    assert 'rows="3"' in html
    assert 'aria-describedby="id_words_error id_words-info"' in html


def test_a_label_can_be_the_heading_of_the_page() -> None:
    assert "<h1" in field("title", arguments="heading=True size='l'")
    assert "govuk-visually-hidden" in field("title", arguments="quiet_label=True")


# What went wrong, above the form


def test_the_summary_leads_to_each_wrong_field() -> None:
    html = rendered("{% error_summary form %}", form=AForm({}))

    assert "There is a problem" in html
    assert '<a href="#id_title">' in html
    assert '<a href="#id_kind_0">' in html, "the first radio, for the group itself cannot have the focus"
    assert '<a href="#id_agree">' in html
    assert "<li>These do not go together</li>" in html
    assert "#id_secret" not in html, "nobody can go to a hidden field"


def test_there_is_no_summary_where_nothing_is_wrong() -> None:
    assert rendered("{% error_summary form other %}", form=AForm(), other=None).strip() == ""


# Buttons and ways


def test_a_button_sends_its_form_once() -> None:
    html = rendered('{% button "Post" name="do" value="post" style="secondary" detail="a reply" %}')

    assert '<button type="submit" class="govuk-button govuk-button--secondary"' in html
    assert 'data-prevent-double-click="true"' in html
    assert 'name="do" value="post"' in html
    assert 'Post<span class="govuk-visually-hidden"> a reply</span>' in html


def test_a_button_with_an_address_is_a_link() -> None:
    assert rendered('{% button "Start" href="/x/" %}').startswith('<a href="/x/" role="button"')


def test_the_way_down_begins_at_home_and_takes_names_and_addresses() -> None:
    html = rendered('{% breadcrumbs "Networks" "networks" "AI" "/networks/ai/" %}')

    assert re.findall(r'href="([^"]+)">([^<]+)<', html) == [
        ("/", "Home"),
        ("/networks/", "Networks"),
        ("/networks/ai/", "AI"),
    ]


@pytest.mark.parametrize(
    ("number", "count", "shown"),
    [
        (1, 1, []),
        (1, 2, ["1", "2"]),
        (1, 9, ["1", "2", "…", "9"]),
        (3, 9, ["1", "2", "3", "4", "…", "9"]),
        (4, 9, ["1", "2", "3", "4", "5", "…", "9"]),
        (6, 12, ["1", "…", "5", "6", "7", "…", "12"]),
        (9, 9, ["1", "…", "8", "9"]),
    ],
)
def test_pages_are_shown_around_this_one(rf: RequestFactory, number: int, count: int, shown: list[str]) -> None:
    html = rendered("{% pagination number count %}", request=rf.get("/?q=a&page=2"), number=number, count=count)

    found = re.findall(r'aria-label="Page (\d+)"|(&ctdot;)', html)
    assert [page or "…" for page, _ in found] == shown
    assert ('rel="prev"' in html) == (number > 1)
    assert ('rel="next"' in html) == (number < count)
    assert "page=2&amp;" not in html
    assert not shown or "?q=a&amp;page=1" in html


# Times


@pytest.mark.parametrize(
    ("at", "style", "words"),
    [
        (datetime(2025, 6, 3, 13, 30, tzinfo=UTC), "", "3 June 2025 at 2:30pm"),
        (datetime(2025, 1, 3, 10, 0, tzinfo=UTC), "time", "10am"),
        (datetime(2025, 1, 3, 12, 0, tzinfo=UTC), "time", "midday"),
        (datetime(2025, 1, 3, 0, 0, tzinfo=UTC), "time", "midnight"),
        (datetime(2025, 1, 3, 0, 5, tzinfo=UTC), "time", "12:05am"),
        (datetime(2025, 1, 3, 10, 0, tzinfo=UTC), "date", "3 January 2025"),
        (datetime(2025, 1, 3, 10, 0, tzinfo=UTC), "short", "3 Jan 2025"),
        (date(2025, 1, 3), "", "3 January 2025"),
    ],
)
def test_a_moment_is_london_time_in_plain_words(at: date, style: str, words: str) -> None:
    html = rendered("{% moment at style %}", at=at, style=style)

    assert re.fullmatch(rf'<time datetime="[^"]+">{words}</time>', html)


def test_a_period_names_the_day_once() -> None:
    start = datetime(2025, 1, 3, 10, tzinfo=UTC)

    def words(end: datetime) -> str:
        return re.sub(r"<[^>]+>", "", rendered("{% period start end %}", start=start, end=end))

    assert words(start + timedelta(hours=2, minutes=30)) == "3 January 2025, 10am to 12:30pm"
    assert words(start + timedelta(days=1)) == "3 January 2025 at 10am to 4 January 2025 at 10am"


def test_initials_are_of_the_first_and_the_last_name() -> None:
    assert rendered("{{ a|initials }} {{ b|initials }} {{ c|initials }}", a="Ada", b="Ann de la Mare", c="") == "A AM ?"


# The header


def header(rf: RequestFactory, viewer: Viewer | None, path: str = "/") -> str:
    request = rf.get(path)
    if viewer is None:
        return render_to_string("components/header.html")
    request.user = viewer
    return render_to_string("components/header.html", request=request)


def queries_of(render: Callable[[], str]) -> int:
    with CaptureQueriesContext(connection) as captured:
        render()
    return len(captured)


def queries_of_the_guests(rf: RequestFactory, viewer: Viewer) -> int:
    """What the packages above ask for in their corners of the header."""
    request = rf.get("/")
    request.user = viewer
    guests = ["meetings/hub_navigation.html"]
    if viewer.is_authenticated:
        guests.append("meetings/unread_badge.html")
    return sum(queries_of(lambda guest=guest: render_to_string(guest, request=request)) for guest in guests)


def test_an_anonymous_visitor_is_offered_to_sign_in_without_a_query_of_ours(rf: RequestFactory, db: None) -> None:
    nobody = AnonymousUser()
    guests = queries_of_the_guests(rf, nobody)

    assert queries_of(lambda: header(rf, nobody)) == guests
    html = header(rf, nobody)
    assert "Sign in" in html
    assert "Sign out" not in html
    assert "csrfmiddlewaretoken" not in html


def test_a_member_sees_their_own_networks_only(rf: RequestFactory, cast: Cast) -> None:
    assert "AI Practitioners Network" in header(rf, cast.bob)
    for outsider in cast.outsiders:
        html = header(rf, outsider)
        assert "AI Network" not in html
        assert "AI Practitioners Network" not in html
        assert "Join a network" in html


def test_the_header_takes_three_queries_however_much_is_new(rf: RequestFactory, cast: Cast) -> None:
    fay = Member.objects.with_whether_they_hold_rights().get(pk=cast.fay.pk)
    guests = queries_of_the_guests(rf, fay)
    requests = [Membership.objects.get(member=cast.amir)]
    give_notice("join_requested", requests[0].pk, [fay])
    assert queries_of(lambda: header(rf, fay)) - guests <= 3

    for membership in Membership.objects.filter(network=cast.practitioners):
        give_notice("join_requested", membership.pk, [fay])
    assert queries_of(lambda: header(rf, fay)) - guests <= 3


def test_new_notices_are_counted_and_their_menu_is_filled_when_it_opens(rf: RequestFactory, cast: Cast) -> None:
    assert "app-count" not in header(rf, cast.fay)
    give_notice("join_requested", Membership.objects.get(member=cast.amir).pk, [cast.fay])

    html = header(rf, cast.fay)
    assert re.search(r'app-count">1<span class="govuk-visually-hidden"> new', html)
    assert 'data-app-fill="/notices/menu/"' in html
    assert 'href="/notices/"' in html


def test_the_header_marks_where_one_is(rf: RequestFactory, cast: Cast) -> None:
    html = header(rf, cast.bob, "/networks/ai/")

    assert re.search(r'href="/networks/ai/" aria-current="page"', html)
    assert re.search(r'href="/networks/" aria-current="true"', html)


def test_the_header_stands_without_a_request(rf: RequestFactory) -> None:
    assert "Sign in" in header(rf, None)


# Errors


@pytest.fixture
def asked(rf: RequestFactory) -> HttpRequest:
    request = rf.get("/")
    request.user = AnonymousUser()
    return request


def test_a_refusal_gives_its_reason(asked: HttpRequest, db: None) -> None:
    response = errors.refused(asked, Refused("Only facilitators of this network can do this."))

    assert response.status_code == 403
    assert "Only facilitators of this network can do this." in response.content.decode()


def test_what_other_code_forbids_keeps_its_reason_to_itself(asked: HttpRequest, db: None) -> None:
    response = errors.refused(asked, PermissionError("row 17 of table secrets"))

    assert response.status_code == 403
    assert "secrets" not in response.content.decode()


def test_a_limit_reached_says_how_long_to_wait(asked: HttpRequest, db: None) -> None:
    def view(request: HttpRequest) -> HttpResponse:
        raise AssertionError

    reached = LimitReached("You can ask 10 times in a day. You can try again in 2 hours.", retry_after=4_000)
    response = LimitsMiddleware(view).process_exception(asked, reached)

    assert response is not None
    assert response.status_code == 429
    assert response["Retry-After"] == "4000"
    assert "10 times in a day" in response.content.decode()
    assert "in 2 hours" in response.content.decode()


def test_other_exceptions_are_left_alone(asked: HttpRequest) -> None:
    assert LimitsMiddleware(lambda request: HttpResponse()).process_exception(asked, ValueError()) is None


def test_the_page_for_our_own_mistakes_needs_no_database(asked: HttpRequest, django_assert_num_queries: Any) -> None:
    response = errors.failed(asked)

    assert response.status_code == 500
    assert "This is our mistake" in response.content.decode()


def test_even_when_that_page_fails_something_is_said(asked: HttpRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*args: Any, **kwargs: Any) -> str:
        raise RuntimeError("no templates")

    monkeypatch.setattr(errors, "render_to_string", fails)
    response = errors.failed(asked)

    assert response.status_code == 500
    assert "<title>" in response.content.decode()


def test_a_page_that_is_not_there_is_ours_and_leaves_no_cookie(client: Client, db: None) -> None:
    response = client.get("/no/such/page/")

    assert response.status_code == 404
    assert "<h1" in response.content.decode()
    assert not response.cookies


def test_a_form_without_its_token_is_asked_for_again(cast: Cast) -> None:
    client = Client(enforce_csrf_checks=True)
    sign_in(client, cast.bob)
    response = client.post("/networks/ai/leave/")

    assert response.status_code == 403
    assert "Please send that again" in response.content.decode()


# The developers' page, and the colours


def test_the_page_of_components_shows_them_all_and_leaves_no_cookie(asked: HttpRequest, db: None) -> None:
    html = components(asked).content.decode()
    pieces = {path.stem for path in (ROOT / "templates" / "components").glob("*.html")}
    source = (ROOT / "templates" / "network" / "components.html").read_text()
    # Pieces of the frame, or of others.
    inner = {
        "arrow",
        "attach",
        "attachments",
        "badge",
        "composer_draft",
        "composer_kept",
        "date_block",
        "default_button",
        "field_words",
        "flashes",
        "footer",
        "head",
        "header",
        "header_links",
        "header_menu_words",
        "label",
        "mark",
        "mentions",
        "notice_menu_list",
        "poll_outcome",
        "poll_results",
        "post_words",
        "preview",
        "practice",
        "thread_row",
    }
    tags = {"breadcrumbs", "button", "error_summary", "field", "pagination", "composer_advice"}

    assert pieces - inner - tags <= set(re.findall(r'components/(\w+)\.html"', source))
    assert all(f"{{% {tag}" in source for tag in tags - {"composer_advice"})
    assert "csrfmiddlewaretoken" not in html


def test_the_page_of_components_is_for_developers_only(client: Client, db: None) -> None:
    assert client.get("/development/components/").status_code == 404


def colours() -> dict[str, str]:
    source = (ROOT / "network" / "static" / "network" / "_settings.scss").read_text()
    return dict(re.findall(r"^\$app-([a-z-]+): (#[0-9a-f]{3,6});", source, re.MULTILINE))


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(digit * 2 for digit in colour[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize(
    ("text", "ground"),
    [
        *((text, ground) for text in ("ink", "ink-soft", "link", "pine") for ground in ("white", "mist", "gold-pale")),
        *((text, ground) for text in ("link-visited", "link-hover", "pine-bright") for ground in ("white", "mist")),
        *((text, "white") for text in ("madder", "leaf")),
        *(("white", ground) for ground in ("pine", "pine-deep", "pine-bright", "madder", "leaf")),
        ("ink", "gold"),
        ("ink", "madder-pale"),
        ("ink", "leaf-pale"),
        ("link", "madder-pale"),
        ("madder", "madder-pale"),
        ("mist-deep", "pine"),
        ("gold", "pine"),
    ],
)
def test_text_can_be_read_on_its_ground(text: str, ground: str) -> None:
    lighter, darker = sorted((luminance(colours()[text]), luminance(colours()[ground])), reverse=True)

    assert (lighter + 0.05) / (darker + 0.05) >= 4.5
