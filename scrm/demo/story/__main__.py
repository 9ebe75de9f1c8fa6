"""`python -m scrm.demo.story` (make story): the main job, step by step, with figures."""

import argparse
import sys
import time
from pathlib import Path

import django
import requests

from scrm.demo.environment import Environment
from scrm.demo.running import story_stack
from scrm.demo.story.report import Report, WrongFigureError
from scrm.localservices.errors import ServiceError


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def tell(environment: Environment) -> None:
    """Play all steps; raises WrongFigureError at the first wrong figure."""
    django.setup()
    from scrm.demo import figures
    from scrm.demo.story.play import Play
    from scrm.demo.story.steps import STEPS

    if not figures.is_empty():
        raise ServiceError(
            "This stack has data already and the story needs an empty one; run it without STORY_URL."
        )
    play = Play(environment, Report(_say))
    begun = time.monotonic()
    play.connect()
    for step in STEPS:
        if step.proves:
            play.step(step.play)
    _say(f"\nThe story ends well after {time.monotonic() - begun:.0f} s: every figure is right.")


def seed(environment: Environment) -> None:
    """Tell WeCom where we are; fill an empty demo with the steps of the story."""
    django.setup()
    from scrm.demo import figures
    from scrm.demo.story import scans
    from scrm.demo.story.play import Play
    from scrm.demo.story.steps import STEPS
    from scrm.demo.users import ensure_users

    play = Play(environment, Report(_say, strict=False))
    play.connect()
    mark = environment.var / "demo.seeded"
    if mark.exists():
        here, there = len(figures.relations()), len(scans.ledger_relations(play))
        _say(
            f"The demo's data is still there: {here} customer relations here, {there} in WeCom's sandbox."
        )
        return
    if not figures.is_empty():
        raise ServiceError(
            "The first preparation was interrupted half-way; run `make demo-reset` and start again."
        )
    for step in STEPS:
        if step.seeds:
            play.step(step.play)
    ensure_users(environment.values["SCRM_DEMO_PASSWORD"])
    mark.touch()


def main() -> int:
    """Tell the story; a wrong figure or a missing stack is one sentence and exit status 1."""
    parser = argparse.ArgumentParser(prog="python -m scrm.demo.story")
    parser.add_argument("--var", type=Path, help="folder of a running stack (its demo.env)")
    parser.add_argument(
        "--seed", action="store_true", help="fill an empty demo, skip what proves only"
    )
    options = parser.parse_args()
    try:
        with story_stack(options.var) as environment:
            (seed if options.seed else tell)(environment)
    except (ServiceError, WrongFigureError, requests.RequestException) as error:
        _say(f"\nThe story stops: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
