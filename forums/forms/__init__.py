"""The shape of what members type. Whether they may is asked by the verbs."""

from forums.forms.announcement import DeclineForm
from forums.forms.answer import WorkedForm
from forums.forms.attachment import FilesForm
from forums.forms.following import BookmarkForm, LevelForm, LevelsForm
from forums.forms.hosting import DecisionForm, MergeForm, NotPublishForm, ParkForm, RoomRulesForm, WrittenAnswerForm
from forums.forms.move import MoveForm
from forums.forms.poll import PollForm, VoteForm
from forums.forms.post import ReplyForm, WrittenOnce
from forums.forms.report import AnswerAppealForm, AppealForm, DecideForm, NoteForm, OutsideReportForm, ReportForm
from forums.forms.room import (
    EditMessageForm,
    LockForm,
    MessageForm,
    QuestionForm,
    RoomForm,
    RoomRoleForm,
    SanctionForm,
    SlowModeForm,
)
from forums.forms.tag import TagForm
from forums.forms.thread import ThreadForm

__all__ = [
    "AnswerAppealForm",
    "AppealForm",
    "BookmarkForm",
    "DecideForm",
    "DecisionForm",
    "DeclineForm",
    "EditMessageForm",
    "FilesForm",
    "LevelForm",
    "LevelsForm",
    "LockForm",
    "MergeForm",
    "MessageForm",
    "MoveForm",
    "NotPublishForm",
    "NoteForm",
    "OutsideReportForm",
    "ParkForm",
    "PollForm",
    "QuestionForm",
    "ReplyForm",
    "ReportForm",
    "RoomForm",
    "RoomRoleForm",
    "RoomRulesForm",
    "SanctionForm",
    "SlowModeForm",
    "TagForm",
    "ThreadForm",
    "VoteForm",
    "WorkedForm",
    "WrittenAnswerForm",
    "WrittenOnce",
]
