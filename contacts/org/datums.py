"""Places on the map: the three datums in use in China, and the distance between two points.

WGS-84 is what satellites and browsers give, GCJ-02 what WeChat, Tencent and Amap give, BD-09 Baidu's. The same numbers
in another datum lie 100 to 700 m away, which picks the wrong store.
"""

import math
from dataclasses import dataclass

from django.db import models
from django.utils.translation import gettext_lazy as _


class Datum(models.TextChoices):
    """In which system coordinates are given."""

    GCJ02 = "gcj02", _("GCJ-02 (Tencent, Amap, WeChat)")
    WGS84 = "wgs84", _("WGS-84 (GPS, browsers)")
    BD09 = "bd09", _("BD-09 (Baidu)")


@dataclass(frozen=True)
class Point:
    """Degrees in a datum."""

    latitude: float
    longitude: float
    datum: str


# Krasovsky's ellipsoid, on which GCJ-02 is defined.
AXIS, ECCENTRICITY = 6_378_245.0, 0.00669342162296594323
EARTH = 6_371_008.8
BAIDU = math.pi * 3000 / 180
# Outside of this box GCJ-02 is WGS-84.
CHINA = ((0.8293, 55.8271), (72.004, 137.8347))


def as_gcj02(point: Point) -> Point:
    """Return a point in GCJ-02."""
    if point.datum == Datum.WGS84:
        north, east = _shift(point.latitude, point.longitude)
        return Point(point.latitude + north, point.longitude + east, Datum.GCJ02)
    if point.datum == Datum.BD09:
        x, y = point.longitude - 0.0065, point.latitude - 0.006
        radius = math.hypot(x, y) - 0.00002 * math.sin(y * BAIDU)
        angle = math.atan2(y, x) - 0.000003 * math.cos(x * BAIDU)
        return Point(radius * math.sin(angle), radius * math.cos(angle), Datum.GCJ02)
    return point


def as_wgs84(point: Point) -> Point:
    """Return a point in WGS-84; the way back from GCJ-02 is found by steps, to less than a millimetre."""
    if point.datum == Datum.WGS84:
        return point
    aim = as_gcj02(point)
    latitude, longitude = aim.latitude, aim.longitude
    for _step in range(6):
        north, east = _shift(latitude, longitude)
        latitude, longitude = aim.latitude - north, aim.longitude - east
    return Point(latitude, longitude, Datum.WGS84)


def _shift(latitude: float, longitude: float) -> tuple[float, float]:
    """Return by how many degrees GCJ-02 moves a point of WGS-84."""
    (south, north), (west, east) = CHINA
    if not (south <= latitude <= north and west <= longitude <= east):
        return 0.0, 0.0
    x, y = longitude - 105.0, latitude - 35.0
    sine = math.sin(math.radians(latitude))
    magic = 1 - ECCENTRICITY * sine * sine
    up, right = _waves(x, y)
    up = up * 180 / (AXIS * (1 - ECCENTRICITY) / (magic * math.sqrt(magic)) * math.pi)
    right = right * 180 / (AXIS / math.sqrt(magic) * math.cos(math.radians(latitude)) * math.pi)
    return up, right


def _waves(x: float, y: float) -> tuple[float, float]:
    root = math.sqrt(abs(x))
    both = (20 * math.sin(6 * x * math.pi) + 20 * math.sin(2 * x * math.pi)) * 2 / 3
    up = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + both
    up += (20 * math.sin(y * math.pi) + 40 * math.sin(y / 3 * math.pi)) * 2 / 3
    up += (160 * math.sin(y / 12 * math.pi) + 320 * math.sin(y * math.pi / 30)) * 2 / 3
    right = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + both
    right += (20 * math.sin(x * math.pi) + 40 * math.sin(x / 3 * math.pi)) * 2 / 3
    right += (150 * math.sin(x / 12 * math.pi) + 300 * math.sin(x / 30 * math.pi)) * 2 / 3
    return up, right


def distance(one: Point, other: Point) -> float:
    """Return metres between two points of any datums."""
    here, there = as_wgs84(one), as_wgs84(other)
    north = math.radians(there.latitude - here.latitude)
    east = math.radians(there.longitude - here.longitude)
    part = math.sin(north / 2) ** 2
    part += (
        math.cos(math.radians(here.latitude))
        * math.cos(math.radians(there.latitude))
        * math.sin(east / 2) ** 2
    )
    return 2 * EARTH * math.asin(math.sqrt(part))
