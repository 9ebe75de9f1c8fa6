"""The OA's files become WeCom accounts."""

from django.urls import reverse

from scrm.demo import figures, stack
from scrm.demo.names import names
from scrm.demo.oa_files import EMPLOYEES
from scrm.demo.story.play import Play
from scrm.demo.story.report import WrongFigureError

PATIENCE = 240


def files_arrive(play: Play) -> None:
    """Step 1: upload, refused rows, plan, approval, accounts in WeCom."""
    report, files = play.report, play.files
    report.step("1  OA files become WeCom accounts")
    upload(play)
    run = wait_for_run(play, {"planned", "held", "unchanged", "failed"})
    report.equal("plan", run["status"], "planned")
    report.equal("employees read", run["employees"], EMPLOYEES)
    expected = {(fault.role, fault.line, fault.field, fault.code) for fault in files.planted}
    report.equal("refused rows, as planted", run["errors"], expected)
    report.equal("changes planned", run["items"], len(files.departments) + len(files.employees))
    play.hq.send(
        reverse("oa_sync:approve", args=[run["id"]]),
        {"reason": names()["oa"]["reason"]},
        page=reverse("oa_sync:detail", args=[run["id"]]),
    )
    run = wait_for_run(play, {"applied", "partial", "failed"})
    report.equal("applied", (run["status"], run["failed_items"]), ("applied", 0))
    accounts_equal(play)


def second_run_plans_nothing(play: Play) -> None:
    """Step 1, continued: the same files again change nothing."""
    play.report.step("1b the same files again")
    upload(play)
    run = wait_for_run(play, {"planned", "held", "unchanged", "failed"})
    play.report.equal("plan", run["status"], "unchanged")
    play.report.equal("changes planned", run["items"], 0)


def upload(play: Play) -> None:
    """HQ sends in the two files; the run before is over."""
    play.made["run_before"] = figures.oa_run()["id"]
    files = {
        "departments": ("departments.csv", play.files.departments_csv),
        "employees": ("employees.csv", play.files.employees_csv),
    }
    play.hq.send(reverse("oa_sync:upload"), {}, files, page=reverse("oa_sync:list"))


def wait_for_run(play: Play, states: set[str]) -> dict[str, object]:
    """Wait until the newest run is in one of these states; returns its figures."""
    before = play.made.get("run_before")

    def arrived() -> bool:
        run = figures.oa_run()
        return run["id"] != before and run["status"] in states

    if not stack.wait_for(arrived, PATIENCE, pause=0.3):
        raise WrongFigureError(f"The OA run does not come further: {figures.oa_run()}")
    return figures.oa_run()


def accounts_equal(play: Play) -> None:
    """Compare WeCom's members with the files, and our mirror with WeCom's members."""
    report, files = play.report, play.files
    department_names = {row["id"]: row["name"] for row in play.simulator.get("ledger/departments")}
    by_code = {department.code: department for department in files.departments}
    expected = {
        employee.userid: (employee.name, employee.phone[-11:], by_code[employee.department].name)
        for employee in files.employees
    }
    found = {
        row["userid"]: (
            row["name"],
            str(row.get("mobile", ""))[-11:],
            department_names[row["main_department"]],
        )
        for row in play.simulator.get("ledger/members")
    }
    ours = {userid: found[userid] for userid in found.keys() & expected.keys()}
    report.equal("accounts in WeCom equal the files", ours, expected)
    mirror = figures.accounts()
    wanted = {employee.userid: (employee.name, employee.department) for employee in files.employees}
    report.equal("our mirror equals the files", {u: mirror.get(u) for u in wanted}, wanted)
