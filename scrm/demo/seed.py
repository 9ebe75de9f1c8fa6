"""Fills an empty demo by playing the story once; tells WeCom at every start where we are."""

import subprocess
import sys
from collections.abc import Callable

from scrm.demo.environment import Environment
from scrm.demo.stack import CHECKOUT
from scrm.localservices.errors import ServiceError

SEEDING = "demo.seeding"


class Seed:
    """The story as seed, in a process of its own."""

    def __init__(self, environment: Environment, say: Callable[[str], None]) -> None:
        self.environment, self.say = environment, say
        self._story: subprocess.Popen[str] | None = None
        self._ended = False

    def run(self) -> bool:
        """Play it to its end; False when it was stopped half-way. Raises ServiceError with its last words.

        A demo that is left half-filled, even by kill -9, is recognised by the file demo.seeding.
        """
        half_way = self.environment.var / SEEDING
        if not (self.environment.var / "demo.seeded").exists():
            half_way.touch()
        self._story = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "scrm.demo.story", "--var", str(self.environment.var), "--seed"],
            cwd=CHECKOUT,
            env=self.environment.child(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            # Ctrl-C is for us; we end it ourselves.
            start_new_session=True,
        )
        last = ""
        for line in self._story.stdout or ():
            last = line.strip() or last
            self.say(line.rstrip())
        failed = self._story.wait()
        if self._ended:
            return False
        if failed:
            raise ServiceError(last)
        half_way.unlink(missing_ok=True)
        return True

    def end(self) -> bool:
        """Stop it if it still runs; True when that leaves the demo half-filled."""
        if self._story and self._story.poll() is None:
            self._ended = True
            self._story.kill()
        return (self.environment.var / SEEDING).exists()
