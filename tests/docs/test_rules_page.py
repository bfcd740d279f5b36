"""The page of the rules is that of the rules."""

from filing.rules import topics
from tests.docs.rules import PAGE, page


def test_the_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(topics()), "run python -m tests.docs.rules"
