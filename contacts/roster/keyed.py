"""Search indexes of people on the roster."""

from contacts.directory.keyed import phone_index
from contacts.roster.models import RosterPerson
from scrm.core.keys.keyed import Keyed

PERSON = Keyed(RosterPerson, ("phone_index",), phone_index, at_once=True)
