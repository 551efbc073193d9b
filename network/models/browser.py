from __future__ import annotations

import hashlib
import re

from django.conf import settings
from django.db import models
from django.utils import timezone

from network.models.member import Viewer

# In this order: many browsers also name the one they are built upon.
_BROWSERS = (
    ("Edge", r"Edg(?:e|A|iOS)?/"),
    ("Opera", r"OPR/|Opera"),
    ("Samsung Internet", r"SamsungBrowser/"),
    ("Firefox", r"Firefox/|FxiOS/"),
    ("Chrome", r"Chrome/|CriOS/|Chromium/"),
    ("Safari", r"Safari/"),
)
_SYSTEMS = (
    ("iPhone", r"iPhone"),
    ("iPad", r"iPad"),
    ("Android", r"Android"),
    ("Windows", r"Windows"),
    ("ChromeOS", r"CrOS"),
    ("Mac", r"Macintosh|Mac OS X"),
    ("Linux", r"Linux|X11"),
)


def browser_in_words(user_agent: str) -> str:
    """ "Firefox on Windows", as far as a browser says so itself."""
    browser = next((name for name, sign in _BROWSERS if re.search(sign, user_agent)), "A browser")
    system = next((name for name, sign in _SYSTEMS if re.search(sign, user_agent)), "")
    return f"{browser} on {system}" if system else browser


class BrowserQuerySet(models.QuerySet["Browser"]):
    def visible_to(self, viewer: Viewer) -> BrowserQuerySet:
        return self.filter(member=viewer) if viewer.is_authenticated and viewer.is_active else self.none()


class Browser(models.Model):
    """A browser in which a member has signed in before, known by a random cookie and by nothing about it or its place.
    Only a digest of the cookie is kept."""

    member = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="browsers")
    digest = models.CharField(max_length=64)  # SHA-256, in hexadecimal
    first_used_at = models.DateTimeField(default=timezone.now)
    last_used_at = models.DateTimeField(default=timezone.now, db_index=True)

    objects = BrowserQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["member", "digest"], name="browser_once")]

    def __str__(self) -> str:
        return f"A browser of {self.member}"

    @staticmethod
    def digest_of(token: str) -> str:
        return hashlib.sha256(token.encode()).hexdigest()
