"""What content is: by its bytes and never by a name, with pictures really opened."""

import threading
import warnings
from contextlib import nullcontext

from PIL import ExifTags, Image

from filing.files import FileFacts
from gateways.spool import Spool

IMAGE_TYPES = {"PNG": "image/png", "JPEG": "image/jpeg", "MPO": "image/jpeg"}
"""What Pillow calls what we take. MPO is a JPEG that a phone added a preview to."""

MOST_PIXELS = 50_000_000
"""More is refused before it is unpacked: the largest photo of a phone's usual modes, and 200 MB."""

_OTHER_TYPES = (
    (0, b"%PDF-", "application/pdf"),
    (0, b"GIF8", "image/gif"),
    (0, b"BM", "image/bmp"),
    (0, b"II*\0", "image/tiff"),
    (0, b"MM\0*", "image/tiff"),
    (8, b"WEBP", "image/webp"),
    (4, b"ftypheic", "image/heic"),
    (4, b"ftypheix", "image/heic"),
    (4, b"ftypmif1", "image/heic"),
    (4, b"ftypmsf1", "image/heic"),
    (4, b"ftypavif", "image/avif"),
    (4, b"ftyp", "video/mp4"),
)
"""What people send although it is not taken (offset, bytes, type), so that they are told what it is.
It is never opened: the authority's upload takes PNG and JPEG only."""

_SIDEWAYS = range(5, 9)
"""EXIF orientations that show a picture with its sides exchanged."""

# Pillow warns above its own limit and refuses above twice that; we refuse at once. For the whole
# process: warnings cannot be turned into errors for one thread alone.
warnings.simplefilter("error", Image.DecompressionBombWarning)

_unpacking = threading.Lock()
"""One picture at a time is unpacked whole: several large ones would fill the memory."""


class _Refused(Exception):
    """A picture that is none for us; `code` is one of `FileFacts.problem`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def facts_of(file: str, content: Spool) -> FileFacts:
    """Facts of content; `file` is only passed on. Never raises for what the content is."""
    if not content.size:
        return FileFacts(file=file, problem="empty", size=0)
    head = content.open().read(16)
    facts = FileFacts(file=file, sha256=content.sha256, size=content.size)
    for offset, magic, media_type in _OTHER_TYPES:
        if head.startswith(magic, offset):
            return facts.model_copy(update={"media_type": media_type})
    try:
        media_type, width, height = _image(content)
    except _Refused as refused:
        return facts.model_copy(update={"problem": refused.code})
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        return facts.model_copy(update={"problem": "too_many_pixels"})
    except Exception:  # noqa: BLE001 — a decoder fed with strangers' bytes raises anything
        return facts.model_copy(update={"problem": "unreadable"})
    return facts.model_copy(update={"media_type": media_type, "width": width, "height": height})


def _image(content: Spool) -> tuple[str, int, int]:
    """Type, and width and height in pixels as a viewer shows them, once all of it has proved
    readable."""
    with _opened(content) as image:
        media_type = IMAGE_TYPES[image.format or ""]
        width, height = image.size
        if width * height > MOST_PIXELS:
            raise _Refused("too_many_pixels")
        # The first picture is not what a viewer shows. (A JPEG's second one is a preview.)
        if media_type == "image/png" and getattr(image, "is_animated", False):
            raise _Refused("animated")
    look = _look_at_png if media_type == "image/png" else _look_at_jpeg
    orientation = look(content)
    return (media_type, height, width) if orientation in _SIDEWAYS else (media_type, width, height)


def _look_at_png(content: Spool) -> int | None:
    """Read all of it; gives its EXIF orientation."""
    with _opened(content) as image:
        image.verify()  # every chunk's checksum, without unpacking a single pixel
    with _unpacking, _opened(content) as image:
        image.load()  # right checksums over pixels that end early are found only so
        return _orientation(image)  # it may stand after the pixels


def _look_at_jpeg(content: Spool) -> int | None:
    """Read all of it; gives its EXIF orientation."""
    with _opened(content) as image:
        # At an eighth of the scale all of the file is still read, in a 64th of the memory.
        width, height = image.size
        image.draft(image.mode, (max(1, width // 8), max(1, height // 8)))
        # Of a progressive one all coefficients are kept until its end.
        with _unpacking if image.info.get("progressive") else nullcontext():
            image.load()
        return _orientation(image)


def _orientation(image: Image.Image) -> int | None:
    found = image.getexif().get(ExifTags.Base.Orientation)
    return found if isinstance(found, int) else None


def _opened(content: Spool) -> Image.Image:
    return Image.open(content.open(), formats=("PNG", "JPEG"))
