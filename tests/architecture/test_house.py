"""The walls of the house that import-linter cannot see."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings

ROOT = Path(__file__).resolve().parents[2]
# Top to bottom, as in ADR-0001.
LAYERS = [
    "demo",
    "home",
    "attribution",
    "materials",
    "risk",
    "customers",
    "contacts",
    "inbox",
    "accounts",
    "core",
]
# The features of each app, top to bottom, as import-linter holds them.
FEATURES: dict[str, list[str]] = {
    contract["containers"][0]: contract["layers"]
    for contract in tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"][
        "importlinter"
    ]["contracts"]
    if contract["name"].startswith("Features of ")
}
CJK = re.compile(r"[\u3400-\u9fff\uff01-\uff60]")
# Bilingual by purpose (ADR-0007): the simulator speaks WeCom's language, the generators make Chinese data.
CJK_ALLOWED = ("wecom_sandbox/", "tests/", "benchmarks/", "locale/")
SOURCES = (
    "scrm/",
    "contacts/",
    "customers/",
    "risk/",
    "materials/",
    "attribution/",
    "wecom_sandbox/",
)


def tracked(*endings: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    return [ROOT / name for name in listed if name.endswith(endings) and (ROOT / name).is_file()]


def place(model: type) -> tuple[int, int]:
    """How high a model stands: (app, feature), smaller is higher."""
    app = apps.get_containing_app_config(model.__module__)
    assert app is not None
    features = FEATURES.get(app.label, [])
    feature = model.__module__.split(".")[1] if app.label in FEATURES else ""
    return LAYERS.index(app.label), features.index(feature) if feature in features else 0


def test_foreign_keys_never_point_up() -> None:
    # given every model of ours
    ours = [
        m for m in apps.get_models() if apps.get_containing_app_config(m.__module__).label in LAYERS
    ]
    assert len(ours) > 20

    # when each relation is followed
    upward = []
    for model in ours:
        for field in model._meta.get_fields():
            target = field.related_model if field.is_relation and field.concrete else None
            if (
                target is None
                or target not in ours
                or target._meta.label == settings.AUTH_USER_MODEL
            ):
                continue
            if place(target) < place(model):
                upward.append(f"{model._meta.label}.{field.name} -> {target._meta.label}")

    # then none points to a higher app or feature
    assert upward == []


def test_a_planted_upward_foreign_key_is_seen() -> None:
    # given a relation of customers and a department of contacts
    relation = apps.get_model("customers", "FollowRelation")
    department = apps.get_model("contacts", "Department")

    # then the test above would report a key from the second to the first
    assert place(relation) < place(department)


@pytest.mark.parametrize("ending", [".py", ".html", ".js"])
def test_user_text_is_in_catalogues_not_in_code(ending: str) -> None:
    # given our sources, without bilingual data and tests
    offenders = []
    for path in tracked(ending):
        name = path.relative_to(ROOT).as_posix()
        if name.startswith(CJK_ALLOWED) or "vendor/" in name:
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if CJK.search(line):
                offenders.append(f"{name}:{number}")

    # then no line holds Chinese text
    assert offenders == []


def test_no_file_outgrows_its_room() -> None:
    # given every Python file that is not generated
    long = [
        f"{path.relative_to(ROOT)} ({lines})"
        for path in tracked(".py")
        if "migrations" not in path.parts
        and (lines := len(path.read_text(encoding="utf-8").splitlines())) > 450
    ]

    # then none is longer than 450 lines
    assert long == []


def test_nothing_is_named_a_drawer() -> None:
    # given every module
    drawers = [
        str(path.relative_to(ROOT))
        for path in tracked(".py")
        if path.stem
        in {"utils", "util", "helpers", "helper", "common", "misc", "signals", "repository"}
    ]

    # then none is a place where anything goes
    assert drawers == []


def test_requirements_are_pinned_with_a_reason() -> None:
    # given both requirement files
    loose = []
    for name in ("requirements.txt", "requirements-dev.txt"):
        for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
            if line.startswith(("#", "-r")) or not line.strip():
                continue
            pin, _, reason = line.partition("#")
            if (
                not re.fullmatch(r"[A-Za-z0-9_.\[\]-]+==[A-Za-z0-9_.]+(\s*;.*)?", pin.strip())
                or len(reason.strip()) < 8
            ):
                loose.append(f"{name}: {line}")

    # then each line pins one version and says why it is there
    assert loose == []


def test_every_interface_module_belongs_to_a_feature() -> None:
    # given the interface modules
    furniture = {"api", "views", "h5", "handlers", "senders", "forms", "tables"}
    stray = []
    for path in tracked(".py"):
        name = path.relative_to(ROOT)
        if name.parts[0] in FEATURES and path.stem in furniture and len(name.parts) < 3:
            stray.append(str(name))

    # then none lies in an app's own folder
    assert stray == []


def test_every_field_for_a_day_is_one_that_browsers_show() -> None:
    # A plain DateInput spells the day as the language does: the browser shows an empty field, and saves it.
    own = ROOT / "scrm" / "core" / "days.py"
    plain = [
        path
        for path in tracked(".py")
        if path != own and re.search(r"\bDateInput\(", path.read_text(encoding="utf-8"))
    ]

    assert [path for path in plain if "tests" not in path.parts] == []
