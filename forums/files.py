"""Which files are taken with a post, and what is kept of them.

By content and by name: what a name promises must stand in the file. Nothing is unpacked to a disk, and of what is
packed no more than a limit; pictures are painted anew. No library that guesses types is asked: Pillow knows pictures,
zipfile what office programs write, and of the rest only PDF has a mark of its own."""

from __future__ import annotations

import codecs
import re
import unicodedata
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import IO

from network.storage import NotAPicture, painted_anew

LONGEST_NAME = 120
MOST_PARTS = 10_000  # in a packed file
MOST_UNPACKED = 200 * 1024 * 1024  # of all its parts
MOST_RATIO = 200  # of unpacked to packed, of a part of some size; text of a spreadsheet reaches 50
SOME_SIZE = 5 * 1024 * 1024
AT_A_TIME = 64 * 1024
MOST_INSIDE = 20 * 1024 * 1024  # of a file inside a file, which is unpacked whole
DEEPEST = 1  # a workbook in a presentation, and nothing in that


class NotTaken(Exception):
    """A file that we do not take; the message says why, in the member's words, and names the file."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What is kept of a file."""

    name: str
    content_type: str
    content: IO[bytes]
    small: bytes | None  # of a picture, as it stands with the post


@dataclass(frozen=True, slots=True)
class FileKind:
    content_type: str
    words: str  # as "PDF"
    # Raises _Wrong with the rest of a sentence that begins with the file's name. None for pictures.
    check: Callable[[IO[bytes]], None] | None = None


class _Wrong(Exception):
    pass


def examine(file: IO[bytes], name: str) -> Taken:
    """What may be kept of a file that a member calls so. Raises NotTaken."""
    called = cleaned_name(name)
    ending = _ending(called)
    kind = KINDS.get(ending)
    if kind is None:
        raise NotTaken(f"“{called}” cannot be attached: choose {ENDINGS_IN_WORDS}")
    file.seek(0)
    if not file.read(1):
        raise NotTaken(f"“{called}” is empty")
    file.seek(0)
    if kind.check is None:
        return _picture(file, called)
    try:
        kind.check(file)
    except _Wrong as wrong:
        raise NotTaken(f"“{called}” {wrong}") from None
    file.seek(0)
    return Taken(called, kind.content_type, file, None)


def cleaned_name(name: str) -> str:
    """Without folders, control and invisible characters and those that turn the direction of writing; of at most
    LONGEST_NAME characters, the ending included, which is in small letters."""
    name = unicodedata.normalize("NFC", name).replace("\\", "/").rpartition("/")[2]
    legible = "".join(" " if char.isspace() else char for char in name if _is_legible(char))
    stem, dot, ending = " ".join(legible.split()).rstrip(". ").rpartition(".")
    if not dot:
        return ending[:LONGEST_NAME] or "file"
    ending = ending.strip().lower()[:20]
    return f"{stem[: LONGEST_NAME - len(ending) - 1].strip('. ') or 'file'}.{ending}"


def kind_in_words(name: str) -> str:
    """ "PDF" or "Word document": what a file is, by its name, which was held to its content."""
    kind = KINDS.get(_ending(name))
    return kind.words if kind else "file"


def _ending(name: str) -> str:
    return name.rpartition(".")[2] if "." in name else ""


def _is_legible(char: str) -> bool:
    # Cc and Cf are control and format characters, among them all that turn the direction; Cs, Co and Cn are no letters.
    return char.isspace() or unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co", "Cn")


def _picture(file: IO[bytes], name: str) -> Taken:
    try:
        painted = painted_anew(file)
    except NotAPicture as problem:
        raise NotTaken(f"“{name}” cannot be attached: {str(problem)[:1].lower()}{str(problem)[1:]}") from None
    # Phones and browsers often save one kind of picture under the name of another.
    ending = _ending(name)
    right = {"JPEG": ("jpg", "jpeg")}.get(painted.format, (painted.format.lower(),))
    if ending not in right:
        name = cleaned_name(f"{name.rpartition('.')[0]}.{right[0]}")
    return Taken(name, f"image/{painted.format.lower()}", BytesIO(painted.content), painted.small)


