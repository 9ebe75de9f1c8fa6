"""Tries every sample in a fresh world and says how it went."""

import logging
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree as ET

from wecom_sandbox import testing
from wecom_sandbox.conformance import world as worlds
from wecom_sandbox.conformance.deviations import WHOLE, Deviation, read_deviations
from wecom_sandbox.conformance.samples import Request, Sample
from wecom_sandbox.conformance.shapes import differences, json_shape, xml_shape
from wecom_sandbox.conformance.world import World
from wecom_sandbox.endpoints import REGISTRY, known_endpoints
from wecom_sandbox.testing import Running

logger = logging.getLogger(__name__)
_PEOPLE = 60
SAME, EXPLAINED, DIFFERS = "same", "explained", "differs"
MISSING, EXCLUDED = "missing", "excluded"


@dataclass(frozen=True)
class Row:
    """How one sample went.

    Attributes:
        area: the file of the facts it belongs to.
        sample: its file name.
        endpoint: what it is a sample of.
        kind: request, response or callback.
        verdict: same, explained, differs, missing (not implemented), excluded.
        found: what differs and is not explained.
        explained: what differs and has to.
    """

    area: str
    sample: str
    endpoint: str
    kind: str
    verdict: str
    found: tuple[str, ...] = ()
    explained: tuple[Deviation, ...] = ()

    @property
    def good(self) -> bool:
        """Nothing is left to do here."""
        return self.verdict in (SAME, EXPLAINED, EXCLUDED)


def replay(samples: Iterable[Sample], area: str = "", only: str = "") -> Iterator[Row]:
    """Try the samples one by one.

    Args:
        samples: what to try.
        area: only this area (``contacts``, ``callbacks`` …).
        only: only samples whose file name begins so.
    """
    worlds.load_worlds()
    deviations = read_deviations()
    with tempfile.TemporaryDirectory() as folder, testing.run(folder, people=_PEOPLE) as running:
        for sample in samples:
            its_area, excluded = _place(sample)
            if (area and its_area != area) or not sample.file.startswith(only):
                continue
            if excluded:
                yield Row(
                    its_area, sample.file, sample.endpoint, sample.kind, EXCLUDED, (excluded,)
                )
            else:
                yield _judged(running, sample, its_area, deviations.get(sample.file, []))


def _place(sample: Sample) -> tuple[str, str]:
    """The sample's area, and why it is left out ('' when it is not)."""
    if sample.path:
        known = _known().get(sample.path)
        area = known.area if known else "messaging-media"
        return area, known.excluded if known and sample.path not in REGISTRY else ""
    prefix = sample.file.partition(".")[0]
    return {"callback": "callbacks", "error": "README"}.get(prefix, prefix), ""


def _known() -> dict[str, Any]:
    return {entry.path: entry for entry in known_endpoints()}


def _judged(running: Running, sample: Sample, area: str, known: list[Deviation]) -> Row:
    if sample.path and sample.path not in REGISTRY:
        return Row(area, sample.file, sample.endpoint, sample.kind, MISSING)
    found = _found(running, sample)
    whole = [one for one in known if one.at == WHOLE]
    explained = [one for one in known if one.at in found] + (whole if found else [])
    left = [] if whole else [item for item in found if item not in {one.at for one in known}]
    left += [f"deviation '{one.at}' no longer shows" for one in known if one not in explained]
    verdict = DIFFERS if left else EXPLAINED if explained else SAME
    return Row(
        area, sample.file, sample.endpoint, sample.kind, verdict, tuple(left), tuple(explained)
    )


def _found(running: Running, sample: Sample) -> list[str]:
    running.control.post("reset", {"seed": 1, "people": _PEOPLE})
    world = World(running)
    try:
        if sample.kind == "callback":
            return _event(world, sample)
        if not sample.path:
            return _shown(world, sample)
        return _called(world, sample)
    # Whatever goes wrong belongs to this sample; the next ones have a world of their own.
    except Exception as error:
        logger.debug("%s", sample.file, exc_info=True)
        return [f"{type(error).__name__}: {error}"]


def _settle(world: World, module: str) -> None:
    build = worlds.SETTINGS.get(module)
    if build is not None:
        build(world)


def _called(world: World, sample: Sample) -> list[str]:
    act = worlds.ANSWERS.get(sample.api)
    if act is not None:
        _settle(world, act.__module__)
    request = sample.request() if act is None else act(world, sample)
    answer = world.send(REGISTRY[sample.path].method, sample.path, request)
    if isinstance(answer, bytes):
        return []
    if answer.get("errcode"):
        return [f"refused: {answer['errcode']} {answer['errmsg'].partition(', hint')[0]}"]
    if sample.kind == "request":
        return _changed(sample, request)
    return differences(json_shape(sample.json()), json_shape(answer))


def _changed(sample: Sample, request: Request) -> list[str]:
    """What the world's file did to the request besides mapping ids."""
    before, after = json_shape(sample.json()), json_shape(request.body)
    lost = [f"sent without {item}" for item in differences(before, after)]
    return lost + [f"sent with {item}" for item in differences(after, before)]


def _event(world: World, sample: Sample) -> list[str]:
    name = sample.file.removeprefix("callback.").removesuffix(".xml")
    if name not in worlds.RAISES and sample.file in worlds.SHOWS:
        return _shown(world, sample)
    act = worlds.RAISES.get(name)
    if act is None:
        return ["nothing raises it"]
    _settle(world, act.__module__)
    store, shape = world.sandbox.store, xml_shape(sample.text)
    last = store.value("SELECT COALESCE(MAX(id), 0) FROM callbacks")
    act(world)
    rows = store.rows("SELECT xml FROM callbacks WHERE id > ? ORDER BY id DESC", last)
    kinds = _kind(sample.text)
    for row in rows:
        if _kind(row["xml"]) == kinds:
            actual = xml_shape(row["xml"])
            more = [f"also has {item}" for item in differences(actual, shape)]
            return differences(shape, actual) + more
    return [f"no such event among {len(rows)} raised"]


def _kind(xml: str) -> tuple[str, ...]:
    """What tells one event from another: the values of these elements."""
    root = ET.fromstring(xml)  # noqa: S314 - the sandbox's own events and samples on this disk
    return tuple(
        root.findtext(name) or "" for name in ("MsgType", "Event", "ChangeType", "UpdateDetail")
    )


def _shown(world: World, sample: Sample) -> list[str]:
    show = worlds.SHOWS.get(sample.file)
    if show is None:
        return ["nothing shows it"]
    _settle(world, show.__module__)
    actual = show(world)
    if isinstance(actual, str):
        return differences(xml_shape(sample.text), xml_shape(actual))
    return differences(json_shape(sample.json()), json_shape(actual))
