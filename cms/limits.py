"""How often the hub's editors may do what is not Wagtail's own."""

from __future__ import annotations

from datetime import timedelta

from network.limits import PlaceLimit, RateLimit

PUBLISHING = RateLimit("publish pages", 200, per=timedelta(hours=1))
LOOKING_FOR_SPEAKERS = RateLimit("look for speakers", 30, per=timedelta(hours=1))
NAMING_SPEAKERS = RateLimit("name speakers", 200, per=timedelta(hours=1))
LOOKING_FOR_SIMILAR = RateLimit("look for what is similar", 1_000, per=timedelta(hours=1))
REVIEWING = RateLimit("say that pages were reviewed", 200, per=timedelta(hours=1))
GIVING_ROLES = RateLimit("give roles in the hub", 100, per=timedelta(hours=1))
RECORDING = RateLimit("change the records of sessions", 600, per=timedelta(hours=1))
ATTENDING = RateLimit("change which events are yours", 300, per=timedelta(hours=1))
SEARCHING = RateLimit("make {} searches", 60, per=timedelta(minutes=1), again="search again", newcomers=True)
SAVING_SEARCHES = RateLimit("change your saved searches", 200, per=timedelta(hours=1))
# They come while somebody types, four a second at most.
SUGGESTING = RateLimit("ask for suggestions", 300, per=timedelta(minutes=1))
# Of all together who are not signed in and come from one place: ten a second, or fifty who type.
SEARCHES_FROM_OUTSIDE = PlaceLimit("searches have been made", 600, per=timedelta(minutes=1), again="search again")
SUGGESTIONS_OUTSIDE = PlaceLimit("suggestions have been asked for", 3_000, per=timedelta(minutes=1))
