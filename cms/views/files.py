from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.http import require_safe
from django.views.static import serve


@require_safe
def picture(request: HttpRequest, path: str) -> HttpResponseBase:
    """A sized copy of a picture. They are served from their own folder: a path may climb out of a part of one
    (`images/../documents/`), but never out of `document_root`."""
    return serve(request, path, document_root=str(Path(settings.MEDIA_ROOT) / "images"))
