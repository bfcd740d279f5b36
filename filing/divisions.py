"""Administrative divisions: which province, city and district belong together, and their codes.

The list is `data/divisions.json` (GB/T 2260 codes; where it comes from stands in it and in
`data/README.md`). Read on first use and kept, so that importing this costs nothing.
"""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from importlib import resources
from typing import Literal, NamedTuple

MUNICIPALITIES = frozenset({"北京市", "天津市", "上海市", "重庆市"})
"""Their one city is written as the municipality itself, or as the list's 市辖区 or 县."""

_MUNICIPAL_CITY = frozenset({"市辖区", "县"})
_DIRECT_COUNTIES = "省直辖县"
_DIRECT_COUNTIES_NAMES = frozenset(
    {"省直辖县", "省直辖县级行政区划", "自治区直辖县级行政区划", "省直辖行政单位"}
)
_NOT_FILED_HERE = ("香港", "澳门", "台湾")
_MOST_NAMED = 45  # the most districts that a city has is 重庆's 38: all fit


class Place(NamedTuple):
    """A district with all it lies in; names as in the list, codes of six digits."""

    province: str
    province_code: str
    city: str
    city_code: str
    district: str
    district_code: str


class PlaceFault(NamedTuple):
    """Why three names are no place: which of them is wrong, and what would be right."""

    field: Literal["province", "city", "district"]
    code: str
    message: str
    fix: str


class _City(NamedTuple):
    code: str
    name: str
    districts: dict[str, str]
    """Name to code."""


class _Province(NamedTuple):
    code: str
    name: str
    abbreviation: str
    cities: tuple[_City, ...]


@cache
def _provinces() -> dict[str, _Province]:
    text = (resources.files("filing") / "data" / "divisions.json").read_text(encoding="utf-8")
    return {
        province["name"]: _Province(
            code,
            province["name"],
            province["abbreviation"],
            tuple(
                _City(
                    city_code,
                    city["name"],
                    {name: district for district, name in city["districts"].items()},
                )
                for city_code, city in province["cities"].items()
            ),
        )
        for code, province in json.loads(text)["provinces"].items()
    }


@cache
def provinces() -> tuple[str, ...]:
    """All provinces that have a bureau, in the order of their codes."""
    return tuple(_provinces())


def abbreviation(province: str) -> str | None:
    """The province's one character in filing numbers, as 苏 of 江苏省."""
    found = _provinces().get(province)
    return found.abbreviation if found else None


def province_code(province: str) -> str | None:
    """The province's code, as 320000 of 江苏省."""
    found = _provinces().get(province)
    return found.code if found else None


def province_at_start(address: str) -> str | None:
    """The province with whose name an address begins."""
    found = _any_province().match(address)
    return found[0] if found else None


@cache
def _any_province() -> re.Pattern[str]:
    return re.compile("|".join(provinces()))


@cache
def province_of_abbreviation(character: str) -> str | None:
    """The province whose filing numbers begin with this character."""
    for province in _provinces().values():
        if province.abbreviation == character:
            return province.name
    return None


def locate(province: str, city: str, district: str) -> Place | PlaceFault:
    """The place that three names mean, or the first of them that does not fit the one before.

    In a municipality the city may be its own name or 市辖区 (县); a county under no city may have
    省直辖县 or its own name there; a city without districts (东莞市) is its own district.
    """
    found = _provinces().get(province)
    if found is None:
        return _no_province(province)
    place = _places(province).get((city, district))
    if place is not None:
        return place
    cities = tuple(c for c in found.cities if city in _ways_to_write(found, c, district))
    return _no_district(found, cities, district) if cities else _no_city(found, city)


@cache
def _places(province: str) -> Mapping[tuple[str, str], Place]:
    """Of a known province, by each way of writing the city, and by district."""
    found = _provinces()[province]
    places: dict[tuple[str, str], Place] = {}
    for city in found.cities:
        name = _city_label(found, city)
        for district, code in city.districts.items():
            place = Place(found.name, found.code, name, city.code, district, code)
            for written in _ways_to_write(found, city, district):
                places.setdefault((written, district), place)
    return places


def _ways_to_write(province: _Province, city: _City, district: str) -> Collection[str]:
    """A city, beside this district; some have one way for each."""
    if province.name in MUNICIPALITIES:
        return province.name, *_MUNICIPAL_CITY
    if city.name == _DIRECT_COUNTIES and district in city.districts:
        return district, *_DIRECT_COUNTIES_NAMES
    if city.name == _DIRECT_COUNTIES:
        return _DIRECT_COUNTIES_NAMES
    return (city.name,)


