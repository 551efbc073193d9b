"""How files are kept: static ones once they are collected, and those that only some may see."""

from io import BytesIO
from typing import IO

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
PORTRAIT_PIXELS = 25_000_000  # a phone's camera at its finest; unpacked, about 100 MB
PORTRAIT_SIDE = 320  # in pixels, of what is kept

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
    try:
        with Image.open(file, formats=("PNG", "JPEG", "WEBP", "GIF")) as opened:
            if opened.width * opened.height > PORTRAIT_PIXELS:
                raise NotAPicture("The picture must have 25 million pixels or fewer")
            opened.draft(None, (2 * PORTRAIT_SIDE, 2 * PORTRAIT_SIDE))  # a large JPEG is unpacked at a fraction
            square = ImageOps.fit(opened.convert("RGBA"), (PORTRAIT_SIDE, PORTRAIT_SIDE))
            turn = TURNS.get(opened.getexif().get(ExifTags.Base.Orientation, 1))
            upright = square.transpose(turn) if turn is not None else square
    except NotAPicture:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise NotAPicture("The picture must have 25 million pixels or fewer") from None
    except Exception:  # decoders of what strangers send stumble in many ways
        raise NotAPicture("The file must be a picture that can be opened: PNG, JPEG, WebP or GIF") from None
    painted = Image.new("RGB", upright.size, "white")
    painted.paste(upright, mask=upright)
    encoded = BytesIO()
    painted.save(encoded, "WEBP", quality=82)
    return encoded.getvalue()


def exports() -> FileSystemStorage:
    """What members take along, until they have, each under a random name."""
    return FileSystemStorage(location=settings.PRIVATE_ROOT / "exports", base_url=None)


def attachments() -> FileSystemStorage:
    """Files with posts, each under a random name; a view that asks `visible_to` serves them."""
    return FileSystemStorage(location=settings.PRIVATE_ROOT / "attachments", base_url=None)
