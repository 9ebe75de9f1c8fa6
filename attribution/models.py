"""Gathers the models of this app's features."""

from attribution.adds.models import AddEpisode
from attribution.boards.models import BoardDay, DayFigure, LedgerMark
from attribution.entries.models import Entry, EntryStore, EntryVisit
from attribution.live_codes.models import LiveCode, LiveCodeMember
from attribution.sales.models import AsideOrder, Credit, CreditLine, RuleSet, RuleTrial
from attribution.touches.models import GatherMark, Touch
from attribution.welcome.models import WelcomeDelivery, WelcomeTemplate

__all__ = [
    "AddEpisode",
    "AsideOrder",
    "BoardDay",
    "Credit",
    "CreditLine",
    "DayFigure",
    "Entry",
    "EntryStore",
    "EntryVisit",
    "GatherMark",
    "LedgerMark",
    "LiveCode",
    "LiveCodeMember",
    "RuleSet",
    "RuleTrial",
    "Touch",
    "WelcomeDelivery",
    "WelcomeTemplate",
]
