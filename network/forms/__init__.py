"""The shape of what people type. Who may do what with it is asked of permissions and said by the verbs."""

from network.forms.account import RequestCodeForm, SignInCodeForm, SignUpCodeForm, SignUpForm, WorkEmailField
from network.forms.directory import DirectoryForm
from network.forms.membership import AskToJoinForm, DeclineForm
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
    "AppSetUpForm",
    "AskToJoinForm",
    "DeclineForm",
    "DirectoryForm",
    "HelloForm",
    "InterestsForm",
    "MailForm",
    "MailedCodeForm",
    "NewAddressForm",
    "NewPasswordForm",
    "OwnPasswordForm",
    "PasskeyForm",
    "PasskeyNameForm",
    "PasskeySignInForm",
    "PasswordSignInForm",
    "PictureForm",
    "ProfileForm",
    "RequestCodeForm",
    "SecondFactorForm",
    "SignInCodeForm",
    "SignUpCodeForm",
    "SignUpForm",
    "WorkEmailField",
]
