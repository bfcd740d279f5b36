"""Sending notices: Chinese texts from templates, through whatever channels Apprise knows."""

import asyncio
import logging
import re
from collections import OrderedDict
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import apprise
from apprise import AppriseAsset, NotifyBase, NotifyFormat
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from activities.ports import MayHaveArrived, NotSent
from filing.display import how_to_show
from filing.notices import SAME_CAUSE_FOR, Audience, Delivery, Notice
from filing.vocabulary import MATERIAL_LABELS
from gateways import mail
from settings import WrongSettings

TEMPLATES = Path(__file__).parent / "templates"
SEND_SECONDS = 30.0
ID_HEADER = "X-Beian-Notice"
SCHEMES_WITH_HEADERS = ("mailto", "mailtos", "json", "jsons", "xml", "xmls", "form", "forms")
PARTLY_SENT_KEPT = 1000
UNCLEAR = ("timed out", "broke off")

_texts = Environment(
    loader=FileSystemLoader(TEMPLATES),
    undefined=StrictUndefined,
    autoescape=False,  # noqa: S701  plain text; Apprise escapes it where it makes HTML of it
    trim_blocks=True,
    lstrip_blocks=True,
)
_texts.globals["how_to_show"] = how_to_show
_texts.globals["same_cause_hours"] = SAME_CAUSE_FOR // timedelta(hours=1)
_texts.globals["material_labels"] = MATERIAL_LABELS
_ANSWER = re.compile(r": (\{.*)?\(\d{3}, |NewConnectionError|ConnectTimeout|Connection refused")
"""In Apprise's log of an exception: an SMTP answer, or no connection at all."""
_BLANK_LINES = re.compile(r"\n{3,}")

# Apprise logs addresses and whole URLs, on success too; its HTTP library logs paths, which hold the
# tokens of many services. What an operator needs of them is in our errors; what we need of
# Apprise's log comes with its result.
_apprise_log = logging.getLogger("apprise")
_apprise_log.setLevel(logging.DEBUG)
_apprise_log.propagate = False
_apprise_log.addHandler(logging.NullHandler())
logging.getLogger("urllib3").setLevel(logging.INFO)


class ChannelRefused(NotSent):
    """Every channel refused for certain, and nothing arrived. The text names the channels' schemes
    and how each ended; no address."""


class ChannelUnclear(MayHaveArrived):
    """The notice may have arrived: a channel did not answer in time or broke off, or one refused
    while another took it. To be tried again; the ledger then says `possibly_doubled`. No address in
    the text."""


class AppriseChannels:
    """Implements `activities.ports.Channels`.

    `AppriseChannels("mailto://mail.test?from=a@b.test&to={email}", "json://ops.test/notices")`:
    each argument holds Apprise URLs, separated by white space; empty means that nobody is told.
    `{email}` in the applicant's stands for the notice's, URL-escaped; where a notice has none, such
    URLs are left out. Raises `WrongSettings` with the setting's name, never a URL, which may hold
    a password.

    E-mails and web hooks carry the notice's name in the header `X-Beian-Notice`, so that one that
    came twice can be recognised.
    """

    def __init__(self, applicant_urls: str, operations_urls: str) -> None:
        self._asset = AppriseAsset(app_id="Beian", app_desc="Beian 备案通知")
        self._urls = {
            Audience.APPLICANT: self._checked("BEIAN_NOTIFY_APPLICANT", applicant_urls),
            Audience.OPERATIONS: self._checked("BEIAN_NOTIFY_OPERATIONS", operations_urls),
        }
        self._partly_sent: OrderedDict[str, set[str]] = OrderedDict()

    async def send(self, notice: Notice) -> Delivery:
        """Send through every channel of the audience: `SENT`, or `NO_CHANNEL` where none is set.

        Channels are tried one after the other, each for up to 30 s, and all are tried before
        `ChannelRefused` or `ChannelUnclear` is raised. A repeat in the same process leaves out the
        channels that had taken the notice; after a restart, or on another worker, they get it
        again (the ledger knows notices, not channels).
        """
        urls = [
            url.replace("{email}", quote(notice.email or "", safe=""))
            for url in self._urls[notice.audience]
            if notice.email or "{email}" not in url
        ]
        if not urls:
            return Delivery.NO_CHANNEL
        title, body = render(notice)
        key = notice_key(notice)
        taken = self._partly_sent.pop(key, set())
        failures: list[tuple[str, str]] = []
        for url in urls:
            if url not in taken:
                outcome = await self._send_one(with_id(url, key), title, body)
                if outcome == "sent":
                    taken.add(url)
                else:
                    failures.append((_scheme(url), outcome))
        if not failures:
            return Delivery.SENT
        text = ", ".join(f"{scheme}: {outcome}" for scheme, outcome in failures)
        if taken:
            self._partly_sent[key] = taken
            while len(self._partly_sent) > PARTLY_SENT_KEPT:
                self._partly_sent.popitem(last=False)
            raise ChannelUnclear(f"{text}; {len(taken)} of {len(urls)} channels took it")
        if any(outcome in UNCLEAR for _, outcome in failures):
            raise ChannelUnclear(text)
        raise ChannelRefused(text)

    async def _send_one(self, url: str, title: str, body: str) -> str:
        """`sent`, `timed out`, `broke off`, or Apprise's word for another end, as in `failure`."""
        service = self._service(url)
        if service is None:
            # The URL was good with a sample address: this notice's own is none.
            return "not an address"
        sender = apprise.Apprise(service, asset=self._asset)
        try:
            async with asyncio.timeout(SEND_SECONDS):
                result = await sender.async_notify(
                    body=body,
                    title=title,
                    body_format=NotifyFormat.TEXT,
                    log_level=logging.DEBUG,
                )
        except TimeoutError:
            return "timed out"
        if result:
            return "sent"
        if _broke_off([entry.message for entry in result.logs()]):
            return "broke off"
        return str(result.status.name).lower()

    def _service(self, url: str) -> NotifyBase | None:
        """What sends by this URL; None where Apprise does not understand it."""
        if _scheme(url) in mail.SCHEMES:
            return mail.Mail.of_url(url, self._asset)
        service = apprise.Apprise.instantiate(url, asset=self._asset)
        return service if isinstance(service, NotifyBase) else None

    def _checked(self, setting: str, urls: str) -> tuple[str, ...]:
        split = tuple(urls.split())
        for place, url in enumerate(split, start=1):
            if setting == "BEIAN_NOTIFY_OPERATIONS" and "{email}" in url:
                raise WrongSettings(
                    f"{setting}: URL {place} of {len(split)} holds {{email}}, which stands for the "
                    "applicant's address: write operations' own address there"
                )
            sample = with_id(url.replace("{email}", quote("someone@example.com", safe="")), "check")
            if self._service(sample) is None:
                raise WrongSettings(
                    f"{setting}: URL {place} of {len(split)} is none that Apprise understands; "
                    "an example: mailto://user:password@mail.example.com?from=beian@example.com"
                    "&to={email}, with %-escapes for what is not a letter or digit in the password"
                )
        return split


