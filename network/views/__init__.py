from django.http import HttpRequest

from network.models import Member


class MemberRequest(HttpRequest):
    """A request behind `login_required`: whoever asks is a member."""

    user: Member
