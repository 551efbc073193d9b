"""The shape of what members type. Whether they may is asked by the verbs."""

from forums.forms.announcement import DeclineForm
from forums.forms.answer import WorkedForm
from forums.forms.attachment import FilesForm
from forums.forms.following import BookmarkForm, LevelForm, LevelsForm
from forums.forms.move import MoveForm
from forums.forms.post import ReplyForm, WrittenOnce
from forums.forms.room import MessageForm, RoomRoleForm
from forums.forms.tag import TagForm
from forums.forms.thread import ThreadForm

__all__ = [
    "BookmarkForm",
    "DeclineForm",
    "FilesForm",
    "LevelForm",
    "LevelsForm",
    "MessageForm",
    "MoveForm",
    "ReplyForm",
    "RoomRoleForm",
    "TagForm",
    "ThreadForm",
    "WorkedForm",
    "WrittenOnce",
]