def _broke_off(log: Sequence[str]) -> bool:
    """Whether, by Apprise's log, the connection failed when the notice may have been taken: not
    where the service answered no, and not where there was no connection yet."""
    if any(line.startswith("Connection error while submitting email") for line in log):
        return False
    return any(line.startswith("Socket Exception: ") and not _ANSWER.search(line) for line in log)


def notice_key(notice: Notice) -> str:
    """The notice's name for ever, in one word, as in `<uid>.12.returned.applicant`."""
    return f"{notice.uid}.{notice.sequence}.{notice.purpose.value}.{notice.audience.value}"


def with_id(url: str, key: str) -> str:
    """The URL with the header that names the notice, where its scheme has headers."""
    if _scheme(url) not in SCHEMES_WITH_HEADERS:
        return url
    return f"{url}{'&' if '?' in url else '?'}+{ID_HEADER}={quote(key, safe='')}"


def render(notice: Notice) -> tuple[str, str]:
    """Title (one line) and body (plain text, Chinese) of a notice."""
    # A line break in a name must not end the title, nor become another header of an e-mail.
    name = " ".join(notice.mini_program.split())
    text = _texts.get_template(f"{notice.purpose.value}.j2").render(
        n=notice,
        name=name,
        to_applicant=notice.audience is Audience.APPLICANT,
        reasons=[r.model_dump() | {"label": field_label(r.field)} for r in notice.reasons],
    )
    title, _, body = text.strip().partition("\n")
    return title.strip(), _BLANK_LINES.sub("\n\n", body.strip()) + "\n"


def field_label(path: str) -> str:
    """A path as people read it: `subject.certificate.number` is 主体 证件 号码. What is not one of
    our paths, as a field name of the authority's, stays as it is."""
    parts = re.split(r"[.\[\]]+", path.strip("].["))
    return " ".join(
        _LABELS.get(part, f"第 {int(part) + 1} 项" if part.isdecimal() else part) for part in parts
    )


_texts.globals["field_label"] = field_label

_LABELS = {
    "kind": "申请类型",
    "subject": "主体",
    "mini_program": "小程序",
    "materials": "材料",
    "contact": "联系人",
    "principal": "负责人",
    "legal_representative": "法定代表人",
    "certificate": "证件",
    "pre_approvals": "前置审批",
    "service_contents": "服务内容标识",
    "subject_number": "主体备案号",
    "appid": "AppID",
    "name": "名称",
    "remark": "备注",
    "type": "类型",
    "number": "号码",
    "valid_from": "有效期起始日",
    "valid_to": "有效期截止日",
    "mobile": "手机号码",
    "emergency_mobile": "应急联系电话",
    "email": "电子邮箱",
    "province": "省份",
    "city": "城市",
    "district": "区县",
    "address": "地址",
    "category": "类别",
    "file": "文件",
    "side": "正反面",
    "signed_on": "签署日期",
} | {material.value: label for material, label in MATERIAL_LABELS.items()}


def _scheme(url: str) -> str:
    return url.partition("://")[0].lower()
