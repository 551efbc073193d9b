"""The developers' page: every component with invented content, as a page would show it. Only in development."""

from __future__ import annotations

from datetime import datetime, timedelta
from types import SimpleNamespace as Thing
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from network.models import Member, MemberTool, Network, Notice, Organisation, Profile, Tag, Theme
from network.notifications import ShownNotice, Unread
from network.views.chart import Chart, Value

COUNTY = Organisation(
    name="Exampleshire County Council", short_name="Exampleshire", slug="exampleshire", kind="County council"
)
BOROUGH = Organisation(name="Sampleton Borough Council", short_name="Sampleton", slug="sampleton")
LONG = Organisation(
    name="North Placeholder and Upper Specimen Metropolitan Borough Council",
    short_name="North Placeholder and Upper Specimen",
    slug="north-placeholder",
)

PRIYA = Member(pk=11, name="Priya Raman", job_title="Digital programme manager", organisation=COUNTY)
TOM = Member(pk=12, name="Tom Okafor", job_title="Data engineer", organisation=BOROUGH)
WILHELMINA = Member(
    pk=13, name="Wilhelmina Featherstonehaugh-Abernathy", job_title="Head of service", organisation=LONG
)
Profile(member=PRIYA, help_with="Getting a pilot past the board, and stopping one that does not work")
Profile(member=TOM, shows_job_title=False)
Profile(member=WILHELMINA, help_with="Impact assessments")
TOOLS = [MemberTool(name="Power BI"), MemberTool(name="Python")]

AI = Network(
    name="AI Network",
    slug="ai",
    purpose="What works, what does not, and what other councils wish they had known. Key themes and best practice.",
    audience="every officer with an interest in AI",
    joining=Network.Joining.AT_ONCE,
    published_members=450,
    published_source="LGA, November 2024",
)
PRACTITIONERS = Network(
    name="AI Practitioners Network",
    slug="ai-practitioners",
    purpose="For those who build: approaches and solutions that go beyond off-the-shelf.",
    audience="officers who build or run AI themselves",
    joining=Network.Joining.BY_REQUEST,
    published_members=250,
    published_source="LGA, November 2024",
)

THEMES = [
    Theme(name="Adult social care", slug="adult-social-care", description="Time with people rather than with forms."),
    Theme(name="Planning", slug="planning", description="From a drawing to a decision."),
    Theme(name="Building trust and assurance", slug="trust", description="How we know that it works, and for whom."),
    Theme(name="Procurement and suppliers", slug="procurement", description="Asking the right questions early."),
]
TAGS = [Tag(name="transcription", slug="transcription"), Tag(name="dpia", slug="dpia")]


class SampleForm(forms.Form):
    """One field of each kind. Bound, it is wrong in several ways."""

    title = forms.CharField(
        max_length=150, help_text="Say it as you would to a colleague.", error_messages={"required": "Enter a title"}
    )
    email = forms.EmailField(
        label="Work email address",
        widget=forms.EmailInput(attrs={"autocomplete": "email", "spellcheck": "false"}),
        error_messages={"invalid": "Enter an email address in the correct format, like name@example.gov.uk"},
    )
    code = forms.CharField(
        label="Security code",
        error_messages={"required": "Enter the code from the email"},
        widget=forms.TextInput(attrs={"class": "govuk-input--width-10", "autocomplete": "one-time-code"}),
    )
    people = forms.IntegerField(
        label="How many people?", required=False, widget=forms.NumberInput(attrs={"class": "govuk-input--width-4"})
    )
    day = forms.DateField(label="On which day?", required=False, widget=forms.DateInput)
    starts = forms.DateTimeField(label="When does it start?", required=False, help_text="London time.")
    theme = forms.ChoiceField(
        choices=[("", "Choose a theme"), *((theme.slug, theme.name) for theme in THEMES)],
        error_messages={"required": "Choose a theme"},
    )
    kind = forms.ChoiceField(
        label="What kind of thread is it?",
        choices=[("discussion", "Discussion"), ("question", "Question"), ("practice", "We did this")],
        widget=forms.RadioSelect,
        error_messages={"required": "Choose the kind of thread"},
    )
    networks = forms.MultipleChoiceField(
        label="Who is it for?",
        choices=[("ai", "AI Network"), ("ai-practitioners", "AI Practitioners Network")],
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text="Choose all that apply.",
    )
    source = forms.CharField(
        label="What do you want to say?",
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 6}),
        error_messages={"max_length": "Your text can have at most 1,000 characters"},
    )
    agree = forms.BooleanField(
        label="I have read the ground rules",
        error_messages={"required": "Say that you have read the ground rules"},
    )


class Related:
    """Stands in for a related manager: `thread.tags.all`."""

    def __init__(self, *things: Any) -> None:
        self.things = list(things)

    def all(self) -> list[Any]:
        return self.things


