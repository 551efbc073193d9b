from __future__ import annotations

import time
import tracemalloc
from io import BytesIO

import pytest
from PIL import Image, PngImagePlugin

from forums.files import LONGEST_NAME, NotTaken, cleaned_name, examine
from tests.forums.uploads import (
    CSV,
    EXE,
    HTML,
    PDF,
    SVG,
    encrypted,
    office,
    overlapping,
    picture,
    pixel_bomb,
    says_less,
    zipped,
)

MEGABYTE = 1024 * 1024


def taken(name: str, content: bytes) -> str:
    return examine(BytesIO(content), name).content_type


OOXML = "application/vnd.openxmlformats-officedocument"


@pytest.mark.parametrize(
    ("name", "content", "content_type"),
    [
        ("plan.pdf", PDF, "application/pdf"),
        ("plan.docx", office("docx"), f"{OOXML}.wordprocessingml.document"),
        ("plan.xlsx", office("xlsx"), f"{OOXML}.spreadsheetml.sheet"),
        (
            "plan.pptx",
            office("pptx", {"ppt/embeddings/sheet.xlsx": office("xlsx")}),
            f"{OOXML}.presentationml.presentation",
        ),
        ("plan.odt", office("odt", {"Basic/script-lc.xml": "<x/>"}), "application/vnd.oasis.opendocument.text"),
        ("plan.ods", office("ods"), "application/vnd.oasis.opendocument.spreadsheet"),
        ("hours.csv", CSV, "text/csv"),
        ("hours.csv", "Cost,£12".encode("cp1252"), "text/csv"),
        ("hours.csv", "Cost,£12".encode("utf-16"), "text/csv"),
        ("notes.txt", "Größe, naïve\r\n\tand £5".encode(), "text/plain"),
        ("notes.txt", b"a" * 65_535 + "£".encode(), "text/plain"),
        ("PLAN.PDF", PDF, "application/pdf"),
        ("plan.exe.pdf", PDF, "application/pdf"),
    ],
)
def test_what_councils_work_with_is_taken_as_it_is(name: str, content: bytes, content_type: str) -> None:
    kept = examine(BytesIO(content), name)

    assert kept.content_type == content_type
    assert kept.content.read() == content
    assert kept.small is None


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        # By name
        ("setup.exe", EXE, "“setup.exe” cannot be attached: choose a picture (PNG, JPEG, WebP or GIF), a PDF, or"),
        ("logo.svg", SVG, "“logo.svg” cannot be attached"),
        ("page.html", HTML, "“page.html” cannot be attached"),
        ("macros.docm", office("docx"), "“macros.docm” cannot be attached"),
        ("all.zip", zipped({"a": b"a"}), "“all.zip” cannot be attached"),
        ("plan.pdf.exe", EXE, "“plan.pdf.exe” cannot be attached"),
        ("plan\u202efdp.exe", EXE, "“planfdp.exe” cannot be attached"),
        ("plan", PDF, "“plan” cannot be attached"),
        ("plan.pdf\x00.exe", EXE, "“plan.pdf.exe” cannot be attached"),
        # Empty
        ("empty.txt", b"", "“empty.txt” is empty"),
        ("empty.pdf", b"", "“empty.pdf” is empty"),
        # Under another name
        ("setup.pdf", EXE, "“setup.pdf” is not a PDF, whatever its name says"),
        ("page.pdf", HTML + PDF, "is not a PDF"),
        ("cut.pdf", PDF[:40], "is not a whole PDF: its end is missing"),
        ("setup.docx", EXE, "is not a Word document, whatever its name says"),
        ("setup.xlsx", office("docx"), "is not an Excel workbook, whatever its name says"),
        ("setup.odt", office("ods"), "is not an OpenDocument text, whatever its name says"),
        ("setup.docx", zipped({"word/document.xml": "x"}), "is not a Word document"),
        ("setup.docx", office("docx", without="word/document.xml"), "is not a Word document"),
        ("setup.docx", office("docx", main="spreadsheetml.sheet"), "is not a Word document"),
        ("setup.odt", office("odt", without="META-INF/manifest.xml"), "is not an OpenDocument text"),
        (
            "setup.odt",
            zipped({"a": "b", "mimetype": "application/vnd.oasis.opendocument.text"}),
            "is not an OpenDocument",
        ),
        ("setup.txt", EXE, "is not plain text, whatever its name says"),
        ("setup.csv", b"a,b\x00", "is not plain text"),
        ("setup.csv", office("xlsx"), "is not plain text"),
        ("page.txt", HTML, "is a web page or a program, not plain text"),
        ("page.csv", b"\xef\xbb\xbf \n" + SVG, "is a web page or a program, not plain text"),
        ("run.txt", b"#!/bin/sh\nrm -r /", "is a web page or a program, not plain text"),
        ("logo.png", SVG, "must be a picture that can be opened: PNG, JPEG, WebP or GIF"),
        ("logo.png", EXE, "must be a picture that can be opened"),
        ("logo.png", picture()[:60], "must be a picture that can be opened"),
        ("logo.jpg", PDF, "must be a picture that can be opened"),
        # What hides in a zip
        ("m.docx", office("docx", {"word/vbaProject.bin": b"x"}), "holds macros: save it without them"),
        ("m.xlsx", office("xlsx", {"xl/macrosheets/sheet1.xml": b"x"}), "holds macros"),
        (
            "m.docx",
            office(
                "docx",
                {
                    "word/_rels/settings.xml.rels": "<Relationships><Relationship Id='1' TargetMode='External' "
                    "Type='http://schemas.example.org/2006/relationships/attachedTemplate' "
                    "Target='https://example.org/t.dotm'/></Relationships>"
                },
            ),
            "fetches a template or an object from elsewhere",
        ),
        ("m.docx", office("docx", {"word/embeddings/oleObject1.bin": b"MZ"}), "holds a program"),
        (
            "m.pptx",
            office("pptx", {"ppt/embeddings/s.xlsx": office("xlsx", {"xl/vbaProject.bin": b"x"})}),
            "holds macros",
        ),
        ("m.odt", office("odt", {"Basic/Standard/Module1.xml": "x"}), "holds macros"),
        ("m.odt", office("odt", {"Scripts/python/run.py": "x"}), "holds macros"),
        ("m.xlsx", office("xlsx", {"[Content_Types].xml": "ms-excel.sheet.macroEnabled.main+xml"}), "holds macros"),
        ("p.docx", office("docx", {"word/embeddings/run.exe": b"x"}), "holds a program or another packed file inside"),
        ("p.docx", office("docx", {"word/media/image1.png": EXE}), "holds a program"),
        ("p.docx", office("docx", {"word/media/image1.png": zipped({"a": b"a"})}), "holds a program"),
        ("p.docx", office("docx", {"word/embeddings/x.docm": b"x"}), "holds a program"),
        (
            "p.pptx",
            office("pptx", {"ppt/e/a.docx": office("docx", {"word/e/b.xlsx": office("xlsx")})}),
            "holds a program or another packed file inside",
        ),
        ("e.docx", encrypted(office("docx")), "is protected by a password: save it without one"),
        ("e.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600, "is protected by a password or of an old kind"),
        (
            "e.odt",
            office("odt", {"META-INF/manifest.xml": "<manifest:encryption-data/>"}),
            "is protected by a password",
        ),
        ("c.docx", office("docx", {"../../etc/passwd": b"x"}), "is damaged"),
        ("c.docx", office("docx", {"WORD/document.xml": b"x"}), "is damaged"),
        ("c.docx", office("docx")[:-30], "is damaged"),
    ],
)
def test_what_is_not_taken_is_refused_in_words(name: str, content: bytes, words: str) -> None:
    with pytest.raises(NotTaken) as refused:
        examine(BytesIO(content), name)

    assert words in str(refused.value)


