"""`manage.py setup_test`: the set-up page's tests from the command line; their results are kept."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from scrm.core.setup_models import SetupResult
from scrm.setup import services
from scrm.setup.steps import BY_KEY, TESTED
from scrm.setup.words import words_of

MARKS = {"good": "✔", "warning": "!", "bad": "✖", "unused": "-"}


class Command(BaseCommand):
    """Exit 0: nothing is broken; 2: something is."""

    help = "Test the connection to WeCom step by step and keep the results."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take --only, repeatable."""
        parser.add_argument("--only", action="append", default=[], choices=TESTED)

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the tests in order, say each in words."""
        broken = False
        for key in options["only"] or TESTED:
            result = services.test_run(actor=None, step=key)
            words = words_of(result)
            told = " ".join(filter(None, (words.hint, words.link)))
            arrow = f" → {told}" if told else ""
            title = str(BY_KEY[key].title)
            self.stdout.write(f"{MARKS[result.outcome]} {title:<16} {words.seen}{arrow}")
            broken = broken or result.outcome == SetupResult.Outcome.BAD
        sys.exit(2 if broken else 0)
