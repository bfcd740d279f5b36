"""The enumerations that the authority hands out: ids and names.

Samples of the reference where it shows them; the rest is the sandbox's own choice, for the real
lists are longer, change, and were not seen. A client that hard-codes an id of these is wrong.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

INDIVIDUAL = 5
"""Subject type 个人: whose certificate types are those of persons."""
NO_PRE_APPROVAL = 24
"""以上都不涉及."""

SUBJECT_TYPES: dict[int, str] = {
    1: "国防机构",
    2: "政府机关",
    3: "事业单位",
    4: "企业",
    INDIVIDUAL: "个人",
    6: "社会团体",
    7: "民办非企业单位",
    8: "基金会",
    9: "律师执业机构",
    10: "外国在华文化中心",
    11: "群众性团体组织",
    12: "司法鉴定机构",
    13: "宗教团体",
    14: "境外机构",
    15: "医疗机构",
    16: "公证机构",
    17: "个体工商户",
}

_CERTIFICATES: dict[int, tuple[str, tuple[int, ...]]] = {
    1: ("营业执照（个人或企业）", (4, 15, 17)),
    2: ("居民身份证", (INDIVIDUAL,)),
    3: ("组织机构代码证", (2, 3, 6, 7, 8, 11)),
    4: ("事业单位法人证书", (3, 15)),
    5: ("社会团体法人登记证书", (6, 13)),
    6: ("民办非企业单位登记证书", (7, 15)),
    7: ("基金会法人登记证书", (8,)),
    8: ("律师事务所执业许可证", (9,)),
    9: ("外国在华文化中心登记证", (10,)),
    10: ("军队代号", (1,)),
    11: ("护照", (INDIVIDUAL,)),
    12: ("港澳居民来往内地通行证", (INDIVIDUAL,)),
    13: ("台湾居民来往大陆通行证", (INDIVIDUAL,)),
    14: ("群众性团体组织登记证", (11,)),
    15: ("司法鉴定许可证", (12,)),
    16: ("宗教活动场所登记证", (13,)),
    17: ("境外机构证件", (14,)),
    18: ("外国企业常驻代表机构登记证", (14,)),
    19: ("医疗机构执业许可证", (15,)),
    20: ("公证机构执业证", (16,)),
    21: ("外国人永久居留身份证", (INDIVIDUAL,)),
    22: ("港澳居民居住证", (INDIVIDUAL,)),
    23: ("统一社会信用代码证书", (1, 2, 3, 6, 7, 8, 9, 10, 11, 12, 13, 15, 16)),
    24: ("台湾居民居住证", (INDIVIDUAL,)),
}
CERTIFICATE_TYPES: dict[tuple[int, int], str] = {
    (kind, subject): name
    for kind, (name, subjects) in _CERTIFICATES.items()
    for subject in subjects
}
"""Names by (certificate type, subject type that may use it)."""

NRLX_TYPES: dict[int, str] = {
    1: "新闻",
    2: "出版",
    3: "教育",
    4: "医疗保健",
    5: "药品和医疗器械",
    6: "电子公告服务",
    9: "文化",
    10: "广播电影电视节目",
    11: "网络预约车",
    13: "互联网金融",
    14: "校外培训",
    15: "宗教",
    NO_PRE_APPROVAL: "以上都不涉及",
}

_SERVICE_GROUPS: dict[int, str] = {
    500: "生活服务",
    501: "电商平台",
    502: "出行与旅游",
    503: "实用工具",
    504: "综合门户",
    505: "资讯与文娱",
    506: "教育与医疗",
    507: "金融与其他",
}
SERVICE_CONTENT_TYPES: dict[int, tuple[int, str, str]] = {
    1: (500, "生活缴费", "水电煤、话费等缴费"),
    2: (500, "招聘", ""),
    3: (501, "网上购物", ""),
    4: (500, "餐饮服务", ""),
    5: (502, "旅游出行", ""),
    6: (503, "工具", ""),
    7: (504, "企业展示", ""),
    8: (504, "政务服务", ""),
    9: (500, "家政服务", ""),
    10: (503, "天气", ""),
    11: (505, "网络新闻", ""),
    12: (505, "网络阅读", ""),
    13: (505, "网络游戏", ""),
    14: (506, "网络教育", ""),
    15: (506, "校外培训", ""),
    16: (506, "医疗保健", ""),
    17: (506, "药品和医疗器械", ""),
    18: (505, "网络音乐", ""),
    19: (505, "网络表演", ""),
    20: (505, "网络影视", ""),
    21: (502, "网络预约车", ""),
    22: (507, "互联网金融", ""),
    23: (507, "宗教信息", ""),
    24: (507, "论坛社区", ""),
}
"""Second level: id to (parent, name, remark). Only these may be filed."""

PROVINCE_LETTERS: dict[int, str] = dict(
    zip(
        (
            *(11, 12, 13, 14, 15, 21, 22, 23, 31, 32, 33, 34, 35, 36, 37),
            *(41, 42, 43, 44, 45, 46, 50, 51, 52, 53, 54, 61, 62, 63, 64, 65),
        ),
        "京津冀晋蒙辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂琼渝川黔滇藏陕甘青宁新",
        strict=True,
    )
)
"""How a filing number begins, by the first two digits of the province's code."""


@dataclass(frozen=True)
class Areas:
    """The district tree and what is asked of it."""

    items: tuple[dict[str, Any], ...]
    parents: dict[tuple[int, int], int]
    """Parent code by (level, code): a city without districts has the same code on two levels."""
    names: dict[int, str]


@cache
def areas() -> Areas:
    """Provinces, cities and districts from `data/districts.json` (its source stands in it)."""
    text = (Path(__file__).parent / "data" / "districts.json").read_text("utf-8")
    parents: dict[tuple[int, int], int] = {}
    names: dict[int, str] = {}

    def branch(node: list[Any], level: int, parent: int) -> dict[str, Any]:
        code, name = node[0], node[1]
        parents[(level, code)] = parent
        names.setdefault(code, name)
        item: dict[str, Any] = {"type": level, "code": code, "name": name}
        if level < 3:
            item["sub_list"] = [branch(child, level + 1, code) for child in node[2]]
        return item

    items = tuple(branch(node, 1, 0) for node in json.loads(text)["provinces"])
    return Areas(items, parents, names)


def certificate_items() -> list[dict[str, Any]]:
    """For `query_icp_certificate_types`."""
    return [
        {"type": kind, "subject_type": subject, "name": name, "remark": ""}
        for (kind, subject), name in CERTIFICATE_TYPES.items()
    ]


def subject_items() -> list[dict[str, Any]]:
    """For `query_icp_subject_types`."""
    return [{"type": kind, "name": name, "remark": ""} for kind, name in SUBJECT_TYPES.items()]


def nrlx_items() -> list[dict[str, Any]]:
    """For `query_icp_nrlx_types`."""
    return [{"type": kind, "name": name} for kind, name in NRLX_TYPES.items()]


def service_content_items() -> list[dict[str, Any]]:
    """For `query_icp_service_content_types`, both levels."""
    groups = [
        {"type": kind, "parent_type": 0, "name": name, "remark": ""}
        for kind, name in _SERVICE_GROUPS.items()
    ]
    contents = [
        {"type": kind, "parent_type": parent, "name": name, "remark": remark}
        for kind, (parent, name, remark) in SERVICE_CONTENT_TYPES.items()
    ]
    return groups + contents


def district_items() -> list[dict[str, Any]]:
    """For `query_icp_district_code`."""
    return list(areas().items)
