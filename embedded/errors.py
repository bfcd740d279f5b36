"""What can go wrong while the embedded stack starts, in a sentence that says what to do."""


class StackError(Exception):
    """The embedded stack cannot start or go on; the text says why, and what to do."""
