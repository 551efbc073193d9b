"""The shape of what people type. Who may do what with it is asked of permissions and said by the verbs."""

from network.forms.account import RequestCodeForm, SignInCodeForm, SignUpCodeForm, SignUpForm, WorkEmailField
from network.forms.directory import DirectoryForm
from network.forms.invitation import InviteForm
from network.forms.membership import (
    AnswerForm,
    ApproveForm,
    AskToJoinForm,
    DeclineForm,
    EndForm,
    QuestionForm,
    ReinstateForm,
    WordsField,
)
from network.forms.network import NetworkSettingsForm
from network.forms.profile import HelloForm, InterestsForm, MailForm, PictureForm, ProfileForm
from network.forms.security import (
    AddPasskeyForm,
    AppSetUpForm,
    MailedCodeForm,
    NewAddressForm,
    NewPasswordForm,
    OwnPasswordForm,
    PasskeyForm,
    PasskeyNameForm,
    PasskeySignInForm,
    PasswordSignInForm,
    SecondFactorForm,
)

__all__ = [
    "AddPasskeyForm",
    "AnswerForm",
    "AppSetUpForm",
    "ApproveForm",
    "AskToJoinForm",
    "DeclineForm",
    "DirectoryForm",
    "EndForm",
    "HelloForm",
    "InterestsForm",
    "InviteForm",
    "MailForm",
    "MailedCodeForm",
    "NetworkSettingsForm",
    "NewAddressForm",
    "NewPasswordForm",
    "OwnPasswordForm",
    "PasskeyForm",
    "PasskeyNameForm",
    "PasskeySignInForm",
    "PasswordSignInForm",
    "PictureForm",
    "ProfileForm",
    "QuestionForm",
    "ReinstateForm",
    "RequestCodeForm",
    "SecondFactorForm",
    "SignInCodeForm",
    "SignUpCodeForm",
    "SignUpForm",
    "WordsField",
    "WorkEmailField",
]
