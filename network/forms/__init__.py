"""The shape of what people type. Who may do what with it is asked of permissions and said by the verbs."""

from network.forms.account import RequestCodeForm, SignInCodeForm, SignUpCodeForm, SignUpForm, WorkEmailField
from network.forms.directory import DirectoryForm
from network.forms.membership import AskToJoinForm, DeclineForm
from network.forms.profile import HelloForm, InterestsForm, MailForm, PictureForm, ProfileForm

__all__ = [
    "AskToJoinForm",
    "DeclineForm",
    "DirectoryForm",
    "HelloForm",
    "InterestsForm",
    "MailForm",
    "PictureForm",
    "ProfileForm",
    "RequestCodeForm",
    "SignInCodeForm",
    "SignUpCodeForm",
    "SignUpForm",
    "WorkEmailField",
]
