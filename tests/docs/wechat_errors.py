"""The page of the authority's errcodes, made of the code's table: `python -m tests.docs.wechat_errors`."""

from datetime import timedelta
from pathlib import Path

from filing.notices import SAME_CAUSE_FOR
from gateways.wechat.errors import CODES, DAY_SPREAD, MINUTE_SPREAD, ErrorCode, Follows

PAGE = Path(__file__).parents[2] / "docs/wechat-errors.md"

HEAD = f"""\
# The authority's errcodes, and what follows

Made of the table in `gateways/wechat/errors.py` by `python -m tests.docs.wechat_errors`.

| what follows | means |
|---|---|
| {Follows.RETRY.value} | the activity is tried again, at the retry policy's pace |
| {Follows.MINUTE.value} | tried again 60 s later, and up to {MINUTE_SPREAD.seconds} s more, spread by appid |
| {Follows.DAY.value} | tried again after the next midnight in China, and up to \
{DAY_SPREAD.seconds // 60} minutes more, spread by appid; with the sandbox no later than \
`BEIAN_POLL_LONGEST` |
| {Follows.TOKEN.value} | once, for all workers; refused again, the call is tried again later |
| {Follows.APPLICANT.value} | the filing is returned, with the reason at the field |
| {Follows.ANSWER.value} | no error: it tells where an order stands |
| {Follows.STOP.value} | operations are told once what to do; asked again at the longest pace |
| {Follows.STOP_ALL.value} | the same, but told once in {SAME_CAUSE_FOR // timedelta(hours=1)} hours \
(and anew after it was over) for all filings, \
by whichever meets it first |

A code that is not in the table is tried again, and shows as *unexpected errcode* in the activity's last
failure. The request's id (`rid`) that ends the authority's texts is kept in logs, and in the failures of what
is tried again; the rest of its texts is not, for it may repeat what was sent.

| code | meaning | where | what follows | field | | source |
|---|---|---|---|---|---|---|
"""


def page() -> str:
    """The whole page."""
    return HEAD + "".join(_row(CODES[code]) for code in sorted(CODES))


def _row(row: ErrorCode) -> str:
    cells = (
        *(str(row.code), row.meaning, row.where, row.follows.value),
        f"`{row.field}`" if row.field and " " not in row.field else row.field or "",
        row.remedy,
        f"reference {row.source}" if row.source[0].isdigit() else row.source,
    )
    return "| " + " | ".join(cells) + " |\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
