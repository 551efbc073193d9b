"""Demonstration content of this storey: conversations between the invented officers of `network.demo`.

The councils, figures and products in them are invented too, and named so that nobody takes them for real."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from operator import itemgetter
from random import Random
from typing import Any

from django.db import transaction

from forums.actions.answers import mark_answer, tell_whether_it_worked
from forums.actions.appeals import appeal
from forums.actions.bulk import NewPost, NewThread, load_threads
from forums.actions.decisions import claim_case, decide_case, note_on_case
from forums.actions.first_posts import Held
from forums.actions.held_posts import release_post
from forums.actions.messages import say
from forums.actions.poll_votes import choose
from forums.actions.polls import PollWords, close_poll, make_poll, open_poll
from forums.actions.posts import reply
from forums.actions.question_votes import vote_for
from forums.actions.questions import ask_question
from forums.actions.reactions import react
from forums.actions.reports import report_from_outside, report_message, report_post, report_profile
from forums.actions.threads import start_thread
from forums.actions.weeks import count_weeks, remember_reading
from forums.models import (
    Answer,
    Case,
    HeldPost,
    Message,
    NetworkWeek,
    Poll,
    Post,
    Practice,
    ReadingWeek,
    Report,
    Room,
    Thread,
)
from forums.models.week import WEEK, begin_of, week_of
from network.actions.networks import change_network
from network.demo import OFFICERS, crowd, has_crowd, member
from network.models import Membership, Network, Theme


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
        network="ai",
        theme="front-door",
        by="henry",
        title="Letters about the housing register that do not frighten people",
        source=(
            "Hello, I am new here. Our letters are correct, and people ring to ask whether they have lost their home. "
            "I have rewritten three with an assistant and would like somebody from elsewhere to read them."
        ),
        days_ago=4,
        tags=("letters",),
    ),
    Conversation(
        network="ai",
        theme="skills",
        by="lena",
        title="Does anybody teach this in their libraries?",
        source=(
            "People bring us letters that a machine has written, and ask what is meant. I would like to offer an hour "
            "a week. Has anybody done so, and who came?"
        ),
        days_ago=3,
        kind=Thread.Kind.QUESTION,
        tags=("libraries", "training"),
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


@dataclass(frozen=True, slots=True)
class Earlier:
    """A short conversation of some weeks ago, begun on a working day of that week; each reply so many hours after."""

    weeks_ago: int
    day: int  # 0 is Monday
    theme: str
    by: str
    title: str
    source: str
    # By whom, after how many hours, and what.
    replies: tuple[tuple[str, int, str], ...] = ()
    network: str = "ai"
    kind: str = Thread.Kind.QUESTION
    # The number of the post that answers the question, and whether it worked.
    answer: int = 0
    worked: str = Answer.Worked.WORKED


EARLIER = (
    Earlier(
        24,
        2,
        "skills",
        "fiona",
        "Say hello",
        "Who are you, and what would you like to have asked a year ago?",
        (
            ("maya", 2, "Maya, digital programme manager. Whether the pilot had an end."),
            ("sunita", 26, "Sunita, customer services. Who answers when the chatbot cannot."),
        ),
        kind=Thread.Kind.DISCUSSION,
    ),
    Earlier(
        22,
        1,
        "generative-ai",
        "tom",
        "Is anybody keeping a list of what their colleagues use?",
        "We asked once, and half of the answers were out of date within a month.",
        (("gwen", 49, "We ask at the yearly review of each service. Rarely enough that people answer."),),
        answer=2,
    ),
    Earlier(
        20,
        3,
        "data",
        "owen",
        "How long do you keep the input of a model?",
        "Our supplier keeps it for thirty days and says that this is usual. Is it?",
        (
            ("gwen", 5, "It can be switched off in most contracts. Ask for it in writing."),
            ("tom", 24, "Ours was, after two letters."),
        ),
        answer=2,
    ),
    Earlier(
        18,
        0,
        "planning",
        "priya",
        "Who reads comments on planning applications by machine?",
        "We had nine hundred on one field.",
        (("callum", 76, "Not us, but colleagues in licensing group them by what they are about and read all."),),
        answer=2,
    ),
    Earlier(
        16,
        2,
        "places",
        "sunita",
        "Photographs of potholes: does anybody sort them?",
        "Residents send three thousand a month.",
        (
            ("owen", 30, "Sort them by where, not by what. It found the doubles, which were a third."),
            ("maya", 31, "And tell people that it was reported already. They like that better than thanks."),
        ),
        answer=2,
    ),
    Earlier(
        14,
        1,
        "trust",
        "gwen",
        "Does your register of algorithms have readers?",
        "Ours had eleven last month, and six were us.",
        (("fiona", 52, "Link to it from the letters. That is where people begin to wonder."),),
        answer=2,
    ),
    Earlier(
        12,
        1,
        "social-care",
        "callum",
        "Do interpreters mind being transcribed?",
        "One of ours refused, and I think that she was right to.",
        (
            ("gwen", 50, "Ask their agency first. Ours has a clause about it."),
            ("callum", 71, "So has ours. Thank you."),
        ),
        answer=2,
    ),
    Earlier(
        12,
        3,
        "procurement",
        "maya",
        "Which framework did you buy through?",
        "There are four that would do, and nobody here can say how they differ.",
        (("owen", 26, "Ask each for the last three councils that called off. Two of the four could not say."),),
        answer=2,
    ),
    Earlier(
        11,
        2,
        "places",
        "owen",
        "Sensors in gullies: are they worth it?",
        "The supplier shows one flood that did not happen.",
        (
            ("maya", 48, "Only in the forty that flood every winter. For the others a list and a shovel."),
            ("sunita", 49, "The shovel is underrated."),
        ),
        answer=2,
    ),
    Earlier(
        10,
        0,
        "front-door",
        "sunita",
        "How do you measure that a caller was helped?",
        "Length of call says nothing: the best ones are long.",
        (("maya", 49, "Whether they call again about the same within a week. Crude and honest."),),
        answer=2,
    ),
    Earlier(
        10,
        1,
        "generative-ai",
        "owen",
        "Do you let people paste minutes into an assistant?",
        "They do it anyway, so I would rather say how.",
        (
            ("gwen", 47, "Ours may, after taking the names out. There is a page with one example of each kind."),
            ("tom", 49, "The page with examples did more than the policy."),
        ),
        answer=2,
    ),
    Earlier(
        10,
        3,
        "skills",
        "callum",
        "Who trains the people who train?",
        "Our two champions are on leave in the same week.",
        (("fiona", 25, "I can come for an hour. Write to me."),),
        answer=2,
    ),
    Earlier(
        9,
        2,
        "data",
        "tom",
        "Addresses: what do you match against?",
        "Four systems here spell the same street in four ways.",
        (("owen", 30, "The gazetteer, and a list of what people really write. Please send me your four."),),
        answer=2,
        worked=Answer.Worked.NO,
    ),
    Earlier(
        9,
        3,
        "automation",
        "sunita",
        "Who opens letters by machine?",
        "Not the reading, which works, but the opening. Ours jams on every window.",
    ),
    Earlier(
        8,
        0,
        "trust",
        "priya",
        "What do you say when somebody asks whether a robot refused them?",
        "It did not, an officer did. But it is a fair question.",
        (
            ("gwen", 28, "Say who decided, and what they looked at. The name of the tool comes last."),
            ("sunita", 33, "And give them a person to ring."),
        ),
        answer=2,
    ),
    Earlier(
        8,
        2,
        "front-door",
        "maya",
        "Voice menus that understand people: who has one?",
        "I was asked to find a council that still likes theirs after a year.",
        (("sunita", 47, "We do, for three things only. Everything else goes to a person at once."),),
        answer=2,
    ),
    Earlier(
        8,
        3,
        "automation",
        "callum",
        "Can reminders about reviews be sent by a robot?",
        "Three people do it by hand, from one spreadsheet.",
        (("owen", 25, "It was our first one, and it still runs. I will show you."),),
        answer=2,
    ),
    Earlier(
        7,
        1,
        "procurement",
        "sunita",
        "A supplier changed the model without telling us. Has that happened to you?",
        "Answers became longer, and our tests found it before they did.",
        (
            ("tom", 26, "Twice. It is in the contract now: thirty days' notice."),
            ("owen", 29, "Thirty days' notice, and the old one for as long again."),
        ),
        answer=2,
    ),
    Earlier(
        6,
        1,
        "social-care",
        "callum",
        "Who checks a summary that is right and leaves out what matters?",
        "Every word in it was true.",
        (
            ("gwen", 30, "Whoever was at the visit, the same day. Nobody else can."),
            ("maya", 31, "We print the three things that the tool was told to look for. It shows what it was not."),
        ),
        answer=3,
    ),
    Earlier(
        6,
        2,
        "generative-ai",
        "maya",
        "What did you stop doing since people have assistants?",
        "Saved time goes somewhere. I would like to choose where.",
        (("priya", 24, "Minutes of meetings that nobody reads. We stopped the meetings too."),),
        answer=2,
    ),
    Earlier(
        6,
        3,
        "automation",
        "owen",
        "How do you retire a robot?",
        "Ours have no birthday and no funeral.",
        (("tom", 23, "A date in the register at which it stops unless somebody asks. Two thirds did stop."),),
        answer=2,
    ),
    Earlier(
        5,
        1,
        "trust",
        "tom",
        "Equality impact: who fills in the form?",
        "The supplier offered to.",
        (
            ("gwen", 23, "You do, and the supplier answers your questions. It is your duty and not theirs."),
            ("priya", 24, "Ask people who would be refused. It took us one afternoon."),
        ),
        answer=2,
    ),
    Earlier(
        5,
        3,
        "procurement",
        "gwen",
        "Who reads the list of sub-processors when it changes?",
        "We get a mail, and it changes about once a month.",
    ),
    Earlier(
        4,
        0,
        "planning",
        "priya",
        "Do site notices read better when an assistant drafts them?",
        "Ours are shorter now, and two were wrong about the date.",
        (
            ("callum", 23, "Let it write everything but dates and names, and put those in yourself."),
            ("fiona", 25, "Would you show a before and an after?"),
        ),
        answer=2,
    ),
    Earlier(
        4,
        1,
        "skills",
        "sunita",
        "What is the shortest policy that works?",
        "Ours has nineteen pages. Nobody has read page two.",
        (("maya", 9, "One page with six sentences. The other eighteen are for the auditor."),),
        answer=2,
    ),
    Earlier(
        4,
        3,
        "front-door",
        "callum",
        "What do you do about people who ring every day?",
        "Six numbers make a tenth of our calls. A tool now ranks them, which I do not like.",
        (
            ("maya", 8, "Ring them first, in the morning. Four of our six stopped."),
            (
                "sunita",
                9,
                "The gentleman at 14 Sample Street rang eleven times in one week, always about the same streetlight. "
                "We gave him the number of the team that mends it.",
            ),
        ),
        answer=2,
    ),
    Earlier(
        3,
        1,
        "generative-ai",
        "priya",
        "How do you say no to a pilot?",
        "The ninth idea this month came with a supplier and a date.",
        (
            ("maya", 7, "Ask what they would stop to make room for it."),
            (
                "tom",
                9,
                "Ask who will use it. If nobody has a name, that is your answer, and whoever signed it off should "
                "have asked before the supplier did.",
            ),
        ),
        answer=2,
    ),
    Earlier(
        3,
        2,
        "procurement",
        "sunita",
        "What do you pay for transcription, roughly?",
        "We are asked for a figure before anybody has asked the market.",
        (
            ("maya", 7, "Ask for a price by the hour that is spoken, and one by person. They differ by half."),
            (
                "owen",
                9,
                "Inventive Software offered us 18,000 a year for four hundred people, and 11,000 after we had said no.",
            ),
        ),
        answer=2,
    ),
    Earlier(
        3,
        3,
        "social-care",
        "callum",
        "Does anybody let families read the summary of a visit?",
        "They would find mistakes that we cannot.",
        (("gwen", 6, "Families here do, and correct one in eight. It is the best test that we have."),),
        answer=2,
    ),
    Earlier(
        2,
        0,
        "automation",
        "tom",
        "Test data that nobody minds: where do you get it?",
        "Made-up people all live at number one, and real ones are real.",
        (
            ("owen", 5, "We took last year's electoral register, names and all. It found the doubles in a minute."),
            ("maya", 6, "There are generators for it that make odd names as well. I will look for the link."),
        ),
        answer=3,
    ),
    Earlier(
        2,
        1,
        "trust",
        "callum",
        "Who may see what an assistant was asked?",
        "A manager asked me for the list of one person.",
        (
            ("gwen", 3, "Nobody by name, unless there is a reason that they would give that person in writing."),
            ("fiona", 6, "This belongs in the guidance. May I ask you both about it?"),
        ),
        answer=2,
    ),
    Earlier(
        2,
        2,
        "skills",
        "priya",
        "How do you keep a group like this alive after the first month?",
        "Eleven came to the first of ours, and four to the third.",
        (
            ("fiona", 2, "Ask somebody for one thing before each meeting. They come, and so do those who like them."),
            ("hari", 4, "Shorter, and at the same hour each time."),
            ("sunita", 27, "Biscuits."),
        ),
        answer=2,
    ),
    Earlier(
        1,
        0,
        "front-door",
        "sunita",
        "Do people mind talking to a machine at night?",
        "We close at five, and forty calls come after.",
        (
            ("maya", 3, "Not if it says so in its first sentence and can take a message."),
            ("hari", 5, "We asked two hundred people. They mind being asked things twice."),
        ),
    ),
    Earlier(
        1,
        1,
        "planning",
        "priya",
        "Who writes the reasons for a refusal?",
        "A tool offers three sentences. They sound better than mine, and mean less.",
        (("gwen", 4, "Whoever would stand up for them at an appeal. A tool cannot."),),
    ),
    Earlier(
        1,
        2,
        "generative-ai",
        "maya",
        "Do you say in meetings that a tool takes the notes?",
        "Half of the invitations say so now.",
        (
            ("callum", 2, "Always, and again when somebody comes in late."),
            ("tom", 3, "And who gets them. That is what people really ask."),
            ("priya", 24, "Ours is switched off when a resident is in the room."),
        ),
        answer=2,
    ),
    Earlier(
        13,
        2,
        "procurement",
        "gwen",
        "Clauses about training on our data",
        "I collect those that a supplier has signed. Send me yours, with the names taken out.",
        (("tom", 28, "Sent. It took them four months."),),
        network="ai-practitioners",
        kind=Thread.Kind.DISCUSSION,
    ),
    Earlier(
        10,
        1,
        "social-care",
        "tom",
        "Which words does your transcription never get right?",
        "Ours hears “carer” as “career”, every time.",
        (
            ("owen", 23, "Place names. We give it a list of all our streets."),
            ("maya", 26, "The names of medicines, which is worse."),
        ),
        network="ai-practitioners",
        answer=2,
    ),
    Earlier(
        7,
        3,
        "generative-ai",
        "owen",
        "Do you keep prompts beside the code?",
        "Ours were in a spreadsheet until Monday.",
        (("tom", 4, "Beside the code, with the tests that they have to pass."),),
        network="ai-practitioners",
        answer=2,
    ),
    Earlier(
        3,
        0,
        "trust",
        "gwen",
        "Logs: what do you keep, and for whom?",
        "I can defend what is needed to mend it, for as long as it takes.",
        (
            ("tom", 6, "Two weeks, without what people typed."),
            ("owen", 8, "We kept everything until you asked."),
        ),
        network="ai-practitioners",
        kind=Thread.Kind.DISCUSSION,
    ),
)


@dataclass(frozen=True, slots=True)
class Reported:
    """A post, by the title of its thread and its number, and who reported it so many hours ago. `by` empty: somebody
    without an account."""

    title: str
    number: int
    by: str
    kind: str
    words: str
    hours_ago: int
    network: str = "ai"


HIDDEN = Reported(
    "What do you do about people who ring every day?",
    3,
    "gwen",
    Report.Kind.PERSONAL,
    "With the number of the house everybody in his street knows who it is.",
    97,
)
LEFT = Reported(
    "How do you say no to a pilot?", 3, "priya", Report.Kind.UNKIND, "It reads as if it were about my manager.", 74
)
WAITING = (
    Reported(
        "What do you pay for transcription, roughly?",
        3,
        "gwen",
        Report.Kind.CONFIDENTIAL,
        "Both figures are from an offer that was made in confidence.",
        28,
    ),
    Reported(
        "Note-taking in home visits: how do you tell people?",
        1,
        "",
        Report.Kind.PERSONAL,
        "Somebody I know showed me this page. I think that one of the visits was to my mother, and nobody asked her.",
        20,
    ),
    Reported(
        "Test data that nobody minds: where do you get it?",
        2,
        "gwen",
        Report.Kind.UNLAWFUL,
        "The register may not be used for this. Please look before somebody else does the same.",
        5,
    ),
    Reported(
        "How do you test a prompt before you change it?",
        4,
        "gwen",
        Report.Kind.OTHER,
        "Are these complaints kept without names? If not, please remind all of us.",
        9,
        network="ai-practitioners",
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
    ("owen", "Our supplier has a discount for councils until Friday. I can forward the mail."),
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
    _load_earlier(now)
    for conversation in CONVERSATIONS:
        network = Network.objects.get(slug=conversation.network)
        if not Thread.objects.filter(network=network, title=conversation.title).exists():
            _hold(conversation, network, now - timedelta(days=conversation.days_ago))
    for room in Room.objects.filter(network__slug="ai"):
        if room.is_open(now) and not Message.objects.filter(room=room).exists():
            for nickname, body in CHAT:
                said = say(room, by=member(nickname), body=body)
            report_message(said, by=member("gwen"), kind=Report.Kind.SPAM, words="Is this the place for it?")
            _ask_in(room)
        if not Poll.objects.filter(room=room).exists():
            if room.is_open(now):
                _survey(room, SURVEY_NOW, now)
            elif room.is_over(now):
                close_poll(_survey(room, SURVEY_THEN, room.opens_at), by=member("fiona"), now=room.closes_at)
    _hold_first_posts(now)
    _report(now)


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


def _load_earlier(now: datetime) -> None:
    """In one go: they are many. Everybody who belongs to the network has read them."""
    networks = {network.slug: network for network in Network.objects.filter(slug__in=("ai", "ai-practitioners"))}
    themes = {theme.slug: theme for theme in Theme.objects.all()}
    people = {nickname: member(nickname) for nickname in OFFICERS}
    there = set(Thread.objects.values_list("network", "title"))
    missing = [one for one in EARLIER if (networks[one.network].pk, one.title) not in there]
    began = [
        begin_of(week_of(now) - WEEK * one.weeks_ago) + timedelta(days=one.day, hours=9, minutes=7 * number % 60)
        for number, one in enumerate(missing)
    ]
    readers = {
        slug: [row.member for row in Membership.objects.active().filter(network=network).select_related("member")]
        for slug, network in networks.items()
    }
    threads = (
        NewThread(
            network=networks[one.network],
            theme=themes[one.theme],
            by=people[one.by],
            title=one.title,
            source=one.source,
            at=at,
            kind=one.kind,
            posts=[NewPost(people[by], words, at + timedelta(hours=hours)) for by, hours, words in one.replies],
            read=[(reader, 1 + len(one.replies)) for reader in readers[one.network]],
        )
        for one, at in sorted(zip(missing, began, strict=True), key=itemgetter(1))
    )
    for _ in load_threads(threads):
        pass
    for one, at in zip(missing, began, strict=True):
        if one.answer:
            post = _post_in(one.network, one.title, one.answer)
            asker, then = people[one.by], at + timedelta(days=4)
            answer = mark_answer(post, by=asker, now=then)
            if one.worked == Answer.Worked.NO or then < now - Answer.ASKED_AFTER:
                tell_whether_it_worked(answer, one.worked, by=asker, now=then + Answer.ASKED_AFTER)


def _post_in(network: str, title: str, number: int) -> Post:
    posts = Post.objects.select_related("thread__network", "author")
    return posts.get(thread__network__slug=network, thread__title=title, number=number)


# What waits in the network that sees first posts before others do: by whom, so many hours ago.
FIRST_THREAD = (
    "ravi",
    30,
    "Moving forty robots to another platform",
    "We have until the summer. I would start with those that fail most often, my manager with those that run most "
    "often. What did you start with, and would you again?",
)
FIRST_REPLY = (
    "ingrid",
    6,
    "When is a plain script the better answer?",
    "Matching invoices to orders. It was a model for a year, and is one query now.",
)


def _hold_first_posts(now: datetime) -> None:
    network = Network.objects.get(slug="ai-practitioners")
    if HeldPost.objects.filter(network=network).exists():
        return
    network = change_network(network, by=member("fiona"), first_post_hold=True)
    nickname, hours, title, source = FIRST_THREAD
    theme, at = Theme.objects.get(slug="automation"), now - timedelta(hours=hours)
    with suppress(Held):
        start_thread(network, by=member(nickname), theme=theme, title=title, source=source, now=at)
    nickname, hours, title, source = FIRST_REPLY
    thread = Thread.objects.select_related("network").get(network=network, title=title)
    with suppress(Held):
        reply(thread, by=member(nickname), source=source, now=now - timedelta(hours=hours))


def _report(now: datetime) -> None:
    """What waits for those who look after the networks, and what one of them has decided already."""
    hari = member("hari")
    for reported in WAITING:
        _report_once(reported, now)
    if case := _report_once(LEFT, now):
        at = _when(LEFT, now)
        claim_case(case, by=hari, now=at + timedelta(hours=2))
        note_on_case(
            case,
            by=hari,
            words="Blunt, and about a decision. I have told Tom how it read.",
            now=at + timedelta(hours=3),
        )
        decide_case(case, outcome=Case.Outcome.LEFT, by=hari, now=at + timedelta(hours=3))
    if case := _report_once(HIDDEN, now):
        at = _when(HIDDEN, now)
        reason = "It lets a resident be recognised."
        case = decide_case(case, outcome=Case.Outcome.HIDDEN, by=hari, reason=reason, now=at + timedelta(hours=5))
        words = "The street and its number are invented, which I should have said. May it stand with that sentence?"
        appeal(case, by=member("sunita"), words=words, now=at + timedelta(hours=47))
    henry = member("henry")
    if not Case.objects.about(henry).exists():
        words, at = "He names somebody at home. I doubt that she was asked.", now - timedelta(hours=33)
        given = report_profile(henry, by=member("sunita"), kind=Report.Kind.PERSONAL, words=words, now=at)
        claim_case(given.case, by=hari, now=at + timedelta(hours=4))
        words = "I have written to Henry and look again in two days."
        note_on_case(given.case, by=hari, words=words, now=at + timedelta(hours=4))


def _report_once(reported: Reported, now: datetime) -> Case | None:
    """Its case; None where somebody has reported it before."""
    post = _post_in(reported.network, reported.title, reported.number)
    if Case.objects.about(post).exists():
        return None
    what: dict[str, Any] = {"kind": reported.kind, "words": reported.words, "now": _when(reported, now)}
    if reported.by:
        return report_post(post, by=member(reported.by), **what).case
    outside: dict[str, Any] = {"address": post.get_absolute_url(), "reply_to_address": "resident@example.org"}
    return report_from_outside(post, **outside, **what).case


def _when(reported: Reported, now: datetime) -> datetime:
    return now - timedelta(hours=reported.hours_ago)


def load_weeks(now: datetime) -> None:
    """What the weeks until now were like, once. Who wrote in one has read in it too, and so have some others: the same
    at each run. Where there is a crowd the worker counts its weeks, a few at a time; nobody knows who of it reads."""
    this_week = week_of(now)
    if has_crowd() or ReadingWeek.objects.filter(week__lt=this_week).exists():
        return
    rows = Membership.objects.active().filter(network__slug__in=("ai", "ai-practitioners"))
    here = list(rows.select_related("network", "member").order_by("pk"))
    wrote = {
        (post.thread.network_id, post.author_id, week_of(post.written_at))
        for post in Post.objects.exclude(author=None).select_related("thread").only("author", "written_at", "thread")
    }
    random = Random("Guildhall readers")  # noqa: S311  (nothing secret)
    with transaction.atomic():
        for ago in range(NetworkWeek.SHOWN, 0, -1):
            week = this_week - WEEK * ago
            for row in here:
                likely = 0.85 - 0.02 * ago
                reads = random.random() < likely or (row.network_id, row.member_id, week) in wrote
                if reads and row.joined_at and row.joined_at < begin_of(week + WEEK):
                    remember_reading(row.network, row.member, now=begin_of(week) + timedelta(days=1))
        count_weeks(at_most=NetworkWeek.SHOWN * Network.objects.count(), now=now)
