"""What members say."""

from forums.models.announcement import Announcement, Delivery
from forums.models.answer import Answer
from forums.models.attachment import Attachment
from forums.models.attendance import RoomAttendance
from forums.models.draft import Draft
from forums.models.feed import FeedKey
from forums.models.held_message import HeldMessage
from forums.models.held_post import HeldPost
from forums.models.mention import Mention
from forums.models.message import Consent, Message
from forums.models.message_reaction import MessageReaction
from forums.models.moderation import ActChange, ModerationAct, ThreadNote
from forums.models.poll import Poll, PollOption, PollResults, PollVote, SeenPoll
from forums.models.post import FormerPlace, Post, PostVersion
from forums.models.practice import Practice
from forums.models.presence import RoomPresence
from forums.models.question import Question, QuestionStep, QuestionVote
from forums.models.reaction import Reaction
from forums.models.reading import FollowLevel, Level, MemberThread
from forums.models.received_mail import ReceivedMail
from forums.models.report import Appeal, Case, CaseNote, Report
from forums.models.room import Room, RoomEvent, RoomRole, RoomSanction, StandingRoomSanction, TimeOut
from forums.models.session import ThreadBatch, clock, place_in, recording_at
from forums.models.thread import Thread, ThreadTag
from forums.models.thread_move import MoveAnswer, ThreadMove
from forums.models.week import NetworkWeek, ReadingWeek

__all__ = [
    "ActChange",
    "Announcement",
    "Answer",
    "Appeal",
    "Attachment",
    "Case",
    "CaseNote",
    "Consent",
    "Delivery",
    "Draft",
    "FeedKey",
    "FollowLevel",
    "FormerPlace",
    "HeldMessage",
    "HeldPost",
    "Level",
    "MemberThread",
    "Mention",
    "Message",
    "MessageReaction",
    "ModerationAct",
    "MoveAnswer",
    "NetworkWeek",
    "Poll",
    "PollOption",
    "PollResults",
    "PollVote",
    "Post",
    "PostVersion",
    "Practice",
    "Question",
    "QuestionStep",
    "QuestionVote",
    "Reaction",
    "ReadingWeek",
    "ReceivedMail",
    "Report",
    "Room",
    "RoomAttendance",
    "RoomEvent",
    "RoomPresence",
    "RoomRole",
    "RoomSanction",
    "SeenPoll",
    "StandingRoomSanction",
    "Thread",
    "ThreadBatch",
    "ThreadMove",
    "ThreadNote",
    "ThreadTag",
    "TimeOut",
    "clock",
    "place_in",
    "recording_at",
]
