"""Addresses of the forums."""

from django.urls import URLPattern, URLResolver, path

from forums import feeds
from forums.views import answers, attachments, drafts, mentions, posts, rooms, tags, threads

urlpatterns: list[URLPattern | URLResolver] = [
    path("networks/<slug:slug>/threads/", threads.threads, name="threads"),
    path("networks/<slug:slug>/threads/new/", threads.thread_new, name="thread_new"),
    path("networks/<slug:slug>/threads/draft/", drafts.thread_draft, name="thread_draft"),
    path("networks/<slug:slug>/threads/mark-all-read/", threads.mark_all_read, name="mark_all_read"),
    path("networks/<slug:slug>/tags/", tags.tags, name="network_tags"),
    path("networks/<slug:slug>/tags/<int:pk>/", tags.tag, name="network_tag"),
    path("networks/<slug:slug>/feed/", feeds.network_feed, name="network_feed"),
    path("threads/<int:pk>-<slug:slug>/", threads.thread, name="thread"),
    path("threads/<int:pk>/posts/<int:number>/", posts.post, name="post"),
    path("threads/<int:pk>/posts/<int:number>/edit/", posts.edit, name="post_edit"),
    path("threads/<int:pk>/posts/<int:number>/versions/", posts.versions, name="post_versions"),
    path(
        "threads/<int:pk>/posts/<int:number>/versions/<int:version>/hide/",
        posts.version_hide,
        name="post_version_hide",
    ),
    path("threads/<int:pk>/posts/<int:number>/delete/", posts.delete, name="post_delete"),
    path("threads/<int:pk>/posts/<int:number>/hide/", posts.hide, name="post_hide"),
    path("threads/<int:pk>/posts/<int:number>/hidden/", posts.hidden, name="post_hidden"),
    path("threads/<int:pk>/posts/<int:number>/restore/", posts.restore, name="post_restore"),
    path("threads/<int:pk>/posts/<int:number>/react/", posts.give_reaction, name="post_react"),
    path("threads/<int:pk>/posts/<int:number>/reactions/", posts.reactions, name="post_reactions"),
    path("threads/<int:pk>/reply/", threads.reply, name="reply"),
    path("threads/<int:pk>/draft/", drafts.reply_draft, name="reply_draft"),
    path("drafts/", drafts.drafts, name="drafts"),
    path("drafts/<int:pk>/delete/", drafts.draft_delete, name="draft_delete"),
    path("unread/", threads.unread, name="unread"),
    path("rooms/<int:pk>/", rooms.room, name="room"),
    path("rooms/<int:pk>/send/", rooms.room_send, name="room_send"),
    path("rooms/<int:pk>/roles/", rooms.room_roles, name="room_roles"),
    path("rooms/<int:pk>/roles/<int:role>/remove/", rooms.room_role_remove, name="room_role_remove"),
    path("threads/<int:pk>/people/", mentions.thread_people, name="thread_people"),
    path("networks/<slug:slug>/threads/people/", mentions.network_people, name="network_people"),
    path("threads/<int:pk>/posts/<int:number>/answer/", answers.answer_mark, name="answer_mark"),
    path("threads/<int:pk>/posts/<int:number>/answer/remove/", answers.answer_unmark, name="answer_unmark"),
    path("threads/<int:pk>/worked/", answers.answer_worked, name="answer_worked"),
    path("attachments/<uuid:pk>/", attachments.attachment, name="attachment"),
    path("attachments/<uuid:pk>/picture/", attachments.picture, name="attachment_picture"),
    path("attachments/<uuid:pk>/small/", attachments.small_picture, name="attachment_small"),
]
