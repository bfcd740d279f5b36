"""Names and remarks, judged by their words."""

from unicodedata import normalize

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from filing.vocabulary import SERVICE_CONTENTS
from filing.wording import (
    is_generic_name,
    is_placeholder,
    is_related,
    mentions,
    plain,
    tells_little,
    words,
)


@given(st.text())
@example("二〇医院")
@example("❶测试❷Ⅳ_a1²é")
def test_plain_keeps_letters_and_nothing_else(text: str) -> None:
    assert plain(text) == "".join(c for c in normalize("NFKC", text).lower() if c.isalpha())


@pytest.mark.parametrize(
    "remark", ["暂无暂无暂无", "测试使用,暂无说明。", "TEST test 测试小程序", "无", ""]
)
def test_placeholders(remark: str) -> None:
    assert is_placeholder(plain(remark))


@pytest.mark.parametrize("remark", ["无障碍出行查询", "测试题库练习"])
def test_no_placeholders(remark: str) -> None:
    assert not is_placeholder(plain(remark))


@pytest.mark.parametrize(
    "remark",
    [
        "本小程序主要用于为广大用户提供优质、便捷、高效的一站式服务,满足用户的各种需求",
        "昆山示例商城,昆山示例商城,昆山示例商城",
        "苏州示例公司的小程序,为客户提供专业的服务和良好的体验",
        "商商商商商商商商商商商商商商商商商商商商",
    ],
)
def test_remarks_that_tell_little(remark: str) -> None:
    assert tells_little(plain(remark), (plain("昆山示例商城"), plain("苏州示例公司")))


@pytest.mark.parametrize(
    "remark",
    [
        "面向昆山本地商户的线上商城,提供商品浏览、下单、支付与售后服务",
        "为小区居民提供水费、电费和燃气费的查询与缴纳",
        "展示本公司的产品与案例,提供联系方式和留言",
    ],
)
def test_remarks_that_tell_something(remark: str) -> None:
    assert not tells_little(plain(remark), (plain("昆山示例商城"), plain("苏州示例公司")))


@pytest.mark.parametrize(
    ("name", "generic"),
    [("商城", True), ("服务平台", True), ("Demo", True), ("昆山商城", False), ("拼车助手", False)],
)
def test_generic_names(name: str, generic: bool) -> None:
    assert is_generic_name(plain(name)) is generic


@pytest.mark.parametrize(
    ("name", "text", "related"),
    [
        ("昆山示例商城", "面向昆山本地商户", True),
        ("蓝鲸优选商城", "面向昆山本地商户的线上商城", False),
        ("蓝鲸优选", "蓝鲸优选是本店的品牌名", True),
        ("Lanjing Cafe", "咖啡店 LANJING 的点单", True),
        ("Lanjing Cafe", "咖啡店的点单", False),
        ("12306", "铁路", True),
        ("在线服务平台", "铁路", True),
    ],
)
def test_names_related_to_what_is_said(name: str, text: str, related: bool) -> None:
    assert is_related(name, (plain(text),)) is related


@pytest.mark.parametrize("content", SERVICE_CONTENTS)
def test_every_content_is_mentioned_by_its_own_words(content: str) -> None:
    assert mentions(plain(SERVICE_CONTENTS[content]), [content])
    for word in words().service_words[content]:
        assert mentions(plain(f"可以{word}"), [content])
    assert not mentions(plain("铁轨"), [content])
