"""Who people are to each other."""

from network.models.admission import Admission
from network.models.audit import AuditEvent
from network.models.browser import Browser
from network.models.job import DueJob, Worker
from network.models.member import Member, Viewer
from network.models.network import Membership, Network
from network.models.notice import Notice
from network.models.organisation import Organisation, OrganisationDomain
from network.models.tag import Tag
from network.models.theme import NetworkTheme, Theme

__all__ = [
    "Admission",
    "AuditEvent",
    "Browser",
    "DueJob",
    "Member",
    "Membership",
    "Network",
    "NetworkTheme",
    "Notice",
    "Organisation",
    "OrganisationDomain",
    "Tag",
    "Theme",
    "Viewer",
    "Worker",
]
