"""Example applications: complete, valid and invented, with drawn papers.

Nobody's data: the persons' numbers lie in a division that does not exist (320599), the addresses
end in example.com, and every paper says SPECIMEN.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont
from stdnum.cn import uscc

from filing.identifiers import is_appid

PAPER_SIZE = (1300, 820)
"""A little more than the authority's least, 1280 by 720."""

_CREDIT_CODE = "91320583MAEXAMP14T"
_CHARACTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""Of a unified social credit code: no I, O, S, V, Z."""
_INK = (32, 40, 56)
_RED = (176, 32, 32)


@dataclass(frozen=True)
class _Paper:
    file: str
    title: str
    lines: tuple[str, ...]
    colour: tuple[int, int, int]


@dataclass(frozen=True)
class _Example:
    appid: str
    text: Callable[[str, date | None], str]
    papers: tuple[_Paper, ...]


def write_example(name: str, folder: Path, today: date | None, appid: str | None = None) -> Path:
    """Write the example application and its papers into `folder`, over what is there.

    Letters are dated `today`; None leaves them undated, as in the committed `examples/`, which
    must stay valid. Returns the application file; ValueError names what is wrong with an argument.
    """
    example = _EXAMPLES.get(name)
    if example is None:
        raise ValueError(f"没有示例 {name!r},可用的示例:{'、'.join(_EXAMPLES)}")
    if appid is not None and not is_appid(appid):
        raise ValueError("AppID 应为 wx 加 16 位小写十六进制字符")
    # One subject has one filing at a time, so every example of an AppID is another subject's.
    number = invented_credit_code(appid) if appid else _CREDIT_CODE
    for paper in example.papers:
        target = folder / paper.file
        target.parent.mkdir(parents=True, exist_ok=True)
        lines = tuple(line.replace(_CREDIT_CODE, number) for line in paper.lines)
        _draw(replace(paper, lines=lines), target)
    text = example.text(appid or example.appid, today).replace(_CREDIT_CODE, number)
    application = folder / f"{name}.yaml"
    application.write_text(text, encoding="utf-8")
    return application


def invented_credit_code(seed: str) -> str:
    """A well-formed unified social credit code of an enterprise in 昆山市 that nobody has been
    given: nearly always another for another `seed`."""
    rest = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:8])
    characters = ""
    for _ in range(7):
        rest, digit = divmod(rest, len(_CHARACTERS))
        characters += _CHARACTERS[digit]
    body = f"91320583MA{characters}"
    return body + uscc.calc_check_digit(body)


def example_names() -> tuple[str, ...]:
    """The names that `write_example` knows."""
    return tuple(_EXAMPLES)


def _draw(paper: _Paper, target: Path) -> None:
    """A card-like picture; few colours, so that it stays small."""
    width, height = PAPER_SIZE
    image = Image.new("RGB", PAPER_SIZE, (246, 244, 238))
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle((30, 30, width - 30, height - 30), 28, paper.colour, _INK, 4)
    draw.text((80, 80), paper.title, _INK, ImageFont.load_default(56))
    draw.line((80, 160, width - 80, 160), _INK, 3)
    for i, line in enumerate(paper.lines):
        draw.text((80, 210 + 64 * i), line, _INK, ImageFont.load_default(40))
    draw.text((400, 560), "SPECIMEN", _RED, ImageFont.load_default(110))
    image.quantize(32).save(target, "PNG", optimize=True)


def _new_organisation(appid: str, today: date | None) -> str:
    signed_on = f", signed_on: {today.isoformat()}" if today else ""
    return _NEW_ORGANISATION.replace("{appid}", appid).replace("{signed_on}", signed_on)


_NEW_ORGANISATION = """\
# 新增备案示例:江苏省苏州市昆山市的一家企业,尚无主体备案号。
# 内容均为虚构,仅供试用;用自己的资料替换后即可提交。
kind: new                                # 备案类型:新增备案

