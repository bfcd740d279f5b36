"""Forms of identifiers."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import ric, uscc

from filing import identifiers
from filing.findings import months_after

TODAY = date(2026, 11, 24)

born = st.dates(date(1900, 1, 1), TODAY)


@st.composite
def resident_ids(draw: st.DrawFn) -> str:
    division = draw(st.integers(110000, 659999))
    stem = f"{division}{draw(born):%Y%m%d}{draw(st.integers(0, 999)):03}"
    return stem + ric.calc_check_digit(stem + "0")


@st.composite
def credit_codes(draw: st.DrawFn) -> str:
    letters = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    stem = draw(st.sampled_from(["91", "92", "12", "51", "N1", "Y1", "A1"]))
    stem += f"{draw(st.integers(110000, 659999))}"
    stem += draw(st.text(letters, min_size=9, max_size=9))
    return stem + uscc.calc_check_digit(stem)


class TestResidentId:
    # 11010519491231002X is the standard's own sample
    @pytest.mark.parametrize("number", ["11010519491231002X", "320599197001010012"])
    def test_valid(self, number: str) -> None:
        assert identifiers.resident_id_fault(number, TODAY) is None

    @pytest.mark.parametrize(
        ("number", "fault"),
        [
            ("", "malformed"),
            ("11010519491231002x", "malformed"),
            (" 11010519491231002X", "malformed"),
            ("110105194912310", "malformed"),  # the old form of 15 digits
            ("１1010519491231002X", "malformed"),  # a full-width digit
            ("110105194912310021", "check_digit"),
            ("110105194913310025", "birth_date"),
            ("110105202302300025", "birth_date"),
            ("110105189912310025", "birth_date"),
            ("110105202611250025", "birth_date"),  # tomorrow
        ],
    )
    def test_invalid(self, number: str, fault: str) -> None:
        assert identifiers.resident_id_fault(number, TODAY) == fault

    @given(resident_ids())
    def test_any_with_its_check_digit_is_valid(self, number: str) -> None:
        assert identifiers.resident_id_fault(number, TODAY) is None

    @given(resident_ids(), st.integers(0, 17), st.sampled_from("0123456789"))
    def test_one_wrong_digit_is_always_caught(self, number: str, at: int, digit: str) -> None:
        wrong = number[:at] + digit + number[at + 1 :]
        if wrong != number:
            assert identifiers.resident_id_fault(wrong, TODAY) is not None

    @given(resident_ids())
    def test_birth_date(self, number: str) -> None:
        found = identifiers.birth_date(number)
        assert found is not None
        assert found.strftime("%Y%m%d") == number[6:14]

    def test_no_birth_date_in_nonsense(self) -> None:
        assert identifiers.birth_date("passport") is None


class TestCreditCode:
    def test_letters_in_the_first_two_are_the_standards(self) -> None:
        stem = "N2320583MF1234567"
        number = stem + uscc.calc_check_digit(stem)
        assert not uscc.is_valid(number)  # why stdnum's own check is not used
        assert identifiers.credit_code_fault(number) is None

    @pytest.mark.parametrize(
        ("number", "fault"),
        [
            ("91110000600037341L", None),
            ("91110000600037341K", "check_digit"),
            ("91110000600037341l", "malformed"),
            ("9111000060003734 L", "malformed"),
            ("91110000600037341", "malformed"),
            ("91110000I00037341L", "malformed"),
            ("９1110000600037341L", "malformed"),  # a full-width digit
        ],
    )
    def test_form(self, number: str, fault: str | None) -> None:
        assert identifiers.credit_code_fault(number) == fault

    @given(credit_codes(), st.integers(0, 17), st.sampled_from("0123456789ABCDEFGHJKLMNPQRTUWXY"))
    def test_one_wrong_character_is_always_caught(self, number: str, at: int, other: str) -> None:
        assert identifiers.credit_code_fault(number) is None
        wrong = number[:at] + other + number[at + 1 :]
        if wrong != number:
            assert identifiers.credit_code_fault(wrong) is not None


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("wx1a2b3c4d5e6f7a8b", True),
        ("wx1A2B3c4d5e6f7a8b", False),
        ("wx1a2b3c4d5e6f7a8", False),
        ("wx1a2b3c4d5e6f7a8g", False),
        ("wx1a2b3c4d5e6f7a8b\n", False),
    ],
)
def test_appid(text: str, good: bool) -> None:
    assert identifiers.is_appid(text) is good


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("13800000000", True),
        ("19900000000", True),
        ("12800000000", False),
        ("1380000000", False),
        ("+8613800000000", False),
        ("138 0000 0000", False),
        ("１3800000000", False),  # a full-width digit
        ("051257000000", False),
    ],
)
def test_mobile(text: str, good: bool) -> None:
    assert identifiers.is_mobile(text) is good


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("ops@example.com", True),
        ("li.ming+a@mail.example.com.cn", True),
        ("ops@example", False),
        ("ops@@example.com", False),
        ("ops..x@example.com", False),
        ("@example.com", False),
        ("ops@-example.com", False),
        ("运营@example.com", False),
        ("a" * 65 + "@example.com", False),
        ("a@" + "b." * 130 + "com", False),
        ("ops@example.com\nBcc: x@example.com", False),
    ],
)
def test_email(text: str, good: bool) -> None:
    assert identifiers.is_email(text) is good


def test_email_takes_linear_time() -> None:
    assert not identifiers.is_email("a" * 60 + "." * 100_000)


@pytest.mark.parametrize(
    ("text", "good"),
    [("E12345678", True), ("e12345678", False), ("E123 45678", False), ("", False)],
)
def test_passport(text: str, good: bool) -> None:
    assert identifiers.is_passport(text) is good


@given(st.text())
def test_mask_never_shows_a_number(number: str) -> None:
    masked = identifiers.mask(number)
    assert len(masked) == len(number)
    assert "*" in masked or not number
    assert len(masked.replace("*", "")) <= max(5, number.count("*"))


def test_mask_is_recognisable() -> None:
    assert identifiers.mask("13800001234") == "138******34"


@pytest.mark.parametrize(("text", "width"), [("昆山商城", 8), ("abc", 3), ("昆山a1", 6), ("Ａ", 2)])
def test_width_counts_a_chinese_character_as_two(text: str, width: int) -> None:
    assert identifiers.width(text) == width


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2026, 11, 24), 3, date(2027, 2, 24)),
        (date(2026, 11, 30), 3, date(2027, 2, 28)),
        (date(2026, 1, 31), -1, date(2025, 12, 31)),
        (date(2027, 12, 1), 0, date(2027, 12, 1)),
    ],
)
def test_months_after(day: date, months: int, expected: date) -> None:
    assert months_after(day, months) == expected


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(0, 24))
def test_months_only_go_forward(day: date, months: int) -> None:
    assert months_after(day, months) <= months_after(day + timedelta(days=1), months)
