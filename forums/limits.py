"""How often members may write."""

from __future__ import annotations

from datetime import timedelta

from network.limits import LimitReached, RateLimit, in_words

THREADS = RateLimit("start {} threads", 10, per=timedelta(days=1), again="start another", newcomers=True)
# Replies and the first posts of threads together.
POSTS = RateLimit("write {} posts", 60, per=timedelta(hours=1), again="write another", newcomers=True)
TAGGING = RateLimit("merge tags", 100, per=timedelta(hours=1))
EDITING = RateLimit("change what you wrote", 100, per=timedelta(hours=1))
ATTACHING = RateLimit("attach files", 100, per=timedelta(hours=1))
# Counted as it is uploaded, so removing a file makes no room for another.
BYTES_A_DAY = RateLimit("attach bytes", 50 * 1024 * 1024, per=timedelta(days=1))
DRAFTING = RateLimit("save drafts", 1_200, per=timedelta(hours=1))
MODERATING = RateLimit("hide or restore posts", 300, per=timedelta(hours=1))
LOCKING = RateLimit("lock or unlock threads", 100, per=timedelta(hours=1))
FOLLOWING = RateLimit("change what you follow or bookmark", 300, per=timedelta(hours=1))
READING = RateLimit("mark threads as read", 3_000, per=timedelta(hours=1))
SCHEDULING = RateLimit("schedule live rooms", 60, per=timedelta(hours=1))
LOOKING_FOR_PEOPLE = RateLimit("look for people to run live rooms", 60, per=timedelta(hours=1))
GIVING_ROOM_ROLES = RateLimit("say who runs live rooms", 200, per=timedelta(hours=1))
SPEAKING = RateLimit("send messages to a live room", 15, per=timedelta(seconds=30))
CHANGING_MESSAGES = RateLimit("change or delete messages in a live room", 15, per=timedelta(seconds=30))
REACTING_LIVE = RateLimit("react in a live room", 15, per=timedelta(seconds=30))
TAKING_QUESTIONS_BACK = RateLimit("take questions in live rooms back", 20, per=timedelta(minutes=10))
ASKING = RateLimit("ask questions in a live room", 10, per=timedelta(minutes=10))
VOTING = RateLimit("vote in a live room", 60, per=timedelta(seconds=30))
# Of sessions: each counts, and a long one has fifty questions.
THREADS_OF_SESSIONS = RateLimit("make threads of what was asked in sessions", 300, per=timedelta(hours=1))
CONSENTING = RateLimit("decide over your words on public pages", 300, per=timedelta(hours=1))
HOSTING = RateLimit("run live rooms", 1_200, per=timedelta(hours=1))
REPORTING = RateLimit("make {} reports", 10, per=timedelta(hours=1), again="make another", newcomers=True)
DECIDING_REPORTS = RateLimit("look after reports", 300, per=timedelta(hours=1))
APPEALING = RateLimit("appeal", 10, per=timedelta(days=1))
MODERATING_ROOMS = RateLimit("look after live rooms", 600, per=timedelta(hours=1))
REACTING = RateLimit("react to posts", 300, per=timedelta(hours=1))
ANSWERS = RateLimit("mark answers, or say whether one worked", 100, per=timedelta(hours=1))
LOOKING_FOR_NAMES = RateLimit("look for people to mention", 1_000, per=timedelta(minutes=10))
FEED_KEYS = RateLimit("make new addresses of your feeds", 20, per=timedelta(days=1))
FEEDS = RateLimit("read your feeds", 600, per=timedelta(hours=1))
MOVING = RateLimit("move threads", 200, per=timedelta(hours=1))
PINNING = RateLimit("pin threads", 100, per=timedelta(hours=1))
TIDYING = RateLimit("merge threads, or undo what was done to one", 100, per=timedelta(hours=1))
PREVIEWING = RateLimit("preview what you write", 300, per=timedelta(hours=1))
ANNOUNCING = RateLimit("confirm, decline or stop the mail of announcements", 100, per=timedelta(hours=1))
# By mail, of one network: whoever gets mail from it each hour soon reads none. Counted where announcements are kept.
ANNOUNCED_A_DAY = 3
# By mail, of one member. Counted where they are kept: a program that takes in one message remembers nothing.
MAILED_REPLIES_AN_HOUR = 60
# By everybody without an account together: nothing tells them apart that we would want to know. Counted where they are
# kept.
OUTSIDE_REPORTS_AN_HOUR = 60

# In one room, by all of them: nobody can read more, and every screen would only flicker. Counted in its log.
MESSAGES_A_SECOND = 100


class TooManyFromOutside(LimitReached):
    """So many people without an account have reported something that nobody could read more."""

    def __init__(self) -> None:
        super().__init__(
            "Very many reports have come in within the last hour, so we cannot take another at the moment. Try again "
            "in an hour. If somebody is in danger, call 999.",
            3_600,
        )


class RoomBusy(LimitReached):
    """Everybody speaks at once; whoever waits a second is heard."""

    def __init__(self) -> None:
        super().__init__("Too many people are speaking at once. You can send this one in a second.", 1)


class SlowMode(LimitReached):
    """The room is in slow mode, and the member said something a moment ago."""

    def __init__(self, every: int, wait: int) -> None:
        every_so_often = in_words(timedelta(seconds=every))
        again = in_words(timedelta(seconds=wait))
        super().__init__(
            f"The room is in slow mode: one message every {every_so_often}. You can send this one in {again}.", wait
        )
