"""Addresses of the forums."""

from django.urls import URLPattern, URLResolver, path

from forums import feeds
from forums.views import drafts, rooms, tags, threads

urlpatterns: list[URLPattern | URLResolver] = [
    path("networks/<slug:slug>/threads/", threads.threads, name="threads"),
    path("networks/<slug:slug>/threads/new/", threads.thread_new, name="thread_new"),
    path("networks/<slug:slug>/threads/draft/", drafts.thread_draft, name="thread_draft"),
    path("networks/<slug:slug>/threads/mark-all-read/", threads.mark_all_read, name="mark_all_read"),
    path("networks/<slug:slug>/tags/", tags.tags, name="network_tags"),
    path("networks/<slug:slug>/tags/<int:pk>/", tags.tag, name="network_tag"),
    path("networks/<slug:slug>/feed/", feeds.network_feed, name="network_feed"),
    path("threads/<int:pk>-<slug:slug>/", threads.thread, name="thread"),
    path("threads/<int:pk>/posts/<int:number>/", threads.post, name="post"),
    path("threads/<int:pk>/reply/", threads.reply, name="reply"),
    path("threads/<int:pk>/draft/", drafts.reply_draft, name="reply_draft"),
    path("drafts/", drafts.drafts, name="drafts"),
    path("drafts/<int:pk>/delete/", drafts.draft_delete, name="draft_delete"),
    path("unread/", threads.unread, name="unread"),
    path("rooms/<int:pk>/", rooms.room, name="room"),
    path("rooms/<int:pk>/send/", rooms.room_send, name="room_send"),
    path("rooms/<int:pk>/roles/", rooms.room_roles, name="room_roles"),
    path("rooms/<int:pk>/roles/<int:role>/remove/", rooms.room_role_remove, name="room_role_remove"),
]
