"""Filing numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filing import divisions
from filing.numbers import (
    ALIASES,
    FilingNumber,
    check_mini_program_number,
    check_subject_number,
    parse_number,
)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("苏ICP备2026000001号-1X", ("江苏省", "苏ICP备2026000001号", 1, "X")),
        ("苏ICP备2026000001号", ("江苏省", "苏ICP备2026000001号", None, None)),
        ("粤ICP备05008878号", ("广东省", "粤ICP备05008878号", None, None)),
        ("赣ICP备2024031528号-4A", ("江西省", "赣ICP备2024031528号", 4, "A")),
        ("皖ICP备2024031528号-12", ("安徽省", "皖ICP备2024031528号", 12, "")),
        ("京ICP备2024031528号-3K", ("北京市", "京ICP备2024031528号", 3, "K")),
        ("粤B2-20090059-1626X", ("广东省", "粤B2-20090059", 1626, "X")),
        ("京ICP证030173号-1", ("北京市", "京ICP证030173号", 1, "")),
        ("川ICP备2024031528号-1X", ("四川省", "蜀ICP备2024031528号", 1, "X")),
        ("贵ICP备2024031528号", ("贵州省", "黔ICP备2024031528号", None, None)),
        ("云ICP备2024031528号", ("云南省", "滇ICP备2024031528号", None, None)),
        ("甘ICP备2024031528号", ("甘肃省", "陇ICP备2024031528号", None, None)),
        ("秦ICP备2024031528号", ("陕西省", "陕ICP备2024031528号", None, None)),
    ],
)
def test_parse(text: str, parts: tuple[str, str, int | None, str | None]) -> None:
    found = parse_number(text)
    assert found is not None
    assert (found.province, found.stem, found.index, found.suffix) == parts


@pytest.mark.parametrize(
    "text",
    [
        "",
        "苏ICP备2026000001",
        "苏ICP备202600001号-1X",
        "苏icp备2026000001号-1X",
        "苏ICP备2026000001号-1x",
        "苏ICP备2026000001号-0X",
        "苏ICP备2026000001号-01X",
        "苏ICP备2026000001号-X",
        "苏ICP备2026000001号1X",
        "苏ICP备2026000001号-1X ",
        "苏ICP备2026000001号-1X\n",
        "国ICP备2026000001号-1X",
        "港ICP备2026000001号-1X",
        "ICP备2026000001号-1X",
        "粤B3-20090059-1X",
        "苏ICP备\uff12026000001号-1X",
        "苏ICP备2026000001号-" + "9" * 5000 + "X",
    ],
)
def test_what_is_no_number(text: str) -> None:
    assert parse_number(text) is None


@given(
    st.sampled_from(divisions.provinces()),
    st.integers(0, 9_999_999_999),
    st.none() | st.integers(1, 99_999),
    st.sampled_from(["", "A", "X", "K"]),
)
def test_written_and_read_again(province: str, digits: int, index: int | None, suffix: str) -> None:
    character = divisions.abbreviation(province)
    text = f"{character}ICP备{digits:010}号" + ("" if index is None else f"-{index}{suffix}")
    found = parse_number(text)
    assert found is not None
    assert str(found) == text
    assert found.province == province


@pytest.mark.parametrize("alias", sorted(ALIASES))
def test_an_alias_is_read_and_never_written(alias: str) -> None:
    found = parse_number(f"{alias}ICP备2024031528号-1X")
    assert isinstance(found, FilingNumber)
    assert str(found)[0] == ALIASES[alias]


@given(st.text())
def test_parse_is_total(text: str) -> None:
    parse_number(text)


@pytest.mark.parametrize(
    ("number", "subject", "code"),
    [
        ("苏ICP备2026000001号-1X", None, None),
        ("苏ICP备2026000001号-3X", "苏ICP备2026000001号", None),
        ("苏B2-20090059-1626X", "苏B2-20090059", None),
        ("苏ICP备2026000001号-1", None, "number.wrong_suffix"),
        ("苏ICP备2026000001号-1A", None, "number.wrong_suffix"),
        ("苏ICP备2026000001号-1K", None, "number.wrong_suffix"),
        ("苏ICP备2026000001号", None, "number.without_index"),
        ("浙ICP备2026000001号-1X", None, "number.other_province"),
        ("苏ICP备2026000002号-1X", "苏ICP备2026000001号", "number.other_subject"),
        ("苏ICP备 2026000001号-1X", None, "number.malformed"),
    ],
)
def test_mini_program_number(number: str, subject: str | None, code: str | None) -> None:
    refusal = check_mini_program_number(number, "江苏省", subject)
    assert (refusal.code if refusal else None) == code


def test_an_alias_counts_as_the_same_stem() -> None:
    own = "蜀ICP备2024031528号"
    assert check_mini_program_number("川ICP备2024031528号-1X", "四川省", own) is None


def test_a_refusal_says_what_would_be_right() -> None:
    refusal = check_mini_program_number("x", "四川省", None)
    assert refusal is not None
    assert "蜀ICP备2026000001号-1X" in refusal.explanation


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("苏ICP备2026000001号", None),
        ("苏ICP备05008878号", None),
        ("苏ICP备2026000001号-1X", "subject_number.is_service_number"),
        ("浙ICP备2026000001号", "subject_number.other_province"),
        ("2026000001", "subject_number.malformed"),
    ],
)
def test_subject_number(number: str, code: str | None) -> None:
    refusal = check_subject_number(number, "江苏省")
    assert (refusal.code if refusal else None) == code


def test_a_province_that_is_none_is_not_repeated() -> None:
    for refusal in (
        check_subject_number("苏ICP备2026000001号", "王芳"),
        check_mini_program_number("苏ICP备2026000001号-1X", "王芳", None),
    ):
        assert refusal is not None
        assert "王芳" not in refusal.explanation
