"""The page of errcodes is that of the code's table."""

from tests.docs.wechat_errors import PAGE, page


def test_the_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run python -m tests.docs.wechat_errors"