mini_program:                            # 小程序信息
  appid: {appid}              # 小程序 AppID
  name: 昆山示例商城                     # 4 至 30 个字符,汉字算两个
  remark: 面向昆山本地商户的线上商城,提供商品浏览、下单、支付与售后服务  # 20 至 200 字,写明实际服务
  service_contents: [ecommerce]          # 服务内容标识,1 至 5 项
  pre_approvals: []                      # 前置审批:不涉及时为空列表
  principal:                             # 小程序负责人
    name: 王芳
    certificate:
      type: resident_id                  # 居民身份证
      number: "320599196802020021"
      valid_from: 2016-03-01
      valid_to: 长期
    mobile: "13900000003"
    email: wang.fang@example.com
    emergency_mobile: "13900000004"      # 应急手机号码,与手机号码不同

subject:                                 # 主体(主办单位)信息
  type: enterprise                       # 主体性质:企业
  name: 苏州示例信息技术有限公司
  certificate:
    type: business_licence               # 营业执照
    number: "91320583MAEXAMP14T"         # 统一社会信用代码
    address: 江苏省苏州市昆山市示例路1号 # 证件住所,与证件一致
  province: 江苏省
  city: 苏州市
  district: 昆山市
  address: 示例路1号                     # 通讯地址,不含省、市、区县
  legal_representative:                  # 法定代表人
    name: 李明
    certificate:
      type: resident_id
      number: "320599197001010012"
      valid_from: 2018-06-01
      valid_to: 长期
    mobile: "13900000001"
    email: li.ming@example.com
    emergency_mobile: "13900000002"
  principal:                             # 主体负责人:即法定代表人,因此不需要授权书
    name: 李明
    certificate:
      type: resident_id
      number: "320599197001010012"
      valid_from: 2018-06-01
      valid_to: 长期
    mobile: "13900000001"
    email: li.ming@example.com
    emergency_mobile: "13900000002"
  subject_number: null                   # 主体备案号:尚无

materials:                               # 材料,路径相对于本文件
  - {type: subject_certificate, file: materials/organisation-licence.png}
  - {type: subject_principal_certificate, side: front, file: materials/li-ming-front.png}
  - {type: subject_principal_certificate, side: back, file: materials/li-ming-back.png}
  - {type: mini_program_principal_certificate, side: front, file: materials/wang-fang-front.png}
  - {type: mini_program_principal_certificate, side: back, file: materials/wang-fang-back.png}
  - {type: service_commitment, file: materials/organisation-commitment.png{signed_on}}

contact:
  email: ops@example.com                 # 备案进度通知的收件邮箱
"""

_CARD = (214, 230, 240)
_CARD_BACK = (236, 226, 214)

_EXAMPLES = {
    "new-organisation": _Example(
        "wx1a2b3c4d5e6f7a8b",
        _new_organisation,
        (
            _Paper(
                "materials/organisation-licence.png",
                "BUSINESS LICENCE",
                ("No. 91320583MAEXAMP14T", "Suzhou Example Information Technology"),
                (248, 238, 214),
            ),
            _Paper(
                "materials/li-ming-front.png",
                "RESIDENT IDENTITY CARD",
                ("Li Ming", "Born 1970-01-01", "No. 320599197001010012"),
                _CARD,
            ),
            _Paper(
                "materials/li-ming-back.png",
                "RESIDENT IDENTITY CARD - BACK",
                ("Li Ming", "Valid from 2018-06-01, long term"),
                _CARD_BACK,
            ),
            _Paper(
                "materials/wang-fang-front.png",
                "RESIDENT IDENTITY CARD",
                ("Wang Fang", "Born 1968-02-02", "No. 320599196802020021"),
                _CARD,
            ),
            _Paper(
                "materials/wang-fang-back.png",
                "RESIDENT IDENTITY CARD - BACK",
                ("Wang Fang", "Valid from 2016-03-01, long term"),
                _CARD_BACK,
            ),
            _Paper(
                "materials/organisation-commitment.png",
                "SERVICE COMMITMENT",
                ("Suzhou Example Information Technology", "Signed: Li Ming"),
                (255, 255, 255),
            ),
        ),
    ),
}