BOMB_WORDS = "unpacks to far more than it should"


class TestABomb:
    @pytest.fixture(autouse=True)
    def is_quick_and_small(self) -> object:
        """A request waits for it."""
        tracemalloc.start()
        began = time.process_time()
        yield
        assert time.process_time() - began < 3
        assert tracemalloc.get_traced_memory()[1] < 60 * MEGABYTE
        tracemalloc.stop()

    def refused(self, content: bytes) -> str:
        tracemalloc.reset_peak()
        with pytest.raises(NotTaken) as refused:
            examine(BytesIO(content), "bomb.docx")
        return str(refused.value)

    def test_by_ratio(self) -> None:
        assert BOMB_WORDS in self.refused(office("docx", {"word/media/a.xml": b"\x00" * 6 * MEGABYTE}))

    def test_by_what_it_says_in_all(self) -> None:
        inside = office("docx", {f"word/{number}.xml": b"\x00" * 4 * MEGABYTE for number in range(3)})
        whole = office("pptx", {f"ppt/e/{number}.docx": inside for number in range(20)})
        with pytest.raises(NotTaken, match=BOMB_WORDS):
            examine(BytesIO(whole), "bomb.pptx")

    def test_that_says_less_than_it_holds(self) -> None:
        honest = office("docx", {"word/media/a.xml": b"\x00" * (6 * MEGABYTE + 7)})
        assert "is damaged" in self.refused(says_less(honest, 6 * MEGABYTE + 7, 700))

    def test_of_parts_that_lie_over_each_other(self) -> None:
        assert BOMB_WORDS in self.refused(overlapping(office("docx", {"word/a.xml": bytes(range(256)) * 4000})))

    def test_of_very_many_parts(self) -> None:
        entry = b"PK\x01\x02" + b"\x00" * 42
        assert BOMB_WORDS in self.refused(office("docx") + entry * 10_001)

    @pytest.mark.parametrize("size", [(5001, 5000), (40_000, 40_000)])
    def test_of_pixels(self, size: tuple[int, int]) -> None:
        with pytest.raises(NotTaken, match=r"“bomb\.png” cannot be attached: the picture must have 25 million pixels"):
            examine(BytesIO(pixel_bomb(*size)), "bomb.png")


