"""Demonstration content of this storey: two networks, their themes, and invented officers of invented councils.

Everybody here is made up, and their addresses are at example.org. What is said of the networks is fact, with source."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import BytesIO

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.conf import settings
from PIL import Image, ImageDraw

from network.actions.admission import open_account
from network.actions.factors import enrol_app
from network.actions.invitations import invite
from network.actions.membership import appoint_facilitator, approve_request, ask_to_join, join_network
from network.actions.networks import create_network
from network.actions.organisations import add_organisation
from network.actions.profile import HELLO, INTERESTS, MAIL, change_picture, change_profile
from network.actions.rules import agree_to_rules
from network.actions.themes import create_theme, pick_themes
from network.actions.welcome import pass_over
from network.models import GroundRules, Invitation, Member, Membership, Network, Organisation, Profile, Theme

LGA_SLIDES = "Local Government Association, “AI, Automation and Bots4Good”, November 2024"

# The key themes of the networks were shown as a picture that we do not have; this starting list is drawn from the rest
# of the same source and an interview of late 2024.
THEMES = {
    "social-care": ("Social care", "Time for people in adult social care and children's services."),
    "planning": ("Planning", "From validation to decision."),
    "front-door": ("Customer services and the digital front door", "How residents reach us and get an answer."),
    "places": ("Places and neighbourhoods", "Streets, waste, parks, and what residents report."),
    "trust": ("Building trust and assurance", "Transparency, impact assessments, equalities, oversight."),
    "procurement": ("Procurement and suppliers", "Buying responsibly, and what suppliers should show us."),
    "data": ("Data foundations", "Quality, sharing, retention and readiness."),
    "automation": ("Automation and RPA", "Repetitive tasks, with and without AI."),
    "skills": ("Skills and upskilling", "Learning, roles, and confidence to say no."),
    "generative-ai": ("Generative AI", "Assistants, drafting, summaries, and their limits."),
}


@dataclass(frozen=True, slots=True)
class Officer:
    name: str
    council: str  # slug
    job_title: str


COUNCILS = {
    "exampleshire": ("Exampleshire County Council", "Exampleshire", "county", "South East"),
    "sampleton": ("Sampleton Borough Council", "Sampleton", "non_metropolitan_district", "East Midlands"),
    "modelham": ("Modelham City Council", "Modelham", "metropolitan_district", "Yorkshire and The Humber"),
    "specimen": ("Specimen District Council", "Specimen", "non_metropolitan_district", "South West"),
    "placeholder": ("London Borough of Placeholder", "Placeholder", "london_borough", "London"),
    "guildhall-team": ("Guildhall team", "Guildhall team", "association", ""),
}

OFFICERS = {
    "fiona": Officer("Fiona Facilitator", "guildhall-team", "Community manager"),
    "hari": Officer("Hari Helper", "placeholder", "Digital participation lead"),
    "edward": Officer("Edward Editor", "guildhall-team", "Content editor"),
    "adele": Officer("Adele Administrator", "guildhall-team", "Service owner"),
    "maya": Officer("Maya Member", "exampleshire", "Digital programme manager"),
    "tom": Officer("Tom Technical", "modelham", "Lead data scientist"),
    "priya": Officer("Priya Planner", "sampleton", "Principal planning officer"),
    "gwen": Officer("Gwen Governance", "placeholder", "Head of information governance"),
    "callum": Officer("Callum Care", "exampleshire", "Adult social care innovation lead"),
    "sunita": Officer("Sunita Services", "specimen", "Customer services manager"),
    "owen": Officer("Owen Operations", "modelham", "Automation developer"),
    "henry": Officer("Henry Housing", "specimen", "Housing allocations officer"),
    "lena": Officer("Lena Libraries", "sampleton", "Library services manager"),
    "ravi": Officer("Ravi Robotics", "sampleton", "Automation analyst"),
    "ingrid": Officer("Ingrid Integration", "placeholder", "Integration developer"),
    "nadia": Officer("Nadia Newcomer", "specimen", "Policy officer"),
}

# Who came how many days ago: all others were here from the beginning.
NEWCOMERS = {"henry": 12, "lena": 6, "ravi": 7, "ingrid": 5}


@dataclass(frozen=True, slots=True)
class Told:
    """What an officer tells of themselves. `hides` are parts of it that nobody else sees."""

    help_with: str
    about: str
    themes: tuple[str, ...]  # slugs
    tools: tuple[str, ...]
    hides: tuple[str, ...] = ()


PROFILES = {
    "fiona": Told(
        "Finding the right person to ask, and where a question belongs",
        "I look after both networks. Write to me when you do not know where to begin.",
        ("skills", "trust"),
        (),
    ),
    "hari": Told(
        "Asking people what they think of a tool, and what to do with the answers",
        "I look after the AI Network beside my own work, with Fiona.",
        ("trust", "front-door"),
        (),
    ),
    "maya": Told(
        "Getting a pilot past the board, and stopping one that does not work",
        "I run a programme of nine pilots in social care and customer services. Three ended early, and I say why.",
        ("social-care", "front-door", "generative-ai"),
        ("Microsoft 365 Copilot", "Power BI"),
    ),
    "tom": Told(
        "Evaluation: test sets, baselines, and what a supplier's accuracy figure does not say",
        "Our team builds forecasting and classification models, and looks after what others have bought.",
        ("data", "generative-ai", "trust"),
        ("Python", "Azure OpenAI", "Power BI"),
    ),
    "priya": Told(
        "Validating planning applications, from the officer's side",
        "Eleven years in development management. I am learning what a model can be trusted with.",
        ("planning", "data"),
        ("QGIS",),
    ),
    "gwen": Told(
        "Impact assessments, transparency records and retention",
        "",
        ("trust", "procurement"),
        ("Microsoft 365 Copilot",),
        hides=("tools",),
    ),
    "callum": Told(
        "Transcription in home visits: consent, accents and interpreters",
        "I was a social worker for fourteen years before I came to this.",
        ("social-care",),
        (),
    ),
    "sunita": Told("Chat on a council's site: what residents really ask", "", ("front-door",), ("GOV.UK Notify",)),
    "owen": Told("Robots that read forms, and how to retire them", "", ("automation",), ("Power Automate", "UiPath")),
    # Somebody has reported it: it tells something of a person who was not asked.
    "henry": Told(
        "Letters about the housing register, in words that people use",
        "I am best reached at home after six. If I am out, Wendy Housing knows where.",
        ("front-door",),
        (),
    ),
}

# Shapes in place of faces: the people are invented, and so nobody is in the picture.
PICTURES = {"fiona": ("#0d4a47", "#e8b23a"), "tom": ("#43307a", "#dbe8f7"), "callum": ("#7a3513", "#fae5d6")}

# Shown when the demonstration starts: whom to sign in as, and what they can do.
SIGN_INS = {
    "maya": "a member of both networks",
    "nadia": "an officer who has not joined a network yet",
    "fiona": "facilitates both networks",
    "hari": "facilitates the AI Network, and knows nothing of the other",
    "edward": "publishes guidance (after signing in, open /admin/)",
    "adele": "administers the site (at /administration/)",
}

# What the authenticator apps of the invented staff would share with us, so that they can be tried without a phone.
# Known to everybody, and therefore made in a demonstration only, which answers this machine alone.
APP_SECRETS = {
    "fiona": "FIONAFACILITATESFORALL2345672345",
    "hari": "HARIHELPSONENETWORKONLY234567234",
    "edward": "EDWARDEDITSALLDAYLONG23456723456",
    "adele": "ADELEADMINISTERSTHEHUB2345672345",
}


def app_codes() -> list[tuple[str, str]]:
    """Name and present code of each invented member of staff."""
    counter = int(time.time()) // settings.MFA_TOTP_PERIOD
    return [
        (OFFICERS[nickname].name, format_hotp_value(hotp_value(secret, counter)))
        for nickname, secret in APP_SECRETS.items()
    ]


def address(nickname: str) -> str:
    """Of an invented officer: maya@exampleshire.example.org."""
    return f"{nickname}@{OFFICERS[nickname].council}.example.org"


def member(nickname: str) -> Member:
    """Raises DoesNotExist before `load` has run."""
    found: Member = Member.objects.get(email=address(nickname))
    return found


def load(now: datetime) -> None:
    """Makes what is missing; safe to run again."""
    councils = _councils()
    ai, practitioners = _networks()
    began = now - timedelta(days=200)
    came = {nickname: now - timedelta(days=days) for nickname, days in NEWCOMERS.items()}
    for nickname, officer in OFFICERS.items():
        open_account(
            address(nickname),
            name=officer.name,
            organisation=councils[officer.council],
            job_title=officer.job_title,
            now=came.get(nickname, began),
        )
    for nickname, secret in APP_SECRETS.items():
        if not Authenticator.objects.filter(user=member(nickname), type=Authenticator.Type.TOTP).exists():
            enrol_app(member(nickname), secret, by=None)
    for days, nickname in enumerate(OFFICERS):
        if nickname not in ("fiona", "hari", "edward", "adele", "ravi", "ingrid", "nadia"):
            _join(ai, nickname, came.get(nickname, began + timedelta(days=days)))
    _facilitate(ai, "fiona", began)
    _facilitate(ai, "hari", began)
    _facilitate(practitioners, "fiona", began)
    for nickname in PROFILES:
        _tell(nickname)
    for days, (nickname, reason) in enumerate(APPLICATIONS.items()):
        _be_let_in(practitioners, nickname, reason, came.get(nickname, began + timedelta(days=10 + days)))
    _ask(practitioners, "priya", "I am building a validation check for planning applications with our data team.", now)
    _invite(practitioners, "iris@inventive-software.example.org", now)


# At ten times the scale the two networks have the sizes that were published of them.
CROWD = {"ai": 45, "ai-practitioners": 25}
CROWD_AT_MOST = 10
SYNTHETIC = "synthetic-"  # their addresses begin so


def load_crowd(scale: int, now: datetime) -> None:
    """Synthetic officers, so named, who belong to the networks: for trying and measuring how the site is with many.
    Safe to run again. Needs what `load` makes."""
    councils = list(Organisation.objects.filter(slug__in=COUNCILS).exclude(slug="guildhall-team").order_by("slug"))
    scale = min(scale, CROWD_AT_MOST)
    networks = {network.slug: network for network in Network.objects.filter(slug__in=CROWD)}
    began = now - timedelta(days=200)
    for number in range(1, scale * max(CROWD.values()) + 1):
        council = councils[number % len(councils)]
        officer = open_account(
            f"{SYNTHETIC}{number:04}@{council.slug}.example.org",
            name=f"Synthetic Officer {number:04}",
            organisation=council,
            job_title="Synthetic member",
            now=began,
        )
        if rules := GroundRules.objects.unanswered_by(officer):
            agree_to_rules(rules, by=officer, now=began)
        joined = began + timedelta(hours=number)
        for slug, size in CROWD.items():
            if (
                number <= scale * size
                and not Membership.objects.filter(network=networks[slug], member=officer).exists()
            ):
                _admit(networks[slug], officer, joined)


def has_crowd() -> bool:
    return bool(Member.objects.filter(email__startswith=SYNTHETIC).exists())


def crowd(network: Network) -> list[Member]:
    """The synthetic officers who belong to a network."""
    here = Membership.objects.active().filter(network=network, member__email__startswith=SYNTHETIC)
    return list(Member.objects.filter(pk__in=here.values("member")).select_related("organisation").order_by("email"))


def _admit(network: Network, officer: Member, at: datetime) -> None:
    if network.joining == Network.Joining.AT_ONCE:
        join_network(network, by=officer, now=at)
    else:
        request = ask_to_join(network, by=officer, reason="A synthetic member.", now=at)
        approve_request(request, by=member("fiona"), now=at)


APPLICATIONS = {
    "tom": "I lead our data science team; we run two models in production and would like company.",
    "owen": "I build our automations and am adding language models to them.",
    "maya": "I look after the programme in which our developers work.",
    "gwen": "I review what our developers build before it goes live.",
    "ravi": "I am moving our robots to a new platform and would like to know what others kept.",
    "ingrid": "I connect our case systems, and two of our suppliers now offer agents.",
}


def _councils() -> dict[str, Organisation]:
    return {
        slug: add_organisation(
            slug=slug,
            name=name,
            short_name=short_name,
            domains=[f"{slug}.example.org"],
            kind=kind,
            region=region,
            by=None,
        )
        for slug, (name, short_name, kind, region) in COUNCILS.items()
    }


def _networks() -> tuple[Network, Network]:
    ai = create_network(
        slug="ai",
        name="AI Network",
        purpose="Officers share what works in local government: the themes that occupy councils, and good practice.",
        audience="Every local government officer with an interest in AI, whatever their job.",
        joining=Network.Joining.AT_ONCE,
        published_members=450,
        published_source=LGA_SLIDES,
        order=1,
        by=None,
    )
    practitioners = create_network(
        slug="ai-practitioners",
        name="AI Practitioners Network",
        purpose="People who build and run AI in councils compare approaches that go beyond products off the shelf.",
        audience="Technical officers: developers, data scientists, architects, and those who assure their work.",
        joining=Network.Joining.BY_REQUEST,
        question="What are you building or running, and what would you like to compare with others?",
        published_members=250,
        published_source=LGA_SLIDES,
        order=2,
        by=None,
    )
    themes = [
        create_theme(slug=slug, name=name, description=description, by=None)
        for slug, (name, description) in THEMES.items()
    ]
    pick_themes(ai, themes, by=None)
    technical = ("data", "generative-ai", "automation", "trust", "procurement", "planning", "social-care")
    pick_themes(practitioners, [theme for slug in technical for theme in themes if theme.slug == slug], by=None)
    return ai, practitioners


def _tell(nickname: str) -> None:
    """Once: what somebody changes in the demonstration stays."""
    told, officer = PROFILES[nickname], member(nickname)
    if Profile.objects.filter(member=officer).exists():
        return
    change_profile(
        by=officer,
        name=officer.name,
        job_title=officer.job_title,
        help_with=told.help_with,
        about=told.about,
        themes=Theme.objects.filter(slug__in=told.themes),
        tools=told.tools,
        shows=dict.fromkeys(told.hides, False),
    )
    for step in (MAIL, INTERESTS, HELLO):
        pass_over(step, by=officer)
    if nickname in PICTURES:
        change_picture(by=officer, upload=_shapes(*PICTURES[nickname]), alt="A circle over a square", shows=True)


def _shapes(ground: str, shape: str) -> BytesIO:
    """A geometric picture, as a PNG file."""
    side = 400
    picture = Image.new("RGB", (side, side), ground)
    draw = ImageDraw.Draw(picture)
    draw.rectangle((60, 200, 340, 400), fill=shape)
    draw.ellipse((110, 50, 290, 230), fill=shape, outline=ground, width=12)
    file = BytesIO()
    picture.save(file, "PNG")
    file.seek(0)
    return file


def _row(network: Network, nickname: str) -> Membership | None:
    return Membership.objects.filter(network=network, member=member(nickname)).first()


def _agree(nickname: str, at: datetime) -> None:
    rules = GroundRules.objects.unanswered_by(member(nickname))
    if rules is not None:
        agree_to_rules(rules, by=member(nickname), now=at)


def _join(network: Network, nickname: str, at: datetime) -> None:
    if _row(network, nickname) is None:
        _agree(nickname, at)
        join_network(network, by=member(nickname), now=at)


def _ask(network: Network, nickname: str, reason: str, at: datetime) -> None:
    if _row(network, nickname) is None:
        _agree(nickname, at)
        ask_to_join(network, by=member(nickname), reason=reason, now=at)


def _be_let_in(network: Network, nickname: str, reason: str, at: datetime) -> None:
    if _row(network, nickname) is None:
        _agree(nickname, at)
        request = ask_to_join(network, by=member(nickname), reason=reason, now=at)
        approve_request(request, by=member("fiona"), now=at + timedelta(days=1))


def _invite(network: Network, email: str, at: datetime) -> None:
    if not Invitation.objects.filter(network=network, email=email).exists():
        invite(
            network,
            email,
            by=member("fiona"),
            kind=Member.Kind.SUPPLIER,
            words="Your platform came up in our last session. Come and answer what was asked.",
            note="Builds the platform that three members share.",
            now=at,
        )


def _facilitate(network: Network, nickname: str, at: datetime) -> None:
    row = _row(network, nickname)
    if row is None or row.role != Membership.Role.FACILITATOR:
        _agree(nickname, at)
        appoint_facilitator(network, member(nickname), by=None, now=at)
