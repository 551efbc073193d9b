"""Where Wagtail's admin calls us back. Thin: each asks one verb."""

from __future__ import annotations

from django.http import HttpRequest
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString
from wagtail import hooks
from wagtail.models import Page

from cms.actions.lifecycle import review_page


@hooks.register("after_edit_page")  # type: ignore[untyped-decorator]
def say_that_it_was_reviewed(request: HttpRequest, page: Page) -> None:
    """The dates of review in the form of a page are no part of its draft; they hold at once. Saving that nobody asked
    for does not say that somebody reviewed."""
    given = getattr(page, "review_given", None)
    is_autosave = not request.accepts("text/html")
    if given and request.user.is_authenticated and not is_autosave:
        reviewed_on, review_by = given
        review_page(page, by=request.user, reviewed_on=reviewed_on, review_by=review_by)


@hooks.register("insert_global_admin_js")  # type: ignore[untyped-decorator]
def name_what_has_no_name() -> SafeString:
    return format_html('<script type="module" src="{}"></script>', static("cms/editing.js"))
