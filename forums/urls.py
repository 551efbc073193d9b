"""Addresses of the forums."""

from django.urls import URLPattern, URLResolver, path

from forums import feeds
from forums.views import feeds as feed_pages
from forums.views import following, lists, moving, rooms, tags, threads

urlpatterns: list[URLPattern | URLResolver] = [
    path("networks/<slug:slug>/threads/", lists.threads, name="threads"),
    path("networks/<slug:slug>/threads/new/", threads.thread_new, name="thread_new"),
    path("networks/<slug:slug>/threads/mark-all-read/", lists.mark_all_read, name="mark_all_read"),
    path("networks/<slug:slug>/tags/", tags.tags, name="network_tags"),
    path("networks/<slug:slug>/tags/<int:pk>/", tags.tag, name="network_tag"),
    path("networks/<slug:slug>/feed/", feeds.network_feed, name="network_feed"),
    path("threads/<int:pk>-<slug:slug>/", threads.thread, name="thread"),
    path("threads/<int:pk>/posts/<int:number>/", threads.post, name="post"),
    path("threads/<int:pk>/reply/", threads.reply, name="reply"),
    path("unread/", lists.unread, name="unread"),
    path("rooms/<int:pk>/", rooms.room, name="room"),
    path("rooms/<int:pk>/send/", rooms.room_send, name="room_send"),
    path("rooms/<int:pk>/roles/", rooms.room_roles, name="room_roles"),
    path("rooms/<int:pk>/roles/<int:role>/remove/", rooms.room_role_remove, name="room_role_remove"),
    path("threads/", lists.all_threads, name="all_threads"),
    path("unread/mark-all-read/", lists.mark_everything_read, name="mark_everything_read"),
    path("following/", following.following, name="following"),
    path("following/themes/<slug:theme>/", following.theme_level, name="theme_level"),
    path("networks/<slug:slug>/level/", following.network_level, name="network_level"),
    path("threads/<int:pk>/level/", following.thread_level, name="thread_level"),
    path("threads/<int:pk>/bookmark/", following.thread_bookmark, name="thread_bookmark"),
    path("threads/<int:pk>/bookmark/remove/", following.thread_bookmark_remove, name="thread_bookmark_remove"),
    path("threads/<int:pk>/posts/<int:number>/unread/", following.post_unread, name="post_unread"),
    path("threads/<int:pk>/move/", moving.thread_move, name="thread_move"),
    path("feeds/", feed_pages.feeds, name="feeds"),
    path("feeds/new-key/", feed_pages.feed_key, name="feed_key"),
    path("feeds/<str:token>/networks/<slug:slug>/", feeds.private_network_feed, name="private_network_feed"),
    path("feeds/<str:token>/themes/<slug:slug>/", feeds.private_theme_feed, name="private_theme_feed"),
]
