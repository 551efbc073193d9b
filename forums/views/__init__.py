from django.http import Http404, HttpRequest

from network.models import Member


def member_or_404(request: HttpRequest) -> Member:
    """Who asks, where visitors who are not signed in learn nothing but 404."""
    if not request.user.is_authenticated:
        raise Http404("There is nothing here for a visitor who has not signed in.")
    return request.user


def field_of(no: Exception) -> str | None:
    """The field of a form beside which a refusal belongs; None for one that is about the whole."""
    field: str | None = getattr(no, "field", None)
    return field
