"""Who people are to each other."""

from network.models.admission import Admission, AdmissionRequest
from network.models.audit import AuditEvent
from network.models.browser import Browser
from network.models.export import DataExport
from network.models.intake import Intake, IntakeRow
from network.models.invitation import Invitation
from network.models.job import DueJob, Worker
from network.models.mail import MailLedger, MailStop
from network.models.mailbox_mark import MailboxMark, MailboxMarkQuerySet
from network.models.member import AccountEvent, Member, Viewer
from network.models.network import Membership, MembershipEvent, Network, StandingSanction
from network.models.notice import Notice
from network.models.organisation import Organisation, OrganisationDomain
from network.models.profile import MemberTool, Profile
from network.models.rules import GroundRules, RulesAcceptance
from network.models.tag import Tag
from network.models.theme import MemberTheme, NetworkTheme, Theme, ThemeAlias

__all__ = [
    "AccountEvent",
    "Admission",
    "AdmissionRequest",
    "AuditEvent",
    "Browser",
    "DataExport",
    "DueJob",
    "GroundRules",
    "Intake",
    "IntakeRow",
    "Invitation",
    "MailLedger",
    "MailStop",
    "MailboxMark",
    "MailboxMarkQuerySet",
    "Member",
    "MemberTheme",
    "MemberTool",
    "Membership",
    "MembershipEvent",
    "Network",
    "NetworkTheme",
    "Notice",
    "Organisation",
    "OrganisationDomain",
    "Profile",
    "RulesAcceptance",
    "StandingSanction",
    "Tag",
    "Theme",
    "ThemeAlias",
    "Viewer",
    "Worker",
]
