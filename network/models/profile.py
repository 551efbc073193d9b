from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.db import models
from django.db.models.functions import Lower

from network.models.member import Member, Viewer
from network.places import place_of
from network.storage import portraits


class ProfileQuerySet(models.QuerySet["Profile"]):
    def visible_to(self, viewer: Viewer) -> ProfileQuerySet:
        """Of whoever is visible. Which of its fields others see, the profile itself says: `shows_...`."""
        return self.filter(member__in=Member.objects.visible_to(viewer))


class Profile(models.Model):
    """What a member tells of themselves. Name and organisation stand beside all they write; each of these is seen by
    the members of their networks, or by nobody else."""

    member = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="profile"
    )
    help_with = models.CharField("I can help with", max_length=300, blank=True)
    about = models.TextField("about me", max_length=1000, blank=True)
    # Encoded anew when it comes in, under a random name; served by a view that asks who may see it.
    picture = models.FileField(storage=portraits, blank=True, max_length=100)
    picture_alt = models.CharField("description of the picture", max_length=150, blank=True)
    shows_job_title = models.BooleanField(default=True)
    shows_help_with = models.BooleanField(default=True)
    shows_about = models.BooleanField(default=True)
    shows_themes = models.BooleanField(default=True)
    shows_tools = models.BooleanField(default=True)
    shows_picture = models.BooleanField(default=True)

    objects = ProfileQuerySet.as_manager()

    def __str__(self) -> str:
        return f"Profile of member {self.member_id}"

    @classmethod
    def of(cls, member: Member) -> Profile:
        """Theirs; or one with nothing in it and not kept, where they have told nothing yet."""
        profile: Profile | None = getattr(member, "profile", None)
        return profile or cls(member=member)

    @property
    def described_picture(self) -> str:
        return self.picture_alt or f"Picture of {self.member}"

    @property
    def picture_address(self) -> str:
        """Empty without a picture."""
        return address_of_picture(self.member_id, self.picture.name)


def address_of_picture(member: int, name: str | None) -> str:
    """Another picture has another address, so that a browser shows no old one. Empty without a name."""
    return f"{place_of('member_picture', member)}?v={name[:8]}" if name else ""


@dataclass(frozen=True, slots=True)
class Person:
    """A member as everybody sees them beside their words: values alone, so that what is made of them can be kept."""

    pk: int
    name: str
    label: str
    is_active: bool
    picture: str
    get_absolute_url: str

    def __str__(self) -> str:
        return self.name

    @classmethod
    def of(cls, member: Member, *, picture: str | None = None) -> Person:
        """`picture`: the name of the one that they show, where it was asked for by itself."""
        address = address_of_picture(member.pk, picture)
        return cls(member.pk, str(member), member.label, member.is_active, address, member.get_absolute_url())


def shown_picture(member: Member) -> str:
    """The address of the picture that they show; never a query of its own."""
    if not Member._meta.get_field("profile").is_cached(member):
        return ""
    profile = Profile.of(member)
    return profile.picture_address if profile.shows_picture else ""


# Who has told nothing of themselves yet has hidden nothing either.
SHOWS_TOOLS = models.Q(member__profile=None) | models.Q(member__profile__shows_tools=True)


class MemberToolQuerySet(models.QuerySet["MemberTool"]):
    def visible_to(self, viewer: Viewer) -> MemberToolQuerySet:
        """Their own; and those of people in their networks who show theirs. A tool's name may itself be a private word,
        so lists and counts of tools start here."""
        if not viewer.is_authenticated or not viewer.is_active:
            return self.none()
        shown = SHOWS_TOOLS & models.Q(member__in=Member.objects.visible_to(viewer))
        return self.filter(models.Q(member=viewer) | shown)

    def shown(self) -> MemberToolQuerySet:
        """Not hidden by those who use them."""
        return self.filter(SHOWS_TOOLS)


class MemberTool(models.Model):
    """A tool that a member uses, as they call it; of one tool in two spellings the first stays."""

    member = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="tools")
    name = models.CharField(max_length=60)

    objects = MemberToolQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint("member", Lower("name"), name="member_tool_once")]
        indexes = [models.Index(Lower("name"), name="member_tool_by_name")]

    def __str__(self) -> str:
        return self.name
