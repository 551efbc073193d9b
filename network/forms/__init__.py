"""The shape of what people type. Who may do what with it is asked of permissions and said by the verbs."""

from network.forms.account import RequestCodeForm, SignInCodeForm, SignUpCodeForm, SignUpForm, WorkEmailField
from network.forms.admission import AskForAdmissionForm, LetInForm
from network.forms.closing import CloseAccountForm
from network.forms.directory import DirectoryForm
from network.forms.domain import AddDomainForm, DomainKindForm
from network.forms.intake import IntakeForm
from network.forms.invitation import InviteForm
from network.forms.membership import (
    AnswerForm,
    ApproveForm,
    AskToJoinForm,
    DeclineForm,
    EndForm,
    QuestionForm,
    ReinstateForm,
    SanctionForm,
    WordsField,
)
from network.forms.merging import MergeForm
from network.forms.network import NetworkForm, NetworkSettingsForm, NewNetworkForm
from network.forms.profile import HelloForm, InterestsForm, MailForm, PictureForm, ProfileForm
from network.forms.rules import AgreeForm, GroundRulesForm, RulesField
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
from network.forms.theme import ThemeChoiceForm, ThemeForm, ThemeNetworkForm

__all__ = [
    "AddDomainForm",
    "AddPasskeyForm",
    "AgreeForm",
    "AnswerForm",
    "AppSetUpForm",
    "ApproveForm",
    "AskForAdmissionForm",
    "AskToJoinForm",
    "CloseAccountForm",
    "DeclineForm",
    "DirectoryForm",
    "DomainKindForm",
    "EndForm",
    "GroundRulesForm",
    "HelloForm",
    "IntakeForm",
    "InterestsForm",
    "InviteForm",
    "LetInForm",
    "MailForm",
    "MailedCodeForm",
    "MergeForm",
    "NetworkForm",
    "NetworkSettingsForm",
    "NewAddressForm",
    "NewNetworkForm",
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
    "RulesField",
    "SanctionForm",
    "SecondFactorForm",
    "SignInCodeForm",
    "SignUpCodeForm",
    "SignUpForm",
    "ThemeChoiceForm",
    "ThemeForm",
    "ThemeNetworkForm",
    "WordsField",
    "WorkEmailField",
]
