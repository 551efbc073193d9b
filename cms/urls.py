"""Addresses of the hub. Wagtail's pages come last, for they catch everything else."""

from csp.decorators import csp
from django.urls import URLPattern, URLResolver, include, path, re_path
from wagtail import urls as wagtail_urls
from wagtail.admin import urls as wagtailadmin_urls
from wagtail.admin.auth import require_admin_access
from wagtail.documents import urls as wagtaildocs_urls
from wagtail.utils.urlpatterns import decorate_urlpatterns

from cms import feeds
from cms.views import editing, events, files, record, roles, search, speakers, themes

# What stands here is found before Wagtail's own address of the same name.
doors: list[URLPattern | URLResolver] = [
    path("admin/login/", editing.sign_in),
    path("_util/login/", editing.sign_in),
    re_path(r"^admin/password_reset/", editing.sign_in),
    re_path(r"^_util/authenticate_with_password/", editing.nowhere),
    path("documents/authenticate_with_password/<int:restriction_id>/", editing.nowhere),
    path("admin/tag-autocomplete/", editing.complete_tag),
    path("admin/tag-autocomplete/<slug:app_name>/<slug:model_name>/", editing.complete_tag),
    path("admin/failwhale/", editing.nowhere),  # an error on purpose
    # Members are not made, ended or deleted in bulk.
    path("admin/bulk/network/member/<slug:action>/", editing.nowhere),
]
admin: list[URLPattern | URLResolver] = [
    path("admin/account/", require_admin_access(editing.OwnSettingsView.as_view())),
    path("admin/", include(wagtailadmin_urls)),
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("search/", search.search, name="search"),
    path("search/suggestions/", search.suggestions, name="search_suggestions"),
    path("search/saved/", search.saved_searches, name="saved_searches"),
    path("search/saved/save/", search.search_save, name="search_save"),
    path("search/saved/<int:pk>/", search.search_open, name="search_open"),
    path("search/saved/<int:pk>/follow/", search.search_follow, name="search_follow"),
    path("search/saved/<int:pk>/delete/", search.search_delete, name="search_delete"),
    path("similar/", search.similar, name="similar"),
    path("themes/", themes.themes, name="themes"),
    path("themes/<slug:slug>/", themes.theme, name="theme"),
    path("administration/people/<int:pk>/roles/", roles.roles, name="member_roles"),
    path("events/<int:pk>/calendar.ics", feeds.event_calendar, name="event_calendar"),
    path("events/<int:pk>/page/", events.by_number, name="event_by_number"),
    path("events/<int:pk>/add/", events.add, name="event_add"),
    path("events/<int:pk>/take-out/", events.take_out, name="event_take_out"),
    path("events/<int:pk>/recording/", record.recording, name="event_recording"),
    path("events/<int:pk>/record/draft/", record.draft, name="record_draft"),
    path("events/<int:pk>/record/<int:item>/leave-out/", record.leave_out, name="record_leave_out"),
    path("events/<int:pk>/record/<int:item>/put-back/", record.put_back, name="record_put_back"),
    path("events/<int:pk>/record/agree/", record.agree, name="record_agree"),
    path("events/<int:pk>/record/approve/", record.approve, name="record_approve"),
    path("feeds/<str:token>/events.ics", feeds.own_events, name="own_events"),
    path("event-rooms/<int:pk>/", speakers.speakers, name="event_speakers"),
    path("event-rooms/<int:pk>/<int:role>/remove/", speakers.remove, name="event_speaker_remove"),
    *doors,
    *decorate_urlpatterns(admin, csp(editing.POLICY)),
    path("documents/", include(wagtaildocs_urls)),
    # Only the sized copies of pictures: originals and documents are not for everybody.
    re_path(r"^media/images/(?P<path>.*)$", files.picture),
    path("", include(wagtail_urls)),
]
