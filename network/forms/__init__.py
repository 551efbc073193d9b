"""The shape of what people type. Who may do what with it is asked of permissions and said by the verbs."""

from network.forms.account import RequestCodeForm, SignInCodeForm, SignUpCodeForm, SignUpForm, WorkEmailField
from network.forms.membership import AskToJoinForm, DeclineForm

__all__ = [
    "AskToJoinForm",
    "DeclineForm",
    "RequestCodeForm",
    "SignInCodeForm",
    "SignUpCodeForm",
    "SignUpForm",
    "WorkEmailField",
]
