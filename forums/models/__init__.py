"""What members say."""

from forums.models.message import Message
from forums.models.post import Post
from forums.models.reading import MemberThread
from forums.models.room import Room, RoomEvent, RoomRole
from forums.models.thread import Thread, ThreadTag

__all__ = ["MemberThread", "Message", "Post", "Room", "RoomEvent", "RoomRole", "Thread", "ThreadTag"]