class Elsewhere(NamedTuple):
    """Another city, or another district of the same city, with which an address begins."""

    field: Literal["city", "district"]
    name: str


def elsewhere(place: Place, address: str) -> Elsewhere | None:
    """Where else in the province of `place` an address says it is; None where it says nothing or
    agrees. Only how it begins is looked at: 昆山市场路 is a road, not the city."""
    rest = address.removeprefix(place.province)
    city = first_beginning(rest, _other_cities(place.province, place.city))
    if city is not None:
        return Elsewhere("city", city)
    rest = rest.removeprefix(place.city)
    if rest.startswith(place.district):
        return None
    district = first_beginning(rest, _districts(place.province, place.city))
    return Elsewhere("district", district) if district is not None else None


def begins(address: str, name: str) -> bool:
    """Whether an address begins with a division's name: 昆山市场路 is a road, not the city."""
    return address.startswith(name) and not address.startswith(f"{name}场")


def first_beginning(address: str, names: tuple[str, ...]) -> str | None:
    """The first of these divisions with whose name an address begins."""
    if not address.startswith(names):
        return None
    return next((name for name in names if begins(address, name)), None)


@cache
def _other_cities(province: str, city: str) -> tuple[str, ...]:
    found = _provinces()[province]
    labels = (_city_label(found, one) for one in found.cities)
    return tuple(label for label in labels if label != city)


@cache
def _districts(province: str, city: str) -> tuple[str, ...]:
    found = _provinces()[province]
    cities = (one for one in found.cities if _city_label(found, one) == city)
    return tuple(district for one in cities for district in one.districts)


def _city_label(province: _Province, city: _City) -> str:
    return province.name if province.name in MUNICIPALITIES else city.name


def _nearest(name: str, known: Sequence[str]) -> str:
    near = [k for k in known if name and k.startswith(name)]
    near = near or get_close_matches(name[:20], known, 1, 0.6)
    return f"是否应为{near[0]}?" if near else ""


def _no_province(name: str) -> PlaceFault:
    if name.startswith(_NOT_FILED_HERE):
        return PlaceFault(
            "province",
            "province.not_filed_here",
            "港澳台地区不在备案范围内",
            "请按主办单位证件住所填写内地省份",
        )
    fix = f"{_nearest(name, provinces())}请填写全称:{'、'.join(_provinces())}"
    return PlaceFault("province", "province.unknown", "没有这个省、自治区或直辖市", fix)


def _no_city(province: _Province, name: str) -> PlaceFault:
    known = list(dict.fromkeys(_city_label(province, c) for c in province.cities))
    fix = f"{province.name}的城市有:{'、'.join(known)}"
    for other in _provinces().values():
        if any(_city_label(other, c) == name for c in other.cities):
            message = f"{name}属于{other.name},不属于{province.name}"
            return PlaceFault("city", "city.other_province", message, fix)
    for city in province.cities:
        if name in city.districts:
            message = f"{name}是{_city_label(province, city)}的区县,不是城市"
            fix = f"city 请填写{_city_label(province, city)},district 请填写{name}"
            return PlaceFault("city", "city.is_district", message, fix)
    fix = _nearest(name, known) + fix
    return PlaceFault("city", "city.unknown", f"{province.name}没有这个城市", fix)


def _no_district(province: _Province, cities: tuple[_City, ...], name: str) -> PlaceFault:
    label = _city_label(province, cities[0])
    known = [d for c in cities for d in c.districts]
    fix = f"{label}的区县有:{'、'.join(known[:_MOST_NAMED])}"
    homes = [
        f"{p.name}{'' if p.name in MUNICIPALITIES else c.name}"
        for p in (province, *(q for q in _provinces().values() if q is not province))
        for c in p.cities
        if name in c.districts
    ]
    if homes:
        message = f"{name}属于{'、'.join(homes[:3])}{'等' if len(homes) > 3 else ''},不属于{label}"
        return PlaceFault("district", "district.other_city", message, fix)
    fix = _nearest(name, known) + fix + "(开发区、功能区请填写实际所在的行政区)"
    return PlaceFault("district", "district.unknown", f"{label}没有这个区县", fix)
