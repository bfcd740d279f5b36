"""The authority's lists: our Chinese names to its ids, which are never hard-coded."""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

NAMES = ("subject_types", "certificate_types", "service_contents", "pre_approvals", "districts")
"""Our names of the lists, in the order of the fields of `Lists`."""

Item = Mapping[str, Any]

_NO_CITY = ("市辖区", "县", "省直辖", "自治区直辖")
"""How the list begins the name of a second level that is no city but a folder of districts."""


@dataclass(frozen=True)
class Area:
    """Codes of a place, None from the first level on that is not in the list."""

    province: int | None
    city: int | None
    district: int | None


@dataclass(frozen=True)
class Lists:
    """What the five query calls gave, as it came."""

    subjects: tuple[Item, ...]
    certificates: tuple[Item, ...]
    contents: tuple[Item, ...]
    pre_approvals: tuple[Item, ...]
    districts: tuple[Item, ...]

    def subject(self, name: str) -> int | None:
        """Subject type (主体性质)."""
        return _find(self.subjects, name)

    def certificate(self, name: str, subject_type: int | None) -> int | None:
        """Certificate type; an id may recur, so only those of this subject type count."""
        return _find((i for i in self.certificates if i.get("subject_type") == subject_type), name)

    def content(self, name: str) -> int | None:
        """Service content; only second levels may be filed."""
        return _find((i for i in self.contents if i.get("parent_type")), name)

    def pre_approval(self, name: str) -> int | None:
        """Pre-approval type (nrlx)."""
        return _find(self.pre_approvals, name)

    def area(self, province: str, city: str, district: str) -> Area:
        """A place by its names. Below a municipality or a province that governs districts itself,
        the list has folders (市辖区, 县) where people write the city or the district again."""
        top = next((p for p in self.districts if _same(p.get("name"), province)), None)
        if top is None:
            return Area(None, None, None)
        cities = _below(top)
        named = [c for c in cities if _same(c.get("name"), city)]
        folders = [c for c in cities if str(c.get("name", "")).startswith(_NO_CITY)]
        for candidate in (*named, *folders):
            code = _find(_below(candidate), district, key="code")
            if code is not None:
                return Area(_code(top), _code(candidate), code)
        if named and not _below(named[0]) and _same(named[0].get("name"), district):
            # A city without districts, where the list ends at its second level.
            return Area(_code(top), _code(named[0]), _code(named[0]))
        return Area(_code(top), _code(named[0]) if named else None, None)


def _below(item: Item) -> list[Item]:
    below = item.get("sub_list")
    return [i for i in below if isinstance(i, dict)] if isinstance(below, list) else []


def _code(item: Item, key: str = "code") -> int | None:
    value = item.get(key)
    return int(value) if isinstance(value, int | str) and str(value).isdigit() else None


def _find(items: Iterable[Item], name: str, key: str = "type") -> int | None:
    held = list(items)
    exact = (i for i in held if _plain(i.get("name")) == _plain(name))
    return next((_code(i, key) for i in (*exact, *held) if _same(i.get("name"), name)), None)


def _same(listed: Any, name: str) -> bool:
    """Equal, or followed by a remark in brackets, as in 营业执照（个人或企业）."""
    wanted = _plain(name)
    return _plain(listed) == wanted or _plain(listed).startswith(f"{wanted}(")


def _plain(name: Any) -> str:
    # NFKC makes full-width brackets plain ones.
    return "".join(unicodedata.normalize("NFKC", name).split()) if isinstance(name, str) else ""
