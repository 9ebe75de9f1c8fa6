"""The steps in their order. A new step is one line here; `seeds` says whether it also fills an empty demo."""

from collections.abc import Callable
from dataclasses import dataclass

from scrm.demo.story import (
    accounts,
    codes,
    company,
    connecting,
    demo_only,
    entry,
    leaver,
    members,
    phones,
    sales,
    scans,
)
from scrm.demo.story.play import Play


@dataclass(frozen=True)
class Step:
    """One step; those that only prove something leave an empty demo alone, and the other way round."""

    play: Callable[[Play], None]
    seeds: bool = True
    proves: bool = True


STEPS = (
    Step(company.files_arrive),
    Step(company.second_run_plans_nothing, seeds=False),
    Step(codes.stores_and_live_code),
    Step(demo_only.default_welcome, proves=False),
    Step(scans.customers_scan),
    Step(scans.deliveries_repeat, seeds=False),
    Step(members.members_arrive),
    Step(phones.guide_serves),
    Step(sales.sales_are_earned),
    Step(accounts.account_fills_up),
    Step(accounts.account_is_hijacked),
    Step(accounts.steps_are_undone, seeds=False),
    Step(leaver.guide_leaves),
    Step(leaver.account_ends, seeds=False),
    Step(entry.entry_leads),
    Step(entry.mall_stores_show, proves=False),
    Step(connecting.it_proves_the_connection, proves=False),
    Step(demo_only.more_to_look_at, proves=False),
)