def _thread(title: str, author: Member | None, at: datetime, **more: Any) -> Thing:
    fields: dict[str, Any] = {
        "title": title,
        "get_absolute_url": "#",
        "author": author,
        "author_name": str(author) if author else "The hub",
        "organisation": author.organisation if author else None,
        "kind": "discussion",
        "get_kind_display": "Discussion",
        "theme": THEMES[0],
        "network": AI,
        "tags": Related(),
        "reply_count": 0,
        "last_post_at": at,
        "is_locked": False,
        "is_unread": False,
    }
    return Thing(**fields | more)


def _threads(now: datetime) -> list[Thing]:
    return [
        _thread(
            "What did your equality impact assessment say about transcription in home visits?",
            PRIYA,
            now - timedelta(hours=2),
            kind="question",
            get_kind_display="Question",
            tags=Related(*TAGS),
            reply_count=7,
            is_unread=True,
        ),
        _thread(
            "We ran a planning validation pilot for six months: here is what we would not do again",
            TOM,
            now - timedelta(days=1),
            kind="practice",
            get_kind_display="We did this",
            theme=THEMES[1],
            reply_count=1,
        ),
        _thread("Discussion: Questions to ask before you buy", None, now - timedelta(days=3), theme=THEMES[3]),
        _thread(
            "Minutes of the July meeting", WILHELMINA, now - timedelta(days=40), network=PRACTITIONERS, is_locked=True
        ),
    ]


def _file(name: str, kind: str, size: int, *, is_clean: bool = True) -> Thing:
    return Thing(name=name, kind=kind, size=size, is_clean=is_clean, get_absolute_url="#post-2")


def _post(number: int, author: Member | None, at: datetime, html: str, *files: Thing, **more: Any) -> Thing:
    return Thing(
        pk=number,
        is_shown=True,
        files=files,
        number=number,
        author=author,
        author_name=str(author) if author else "The hub",
        organisation=author.organisation if author else None,
        written_at=at,
        html=html,
        get_absolute_url=f"#post-{number}",
        **more,
    )


def _posts(now: datetime) -> list[Thing]:
    return [
        _post(
            1,
            PRIYA,
            now - timedelta(hours=5),
            "<p>We are about to let social workers record visits and have the notes drafted. Our equality lead asks "
            "what happens with accents, with interpreters and with people who would rather not be recorded.</p>"
            "<p>What did you:</p><ul><li>ask the supplier to test?</li><li>test yourselves?</li>"
            "<li>decide <strong>not</strong> to use it for?</li></ul>"
            "<blockquote><p>Saying no must be as easy as saying yes.</p></blockquote>",
            quoting_words="May be quoted publicly",
            told=[("Tool", "Scribbler"), ("Stage", "Piloting"), ("Outcome", "An hour saved per visit.")],
        ),
        _post(
            2,
            WILHELMINA,
            now - timedelta(hours=2),
            '<p>We wrote ours in the open. Look at <a href="#post-1">the second part</a>, and at the field '
            "<code>consent_given_at</code>, which nobody had asked for until a carer did.</p>",
            _file("Questions for suppliers, agreed with the equality lead.docx", "Word document", 84_000),
            _file("Answers.xlsx", "Excel workbook", 1_240_000, is_clean=False),
            edited_at=now,
            reply_to=Thing(number=1, author_name=str(PRIYA)),
            address_answered="#post-1",
            given=[Thing(label="Thank you", count=3), Thing(label="We do this too", count=1)],
        ),
        _post(3, None, now, "<p>The guidance <em>Questions to ask before you buy</em> is published. Tell us here.</p>"),
    ]


def _questions(now: datetime) -> list[Thing]:
    """One that is being answered, one asked without a name, and one answered in writing."""
    return [
        Thing(
            number=number,
            body=body,
            state=state,
            get_state_display=words,
            state_at=now,
            author=author,
            organisation=organisation,
            unnamed_as=unnamed_as,
            answer=answer,
            is_shown=True,
            get_absolute_url="#",
        )
        for number, (body, state, words, author, organisation, unnamed_as, answer) in enumerate(
            [
                ("How did you get three services to agree?", "answering", "Being answered", PRIYA, COUNTY, "", ""),
                (
                    "Is the evaluation published?",
                    "waiting",
                    "Waiting",
                    TOM,
                    BOROUGH,
                    "An officer at a county council",
                    "",
                ),
                (
                    "Which model is it?",
                    "written",
                    "Answered in writing",
                    TOM,
                    BOROUGH,
                    "",
                    "The one that came with it.",
                ),
            ],
            start=1,
        )
    ]