# PDF


def _is_pdf(file: IO[bytes]) -> None:
    if not re.match(rb"%PDF-[12]\.[0-9]", file.read(8)):
        raise _Wrong("is not a PDF, whatever its name says")
    file.seek(max(file.seek(0, 2) - 2048, 0))
    if b"%%EOF" not in file.read():
        raise _Wrong("is not a whole PDF: its end is missing")


# What office programs write: parts in a zip


def _is_office(folder: str, main: bytes, words: str) -> Callable[[IO[bytes]], None]:
    """Office Open XML (ECMA-376): `[Content_Types].xml` names the main part, which lies in a folder."""

    def check(file: IO[bytes]) -> None:
        with _unzipped(file, words) as archive:
            names = archive.namelist()
            if "[Content_Types].xml" not in names or not any(name.startswith(folder) for name in names):
                raise _Wrong(f"is not {words}, whatever its name says")
            types = _small_part(archive, "[Content_Types].xml", words)
            if b"macroenabled" in types.lower():
                raise _Wrong(MACROS)
            if main not in types or b"<!DOCTYPE" in types:
                raise _Wrong(f"is not {words}, whatever its name says")
            for part in (name for name in names if name.lower().endswith(".rels")):
                if any(map(FETCHES.search, RELATIONSHIP.findall(_small_part(archive, part, words)))):
                    raise _Wrong(FETCHING)
            _look_through(archive, words)

    return check


def _is_open_document(content_type: bytes, words: str) -> Callable[[IO[bytes]], None]:
    """OpenDocument 1.3, part 2: the first part is called `mimetype`, is not packed, and says what it is."""

    def check(file: IO[bytes]) -> None:
        with _unzipped(file, words) as archive:
            first = archive.infolist()[0] if archive.infolist() else None
            if first is None or first.filename != "mimetype" or first.compress_type != zipfile.ZIP_STORED:
                raise _Wrong(f"is not {words}, whatever its name says")
            if _small_part(archive, "mimetype", words).strip() != content_type:
                raise _Wrong(f"is not {words}, whatever its name says")
            if "META-INF/manifest.xml" not in archive.namelist():
                raise _Wrong(f"is not {words}, whatever its name says")
            if b"encryption-data" in _small_part(archive, "META-INF/manifest.xml", words):
                raise _Wrong(PASSWORD)
            _look_through(archive, words)

    return check


MACROS = "holds macros: save it without them and attach that"
PASSWORD = "is protected by a password: save it without one and attach that"  # noqa: S105  (no password of ours)
BOMB = "unpacks to far more than it should, so we do not take it"
FETCHING = "fetches a template or an object from elsewhere when it is opened, so we do not take it"
PROGRAM = "holds a program or another packed file inside, so we do not take it"
# As which zipfile and zlib tell of what they cannot read: besides their own errors RuntimeError for a password and,
# by its child NotImplementedError, for a way of packing that they do not know; EOFError for parts cut short; ValueError
# and OSError for places before the beginning of the file, where crafted lists of parts point.
UNREADABLE = (zipfile.BadZipFile, zlib.error, RuntimeError, EOFError, ValueError, OSError)
DAMAGED = "is damaged: save it again and attach that"

