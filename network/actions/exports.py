"""A member's own data: asked for, packed by the worker, taken along, forgotten after a week."""

from __future__ import annotations

import json
import tempfile
import uuid
import zipfile
from datetime import date, datetime
from typing import IO, Any

from django.core.files import File
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.crypto import salted_hmac

from network import export, limits, notifications, permissions, signals
from network.actions.audit import record
from network.models import DataExport, Member


def digest_of(session_key: str) -> str:
    """What is kept of the session that asked: enough to know it again, not enough to use it."""
    return salted_hmac("network.exports", session_key, algorithm="sha256").hexdigest()


def ask_for_data(*, by: Member, session_key: str, now: datetime | None = None) -> DataExport:
    """Has the worker pack a member's data for the session that asks. Asking again while it is being packed is asking
    once. Raises Refused, LimitReached."""
    permissions.can_take_part(by).enforce()
    digest = digest_of(session_key)
    waiting = DataExport.objects.visible_to(by).filter(session_digest=digest, ready_at=None).first()
    if waiting is not None:
        return waiting
    limits.ASKING_FOR_DATA.spend(by, now=now)
    with transaction.atomic():
        wanted = DataExport.objects.create(member=by, session_digest=digest, requested_at=now or timezone.now())
        record("asked for their data", wanted, by=by)
        signals.data_asked_for.send(DataExport, wanted=wanted)
    return wanted


def pack_data(wanted: DataExport, *, now: datetime | None = None) -> None:
    """Writes the file: the site itself does. Safe to repeat, and for two workers at once: one file stays, and none of
    an account that was closed meanwhile."""
    if wanted.ready_at is not None or not wanted.member.is_active:
        return
    storage = wanted.file.storage
    with tempfile.TemporaryFile() as packed:
        _write(wanted.member, packed, now or timezone.now())
        packed.seek(0)
        name = storage.save(f"{uuid.uuid4().hex}.zip", File(packed))
    now = now or timezone.now()
    with transaction.atomic():
        unpacked = DataExport.objects.filter(pk=wanted.pk, ready_at=None, member__is_active=True)
        is_first = unpacked.update(file=name, ready_at=now)
        if is_first:
            notifications.data_packed(wanted, now=now)
    if not is_first:
        storage.delete(name)


def take_data(packed: DataExport, *, by: Member, session_key: str) -> File[bytes]:
    """Opens the file for whoever asked for it, in the session that asked. Raises Refused, LimitReached."""
    permissions.can_take_data(by, packed, digest_of(session_key)).enforce()
    limits.TAKING_DATA.spend(by)
    with transaction.atomic():
        record("downloaded their data", packed, by=by)
    file: File[bytes] = packed.file.open("rb")
    return file


def forget_old_data(*, now: datetime | None = None) -> int:
    """Deletes what was asked for more than a week ago, with its file; returns how many."""
    over = DataExport.objects.filter(requested_at__lte=(now or timezone.now()) - DataExport.KEPT)
    count = 0
    for packed in over:
        if packed.file:
            packed.file.delete(save=False)
        packed.delete()
        count += 1
    return count


def _write(member: Member, to: IO[bytes], now: datetime) -> None:
    shown = []
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in export.parts():
            rows = list(part.rows(member))
            shown.append({"title": part.title, "name": part.name, "rows": [_in_words(row) for row in rows]})
            archive.writestr(f"json/{part.name}.json", json.dumps(rows, default=_plain, ensure_ascii=False, indent=2))
            for name, content in part.files(member):
                archive.writestr(name, content)
        page = render_to_string("network/own_data/your_data.html", {"member": member, "parts": shown, "now": now})
        archive.writestr("your-data.html", page)
        archive.writestr("your-data.css", render_to_string("network/own_data/your_data.css"))


def _plain(value: Any) -> str:
    """Times as ISO 8601, in UTC where they are times of day."""
    assert isinstance(value, date | datetime)
    return value.isoformat()


def _in_words(row: export.Row) -> list[tuple[str, Any]]:
    """Without what is empty; lists as one line, yes and no as words."""

    def words(value: export.Value) -> Any:
        if isinstance(value, bool):
            return "Yes" if value else "No"
        return ", ".join(value) if isinstance(value, list) else value

    return [(label, words(value)) for label, value in row.items() if value not in (None, "", [])]
