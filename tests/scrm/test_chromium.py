"""The browser of the browser tests: found, named, or loudly absent."""

from pathlib import Path

import pytest

from tests import chromium


@pytest.fixture
def none_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SCRM_CHROMIUM", raising=False)
    monkeypatch.setattr(chromium, "find", lambda: None)
    monkeypatch.setattr(chromium, "install", lambda: False)


def test_named_browser_is_taken_if_it_is_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    browser = tmp_path / "chromium"
    monkeypatch.setenv("SCRM_CHROMIUM", str(browser))
    assert chromium.find() is None
    browser.touch()
    assert chromium.find() == str(browser)


def test_absence_is_loud_and_passes_on_a_laptop(
    none_here: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("CI", raising=False)
    assert chromium.main() == 0
    assert "BROWSER TESTS DO NOT RUN" in capsys.readouterr().err


def test_absence_fails_where_ci_promised_a_browser(
    none_here: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "true")
    assert chromium.main() == 1


def test_nothing_is_installed_for_an_ordinary_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setattr("subprocess.run", pytest.fail)
    assert chromium.install() is False
