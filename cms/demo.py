"""Demonstration content of the hub: what `load` publishes, in our own words.

Figures come from public sources and stand beside their source and date; where two sources differ, both are shown. A
real council appears only as the subject of a public fact. Events, and everybody in them, are invented.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict
from django.utils import timezone
from wagtail.models import Page

from cms.actions.attendance import add_event
from cms.actions.footer import set_up_footer
from cms.actions.pages import publish_page, republish_page, set_up_site
from cms.actions.searches import follow_search, note_fruitless_search, save_search
from cms.actions.session_record import approve_item, decide_over_item, draft_record
from cms.forms import SearchForm
from cms.models import (
    EventPage,
    EventRoom,
    FruitlessSearch,
    GuidancePage,
    HomePage,
    InformationPage,
    RecordItem,
    SectionPage,
)
from cms.permissions import can_approve_record
from forums.actions.hosting import (
    begin_answering,
    mark_answered,
    merge_question,
    park_question,
    refuse_question,
    write_answer,
)
from forums.actions.messages import say
from forums.actions.pins import pin_message
from forums.actions.questions import ask_question
from forums.actions.reports import report_from_outside
from forums.actions.session_threads import ask_for_threads, make_threads, note_recording
from forums.models import Case, Question, Report, Room
from network.demo import member
from network.models import Network, Organisation, Theme
from network.search import Filters

Block = tuple[str, Any]

# Sources, as they stand beside a figure.
SLIDES = "Local Government Association (LGA) slides, “AI, Automation and Bots4Good”"
INTERVIEW = "PublicTechnology interview with the LGA's digital policy adviser"
BULLETIN = "LGA bulletin"
SURVEY_2024 = "Local Government Association (LGA) survey of English councils, quoted by PublicTechnology"
SURVEYS = "LGA surveys of English councils"
SURVEY_2025 = "LGA survey of English councils"
UNDATED = "date of publication not recorded"

SUMMARY_OF_A_SOURCE = "Summary of a public source, not written by the council."
CLAIM = (
    "Summary of a public source, not written by the council. Savings are claims of those who made the tool or ran the "
    "project; the hub has not checked them."
)


def heading(words: str) -> Block:
    return ("heading", words)


def text(*paragraphs: str) -> Block:
    return ("paragraph", "".join(f"<p>{words}</p>" for words in paragraphs))


def points(*items: str) -> Block:
    return ("list", list(items))


def figures(*rows: tuple[str, str, str, str]) -> Block:
    return ("figures", [dict(zip(("value", "words", "source", "date"), row, strict=True)) for row in rows])


def callout(title: str, words: str) -> Block:
    return ("callout", {"title": title, "text": f"<p>{words}</p>"})


@dataclass(frozen=True, slots=True)
class Guidance:
    slug: str
    title: str
    summary: str
    themes: tuple[str, ...]
    days_ago: int  # published, and not reviewed since: the oldest is overdue
    body: list[Block]
    tags: tuple[str, ...] = ()
    discuss_in: str = ""


@dataclass(frozen=True, slots=True)
class Plain:
    slug: str
    title: str
    summary: str
    body: list[Block] = field(default_factory=list)
    themes: tuple[str, ...] = ()
    attribution: str = ""
    councils: tuple[str, ...] = ()  # local authority codes of the register


@dataclass(frozen=True, slots=True)
class Event:
    """`starts` is counted from the moment of loading; whole days later it starts at `at`, London time."""

    slug: str
    title: str
    summary: str
    starts: timedelta
    lasts: timedelta
    network: str
    themes: tuple[str, ...]
    programme: list[tuple[str, str, str]]  # title, who, what it is about
    at: time | None = None
    record: str = ""
    places: int | None = None  # people sign up for it where there is a number
    signed_up: tuple[str, ...] = ()  # in this order; who comes after the last place waits


HOME = {
    "headline": "Put AI to work in your council, with people who have tried it",
    "summary": (
        "Guidance, real use cases and two networks of council officers who share what worked, what did not and what "
        "they would ask next time."
    ),
}
HOME_FIGURES = [
    ("85%", "of councils were using or exploring AI", SURVEY_2024, "February 2024"),
    ("91%", "of councils were using or exploring AI, a year later", SURVEY_2025, "early 2025"),
    ("3 in 5", "councils named lack of funding as the biggest barrier", SURVEY_2025, "2025"),
]

SECTIONS: dict[str, dict[str, Any]] = {
    "guidance": {
        "title": "Guidance",
        "summary": "How to explore AI and automation responsibly: written for officers, kept under review.",
        "listing": SectionPage.Listing.NEWEST,
        "show_in_menus": True,
    },
    "use-cases": {
        "title": "Use cases",
        "summary": "What councils have tried, as public sources tell it. Claims are marked as claims.",
        "show_in_menus": True,
    },
    "showcase": {
        "title": "Technology Innovation Showcase",
        "summary": "Four challenges, set by councils and answered by suppliers, on 14 November 2024.",
    },
    "events": {
        "title": "Events",
        "summary": "Sessions of the networks, each with a live room for its members.",
        "listing": SectionPage.Listing.EVENTS,
        "show_in_menus": True,
    },
    "about": {
        "title": "About the hub",
        "summary": "What this is, who it is for, and how it is looked after.",
    },
}

SHOWCASE_BODY: list[Block] = [
    heading("Challenge first"),
    text(
        "Usually a supplier shows what it has and a council looks for a use. The showcase turned this round. Councils "
        "sent statements that begin “How can we”: problems of theirs which they believed AI and smart tools could help "
        "with. Four were chosen for being common to many councils, able to grow, and likely to bring people together. "
        "A council that owns such a statement is its challenge owner."
    ),
    text(
        "Suppliers that answered agreed to work in the open. They met eligibility criteria, were vetted in line with "
        "assurance that exists and assurance that was new, and had support and feedback on deploying their tools "
        "responsibly. Small firms were wanted beside large ones. A concluding report followed."
    ),
    heading("In figures, from two sources"),
    text("The sources count differently. Both are shown; we do not know which is right."),
    figures(
        ("96", "statements sent in by councils", SLIDES, "November 2024"),
        ("92", "statements sent in by councils", INTERVIEW, "late 2024"),
        ("73", "unique solutions offered", SLIDES, "November 2024"),
        ("Over 70", "vendors took part", INTERVIEW, "late 2024"),
    ),
    heading("The four challenges"),
]

GUIDANCE = [
    Guidance(
        slug="where-councils-are",
        title="Where councils are with AI",
        summary="What surveys say about use, barriers and benefits, and how to read figures that do not agree.",
        themes=("generative-ai", "skills"),
        days_ago=401,
        tags=("surveys", "readiness"),
        discuss_in="ai",
        body=[
            text(
                "If your council has just begun, you are in good company. If it has not begun, you are no longer in "
                "the majority, and that is a reason to look around rather than to hurry."
            ),
            heading("How many use or explore it"),
            figures(
                ("85%", "of councils were using or exploring AI", SURVEY_2024, "February 2024"),
                ("91%", "of councils were using or exploring AI", SURVEY_2025, "early 2025"),
                ("51%", "of those who answered were at an early stage", SURVEY_2024, "February 2024"),
            ),
            text(
                "The other side of the same question has its own pair of figures. Do not subtract one survey from the "
                "other: they asked different councils at different times."
            ),
            figures(
                ("19%", "of councils did not use AI", "Trade press, quoting the survey", "February 2024"),
                (
                    "11%",
                    "of councils did not use AI",
                    "Trade press, quoting the later survey",
                    "December 2024 to February 2025",
                ),
            ),
            heading("What kinds they use"),
            text(
                "The surveys speak of four kinds: perceptive AI, which recognises; predictive AI, which estimates; "
                "generative AI, which drafts; and simulation AI, which tries things out. Automation stands beside them "
                "and often does more for less."
            ),
            figures(
                ("7 in 10", "of the councils that use AI used generative AI", SURVEYS, "2024"),
                ("Over 4 in 5", "of the councils that use AI used generative AI", SURVEYS, "2025"),
                ("1 in 33", "used simulation AI", SURVEYS, "2024"),
                ("1 in 14", "used simulation AI", SURVEYS, "2025"),
            ),
            heading("Where it is used"),
            figures(
                (
                    "Over 4 in 5",
                    "in corporate functions such as HR, administration, procurement, finance and cyber security",
                    SURVEY_2025,
                    "2025",
                ),
                ("Over 2 in 5", "in adult social care and health", SURVEY_2025, "2025"),
                ("3 in 10", "in children's services", SURVEY_2025, "2025"),
            ),
            heading("What it brings and what holds it back"),
            figures(
                ("About a third", "saw gains in productivity and efficiency", SURVEY_2025, "2025"),
                ("1 in 5", "had saved money", SURVEY_2025, "2025"),
                ("3 in 5", "named lack of funding as the biggest barrier", SURVEY_2025, "2025"),
            ),
            callout(
                "What these figures do not say",
                "Using or exploring may mean one pilot or two thousand licences. Ask what a neighbour means before you "
                "compare yourself with them.",
            ),
        ],
    ),
    Guidance(
        slug="buying-ai-responsibly",
        title="Buying AI responsibly: who asks what",
        summary="Five roles, and the questions each should have answered before a contract is signed.",
        themes=("procurement", "trust"),
        days_ago=71,
        tags=("suppliers", "impact assessment"),
        discuss_in="ai",
        body=[
            text(
                "“Responsibly buying AI”, published on 16 April 2025 by the Local Government Association, LOTI, the "
                "Equality and Human Rights Commission and the Information Commissioner's Office, is arranged by role. "
                "That is its best idea: everybody can find the page that is theirs. This is our short companion to it, "
                "not a summary of it."
            ),
            heading("Commissioners and project managers"),
            points(
                "What would we do if this did not exist? If you cannot say, the need is not clear yet.",
                "Whose work changes, and have they been asked?",
                "How will we know in six months that it is worth keeping?",
            ),
            heading("Procurement"),
            points(
                "Can suppliers of every size answer what we ask, or only those with a department for answering?",
                "How can we leave, and what do we take with us?",
                "What do we pay if we use it less than we thought?",
            ),
            heading("Contract owners"),
            points(
                "Who tells us when the model behind the product changes?",
                "What is measured every month, and who looks at it?",
            ),
            heading("Information governance and data protection"),
            points(
                "What goes in, where does it go, and who else can read it?",
                "Is what we put in used to train anything?",
                "When is it deleted, and who can show that it was?",
            ),
            heading("Equalities"),
            points(
                "With whom was it tested, and who was missing?",
                "What happens to somebody for whom it works badly: do they notice, and whom can they tell?",
            ),
            callout(
                "Before there is a procurement",
                "How to talk with suppliers early, openly and without giving anybody an advantage is still an open "
                f"question in the sector. (Source: {SLIDES}, November 2024.)",
            ),
        ],
    ),
    Guidance(
        slug="building-trust",
        title="Building trust: show your working",
        summary="Assurance is a habit, not a certificate. What to publish, what to ask for, and who can help.",
        themes=("trust",),
        days_ago=183,
        tags=("transparency", "assurance"),
        discuss_in="ai-practitioners",
        body=[
            text(
                "Residents need not understand a model to trust a council that uses one. They need to see that "
                "somebody decided, that somebody looks, and that somebody can be asked."
            ),
            heading("Publish what you use"),
            points(
                "Keep a public page of the tools that touch people's lives, with the person who answers for each.",
                "Say where a person reviews the outcome, and where none does.",
                "Write it for the resident, then link to the record for the expert.",
            ),
            heading("What good looks like for a supplier"),
            text(
                "A supplier that manages its own AI well can say how: who is responsible, how risks are found, what "
                "happens after an incident. AI Management Essentials was made to help with this. Ask for the answers, "
                "not for the logo."
            ),
            heading("You are not alone in this"),
            text(
                "Guidance for councils has been developed with the Information Commissioner's Office, the Equality and "
                "Human Rights Commission, LOTI and other partners of local government. Assurance with key technology "
                "companies is coordinated through central government's strategic supplier team "
                f"(source: {SLIDES}, November 2024)."
            ),
            heading("An impact assessment in one sitting"),
            points(
                "What is decided, and about whom?",
                "What could go wrong for one person, and for many at once?",
                "How would we notice, and how soon?",
                "Who can stop it today?",
            ),
        ],
    ),
    Guidance(
        slug="generative-ai-at-your-desk",
        title="Generative AI at your desk: a start you can undo",
        summary="Rules for the first month with an assistant: small, written down, easy to take back.",
        themes=("generative-ai", "skills"),
        days_ago=47,
        tags=("assistants", "first steps"),
        discuss_in="ai",
        body=[
            heading("Begin with work that is yours"),
            text(
                "Draft a letter you would have written anyway. Summarise a report you have read. You can tell at once "
                "whether it is right, and nobody else depends on it."
            ),
            heading("Three rules that fit on a card"),
            points(
                "Nothing goes in that you would not put on a postcard, unless the council has said that it may.",
                "You sign it, so you have read it: every name, every number, every source.",
                "Say that you used it when somebody would want to know.",
            ),
            heading("Grow by counting"),
            text(
                "Choose one thing to count before you begin, such as the minutes a case note takes. A pilot without a "
                "number from before it can only end in opinions."
            ),
            figures(
                (
                    "300 to 2,000",
                    "licences for Microsoft 365 Copilot at Barnsley: the pilot, and what it grew to",
                    "Public account of the project, summarised by the hub; not written by the council",
                    "early access from September 2023",
                ),
            ),
            heading("When to stop"),
            text(
                "Stop when people begin to check less because it has been right so far. That is the moment at which an "
                "assistant becomes a risk."
            ),
        ],
    ),
    Guidance(
        slug="automation-first",
        title="Automation first: when a rule is enough",
        summary="Much of what is asked of AI is better done by plain automation. How to tell which you need.",
        themes=("automation", "data"),
        days_ago=240,
        tags=("rpa", "repetitive tasks"),
        discuss_in="ai-practitioners",
        body=[
            text(
                "Robotic process automation does what it is told, every time, and can say why. If you can write the "
                "rule down, automate the rule."
            ),
            heading("A test with four questions"),
            points(
                "Would two colleagues decide the same case the same way? Then it is a rule.",
                "Does the input arrive in the same shape every time? Then you need no model to read it.",
                "Must you explain each outcome to the person it is about? A rule explains itself.",
                "Would one wrong answer in a hundred be acceptable? If not, do not use something that guesses.",
            ),
            heading("Mend the process before you speed it up"),
            text("A form that asks twice for the same address will, once automated, ask twice much faster."),
            heading("Where the two meet"),
            text(
                "Let a model sort what comes in and a rule act on it, with a person for whatever the model is unsure "
                "of. Write down the threshold, and who may change it."
            ),
            figures(
                ("Over 200", "digital technologies are used by an average council", INTERVIEW, "late 2024"),
            ),
        ],
    ),
    Guidance(
        slug="data-foundations",
        title="Data foundations: what to mend before you begin",
        summary="Five checks on the data behind any project, in the order in which they save time.",
        themes=("data",),
        days_ago=140,
        tags=("data quality", "retention"),
        body=[
            heading("Can you find it"),
            text(
                "Name the system, the table and the person who knows what the codes mean. If any is missing, stop here."
            ),
            heading("May you use it"),
            text(
                "People gave it for one purpose. Ask your information governance colleagues early, with a sentence "
                "that says what you want to do, not with a tool's brochure."
            ),
            heading("Is it complete enough"),
            points(
                "Count the empty fields, by year and by service.",
                "Ask who is missing altogether: those who never call are in nobody's call data.",
                "Look at twenty records yourself before anybody looks at twenty thousand.",
            ),
            heading("Is it still true"),
            text("An address from 2016 is history. Decide how old is too old before a model learns from it."),
            heading("Can you let it go"),
            text(
                "Copies made for a pilot outlive the pilot. Put the date of deletion in the diary on the day you copy."
            ),
        ],
    ),
    Guidance(
        slug="a-digital-front-door",
        title="A digital front door that knows when to fetch somebody",
        summary="Chat, search and booking for residents: where they help, and how to hand over to a person.",
        themes=("front-door", "generative-ai"),
        days_ago=102,
        tags=("chatbots", "residents"),
        discuss_in="ai",
        body=[
            heading("Start from why people call"),
            text("Listen to fifty calls. The ten commonest reasons are your scope; everything else goes to a person."),
            heading("Answer from your own pages"),
            text(
                "An assistant can be no better than what you have published. Mend the page that is wrong, and the "
                "answer mends itself, for the people who never use the assistant as well."
            ),
            heading("Hand over well"),
            points(
                "Offer a person at once when somebody writes of danger, debt, grief or a child.",
                "Pass on what was said, so that nobody has to say it twice.",
                "Say when somebody will answer, and keep to it.",
            ),
            heading("Make it work for everybody"),
            text(
                "Test with a screen reader, at 400 per cent zoom, with a keyboard alone, and in the words your "
                "residents use. Keep the telephone."
            ),
            callout(
                "One of the showcase's challenges",
                "How to put in place a digital front door to a council's information and services was one of four "
                f"challenges of the Technology Innovation Showcase. (Source: {SLIDES}, November 2024.)",
            ),
        ],
    ),
    Guidance(
        slug="time-with-people",
        title="Time with people: AI in social care practice",
        summary="Note-taking, forms and letters: what practitioners, and those they visit, should be able to expect.",
        themes=("social-care", "trust"),
        days_ago=26,
        tags=("case notes", "consent"),
        discuss_in="ai",
        body=[
            text(
                "The aim is more time with people who need support, and less with forms. Keep that sentence at hand: "
                "it decides most arguments."
            ),
            heading("Ask so that no is easy"),
            points(
                "Tell people beforehand, in the letter or call that arranges the visit.",
                "Offer notes by hand first, and mean it.",
                "Say what happens to the recording, and when it is deleted.",
            ),
            heading("The note is the practitioner's"),
            text(
                "A draft leaves things out that seemed small to the machine and were the reason for the visit. The "
                "practitioner corrects it on the same day, and signs it."
            ),
            heading("Watch the words"),
            text(
                "Summaries tend towards tidy language. If somebody said “I am fine, love” and was not, the record has "
                "to be able to say so."
            ),
            heading("Count what matters"),
            text(
                "Minutes saved at a desk are only worth something if they turn into minutes at a kitchen table. "
                "Measure both."
            ),
        ],
    ),
    Guidance(
        slug="planning-stage-by-stage",
        title="Planning: find the stage before the tool",
        summary="Validation, consultation, assessment, decision: what could be quicker at each, and what must not be.",
        themes=("planning",),
        days_ago=9,
        tags=("validation", "consultation"),
        body=[
            heading("Validation"),
            text(
                "Checking that an application is complete is mostly rules. Start there: what is missing can be said "
                "within the hour, and the applicant is as pleased as you are."
            ),
            heading("Consultation"),
            text(
                "Grouping comments helps an officer to read; it must not replace the reading. Keep every comment one "
                "click away, and never report a number of people where you mean a number of words."
            ),
            heading("Assessment and decision"),
            text(
                "Finding the policy that applies is help. Weighing it is the officer's and the committee's work. Write "
                "down which of the two your tool does."
            ),
        ],
    ),
]

USE_CASES = [
    Plain(
        slug="barnsley-copilot",
        title="Barnsley: an assistant for two thousand desks",
        summary="A pilot of Microsoft 365 Copilot that grew from 300 licences to 2,000.",
        attribution=SUMMARY_OF_A_SOURCE,
        themes=("generative-ai", "skills"),
        councils=("BNS",),
        body=[
            figures(
                ("September 2023", "early access began", "Public account of the project", "September 2023"),
                ("300", "licences in the pilot", "Public account of the project", UNDATED),
                ("2,000", "licences, to which it grew", "Public account of the project", UNDATED),
            ),
            heading("What others could ask"),
            points(
                "Who was in the pilot, and who chose them?",
                "What was counted before and after?",
                "What do people do with the time?",
            ),
        ],
    ),
    Plain(
        slug="halton-family-hubs",
        title="Halton: a digital front door for family hubs",
        summary="Appointments, information and a chatbot for families, made with Beebot AI.",
        attribution=SUMMARY_OF_A_SOURCE,
        themes=("front-door",),
        councils=("HAL",),
        body=[
            text(
                "Families arrange appointments by themselves, find information and ask a chatbot. The work was funded "
                "by the Department of Health and Social Care and the Department for Education. The source names better "
                "access for families, analytics and staff time freed as its results, without figures "
                f"(source: {SLIDES}, November 2024)."
            ),
        ],
    ),
    Plain(
        slug="swindon-simply-readable",
        title="Swindon: documents in Easy Read",
        summary="Simply Readable turns council documents into Easy Read.",
        attribution=CLAIM,
        themes=("front-door", "generative-ai"),
        councils=("SWD",),
        body=[
            figures(
                ("£64,000", "a year for translation before, as claimed", "Public account of the project", UNDATED),
                ("£27", "for the same afterwards, as claimed", "Public account of the project", UNDATED),
            ),
            text("People who use Easy Read are the ones who can say whether it is any good. Ask how they were asked."),
        ],
    ),
    Plain(
        slug="newcastle-waste-bot",
        title="Newcastle: a bot that answers about bins",
        summary="Questions about waste answered without a call.",
        attribution=CLAIM,
        themes=("places", "automation"),
        councils=("NET",),
        body=[
            figures(
                ("60 to 3", "calls a month, before and after, as claimed", "Public account of the project", UNDATED),
                ("About £25,000", "a year saved, as claimed", "Public account of the project", UNDATED),
            ),
        ],
    ),
    Plain(
        slug="peterborough-hey-geraldine",
        title="Peterborough: an adviser for adult social care staff",
        summary="Hey Geraldine, an assistant that advises staff in adult social care.",
        attribution=SUMMARY_OF_A_SOURCE,
        themes=("social-care",),
        councils=("PTE",),
        body=[
            text(f"An adviser for staff, not for residents (source: public page about the project, {UNDATED})."),
            heading("What others could ask"),
            points(
                "Which questions does it refuse, and whom does it send staff to then?",
                "Who keeps what it knows up to date?",
            ),
        ],
    ),
    Plain(
        slug="bath-public-page",
        title="Bath and North East Somerset: a public page of AI tools",
        summary="The council lists the AI tools it uses and says that people review what they produce.",
        attribution=SUMMARY_OF_A_SOURCE,
        themes=("trust",),
        councils=("BAS",),
        body=[
            text(
                "A page that any resident can read, with a statement that a person reviews the outcome (source: the "
                f"council's public page, {UNDATED}). It costs little and answers the first question people ask."
            ),
        ],
    ),
]

CHALLENGES = [
    Plain(
        slug="social-care",
        title="More time for people in social care",
        summary="How can AI and smart tools let practitioners spend more time with the people who need their support?",
        themes=("social-care",),
        attribution=f"One of the four challenges, in our words. Source: {SLIDES}, November 2024.",
        body=[
            heading("Why it was chosen"),
            text(
                "Every council with social care has it, and every hour that a form takes is an hour away from somebody."
            ),
            heading("What an answer should show"),
            points(
                "Time measured before and after, by people who do the work.",
                "What those who draw on care thought of it.",
                "Who is responsible for every word of the record.",
            ),
        ],
    ),
    Plain(
        slug="places",
        title="Better places through better services",
        summary="How can AI and smart tools improve local places through better delivery of services?",
        themes=("places",),
        attribution=f"One of the four challenges, in our words. Source: {SLIDES}, November 2024.",
        body=[
            heading("What an answer should show"),
            points(
                "Which places gain, and whether those that complain least are among them.",
                "What a crew or an inspector does differently the next morning.",
                "How a resident can see what became of a report.",
            ),
        ],
    ),
    Plain(
        slug="planning",
        title="A planning process with less waiting in it",
        summary="How can AI and smart tools make the stages of the planning process more efficient?",
        themes=("planning",),
        attribution=f"One of the four challenges, in our words. Source: {SLIDES}, November 2024.",
        body=[
            heading("What an answer should show"),
            points(
                "Which stage it is about, and how long that stage takes now.",
                "That officers and committees still decide.",
                "That comments of residents are read, not only counted.",
            ),
        ],
    ),
    Plain(
        slug="front-door",
        title="A digital front door",
        summary="How can AI and smart tools put in place a digital front door to a council's information and services?",
        themes=("front-door",),
        attribution=f"One of the four challenges, in our words. Source: {SLIDES}, November 2024.",
        body=[
            heading("What an answer should show"),
            points(
                "That it says so when it does not know.",
                "How somebody reaches a person, and how fast.",
                "That it works for people who use a screen reader, a small phone or few words of English.",
            ),
        ],
    ),
]

EVENTS = [
    Event(
        slug="questions-before-you-buy",
        title="Open session: questions to ask before you buy",
        summary="Bring one question you wish you had asked a supplier. We collect them in the room.",
        starts=timedelta(minutes=-30),
        lasts=timedelta(hours=3, minutes=30),
        network="ai",
        themes=("procurement", "trust"),
        programme=[
            ("Welcome", "Fiona Facilitator, Guildhall team", "How the room works, and the ground rules."),
            ("Seven questions, and the answers we had", "Maya Member, Exampleshire County Council", ""),
            ("In the room", "Everybody", "Your questions, sorted and answered while we talk."),
        ],
    ),
    Event(
        slug="case-notes-three-councils",
        title="Case notes in three councils: what stayed and what went",
        summary="Three teams tell what they kept after their pilots of note-taking tools, and why.",
        starts=timedelta(days=13),
        at=time(10, 0),
        lasts=timedelta(hours=1, minutes=30),
        network="ai",
        themes=("social-care",),
        places=3,
        signed_up=("priya", "sunita", "owen", "tom"),
        programme=[
            (
                "What we tried",
                "Callum Care, Exampleshire County Council",
                "Twelve weeks, two teams, one card in large print.",
            ),
            ("What went wrong", "Gwen Governance, London Borough of Placeholder", "An assessment we had to do again."),
            ("Questions", "Everybody", ""),
        ],
    ),
    Event(
        slug="testing-what-you-built",
        title="Testing what you built: an evening with evaluation sets",
        summary="How to know that yesterday's change made it better, with examples that you can take home.",
        starts=timedelta(days=20),
        at=time(16, 0),
        lasts=timedelta(hours=2),
        network="ai-practitioners",
        themes=("generative-ai", "data"),
        programme=[
            ("Fifty questions are enough to start", "Tom Technical, Modelham City Council", ""),
            (
                "When a model marks a model",
                "Owen Operations, Modelham City Council",
                "Where it agrees with people, and where it flatters.",
            ),
        ],
    ),
    Event(
        slug="welcome-to-the-hub",
        title="New here? A tour of the hub and its networks",
        summary="Half an hour for officers who have just found us. Cameras off is fine.",
        starts=timedelta(days=6),
        at=time(12, 30),
        lasts=timedelta(minutes=30),
        network="",
        themes=("skills",),
        programme=[("The tour", "Fiona Facilitator, Guildhall team", "Guidance, threads, events, and whom to ask.")],
    ),
    Event(
        slug="automation-that-lasted",
        title="Automation that lasted: five years on",
        summary="What became of the first automations, told by those who kept them running.",
        starts=timedelta(days=-34),
        at=time(14, 0),
        lasts=timedelta(hours=1),
        network="ai",
        themes=("automation",),
        programme=[
            ("What still runs", "Owen Operations, Modelham City Council", ""),
            ("What we switched off", "Sunita Services, Specimen District Council", "And who noticed."),
        ],
        record=(
            "<p>Thirty-one officers took part. Three things were said again and again:</p>"
            "<ul><li>Write down who owns a robot, or nobody will dare to switch it off.</li>"
            "<li>Most breakages came from a changed web page, not from the robot.</li>"
            "<li>The automations that lasted had a person who used them every week.</li></ul>"
            "<p>To do: Owen shares the list of questions for the yearly check in the network.</p>"
        ),
    ),
]

LOOKED_BACK_AT = "automation-that-lasted"
RECORDING = "https://video.example.org/automation-that-lasted"

# What members look for again and again, and whether they follow it; and what several looked for in vain.
SAVED = (("maya", "consent", True), ("maya", "retention", False), ("fiona", "biscuits", True))
FOUND_NOTHING = {
    "parking fines": ("maya", "tom", "priya", "sunita", "owen"),
    "sign language": ("callum", "lena", "sunita"),
    "translated menus": ("priya", "gwen", "henry", "hari"),
}
# What somebody without an account says of a page.
SAID_FROM_OUTSIDE = (
    "/guidance/where-councils-are/",
    "The two surveys asked different questions, so the figures should not stand side by side without saying so.",
)

ABOUT = [
    Plain(
        slug="the-networks",
        title="The two networks",
        summary="One for everybody with an interest in AI, one for those who build and run it.",
        body=[
            heading("AI Network"),
            text(
                "Open to every officer of local government with an interest in AI. It is about the key themes of the "
                "sector and about good practice. Join at once with the email address of your council."
            ),
            heading("AI Practitioners Network"),
            text(
                "Technically focused: approaches and solutions that go beyond what can be bought off the shelf. Ask to "
                "join and say what you work on; a facilitator answers."
            ),
            heading("In figures"),
            figures(
                ("450", "officers in the AI Network", SLIDES, "November 2024"),
                ("250", "officers in the AI Practitioners Network", SLIDES, "November 2024"),
                ("30", "meetings of the networks", BULLETIN, "in 2024, published December 2024"),
                ("Over 1,000", "colleagues brought together", BULLETIN, "in 2024, published December 2024"),
                ("8 and 9", "roundtables and consultations", BULLETIN, "in 2024, published December 2024"),
            ),
            heading("Where the themes come from"),
            text(
                "The key themes of the networks were published as a picture that we do not have. The themes here are a "
                f"starting list, drawn from the rest of two sources ({SLIDES}, November 2024; {INTERVIEW}, late 2024). "
                "The networks will change it."
            ),
        ],
    ),
    Plain(
        slug="what-this-is",
        title="What the hub is",
        summary="A place for resources and guidance on exploring AI responsibly, and for finding peers.",
        body=[
            text(
                "The idea of this hub is public: a place for councils to find resources and guidance on exploring AI "
                "responsibly and to connect with peers, built with partners, academia and government "
                f"(source: {SLIDES}, November 2024). This site is open-source software that shows how it could work. "
                "It is not run or endorsed by the Local Government Association or by any council."
            ),
            heading("The team behind the idea"),
            text(
                "Six functions are named for the team: general support, sector-led consultancy, policy, communities of "
                f"practice, incident support and research (source: {SLIDES}, November 2024)."
            ),
            figures(
                ("21", "people in the Cyber, Digital and Technology team", SLIDES, "November 2024"),
                ("19", "people in the same team", BULLETIN, "December 2024"),
            ),
            heading("The sector"),
            figures(
                ("1.4 million", "people work in local government", SLIDES, "November 2024"),
                ("1.32 million", "people work in local government", "Local Government Association", "2025"),
                ("£121 billion", "is spent in a year", SLIDES, "November 2024"),
                ("£127.1 billion", "is spent in a year", "Local Government Association", "2025"),
            ),
        ],
    ),
]


def load(now: datetime) -> None:
    """Publishes what is missing; safe to run again. Needs the networks and themes of `network.demo`."""
    home = _home()
    sections = {slug: _section(home, slug, **fields) for slug, fields in SECTIONS.items()}
    set_up_footer(home)
    for number, plain in enumerate(ABOUT):
        _plain(sections["about"], plain, datetime(2024, 11, 18, 9, number, tzinfo=UTC))
    for number, plain in enumerate(USE_CASES):
        _plain(sections["use-cases"], plain, datetime(2025, 1, 7, 9, number, tzinfo=UTC))
    for number, plain in enumerate(CHALLENGES):
        _plain(sections["showcase"], plain, datetime(2024, 11, 19, 9, number, tzinfo=UTC))
    for guidance in sorted(GUIDANCE, key=lambda guidance: -guidance.days_ago):
        _guidance(sections["guidance"], guidance, now - timedelta(days=guidance.days_ago))
    for event in EVENTS:
        _event(sections["events"], event, now)
    _look_back(EventRoom.objects.select_related("page", "room__network").get(page__slug=LOOKED_BACK_AT))
    _search(now)
    address, words = SAID_FROM_OUTSIDE
    if not Case.objects.filter(address=address).exists():
        report_from_outside(None, address=address, kind=Report.Kind.OTHER, words=words, now=now - timedelta(hours=15))


def refresh_demo(now: datetime) -> None:
    """Moves the events of the demonstration that time has overtaken: one is on now and for another hour at least, and
    those that come are more than a day away. Past events, and what was said in a room, stay. Safe to repeat."""
    pages = {page.slug: page for page in EventPage.objects.filter(slug__in=[event.slug for event in EVENTS])}
    for event in EVENTS:
        page = pages.get(event.slug)
        if page is None or event.starts < timedelta(days=-1):
            continue
        is_right = (
            page.starts_at > now + timedelta(days=1)
            if event.at
            else page.is_on(now) and page.is_on(now + timedelta(hours=1))
        )
        if not is_right:
            page.starts_at, page.ends_at = _times(event, now)
            republish_page(page, by=None)


def _home() -> HomePage:
    figures_shown = [
        ("figure", dict(zip(("value", "words", "source", "date"), row, strict=True))) for row in HOME_FIGURES
    ]
    home = set_up_site(home=HomePage(title="Guildhall", slug="home", figures=figures_shown, **HOME))
    if not home.figures:
        # The set-up of a new hub made it, with nothing in it yet.
        home.figures, home.headline, home.summary = figures_shown, HOME["headline"], HOME["summary"]
        republish_page(home, by=None)
    return home


def _section(home: HomePage, slug: str, **fields: Any) -> SectionPage:
    body = SHOWCASE_BODY if slug == "showcase" else []
    page = SectionPage(slug=slug, body=body, **fields)
    return publish_page(home, page, by=None, now=datetime(2024, 11, 18, 8, 0, tzinfo=UTC))


def _themes(slugs: tuple[str, ...]) -> list[Theme]:
    return [Theme.objects.get(slug=slug) for slug in slugs]


def _is_there(below: Page, slug: str) -> bool:
    return bool(Page.objects.child_of(below).filter(slug=slug).exists())


def _plain(below: Page, plain: Plain, at: datetime) -> None:
    if _is_there(below, plain.slug):
        return
    page = InformationPage(
        slug=plain.slug, title=plain.title, summary=plain.summary, attribution=plain.attribution, body=plain.body
    )
    page.themes = _themes(plain.themes)
    page.councils = list(Organisation.objects.filter(la_code__in=plain.councils))
    publish_page(below, page, by=None, now=at)


def _guidance(below: Page, guidance: Guidance, at: datetime) -> None:
    if _is_there(below, guidance.slug):
        return
    page = GuidancePage(
        slug=guidance.slug,
        title=guidance.title,
        summary=guidance.summary,
        body=guidance.body,
        discuss_in=Network.objects.get(slug=guidance.discuss_in) if guidance.discuss_in else None,
    )
    page.themes = _themes(guidance.themes)
    page.tags.set(list(guidance.tags))
    publish_page(below, page, by=None, now=at)


def _event(below: Page, event: Event, now: datetime) -> None:
    if _is_there(below, event.slug):
        return
    starts_at, ends_at = _times(event, now)
    page = EventPage(
        slug=event.slug,
        title=event.title,
        summary=event.summary,
        starts_at=starts_at,
        ends_at=ends_at,
        network=Network.objects.get(slug=event.network) if event.network else None,
        joining_link=f"https://meet.example.org/{event.slug}",
        record=event.record,
        needs_sign_up=event.places is not None,
        places=event.places,
        programme=[
            ("session", {"starts": None, "title": title, "by": by, "words": words})
            for title, by, words in event.programme
        ],
    )
    page.themes = _themes(event.themes)
    published = publish_page(below, page, by=None, now=min(now, starts_at - timedelta(days=21)))
    for nickname in event.signed_up:
        add_event(published, by=member(nickname), now=now)


def _look_back(link: EventRoom) -> None:
    """A session that is over, with questions in every state, a thread made of one, and a record of which one answer is
    public."""
    room = link.room
    if Question.objects.filter(room=room).exists():
        return
    host, at = member("fiona"), room.opens_at
    Room.objects.filter(pk=room.pk).update(allows_unnamed=True)
    room.refresh_from_db(fields=["allows_unnamed"])

    def ask(minute: int, nickname: str, body: str, *, is_unnamed: bool = False) -> Question:
        then = at + timedelta(minutes=minute)
        return ask_question(room, by=member(nickname), body=body, is_unnamed=is_unnamed, now=then)

    def minutes(number: int) -> datetime:
        return at + timedelta(minutes=number)

    say(room, by=member("sunita"), body="We switched four of ours off, and nobody wrote to us.", now=minutes(8))
    slides = say(room, by=member("owen"), body="Slides: https://files.example.org/five-years-on", now=minutes(9))
    pin_message(slides, by=host, now=minutes(10))
    owner = ask(11, "maya", "Who owns a robot when whoever built it has left?")
    regret = ask(12, "callum", "Did anybody switch one off and regret it?", is_unnamed=True)
    check = ask(14, "gwen", "Can we have the list of questions for the yearly check?")
    cost = ask(15, "tom", "What does one cost in a year, with the hours of those who mend it?")
    same = ask(16, "priya", "How much do you spend on keeping them alive?")
    which = ask(18, "sunita", "Which supplier should nobody buy from?")
    begin_answering(owner, by=host, now=minutes(20))
    mark_answered(owner, by=host, now=minutes(24))
    words = "The service that uses it, by name, in the register of robots. Digital mends it, and never owns it."
    write_answer(owner, words, by=host, now=minutes(40))
    merge_question(same, cost, by=host, now=minutes(26))
    park_question(check, member("owen"), by=host, now=minutes(28))
    refuse_question(which, "Suppliers are not named in open sessions.", by=host, now=minutes(29))
    words = "One council did, and wrote it anew in a week: what it did was written down."
    write_answer(regret, words, by=host, now=minutes(55))
    note_recording(room, by=host, link=RECORDING, began_at=at)
    room = Room.objects.select_related("network").get(pk=room.pk)
    ask_for_threads(room, by=host, theme=Theme.objects.get(slug="automation"), questions=[_anew(check)])
    make_threads()
    draft_record(EventRoom.objects.select_related("page", "room__network").get(pk=link.pk), by=host)
    items = RecordItem.objects.select_related("record__event_room__page", "record__event_room__room__network")
    item = items.get(question=owner)
    decide_over_item(item, by=member("maya"), agrees=True)
    decide_over_item(items.get(question=regret), by=member("callum"), agrees=True)
    if can_approve_record(member("edward"), link.page):
        approve_item(item, by=member("edward"))


def _search(now: datetime) -> None:
    if FruitlessSearch.objects.exists():
        return
    for nickname, words, is_followed in SAVED:
        form = SearchForm(member(nickname), QueryDict(urlencode({"q": words})))
        form.full_clean()
        saved = save_search(form.address(), form.in_words(), by=member(nickname), now=now)
        if is_followed:
            follow_search(saved, by=member(nickname), now=now)
    for words, nicknames in FOUND_NOTHING.items():
        for days_ago, nickname in enumerate(nicknames):
            note_fruitless_search(member(nickname), words, Filters(), now=now - timedelta(days=3 * days_ago))


def _anew(question: Question) -> Question:
    return Question.objects.get(pk=question.pk)


def _times(event: Event, now: datetime) -> tuple[datetime, datetime]:
    starts_at = timezone.localtime(now) + event.starts
    if event.at:
        starts_at = starts_at.replace(hour=event.at.hour, minute=event.at.minute)
    # Meetings start on the hour or the half hour, the one that is on now too.
    starts_at = starts_at.replace(minute=starts_at.minute // 30 * 30, second=0, microsecond=0)
    return starts_at, starts_at + event.lasts
