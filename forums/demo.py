"""Demonstration content of this storey: conversations between the invented officers of `network.demo`.

The councils, figures and products in them are invented too, and named so that nobody takes them for real."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from forums.actions.answers import mark_answer
from forums.actions.bulk import NewPost, NewThread, load_threads
from forums.actions.first_posts import Held
from forums.actions.held_posts import release_post
from forums.actions.messages import say
from forums.actions.poll_votes import choose
from forums.actions.polls import PollWords, close_poll, make_poll, open_poll
from forums.actions.posts import reply
from forums.actions.question_votes import vote_for
from forums.actions.questions import ask_question
from forums.actions.reactions import react
from forums.actions.threads import start_thread
from forums.models import Message, Poll, Post, Practice, Room, Thread
from network.demo import crowd, member
from network.models import Network, Theme


@dataclass(frozen=True, slots=True)
class Conversation:
    network: str
    theme: str
    by: str
    title: str
    source: str
    days_ago: int
    kind: str = Thread.Kind.DISCUSSION
    tags: tuple[str, ...] = ()
    replies: tuple[tuple[str, str], ...] = field(default=())
    # Of "We did this": tool, stage, outcome, and what they would do differently.
    did: tuple[str, str, str, str] | None = None
    # The number of the post that answers the question.
    answer: int = 0
    # To which post by whom, and which word.
    reactions: tuple[tuple[int, str, str], ...] = ()


CONVERSATIONS = (
    Conversation(
        network="ai",
        theme="social-care",
        by="callum",
        title="Note-taking in home visits: how do you tell people?",
        source=(
            "We are trying a tool that drafts the case note from a recording of the visit. Practitioners like it. What "
            "we argue about is the first minute: **how do you explain it to the person whose home you are in?**\n\n"
            "We have a card in large print and a sentence to say. Some people nod because they want to be polite. How "
            "do you make sure that no is an easy answer?"
        ),
        days_ago=40,
        kind=Thread.Kind.QUESTION,
        tags=("consent", "case notes"),
        answer=3,
        reactions=((3, "gwen", "agree"), (3, "callum", "thanks"), (2, "sunita", "helpful")),
        replies=(
            (
                "gwen",
                "Ask before the visit as well, in the letter or the call that arranges it. A choice made on the "
                "doorstep is hardly one. And write down what happens with the recording and when it is deleted: it is "
                "the first thing people ask us.",
            ),
            (
                "sunita",
                "Our contact centre says: “I can take notes by hand instead, it makes no difference to me.” Said "
                "first, before the question, it takes the pressure away.",
            ),
            ("callum", "Saying it first is a good idea. We will change the card and I will tell you how it went."),
        ),
    ),
    Conversation(
        network="ai",
        theme="planning",
        by="priya",
        title="Checking planning applications for missing documents",
        source=(
            "More than half of what reaches our validation desk is incomplete. We have a prototype that reads the "
            "upload and lists what seems to be missing, for the officer to confirm.\n\n"
            "- It is good at *there is no location plan*.\n- It is poor at *the plan is at the wrong scale*.\n\n"
            "Has anybody got further with drawings?"
        ),
        days_ago=33,
        kind=Thread.Kind.QUESTION,
        tags=("validation", "documents"),
        replies=(
            (
                "tom",
                "Scale bars are hard; north arrows and red lines less so. We trained nothing, we only ask for one "
                "thing at a time and show the officer the part of the page. That last bit did more for trust than "
                "accuracy.",
            ),
            ("priya", "Showing the part of the page is what ours lacks. Could we see it one day?"),
            ("tom", "Gladly. I will bring it to the next session."),
        ),
    ),
    Conversation(
        network="ai",
        theme="trust",
        by="fiona",
        title="What happened at the last session, and what comes next",
        source=(
            "Thank you to everybody who came. Three questions were left open; each has a thread of its own now, so "
            "please answer there:\n\n1. telling residents that a tool drafted a letter\n2. retention of transcripts\n"
            "3. what to ask of a supplier before procurement starts\n\nThe next session is on the events page."
        ),
        days_ago=28,
        kind=Thread.Kind.ANNOUNCEMENT,
        tags=("sessions",),
    ),
    Conversation(
        network="ai",
        theme="trust",
        by="gwen",
        title="Do you tell residents that a tool drafted the letter?",
        source=(
            "An officer reads and signs every letter. Some colleagues say that this makes the question go away. I am "
            "not so sure: if it came out later, would a resident feel misled? What do you say, and where do you say it?"
        ),
        days_ago=26,
        tags=("transparency", "letters"),
        replies=(
            (
                "sunita",
                "We say it on one page about all tools we use, and in the letter only where it changed the decision. "
                "So far it never did.",
            ),
            ("maya", "One public page here too. It is also the best list we have for ourselves."),
        ),
    ),
    Conversation(
        network="ai",
        theme="procurement",
        by="maya",
        title="Questions for suppliers before a procurement starts",
        source=(
            "We would like to talk to suppliers early without giving anybody an advantage. This is our list; what is "
            "missing?\n\n1. What data does it learn from, and whose?\n2. What happens to ours?\n3. Who has tested it "
            "with people who use a screen reader?\n4. What does it cost when we use it *less* than planned?\n"
            "5. How do we leave?"
        ),
        days_ago=24,
        tags=("suppliers", "procurement"),
        replies=(
            ("owen", "6. What does it do when it does not know?"),
            ("gwen", "7. Which sub-processors, and where. Ask for the list, not for a yes."),
            (
                "callum",
                "Question 5 is the one that made the room quiet when we asked it. Two suppliers had an answer, one had "
                "a good one.",
            ),
        ),
    ),
    Conversation(
        network="ai",
        theme="front-door",
        by="sunita",
        title="Our chatbot answers bin questions well and everything else badly",
        source=(
            "People now expect it to know about council tax as well, because it sounds as if it did. Should we make it "
            "worse at talking, or better at saying no?"
        ),
        days_ago=19,
        tags=("chatbot", "waste"),
        replies=(
            ("owen", "Better at saying no. Ours hands over with the question already typed, so nobody says it twice."),
            (
                "maya",
                "We removed its first name and its cheerful greeting. Complaints halved. I cannot prove that it was "
                "the name.",
            ),
            ("sunita", "I like “hands over with the question already typed” very much. Thank you."),
        ),
    ),
    Conversation(
        network="ai",
        theme="skills",
        by="maya",
        title="Half an hour of training that people finish",
        source=(
            "Our first course took three hours, and a fifth of those who began it finished. The new one is half an "
            "hour and ends with a real task from the person's own week. What works for you?"
        ),
        days_ago=12,
        kind=Thread.Kind.PRACTICE,
        did=(
            "None: a page of our own and a calendar",
            Practice.Stage.LIVE,
            "Eight in ten finish it, and managers ask for the next one.",
            "Ask people first what they would like to stop doing by hand.",
        ),
        reactions=((1, "sunita", "we_too"), (1, "priya", "helpful"), (2, "maya", "thanks")),
        tags=("training",),
        replies=(
            ("sunita", "Learning in pairs. People finish because the other one does."),
            ("priya", "Ours is a drop-in on Thursdays with biscuits. Do not underestimate the biscuits."),
        ),
    ),
    Conversation(
        network="ai",
        theme="generative-ai",
        by="owen",
        title="Licences nobody uses: who takes them back?",
        source=(
            "We gave out assistants to volunteers. After eight weeks a third had stopped. We would like to pass the "
            "licences on without making it feel like a punishment. How do you decide, and what do you say?"
        ),
        days_ago=5,
        kind=Thread.Kind.QUESTION,
        tags=("licences",),
    ),
    Conversation(
        network="ai-practitioners",
        theme="data",
        by="tom",
        title="Removing names from case notes before anything else sees them",
        source=(
            "We strip names, addresses and numbers before notes go to any model, and keep the key on our side. "
            "Nicknames and “my sister's boy” still get through.\n\n```\nrecall on names       high\n"
            "recall on relations   poor\n```\n\nWhat do you use for relations?"
        ),
        days_ago=30,
        kind=Thread.Kind.QUESTION,
        tags=("redaction", "case notes"),
        replies=(
            (
                "owen",
                "Rules for kinship words first, model second. Crude, and it lifted us more than a better model did.",
            ),
            ("gwen", "Please treat the result as personal data all the same. It nearly always still is."),
            ("tom", "Agreed, and we do. It lowers the harm of a mistake; it does not make the data anonymous."),
        ),
    ),
    Conversation(
        network="ai-practitioners",
        theme="generative-ai",
        by="owen",
        title="How do you test a prompt before you change it?",
        source=(
            "We have forty real questions with an answer that an officer agreed with, and run them all before a change "
            "goes live. It takes four minutes. It has caught three bad changes so far. Is forty enough?"
        ),
        days_ago=17,
        tags=("testing", "prompts"),
        replies=(
            ("tom", "Forty that people argued about are worth four hundred that nobody did."),
            ("maya", "Who writes new ones? Ours went stale within a quarter."),
            ("owen", "Every complaint becomes one. That keeps them honest."),
        ),
    ),
    Conversation(
        network="ai-practitioners",
        theme="automation",
        by="maya",
        title="When is a plain script the better answer?",
        source=(
            "We replaced a language model with sixty lines of rules last month: cheaper, faster, and it can be "
            "explained to anybody who asks. I would like to collect more of these. Where did you go back to plain code?"
        ),
        days_ago=9,
        tags=("rpa",),
        replies=(
            ("owen", "Reading dates out of letters. The rules are ugly and they are right."),
            ("tom", "Sorting the shared mailbox: eleven words decide nine cases in ten."),
        ),
    ),
    Conversation(
        network="ai-practitioners",
        theme="trust",
        by="gwen",
        title="An impact assessment that developers do not dread",
        source=(
            "I would like to ask fewer questions, earlier. Here are the five without which I cannot say yes. Which of "
            "them could your pipeline answer by itself?\n\n1. what goes in\n2. where it goes\n3. who sees what comes "
            "out\n4. what happens when it is wrong\n5. how we would notice"
        ),
        days_ago=3,
        tags=("assessment",),
        replies=(("tom", "1, 2 and 5 could come from what we log anyway. Let us try with one service."),),
    ),
)

CHAT = (
    ("fiona", "Welcome, everybody. Say hello and tell us which council you are from."),
    ("maya", "Hello from Exampleshire."),
    ("tom", "Modelham here, with tea."),
    ("sunita", "Hello! Will there be a recording?"),
    ("fiona", "Yes. It will stand on this page afterwards, with the transcript of this chat."),
    ("callum", "How did others tell residents about note-taking tools?"),
    ("gwen", "There is a thread about that in the network: look for “home visits”."),
)


@dataclass(frozen=True, slots=True)
class Survey:
    """A poll, and who chose which of its answers, by place."""

    title: str
    options: tuple[str, ...]
    votes: dict[str, tuple[int, ...]]
    is_multiple: bool = False


SURVEY_NOW = Survey(
    "Demonstration poll: what would you ask a supplier first?",
    ("What happens to our data", "What it costs in year three", "Who else uses it", "How we leave"),
    {"maya": (0,), "tom": (3,), "sunita": (0,)},
)
SURVEY_THEN = Survey(
    "Demonstration poll: which of your automations from five years ago still run?",
    ("Moving data between systems", "Sorting post and email", "Reminders to residents", "None of them"),
    {
        "maya": (0, 1),
        "tom": (0,),
        "sunita": (0, 2),
        "callum": (1,),
        "gwen": (0, 2),
        "fiona": (3,),
    },
    is_multiple=True,
)

# Who asks in the session that is on, whether by name, what, and who wants to know it too.
ASKED = (
    (
        "maya",
        False,
        "What did it cost for each person who uses it, with training?",
        ("gwen", "tom", "sunita", "callum", "fiona"),
    ),
    ("sunita", False, "Who checks the notes before they go into the case file?", ("gwen", "callum")),
    ("callum", True, "Did anybody stop a pilot, and how did you tell your councillors?", ("sunita", "tom", "maya")),
    ("gwen", False, "Is the evaluation published?", ("maya",)),
    ("tom", True, "What did your trade unions say?", ()),
)


def load(now: datetime) -> None:
    """Makes what is missing; safe to run again. Needs what `network.demo` makes, and rooms that events opened."""
    for conversation in CONVERSATIONS:
        network = Network.objects.get(slug=conversation.network)
        if not Thread.objects.filter(network=network, title=conversation.title).exists():
            _hold(conversation, network, now - timedelta(days=conversation.days_ago))
    for room in Room.objects.filter(network__slug="ai"):
        if room.is_open(now) and not Message.objects.filter(room=room).exists():
            for nickname, body in CHAT:
                say(room, by=member(nickname), body=body)
            _ask_in(room)
        if not Poll.objects.filter(room=room).exists():
            if room.is_open(now):
                _survey(room, SURVEY_NOW, now)
            elif room.is_over(now):
                close_poll(_survey(room, SURVEY_THEN, room.opens_at), by=member("fiona"), now=room.closes_at)


def _survey(room: Room, survey: Survey, now: datetime) -> Poll:
    words = PollWords(survey.title, survey.options, survey.is_multiple)
    poll = open_poll(make_poll(room, words, by=member("fiona"), now=now), by=member("fiona"), now=now)
    options = [option.pk for option in poll.options.order_by("order")]
    for nickname, places in survey.votes.items():
        choose(poll, [options[place] for place in places], by=member(nickname), now=now)
    return poll


def _ask_in(room: Room) -> None:
    Room.objects.filter(pk=room.pk).update(allows_unnamed=True)
    room.refresh_from_db()
    for nickname, is_unnamed, body, wanted_by in ASKED:
        question = ask_question(room, by=member(nickname), body=body, is_unnamed=is_unnamed)
        for other in wanted_by:
            vote_for(question, by=member(other))


# What there is at one hundred times the scale, the largest.
CROWD_THREADS, CROWD_POSTS, CROWD_LONGEST = 50_000, 1_000_000, 20_000
CROWD_AT_MOST = 100


def load_crowd(scale: int, now: datetime) -> Iterator[tuple[int, int]]:
    """Synthetic threads of the synthetic officers: 500 of them and 10,000 posts for each step of the scale, among them
    one long thread. Gives how many posts are written so far, and how many there will be. Needs `network.demo`'s crowd;
    what an earlier run wrote stays."""
    scale = min(scale, CROWD_AT_MOST)
    posts, longest = CROWD_POSTS * scale // 100, CROWD_LONGEST * scale // 100
    there = Post.objects.filter(thread__title__startswith=SYNTHETIC).count()
    written = there
    for count in load_threads(_synthetic(posts - there, longest, CROWD_POSTS // CROWD_THREADS, now)):
        written += count
        yield written, posts


SYNTHETIC = "Synthetic thread"
PHRASES = (
    "We tried this with one team for six weeks.",
    "The board asked what it saves, and we could not say yet.",
    "Residents did not notice, which was the point.",
    "It is **not** a replacement for somebody who knows the street.",
    "Our information governance lead asked the best questions.",
    "We wrote down what we would do differently.",
    "The supplier changed the price twice.",
    "Please see the [assessment](https://example.org/assessment).",
    "- first we counted\n- then we asked\n- then we stopped",
    "> What would have to be true for this to be worth it?",
)


def _synthetic(posts: int, longest: int, usual: int, now: datetime) -> Iterator[NewThread]:
    """As many posts as wanted, to within one thread. The same at each run: sizes, words and people come of a seed."""
    random = Random(f"Guildhall {posts}")  # noqa: S311  (nothing secret)
    sources = ["\n\n".join(random.choices(PHRASES, k=random.randint(1, 5))) for _ in range(2_000)]
    networks = list(Network.objects.filter(slug__in=("ai", "ai-practitioners")).order_by("order"))
    people = {network.pk: crowd(network) for network in networks}
    themes = {network.pk: list(Theme.objects.filter(network_themes__network=network)) for network in networks}
    number = 0
    while posts > 0:
        number += 1
        size = longest if number == 1 else min(posts, max(1, round(random.expovariate(1 / usual))))
        posts -= size
        network = networks[0] if number == 1 else random.choice(networks)
        here = people[network.pk]
        # Whoever wrote may be any of a few, as in real threads; some more have read it, to here or there.
        around = random.sample(here, k=min(len(here), 12))
        began = now - timedelta(days=random.uniform(1, 190))
        step = (now - began) / (size + 1)
        yield NewThread(
            network=network,
            theme=random.choice(themes[network.pk]),
            by=around[0],
            title=f"{SYNTHETIC} {number}: {random.choice(PHRASES[:4])}",
            source=random.choice(sources),
            at=began,
            kind=random.choice([Thread.Kind.DISCUSSION, Thread.Kind.DISCUSSION, Thread.Kind.QUESTION]),
            tags=["synthetic"],
            posts=[
                NewPost(
                    by=random.choice(around[:6]),
                    source=random.choice(sources),
                    at=began + step * (place + 1),
                    answers=random.randint(1, place + 1) if random.random() < 0.05 else None,
                )
                for place in range(size - 1)
            ],
            read=[(member, random.randint(1, size)) for member in around[6:]],
        )


def _hold(conversation: Conversation, network: Network, began: datetime) -> None:
    practice = None
    if conversation.did:
        tool, stage, outcome, differently = conversation.did
        practice = Practice(tool=tool, stage=stage, outcome=outcome, differently=differently)
    try:
        thread = start_thread(
            network,
            by=member(conversation.by),
            theme=Theme.objects.get(slug=conversation.theme),
            title=conversation.title,
            source=conversation.source,
            kind=conversation.kind,
            tags=conversation.tags,
            practice=practice,
            now=began,
        )
    except Held as waits:
        thread = _released(waits, began).thread
    posts = [Post.objects.get(thread=thread)]
    for number, (nickname, source) in enumerate(conversation.replies, start=1):
        at = began + timedelta(hours=7 * number)
        try:
            posts.append(reply(thread, by=member(nickname), source=source, now=at))
        except Held as waits:
            posts.append(_released(waits, at))
    for number, nickname, kind in conversation.reactions:
        react(posts[number - 1], kind, by=member(nickname), now=began + timedelta(days=2))
    if conversation.answer:
        answered_at = began + timedelta(days=3)
        mark_answer(posts[conversation.answer - 1], by=member(conversation.by), now=answered_at)


def _released(waits: Held, at: datetime) -> Post:
    """Where somebody has set a network of the demonstration to see first posts before others do."""
    return release_post(waits.post, by=member("fiona"), now=at)
