"""Whether somebody lets what they asked or said in a session stand on a public page."""

from __future__ import annotations

from forums.models import Consent, Message, Question


def keep_consent(thing: Question | Message, *, agrees: bool) -> None:
    """Part of a verb of whoever asked or said it, with their account held: what they answer now takes the place of what
    they answered before."""
    thing.consent = Consent.YES if agrees else Consent.NO
    thing.save(update_fields=["consent"])
