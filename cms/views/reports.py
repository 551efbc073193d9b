"""Reports for editors, in Wagtail's admin."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from wagtail.admin.paginator import WagtailPaginator
from wagtail.admin.ui.tables import Column
from wagtail.admin.views.reports import ReportView

from cms.models import FruitlessSearch
from cms.permissions import can_see_fruitless_searches
from network import spreadsheet

COLUMNS = {
    "looked_for": "Words",
    "people": "People who looked for it in 90 days",
    "last_asked": "Last looked for",
}
# What members typed must be no formula in a spreadsheet.
PREPROCESS = {name: dict.fromkeys(ReportView.FORMATS, spreadsheet.plain) for name in COLUMNS}


class SearchesPaginator(WagtailPaginator):
    """Says how many there are in English: Django would make it "searchs"."""

    verbose_name: Any = "search"
    verbose_name_plural: Any = "searches"


class FruitlessSearchesView(ReportView):
    """What several members looked for and nobody found, what most looked for first."""

    model = FruitlessSearch
    page_title = "Searches that found nothing"
    header_icon = "search"
    paginator_class = SearchesPaginator
    index_url_name: Any = "fruitless_searches"
    index_results_url_name: Any = "fruitless_searches_results"
    columns: Any = [Column(name, label=label) for name, label in COLUMNS.items()]  # noqa: RUF012  # as Wagtail wants it
    list_export: Any = list(COLUMNS)  # noqa: RUF012  # as Wagtail wants it
    export_headings: Any = COLUMNS
    custom_field_preprocess: Any = PREPROCESS
    no_results_message = "Nothing that three members looked for in the last 90 days found nothing."

    def get_queryset(self) -> QuerySet[FruitlessSearch, dict[str, Any]]:
        can_see_fruitless_searches(self.request.user).enforce()
        return FruitlessSearch.objects.visible_to(self.request.user).counted()

    def get_filename(self) -> str:
        return "searches-that-found-nothing"
