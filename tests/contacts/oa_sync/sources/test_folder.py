"""The drop folder: the newest whole file, and nothing outside of it."""

import os
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from contacts.oa_sync.sources.folder import QUIET_SECONDS, FolderFeed, FolderSettings
from scrm.core.exceptions import ValidationFailed

FEED = FolderFeed(FolderSettings({"departments": "dept", "employees": "staff"}))


@pytest.fixture
def drop(settings: Any, tmp_path: Path) -> Path:
    settings.OA_FOLDER = str(tmp_path)
    return tmp_path


def leave(drop: Path, name: str, text: str, *, age: float, encoding: str = "gbk") -> Path:
    file = drop / name
    file.write_bytes(text.encode(encoding))
    os.utime(file, (time.time() - age,) * 2)
    return file


def read(limit: int | None = None) -> list[tuple[int, dict[str, str]]]:
    return [(r.number, dict(r.data)) for r in FEED.records("employees", limit=limit)]


@pytest.mark.parametrize("encoding", ["gbk", "utf-8-sig", "utf-16"])
def test_the_newest_file_of_a_role_is_read(drop: Path, encoding: str) -> None:
    # given
    leave(drop, "staff-0.csv", "工号\nOLD\n", age=900)
    leave(drop, "STAFF-1.csv", "工号,姓名\nE1,李雷\n\nE2,韩梅梅\n", age=100, encoding=encoding)
    leave(drop, "dept-9.csv", "x\n1\n", age=50)
    leave(drop, "staff-2.csv.part", "x\n1\n", age=40)

    # then rows have the numbers a person sees in the file
    assert read() == [(2, {"工号": "E1", "姓名": "李雷"}), (4, {"工号": "E2", "姓名": "韩梅梅"})]
    assert read(limit=1) == [(2, {"工号": "E1", "姓名": "李雷"})]


def test_a_file_that_is_still_being_written_waits(drop: Path) -> None:
    # given a whole old file and one that was touched just now
    leave(drop, "staff-1.csv", "工号\nE1\n", age=900)
    leave(drop, "staff-2.csv", "工号\nE", age=1)

    # then neither a half file nor an outdated one is taken for what the OA says
    with pytest.raises(ValidationFailed, match=r"staff-2.csv was written just now"):
        read()


def test_a_file_tells_how_old_what_it_says_is(drop: Path) -> None:
    # given a file that nobody replaced for five days, and a newer one of departments
    leave(drop, "staff-1.csv", "工号\nE1\n", age=5 * 86_400)
    leave(drop, "dept-1.csv", "编码\nD1\n", age=100)

    # then what it says of people is as old as their file
    age = timezone.now() - FEED.as_of()
    assert timedelta(days=5) <= age < timedelta(days=5, minutes=1)

    # and a clock that goes wrong makes nothing newer than now
    leave(drop, "staff-2.csv", "工号\nE1\n", age=-QUIET_SECONDS)
    with pytest.raises(ValidationFailed, match="written just now"):
        FEED.as_of()


def test_a_link_out_of_the_folder_is_not_followed(drop: Path, tmp_path_factory: Any) -> None:
    # given
    outside = tmp_path_factory.mktemp("outside") / "secret.csv"
    outside.write_text("工号\nE1\n")
    os.utime(outside, (1, 1))
    (drop / "staff-1.csv").symlink_to(outside)

    # then
    with pytest.raises(ValidationFailed, match=r"no \.csv"):
        read()


def test_without_a_folder_or_file_it_says_what_to_do(settings: Any, drop: Path) -> None:
    with pytest.raises(ValidationFailed, match='begins with "staff"'):
        read()
    for missing in ("", str(drop / "none")):
        settings.OA_FOLDER = missing
        with pytest.raises(ValidationFailed, match="SCRM_OA_FOLDER"):
            read()
