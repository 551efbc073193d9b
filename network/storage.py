"""How files are kept: static ones once they are collected, and those that only some may see."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import IO, Any

from django.conf import settings
from django.core.files.storage import FileSystemStorage
from PIL import ExifTags, Image, ImageOps
from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedStaticFiles(CompressedManifestStaticFilesStorage):
    """Every file under a name made of what is in it, and so kept by browsers for ever; the names that modules import
    from each other too, for a new module beside an old one would break the page."""

    support_js_module_import_aggregation = True


def portraits() -> FileSystemStorage:
    """Pictures of members. They have no address: a view that asks `visible_to` serves them."""
    return FileSystemStorage(location=settings.PRIVATE_ROOT / "portraits", base_url=None)


PORTRAIT_BYTES = 5 * 1024 * 1024  # of a file that comes in
PORTRAIT_SIDE = 320  # in pixels, of what is kept
PICTURE_PIXELS = 25_000_000  # a phone's camera at its finest; unpacked, about 100 MB
SMALL_SIDE = 640  # in pixels, of a picture as it stands with a post

# What is taken: of Pillow's decoders no other is asked.
PICTURES = ("PNG", "JPEG", "WEBP", "GIF")

# How the camera was held (EXIF 2.3, tag 0x0112), and what sets the picture upright.
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class NotAPicture(Exception):
    """A file that is no picture we take; the message says why, in the member's words."""


def portrait(file: IO[bytes]) -> bytes:
    """The middle of a picture, upright, square and small, as WebP: painted anew, so that where and with what it was
    taken, and whatever else came with it, is gone. Raises NotAPicture."""
    with _in_words(), _opened(file) as opened:
        opened.draft(None, (2 * PORTRAIT_SIDE, 2 * PORTRAIT_SIDE))  # a large JPEG is unpacked at a fraction
        square = ImageOps.fit(opened.convert("RGBA"), (PORTRAIT_SIDE, PORTRAIT_SIDE))
        upright = _upright(square, opened)
    painted = Image.new("RGB", upright.size, "white")
    painted.paste(upright, mask=upright)
    return _encoded(painted, "WEBP", quality=82)


@dataclass(frozen=True, slots=True)
class PaintedAnew:
    format: str  # one of PICTURES
    content: bytes
    small: bytes  # the same, at most SMALL_SIDE wide and high, as WebP


def painted_anew(file: IO[bytes]) -> PaintedAnew:
    """The whole picture, upright, in its own format: painted anew, so that nothing else that came with it is kept. Of
    what moves the first picture stays, for nobody could stop it. Raises NotAPicture."""
    with _in_words(), _opened(file) as opened:
        # Two pictures in one file, as phones take them, is a JPEG to everybody else.
        kind = "JPEG" if opened.format == "MPO" else str(opened.format)
        grey = opened.mode in ("1", "L")
        drawn = opened.convert("RGBA" if opened.has_transparency_data else "L" if grey else "RGB")
        drawn = _upright(drawn, opened)
        painted = Image.new(drawn.mode, drawn.size)
        painted.paste(drawn)
        content = _encoded(painted, kind, **_QUALITY.get(kind, {}))
        painted.thumbnail((SMALL_SIDE, SMALL_SIDE))
        small = _encoded(painted, "WEBP", quality=80)
    return PaintedAnew(kind, content, small)


_QUALITY: dict[str, dict[str, Any]] = {"JPEG": {"quality": 88, "optimize": True}, "WEBP": {"quality": 88}}


def _opened(file: IO[bytes]) -> Image.Image:
    """Not yet unpacked, and not larger than may be."""
    opened = Image.open(file, formats=PICTURES)
    if opened.width * opened.height > PICTURE_PIXELS:
        raise NotAPicture("The picture must have 25 million pixels or fewer")
    return opened


def _upright(drawn: Image.Image, opened: Image.Image) -> Image.Image:
    turn = TURNS.get(opened.getexif().get(ExifTags.Base.Orientation, 1))
    return drawn.transpose(turn) if turn is not None else drawn


def _encoded(picture: Image.Image, kind: str, **options: Any) -> bytes:
    encoded = BytesIO()
    picture.save(encoded, kind, **options)
    return encoded.getvalue()


@contextmanager
def _in_words() -> Iterator[None]:
    try:
        yield
    except NotAPicture:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise NotAPicture("The picture must have 25 million pixels or fewer") from None
    except Exception:  # decoders of what strangers send stumble in many ways
        raise NotAPicture("The file must be a picture that can be opened: PNG, JPEG, WebP or GIF") from None


def exports() -> FileSystemStorage:
    """What members take along, until they have, each under a random name."""
    return FileSystemStorage(location=settings.PRIVATE_ROOT / "exports", base_url=None)


def attachments() -> FileSystemStorage:
    """Files with posts, each under a random name; a view that asks `visible_to` serves them."""
    return FileSystemStorage(location=settings.PRIVATE_ROOT / "attachments", base_url=None)
