"""What this app keeps of a person, where the models do not show it by themselves."""

from scrm.core.holdings import Holding

HOLDINGS: tuple[Holding, ...] = ()
