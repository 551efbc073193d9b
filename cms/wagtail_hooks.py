"""Where Wagtail's admin calls us back. Thin: each asks one verb."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.templatetags.static import static
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from wagtail import hooks
from wagtail.admin import messages
from wagtail.admin.menu import MenuItem
from wagtail.models import Page

from cms.actions.events import attend_room_of, see_page
from cms.actions.lifecycle import call_small, review_page
from cms.models import EventPage, GuidancePage, PageThread
from cms.models.attendance import events_awaited
from cms.views.reports import FruitlessSearchesView


@hooks.register("after_edit_page")  # type: ignore[untyped-decorator]
def say_that_it_was_reviewed(request: HttpRequest, page: Page) -> None:
    """The dates of review in the form of a page are no part of its draft; they hold at once. Saving that nobody asked
    for does not say that somebody reviewed."""
    given = getattr(page, "review_given", None)
    is_autosave = not request.accepts("text/html")
    if given and request.user.is_authenticated and not is_autosave:
        reviewed_on, review_by = given
        review_page(page, by=request.user, reviewed_on=reviewed_on, review_by=review_by)


@hooks.register("before_publish_page")  # type: ignore[untyped-decorator]
@hooks.register("after_edit_page")  # type: ignore[untyped-decorator]
def keep_whether_it_is_a_small_correction(request: HttpRequest, page: Page) -> None:
    """Before it is published, for publishing asks; and once for each form, for publishing forgets it."""
    is_small = getattr(page, "small_change_given", None)
    if is_small is not None:
        call_small(page, is_small)
        vars(page).pop("small_change_given")


@hooks.register("before_serve_page")  # type: ignore[untyped-decorator]
def see_what_is_read(page: Page, request: HttpRequest, serve_args: list[Any], serve_kwargs: dict[str, Any]) -> None:
    if request.method == "GET" and request.user.is_authenticated and isinstance(page, EventPage | GuidancePage):
        see_page(page, by=request.user)
        if isinstance(page, EventPage):
            attend_room_of(page, by=request.user)


@hooks.register("before_delete_page")  # type: ignore[untyped-decorator]
def keep_what_people_wait_for(request: HttpRequest, page: Page) -> HttpResponse | None:
    """Of what is gone nobody can be told. Taking it down first tells them."""
    return _kept(request, [page])


@hooks.register("before_bulk_action")  # type: ignore[untyped-decorator]
def keep_all_that_people_wait_for(
    request: HttpRequest, action_type: str, objects: list[Any], action: object
) -> HttpResponse | None:
    pages = [thing for thing in objects if isinstance(thing, Page)]
    return _kept(request, pages) if action_type == "delete" and pages else None


def _kept(request: HttpRequest, pages: list[Page]) -> HttpResponse | None:
    awaited = events_awaited(pages).first()
    if awaited is None:
        return None
    first = "Unpublish it first, so that they are told" if awaited.live else "They are being told"
    messages.error(
        request,
        f"“{awaited.title}” is in people's events, so it was not deleted. {first}, and delete it a quarter of an hour "
        "later.",
    )
    return redirect("wagtailadmin_explore", awaited.get_parent().pk)


@hooks.register("after_publish_page")  # type: ignore[untyped-decorator]
def say_where_it_is_discussed(request: HttpRequest, page: Page) -> None:
    """Whoever is no member of that network cannot see the discussion, and would think that there is none. That it began
    they may know, for they chose the network; the way to it is for those who may read it."""
    link = PageThread.objects.filter(page=page.pk, closed_at=None).select_related("thread__network").first()
    if link is not None:
        may_read = PageThread.objects.visible_to(request.user).filter(pk=link.pk).exists()
        buttons = [messages.button(link.thread.get_absolute_url(), "Read the discussion")] if may_read else []
        messages.info(request, f"The discussion of “{page.title}” is in the {link.thread.network}.", buttons=buttons)


@hooks.register("register_admin_urls")  # type: ignore[untyped-decorator]
def reports_of_ours() -> list[URLPattern]:
    view = FruitlessSearchesView
    return [
        path("reports/searches/", view.as_view(), name="fruitless_searches"),
        path("reports/searches/results/", view.as_view(results_only=True), name="fruitless_searches_results"),
    ]


@hooks.register("register_reports_menu_item")  # type: ignore[untyped-decorator]
def report_of_searches() -> MenuItem:
    title = FruitlessSearchesView.page_title
    return MenuItem(title, reverse("fruitless_searches"), icon_name=FruitlessSearchesView.header_icon, order=900)


@hooks.register("insert_global_admin_js")  # type: ignore[untyped-decorator]
def name_what_has_no_name() -> SafeString:
    return format_html('<script type="module" src="{}"></script>', static("cms/editing.js"))


@hooks.register("insert_global_admin_css")  # type: ignore[untyped-decorator]
def show_what_cannot_be_chosen() -> SafeString:
    return format_html('<link rel="stylesheet" href="{}">', static("cms/editing.css"))
