"""Gathers the models of this app's features."""

from risk.anomalies.models import Incident, IncidentEntry, IncidentStep, RuleSetting, Signal
from risk.capacity.models import Capacity, MemberLimit

__all__ = [
    "Capacity",
    "Incident",
    "IncidentEntry",
    "IncidentStep",
    "MemberLimit",
    "RuleSetting",
    "Signal",
]
