"""The steps in their order. A new step is one line here; `seeds` says whether it also fills an empty demo."""

from collections.abc import Callable
from dataclasses import dataclass

from scrm.demo.story import (
    accounts,
    cards,
    checkins,
    codes,
    company,
    compared,
    connecting,
    demo_only,
    drift,
    entry,
    groups,
    interface,
    knowing,
    leaver,
    members,
    phones,
    roster,
    sales,
    scans,
    segments,
    stores,
    till,
    wishes,
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
    Step(interface.oa_is_connected),
    Step(cards.card_is_published),
    Step(codes.stores_and_live_code),
    Step(stores.stores_are_described),
    Step(demo_only.default_welcome, proves=False),
    Step(scans.customers_scan),
    Step(scans.deliveries_repeat, seeds=False),
    Step(cards.guides_show_their_cards),
    Step(cards.campaign_runs, proves=False),
    Step(members.members_arrive),
    Step(phones.guide_serves),
    Step(sales.sales_are_earned),
    Step(accounts.account_fills_up),
    Step(accounts.account_is_hijacked),
    Step(accounts.steps_are_undone, seeds=False),
    Step(leaver.guide_leaves),
    Step(leaver.account_ends, seeds=False),
    Step(entry.entry_leads),
    Step(till.till_is_asked),
    Step(compared.everything_is_compared),
    Step(knowing.customers_are_known),
    Step(segments.customers_are_sorted),
    Step(groups.guides_open_groups),
    Step(checkins.group_checks_in),
    Step(entry.mall_stores_show, proves=False),
    Step(stores.branch_sends_in, proves=False),
    Step(stores.dealer_joins, proves=False),
    Step(roster.dealer_sends_in, proves=False),
    Step(connecting.it_proves_the_connection, proves=False),
    Step(drift.wecom_is_changed_by_hand, proves=False),
    Step(demo_only.more_to_look_at, proves=False),
    Step(wishes.people_have_to_decide, proves=False),
)