class TestAPicture:
    @pytest.mark.parametrize(
        ("kind", "name", "kept_as"),
        [
            ("PNG", "town hall.png", "town hall.png"),
            ("JPEG", "town hall.jpeg", "town hall.jpeg"),
            ("WEBP", "town hall.webp", "town hall.webp"),
            ("GIF", "town hall.gif", "town hall.gif"),
            ("PNG", "saved as.jpg", "saved as.png"),
            ("JPEG", "saved as.png", "saved as.jpg"),
        ],
    )
    def test_keeps_its_size_and_kind_and_has_the_ending_of_what_it_is(self, kind: str, name: str, kept_as: str) -> None:
        kept = examine(BytesIO(picture(kind, (900, 450))), name)

        assert (kept.name, kept.content_type) == (kept_as, f"image/{kind.lower()}")
        with Image.open(kept.content) as whole, Image.open(BytesIO(kept.small or b"")) as small:
            assert (whole.format, whole.size) == (kind, (900, 450))
            assert (small.format, small.size) == ("WEBP", (640, 320))

    def test_loses_what_a_camera_wrote_into_it_and_stands_upright(self) -> None:
        exif = Image.Exif()
        exif[0x010E] = "A secret place"
        exif[0x0112] = 6
        exif.get_ifd(0x8825)[1] = "N"
        notes = PngImagePlugin.PngInfo()
        notes.add_text("Comment", "A secret place")
        for kind, content in (
            ("jpg", picture("JPEG", exif=exif, comment=b"A secret place", icc_profile=b"A secret profile")),
            ("png", picture("PNG", exif=exif, pnginfo=notes)),
            ("webp", picture("WEBP", exif=exif, xmp=b"A secret place")),
            ("gif", picture("GIF", comment=b"A secret place") + b"A secret place"),
        ):
            kept = examine(BytesIO(content), f"photo.{kind}")
            whole = kept.content.read()
            assert b"secret" not in whole + (kept.small or b"")
            with Image.open(BytesIO(whole)) as opened:
                assert not opened.getexif()
                assert opened.size == ((60, 40) if kind == "gif" else (40, 60))

    def test_that_moves_stands_still(self) -> None:
        file = BytesIO()
        frames = [Image.new("RGBA", (50, 50), colour) for colour in ((0, 0, 0, 0), (255, 0, 0, 255))]
        frames[0].save(file, "GIF", save_all=True, append_images=frames[1:])
        with Image.open(examine(BytesIO(file.getvalue()), "a.gif").content) as kept:
            assert getattr(kept, "n_frames", 1) == 1
            assert kept.convert("RGBA").getpixel((1, 1))[3] == 0  # type: ignore[index]

    @pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "I;16"])
    def test_of_any_depth_of_colour_is_taken(self, mode: str) -> None:
        file = BytesIO()
        Image.new(mode, (20, 20)).save(file, "JPEG" if mode == "CMYK" else "PNG")
        assert examine(BytesIO(file.getvalue()), "scan.png").small


@pytest.mark.parametrize(
    ("name", "cleaned"),
    [
        ("Minutes of 3 May.pdf", "Minutes of 3 May.pdf"),
        ("C:\\Users\\bob\\plan.PDF", "plan.pdf"),
        ("../../etc/plan.pdf", "plan.pdf"),
        ("/etc/plan.pdf", "plan.pdf"),
        ("plan\u202efdp.docx", "planfdp.docx"),
        ("pl\u200ban\u2066\u2069\ufeff.pdf", "plan.pdf"),
        ("a\r\nSet-Cookie: x.pdf", "a Set-Cookie: x.pdf"),
        ("a\x00b\x1b.pdf", "ab.pdf"),
        ("  plan  . pdf", "plan.pdf"),
        (".pdf", "file.pdf"),
        ("....pdf", "file.pdf"),
        ("", "file"),
        ("Bericht Größe.pdf", "Bericht Größe.pdf"),
        ("Cafe\u0301.pdf", "Café.pdf"),
        ("報告.pdf", "報告.pdf"),
        (f"{'x' * 500}.pdf", f"{'x' * 116}.pdf"),
        (f"x.{'p' * 500}", f"x.{'p' * 20}"),
        ("x" * 500, "x" * 120),
    ],
)
def test_a_name_is_cleaned(name: str, cleaned: str) -> None:
    assert cleaned_name(name) == cleaned
    assert len(cleaned_name(name)) <= LONGEST_NAME