# By the names of parts. LibreOffice writes lists of libraries (`script-lb.xml`, `script-lc.xml`) where there are none.
HOLDS_MACROS = re.compile(
    r"(^|/)(vbaproject\.bin|vbadata\.xml)$|(^|/)macrosheets/|^scripts/.*[^/]$|^basic/(?!(.*/)?script-l[bc]\.xml$).*[^/]$",
    re.IGNORECASE,
)
HOLDS_PROGRAMS = re.compile(
    r"(^|/)activex/|(^|/)oleobject[^/]*\.bin$|\.(exe|dll|com|scr|msi|bat|cmd|ps1|vbs|vbe|js|jse|wsf|hta|jar|lnk|html?|docm|xlsm|xlsb|pptm|dotm|"
    r"xltm|potm|ppsm|ppam|xlam|zip|rar|7z|gz|iso|img)$",
    re.IGNORECASE,
)
# What a part names outside itself (ECMA-376, part 2, 6.5): a link is followed by a reader, these by the program.
RELATIONSHIP = re.compile(rb"<(?:\w+:)?Relationship\b[^>]*>", re.IGNORECASE)
FETCHES = re.compile(
    rb"(?=.*TargetMode\s*=\s*['\"]External['\"])(?=.*/(attachedTemplate|oleObject|frame|subDocument)['\"])",
    re.IGNORECASE | re.DOTALL,
)
OF_OFFICE = re.compile(r"\.(docx|xlsx|pptx|odt|ods)$", re.IGNORECASE)


def _unzipped(file: IO[bytes], words: str) -> zipfile.ZipFile:
    if file.read(4) != b"PK\x03\x04":
        file.seek(0)
        if file.read(8) == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":  # what Word 97 wrote, and what holds an encrypted file
            raise _Wrong(f"is protected by a password or of an old kind: save it as {words} without a password")
        raise _Wrong(f"is not {words}, whatever its name says")
    if _count_parts(file) > MOST_PARTS:
        raise _Wrong(BOMB)
    try:
        archive = zipfile.ZipFile(file)
    except UNREADABLE:
        raise _Wrong(DAMAGED) from None
    if any(part.flag_bits & 0x1 for part in archive.infolist()):
        raise _Wrong(PASSWORD)
    return archive


def _count_parts(file: IO[bytes]) -> int:
    """Before the list of parts is read, which takes memory for each of them."""
    file.seek(0)
    count, before = 0, b""
    while piece := file.read(AT_A_TIME):
        # Three bytes of the piece before, which hold no whole mark.
        count += (before + piece).count(b"PK\x01\x02")
        before = piece[-3:]
    return count


def _small_part(archive: zipfile.ZipFile, name: str, words: str) -> bytes:
    """A part that is read whole. Raises _Wrong where it is larger than such parts are."""
    try:
        with archive.open(name) as part:
            content = part.read(1024 * 1024 + 1)
    except (KeyError, *UNREADABLE):
        raise _Wrong(f"is not {words}, whatever its name says") from None
    if len(content) > 1024 * 1024:
        raise _Wrong(BOMB)
    return content


def _look_through(archive: zipfile.ZipFile, words: str, *, most: int = MOST_UNPACKED, depth: int = 0) -> int:
    """First what the parts say of themselves, then whether it is so: each is unpacked piece by piece, into nothing.
    Gives back how many bytes that was, files inside included; raises _Wrong rather than unpack more than `most`."""
    parts = archive.infolist()
    names = [part.filename.lower() for part in parts]
    unpacked = sum(part.file_size for part in parts)
    if len(set(names)) != len(names) or any(_climbs(name) for name in names):
        raise _Wrong(DAMAGED)
    if any(HOLDS_MACROS.search(name) for name in names):
        raise _Wrong(MACROS)
    if any(HOLDS_PROGRAMS.search(name) for name in names):
        raise _Wrong(PROGRAM)
    if any(part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for part in parts):
        raise _Wrong(DAMAGED)
    # More packed than the file is long: parts lie over each other.
    if unpacked > most or sum(part.compress_size for part in parts) > _length(archive):
        raise _Wrong(BOMB)
    if any(part.file_size > SOME_SIZE and part.file_size > MOST_RATIO * part.compress_size for part in parts):
        raise _Wrong(BOMB)
    for part in parts:
        unpacked += _look_into(archive, part, words, most=most - unpacked, depth=depth)
    return unpacked


