"""What a material's file is. Read outside `filing/` and passed in as facts."""

from filing.model import Model


class FileFacts(Model):
    """Facts of one file. `problem` says why nothing more is known: `missing`, `not_a_file`,
    `outside_folder` (a link or path out of the application's folder), `too_large`, `empty`,
    `changing` (while it was read), `too_many_pixels`, `animated`, `unreadable`; then the other
    fields may be None. Size in bytes, dimensions in pixels."""

    file: str
    problem: str | None = None
    sha256: str | None = None
    media_type: str | None = None
    """By content, never by name: `image/png`, `image/jpeg`, and of what is not taken
    `application/pdf`, `image/heic` and others."""
    size: int | None = None
    width: int | None = None
    height: int | None = None
