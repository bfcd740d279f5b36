"""Names of the failures that trying again cannot heal (Temporal error types), as a tree.

FilingError
├── InvalidApplication   the application, or the id it was started under, is not valid
└── RecordConflict       the registry holds other content under the same key
"""


class FilingError(Exception):
    """Root of what our rules refuse."""


class InvalidApplication(FilingError):
    """Not a valid application: the text lists paths and codes only."""


class RecordConflict(FilingError):
    """The same (uid, sequence, purpose) with different content, as after a reset."""
