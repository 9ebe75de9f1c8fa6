"""IT connects the OA's REST interface; what it says is what the files said."""

from django.urls import reverse

from scrm.demo import figures, oa
from scrm.demo.names import names
from scrm.demo.story.company import wait_for_run
from scrm.demo.story.doors import Browser
from scrm.demo.story.play import Play

OPEN = {"planned", "held", "unchanged", "failed"}


def oa_is_connected(play: Play) -> None:
    """Step 1c: connect, test, map, read; the same rows are refused and nothing is left to do."""
    report, files = play.report, play.files
    report.step("1c the OA's interface is connected")
    it = Browser(play.environment.web_url, "it", play.environment.values["SCRM_DEMO_PASSWORD"])
    made = it.send(reverse("oa_sync:source_create", args=["rest"]), _settings(play))
    source = made.url.rstrip("/").rpartition("/")[2]
    detail = reverse("oa_sync:source_detail", args=[source])
    it.send(reverse("oa_sync:source_test", args=[source]), {}, page=detail)
    it.send(reverse("oa_sync:source_mapping", args=[source]), _mapping())
    play.made["run_before"] = figures.oa_run()["id"]
    play.hq.send(reverse("oa_sync:source_read", args=[source]), {}, page=detail)
    run = wait_for_run(play, OPEN)
    expected = {(fault.role, fault.line, fault.field, fault.code) for fault in files.planted}
    report.equal("refused rows, as in the files", run["errors"], expected)
    report.equal("plan", (run["status"], run["items"]), ("unchanged", 0))


def _settings(play: Play) -> dict[str, str]:
    return {
        "name": str(names()["oa"]["name"]), "rhythm": "off", "daily_at": "03:00",
        "origin": play.environment.oa_url, "departments_path": "/api/departments",
        "employees_path": "/api/employees", "auth": "bearer",
        "secret": play.environment.values["SCRM_OA_KEY"], "rows_path": "data.items",
        "ok_check": "code=0", "paging": "page", "page_param": "page", "size_param": "size",
        "size": "100", "first_page": "1", "total_path": "data.total",
    }  # fmt: skip


def _mapping() -> dict[str, str]:
    return {
        f"{role}-{name}": path
        for role, paths in oa.mapping().items()
        for name, path in paths.items()
    }
