"""The shape of what members type. Whether they may is asked by the verbs."""

from forums.forms.announcement import DeclineForm
from forums.forms.answer import WorkedForm
from forums.forms.attachment import FilesForm
from forums.forms.following import BookmarkForm, LevelForm, LevelsForm
from forums.forms.move import MoveForm
from forums.forms.poll import PollForm, VoteForm
from forums.forms.post import ReplyForm, WrittenOnce
from forums.forms.room import (
    EditMessageForm,
    LockForm,
    MessageForm,
    ReportForm,
    RoomForm,
    RoomRoleForm,
    SanctionForm,
    SlowModeForm,
)
from forums.forms.tag import TagForm
from forums.forms.thread import ThreadForm

__all__ = [
    "BookmarkForm",
    "DeclineForm",
    "EditMessageForm",
    "FilesForm",
    "LevelForm",
    "LevelsForm",
    "LockForm",
    "MessageForm",
    "MoveForm",
    "PollForm",
    "ReplyForm",
    "ReportForm",
    "RoomForm",
    "RoomRoleForm",
    "SanctionForm",
    "SlowModeForm",
    "TagForm",
    "ThreadForm",
    "VoteForm",
    "WorkedForm",
    "WrittenOnce",
]
