"""The conformance tool itself: it must see what is wrong."""

from pathlib import Path
from typing import Any

import pytest

from wecom_sandbox.conformance import __main__ as program
from wecom_sandbox.conformance import replay as replaying
from wecom_sandbox.conformance import world as worlds
from wecom_sandbox.conformance.deviations import Deviation
from wecom_sandbox.conformance.replay import Row, replay
from wecom_sandbox.conformance.samples import Sample, read_samples
from wecom_sandbox.conformance.shapes import differences, json_shape, xml_shape


def test_a_shape_knows_paths_and_types() -> None:
    value = {"a": [{"b": 1, "c": "x"}, {"b": 2.5}], "d": None, "e": True, "f": {}}

    assert json_shape(value) == {
        "a": {"list"},
        "a[]": {"object"},
        "a[].b": {"number"},
        "a[].c": {"string"},
        "d": {"null"},
        "e": {"boolean"},
        "f": {"object"},
    }


@pytest.mark.parametrize(
    ("sample", "actual", "found"),
    [
        ({"a": 1}, {"a": 2, "more": 3}, []),
        ({"a": 1}, {"a": "1"}, ["a is string, in the sample number"]),
        ({"a": True}, {"a": 1}, ["a is number, in the sample boolean"]),
        ({"a": {"b": {"c": 1}}}, {}, ["a"]),
        ({"a": [{"b": 1}]}, {"a": []}, ["a[]"]),
        ({"a": [{"b": 1}, {"c": 1}]}, {"a": [{"b": 1}]}, ["a[].c"]),
        ({"a": None}, {"a": "x"}, []),
    ],
)
def test_differences_are_the_topmost_paths(
    sample: dict[str, Any], actual: dict[str, Any], found: list[str]
) -> None:
    assert differences(json_shape(sample), json_shape(actual)) == found


def test_xml_is_compared_by_its_elements() -> None:
    sample = xml_shape("<xml><A>1</A><B><Item>x</Item><Item>y</Item></B></xml>")

    assert differences(sample, xml_shape("<xml><A/><B><Item/></B></xml>")) == []
    wrong = differences(sample, xml_shape("<xml><A/><B/></xml>"))
    assert wrong == ["B is text, in the sample object"]


def folder(tmp_path: Path, *files: tuple[str, str, str, str]) -> Path:
    """A folder of samples: name, endpoint, kind, content."""
    lines = ["file\tendpoint\tkind\tsource"]
    for name, endpoint, kind, content in files:
        (tmp_path / name).write_text(content, encoding="utf-8")
        lines.append(f"{name}\t{endpoint}\t{kind}\tmade up")
    (tmp_path / "INDEX.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return tmp_path


TOKEN = ("gettoken.response.json", "GET /cgi-bin/gettoken", "response")
GOOD = '{"errcode": 0, "errmsg": "ok", "access_token": "x", "expires_in": 7200}'


def rows(tmp_path: Path, *files: tuple[str, str, str, str]) -> list[Row]:
    """How these samples go."""
    return list(replay(read_samples(folder(tmp_path, *files))))


def test_a_sample_that_is_met_is_same_and_a_missing_key_is_seen(tmp_path: Path) -> None:
    more = GOOD.replace("}", ', "refresh": {"token": "x"}}')
    wrong = GOOD.replace("7200", '"7200"')
    for number, (content, verdict, found) in enumerate(
        (
            (GOOD, "same", ()),
            (more, "differs", ("refresh",)),
            (wrong, "differs", ("expires_in is number, in the sample string",)),
        )
    ):
        (tmp_path / str(number)).mkdir()
        (row,) = rows(tmp_path / str(number), (*TOKEN, content))
        assert (row.area, row.verdict, row.found) == ("README", verdict, found)


def test_a_deviation_explains_and_a_stale_one_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a reason for one of two differences, and a reason for none
    known = {TOKEN[0]: [Deviation(TOKEN[0], "one", "because"), Deviation(TOKEN[0], "old", "was")]}
    monkeypatch.setattr(replaying, "read_deviations", lambda: known)

    # when the sample is tried
    content = GOOD.replace("}", ', "one": 1, "two": 2}')
    (row,) = rows(tmp_path, (*TOKEN, content))

    # then the other difference and the stale reason are left
    assert row.verdict == "differs"
    assert row.found == ("two", "deviation 'old' no longer shows")
    assert [one.reason for one in row.explained] == ["because"]


def test_a_request_must_keep_its_shape(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # given a world that takes a field away and adds another
    def answer(world: worlds.World, sample: Sample) -> Any:
        return sample.request(order=None, parentid=1, id=77, more=1, app="contacts")

    worlds.load_worlds()
    monkeypatch.setitem(worlds.ANSWERS, "department/create", answer)

    # when the sample goes out so
    content = '{"name": "x", "parentid": 9, "order": 1, "id": 2}'
    file = ("department.create.request.json", "POST /cgi-bin/department/create", "request", content)
    (row,) = rows(tmp_path, file)

    # then it is accepted, and both changes are differences
    assert row.found == ("sent without order", "sent with more")


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    found = rows(
        tmp_path,
        ("x.request.json", "POST /cgi-bin/department/never", "request", "{}"),
        ("callback.never.xml", "CALLBACK never", "callback", "<xml><Event>never</Event></xml>"),
        ("archive.never.json", "finance-sdk", "response", "{}"),
    )

    assert [(row.area, row.verdict) for row in found] == [
        ("messaging-media", "missing"),
        ("callbacks", "differs"),
        ("archive", "differs"),
    ]
    assert [row.good for row in found] == [False, False, False]


def test_the_program_prints_tables_and_its_exit_code_tells(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = tmp_path / "var" / "report.md"
    samples = folder(tmp_path, (*TOKEN, GOOD))

    assert program.main(["--samples", str(samples), "--write", str(report)]) == 0
    printed = capsys.readouterr().out
    assert "| README | 1 | 1 | 0 | 0 | 0 | 0 |" in printed
    assert "# Coverage" in printed
    assert report.read_text(encoding="utf-8") == printed

    folder(tmp_path, (*TOKEN, GOOD.replace("7200", '"7200"')))
    assert program.main(["--samples", str(samples)]) == 1
    assert program.main(["--samples", str(tmp_path / "nowhere")]) == 2
    assert "holds no INDEX.tsv" in capsys.readouterr().err
