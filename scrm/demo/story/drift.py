"""An administrator changes WeCom by hand; the comparison says so."""

from django.urls import reverse

from scrm.demo import figures, stack
from scrm.demo.names import names
from scrm.demo.oa_files import Employee
from scrm.demo.story.play import Play

PATIENCE = 90.0
STRANGER = "temp.test"
ACTIVE = 1


def wecom_is_changed_by_hand(play: Play) -> None:
    """Make an account, enable a leaver, move a guide and rename a department in WeCom's console; compare."""
    report, words = play.report, names()["drift"]
    report.step("+  somebody changes WeCom by hand; the comparison finds it")
    leaver: Employee = play.made["leaver"]
    _manager, moved, *_others = play.files.guides(play.files.store_codes[5])
    department, neighbour = figures.department_ids(
        [play.files.branches[0].code, play.files.branches[1].code]
    )
    own = play.simulator.get("ledger/members", userid=moved.userid)[0]["main_department"]
    play.simulator.post(
        "console_member",
        userid=STRANGER,
        create=True,
        name=words["stranger"],
        department=[1],
        mobile=words["phone"],
    )
    play.simulator.post("console_member", userid=leaver.userid, status=ACTIVE)
    play.simulator.post("console_member", userid=moved.userid, department=[own, neighbour])
    play.simulator.post("console_department", action="update", id=department, name=words["branch"])
    play.settle()
    page = reverse("drift:list")
    play.hq.send(reverse("drift:check"), {}, page=page)
    wanted = {
        ("unexplained", STRANGER),
        ("leaver_enabled", leaver.userid),
        ("department", moved.userid),
        ("unit_name", words["branch"]),
    }
    stack.wait_for(lambda: wanted <= figures.drift(), PATIENCE, pause=0.5)
    report.equal("what was changed by hand and not found", wanted - figures.drift(), set())
    report.note("differences that wait for a person", len(figures.drift()))
