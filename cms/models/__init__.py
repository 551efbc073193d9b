"""What the hub publishes."""

from cms.models.attendance import (
    EventAttendance,
    attendees_of,
    events_called_off,
    events_of,
    events_to_attend,
    events_with_place,
    places_taken,
    waiting_for,
)
from cms.models.discussion import PageThread
from cms.models.event import EventEdition, EventPage, EventRecording, EventRoom
from cms.models.fruitless_search import FruitlessSearch
from cms.models.guidance import GuidancePage
from cms.models.home import HomePage
from cms.models.information import InformationPage
from cms.models.lifecycle import PageLifecycle
from cms.models.page import HubPage, HubPageQuerySet, ThemedPage, menu_visible_to, pages_visible_to
from cms.models.saved_search import SavedSearch
from cms.models.section import SectionPage
from cms.models.session_record import RecordItem, SessionRecord
from cms.models.tag import PageTag
from cms.models.theme import page_numbers_under

__all__ = [
    "EventAttendance",
    "EventEdition",
    "EventPage",
    "EventRecording",
    "EventRoom",
    "FruitlessSearch",
    "GuidancePage",
    "HomePage",
    "HubPage",
    "HubPageQuerySet",
    "InformationPage",
    "PageLifecycle",
    "PageTag",
    "PageThread",
    "RecordItem",
    "SavedSearch",
    "SectionPage",
    "SessionRecord",
    "ThemedPage",
    "attendees_of",
    "events_called_off",
    "events_of",
    "events_to_attend",
    "events_with_place",
    "menu_visible_to",
    "page_numbers_under",
    "pages_visible_to",
    "places_taken",
    "waiting_for",
]
