"""docs/deploy: the guides agree with each other, with the units and with the code."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from django.core.management import get_commands

from scrm.core.checks import VARIABLE
from scrm.settings.env import UNUSABLE

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "docs" / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
GUIDES = sorted(DEPLOY.glob("*.md"))
ENGLISH = [guide for guide in GUIDES if not guide.name.endswith(".zh.md")]
# What the guides of containers set and no settings file reads.
NOT_OURS = {"NAME_FILE", "REPOSITORY"}


def blocks(guide: Path) -> list[str]:
    return re.findall(r"^```bash\n(.*?)^```", guide.read_text(encoding="utf-8"), re.M | re.S)


def keys(unit: Path) -> dict[str, str]:
    lines = unit.read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line and line[0] != "#")


@pytest.mark.parametrize("guide", ENGLISH, ids=lambda guide: guide.name)
def test_both_languages_type_the_same(guide: Path) -> None:
    # given a guide and its twin
    twin = guide.with_name(guide.name.replace(".md", ".zh.md"))

    # then both have the same commands and the same sections
    assert twin.is_file()
    assert blocks(twin) == blocks(guide)
    headings = [
        re.findall(r"^(#+) ", file.read_text(encoding="utf-8"), re.M) for file in (guide, twin)
    ]
    assert headings[0] == headings[1]


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.name)
def test_what_a_guide_names_is_there(guide: Path) -> None:
    text = guide.read_text(encoding="utf-8")

    # links to files
    links = {link.split("#")[0] for link in re.findall(r"\]\(([^)]+)\)", text) if "://" not in link}
    assert [link for link in links if link and not (DEPLOY / link).exists()] == []
    # files of this repository in commands
    for path in re.findall(r"docs/deploy/[\w./*-]+", text):
        assert list(ROOT.glob(path)), path
    # management commands
    named = re.findall(r"(?:manage\.py|scrm-manage) ([a-z_]+)", text)
    assert sorted(set(named) - set(get_commands())) == []
    # variables
    known = set(VARIABLE.findall((ROOT / ".env.example").read_text(encoding="utf-8"))) | NOT_OURS
    used = set(re.findall(r"\b((?:SCRM|WECOM)_[A-Z_]*[A-Z])\b", text))
    assert sorted(used - known - {"WECOM"}) == []


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_is_confined_and_gives_up_on_unusable_settings(unit: Path) -> None:
    found = keys(unit)

    assert found["User"] == found["Group"] == found["StateDirectory"] == "scrm"
    assert found["EnvironmentFile"] == "/etc/scrm/scrm.env"
    assert found["RestartPreventExitStatus"] == str(UNUSABLE)
    assert (found["ProtectSystem"], found["NoNewPrivileges"], found["CapabilityBoundingSet"]) == (
        "strict",
        "yes",
        "",
    )


def test_units_and_containers_start_the_same_programs() -> None:
    from tests.architecture.test_containers import services

    # given each unit's command
    started = {
        unit.stem.removeprefix("scrm-").strip("@"): shlex.split(keys(unit)["ExecStart"])
        for unit in UNITS
    }
    assert set(started) == {"web", "inbox", "worker", "beat"}

    # then it is the container's, but for folders and addresses
    place = {"--schedule", "--host", "--pidfile", "--pidfile="}
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    image = re.findall(r'"([^"]+)"', dockerfile[dockerfile.rindex("CMD [") :])
    for name, (program, *words) in started.items():
        other = services()[name].get("command", image)
        assert program == f"/opt/scrm/.venv/bin/{other[0]}"
        assert options(words, place) == options(other[1:], place), name


def options(words: list[str], place: set[str]) -> list[str]:
    """The words without those that name a place, and what follows them."""
    left, skip = [], False
    for word in words:
        if not skip and word not in place:
            left.append(word)
        skip = word in place and not word.endswith("=")
    return left


def test_the_target_wants_every_unit() -> None:
    wanted = keys(DEPLOY / "systemd" / "scrm.target")["Wants"].split()

    assert {re.sub(r"@\d", "@", name) for name in wanted} == {unit.name for unit in UNITS}


def test_systemd_understands_the_units(tmp_path: Path) -> None:
    # Only where systemd is: a Mac has none.
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        return
    # given the units with a program that is here
    for unit in [*UNITS, DEPLOY / "systemd" / "scrm.target"]:
        text = re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", unit.read_text(), flags=re.M)
        (tmp_path / unit.name.replace("@.", "@1.")).write_text(text)
    (tmp_path / "scrm-inbox@2.service").write_text((tmp_path / "scrm-inbox@1.service").read_text())

    # when systemd reads them
    result = subprocess.run(
        [analyze, "verify", *sorted(tmp_path.iterdir())],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    # then it has nothing to say about ours
    assert (result.returncode, [line for line in result.stderr.splitlines() if "scrm" in line]) == (
        0,
        [],
    )