def _messages(now: datetime) -> list[Thing]:
    said = [
        (PRIYA, "Good morning from Exampleshire! Can everybody hear the speaker?"),
        (TOM, "Loud and clear. Slides are at https://example.org/slides"),
        (
            WILHELMINA,
            "One question about the second slide: was the saving measured, or estimated by the supplier? We found that "
            "the two were far apart.\nHappy to share our sheet.",
        ),
    ]
    return [
        Thing(
            seq=number,
            author=author,
            author_id=author.pk,
            organisation=author.organisation,
            role="speaker" if author is TOM else "",
            get_role_display="Speaker",
            body=body,
            written_at=now + timedelta(minutes=number),
        )
        for number, (author, body) in enumerate(said, start=1)
    ]


def _polls(now: datetime) -> dict[str, Thing]:
    """One poll as it is before it is opened, while somebody votes and once they have, and after it has closed."""
    told = (("Not looked at it", 11, 23), ("Trying something", 26, 54), ("In daily use", 11, 23))
    options = [Thing(pk=place, text=text) for place, (text, _, _) in enumerate(told, start=1)]
    rows = [
        Thing(pk=place, text=text, votes=votes, share=share, is_own=place == 2)
        for place, (text, votes, share) in enumerate(told, start=1)
    ]
    title = "Where is your council with AI in planning?"
    results = Thing(title=title, rows=rows, voters=48, is_multiple=False)

    def seen(pk: int, state: str, label: str, **more: Any) -> Thing:
        poll = Thing(
            pk=pk,
            room_id=1,
            title=title,
            state=state,
            get_state_display=label,
            results="voted",
            get_results_display="Those who have voted, and everybody once it is closed",
            smallest=5,
            voters=0 if state == "draft" else 48,
            is_multiple=False,
            options=Related(*options),
            takes_votes=state == "open",
            has_ended=state == "closed",
        )
        return Thing(**{"poll": poll, "own": [], "results": None, "why_none": ""} | more)

    return {
        "draft": seen(1, "draft", "Not opened yet"),
        "open": seen(2, "open", "Open", why_none="You see the results once you have voted."),
        "projected": seen(5, "closed", "Closed", results=results),
        "closed": seen(3, "closed", "Closed", own=[2], results=results),
        "few": seen(
            4, "closed", "Closed", own=[2], why_none="Fewer than 100 people voted, so the results are not shown."
        ),
    }


def _chart() -> Chart:
    read = [12, 0, 2, 31, 44, 38, 52, 47, 61, 58, 12, 64]
    values = [Value(f"{7 * place + 1} days", str(height), height) for place, height in enumerate(read)]
    about = "Members who read something new, or came to a session."
    return Chart("readers", "Active readers", about, "After", "Active readers", "after", values)


@require_safe
def components(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    context: dict[str, Any] = {
        "county": COUNTY,
        "member": PRIYA,
        "people": [PRIYA, TOM, WILHELMINA],
        "profile_tools": TOOLS,
        "networks": [AI, PRACTITIONERS],
        "themes": THEMES,
        "tags": TAGS,
        "threads": _threads(now),
        "notes": [
            Thing(words="This thread was locked", at=now - timedelta(days=2)),
            Thing(
                words="Posts were moved here from another thread", at=now, title="Who records meetings?", address="#"
            ),
        ],
        "posts": _posts(now),
        "chat": _messages(now),
        "form": SampleForm(auto_id="sample_%s"),
        "wrong_form": SampleForm({"email": "priya", "source": "x" * 1010}, auto_id="wrong_%s"),
        "concerns": [
            Thing(kind="a phone number", words="07700 900123"),
            Thing(kind="a protective marking", words="OFFICIAL-SENSITIVE"),
        ],
        "composer_form": SampleForm(auto_id="composer_%s"),
        "chat_form": SampleForm(auto_id="chat_%s"),
        "notices_counted": Unread(2),
        "notices_shown": [
            ShownNotice(Notice(pk=1, at=now), "Amir Khan asks to join the AI Practitioners Network", "#"),
            ShownNotice(
                Notice(pk=2, at=now - timedelta(days=1)), "Tom Okafor replied to “What did your DPIA say?”", "#"
            ),
        ],
        "questions": _questions(now),
        "polls": _polls(now),
        "chart": _chart(),
        "parts": [
            Thing(title=title, anchor="pages")
            for title in ("Before you start", "Who decides", "What to ask a supplier", "Afterwards")
        ],
        "now": now,
        "soon": now + timedelta(days=9),
        "sooner": now + timedelta(days=9, hours=2),
        "past": now - timedelta(days=200),
        "today": timezone.localdate(),
        "swatches": ["ink", "pine", "pine-deep", "pine-bright", "mist", "gold", "madder", "leaf", "link"],
    }
    if not request.user.is_authenticated:
        context["csrf_token"] = "NOTPROVIDED"  # noqa: S105  no forms are sent from here, so no cookie is set for them
    return render(request, "network/components.html", context)
