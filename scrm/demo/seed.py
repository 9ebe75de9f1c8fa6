"""Fills an empty demo by playing the story once; tells WeCom at every start where we are."""

import subprocess
import sys
from collections.abc import Callable

from scrm.demo.environment import Environment
from scrm.demo.stack import CHECKOUT
from scrm.localservices.errors import ServiceError


class Seed:
    """The story as seed, in a process of its own."""

    def __init__(self, environment: Environment, say: Callable[[str], None]) -> None:
        self.environment, self.say = environment, say
        self._story: subprocess.Popen[str] | None = None

    def run(self) -> None:
        """Play it to its end; raises ServiceError with its last words."""
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
        if self._story.wait():
            raise ServiceError(last)

    def end(self) -> None:
        """Stop it if it still runs."""
        if self._story and self._story.poll() is None:
            self._story.kill()
