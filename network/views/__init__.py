from django.http import HttpRequest

from network.models import Member


class MemberRequest(HttpRequest):
    """A request of somebody signed in: the view stands behind `login_required`, or answers 404 to whoever may not know
    of the page, an anonymous visitor among them, before it asks who the member is."""

    user: Member