def _look_into(archive: zipfile.ZipFile, part: zipfile.ZipInfo, words: str, *, most: int, depth: int) -> int:
    """Gives back how many bytes a file inside unpacks to: none where the part is no such file."""
    # zipfile unpacks as much as the part says that it holds, and then holds the sum against what it found.
    try:
        with archive.open(part) as unpacked:
            piece = unpacked.read(AT_A_TIME)
            if piece.startswith(b"PK\x03\x04"):
                if depth >= DEEPEST or not OF_OFFICE.search(part.filename):
                    raise _Wrong(PROGRAM)
                if part.file_size > MOST_INSIDE:
                    raise _Wrong(BOMB)
                with _unzipped(BytesIO(piece + unpacked.read()), words) as nested:
                    return _look_through(nested, words, most=most, depth=depth + 1)
            if piece.startswith((b"MZ", b"\x7fELF", b"#!")):
                raise _Wrong(PROGRAM)
            while piece:
                piece = unpacked.read(AT_A_TIME)
    except UNREADABLE:
        raise _Wrong(DAMAGED) from None
    return 0


def _climbs(name: str) -> bool:
    return name.startswith("/") or "\\" in name or "\x00" in name or ".." in name.split("/")


def _length(archive: zipfile.ZipFile) -> int:
    assert archive.fp is not None
    return archive.fp.seek(0, 2)


# Text


def _is_text(file: IO[bytes]) -> None:
    start = file.read(4096)
    file.seek(0)
    is_wide = start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    encodings = ["utf-16"] if is_wide else ["utf-8-sig", "cp1252"]  # the latter as Excel still writes it
    if not any(_reads_as(file, encoding) for encoding in encodings):
        raise _Wrong("is not plain text, whatever its name says")
    shown = start.decode(encodings[0], errors="ignore").lstrip().lower()
    if re.match(r"<(!doctype|html|head|body|script|svg|iframe|\?xml)\b|#!", shown):
        raise _Wrong("is a web page or a program, not plain text")


def _reads_as(file: IO[bytes], encoding: str) -> bool:
    """Whether all of it decodes to characters that stand in texts."""
    file.seek(0)
    decode = codecs.getincrementaldecoder(encoding)().decode
    try:
        while piece := file.read(AT_A_TIME):
            if NOT_OF_TEXTS.search(decode(piece)):
                return False
        decode(b"", True)
    except UnicodeDecodeError:
        return False
    return True


def _a(words: str) -> str:
    return f"{'an' if words[0] in 'AEIOU' else 'a'} {words}"


NOT_OF_TEXTS = re.compile("[\x00-\x08\x0e-\x1f\x7f]")

OOXML = "application/vnd.openxmlformats-officedocument"
ODF = "application/vnd.oasis.opendocument"

KINDS = {
    "png": FileKind("image/png", "PNG picture"),
    "jpg": FileKind("image/jpeg", "JPEG picture"),
    "jpeg": FileKind("image/jpeg", "JPEG picture"),
    "webp": FileKind("image/webp", "WebP picture"),
    "gif": FileKind("image/gif", "GIF picture"),
    "pdf": FileKind("application/pdf", "PDF", _is_pdf),
    **{
        ending: FileKind(f"{OOXML}.{kind}", words, _is_office(folder, f"{OOXML}.{kind}.main+xml".encode(), _a(words)))
        for ending, folder, kind, words in (
            ("docx", "word/", "wordprocessingml.document", "Word document"),
            ("xlsx", "xl/", "spreadsheetml.sheet", "Excel workbook"),
            ("pptx", "ppt/", "presentationml.presentation", "PowerPoint presentation"),
        )
    },
    **{
        ending: FileKind(f"{ODF}.{kind}", words, _is_open_document(f"{ODF}.{kind}".encode(), _a(words)))
        for ending, kind, words in (
            ("odt", "text", "OpenDocument text"),
            ("ods", "spreadsheet", "OpenDocument spreadsheet"),
        )
    },
    "csv": FileKind("text/csv", "CSV file", _is_text),
    "txt": FileKind("text/plain", "text file", _is_text),
}
ENDINGS_IN_WORDS = "a picture (PNG, JPEG, WebP or GIF), a PDF, or a DOCX, XLSX, PPTX, ODT, ODS, CSV or TXT file"
