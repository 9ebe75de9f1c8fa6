"""What a running sync says of itself, once a second: figures, how many calls at once, what it waits for."""

import time
from datetime import timedelta

from django.db.models import F
from django.utils import timezone

from customers.sync.failures import Moment
from customers.sync.models import SyncRun
from customers.sync.throttle import Throttle
from customers.sync.words import wait_words
from scrm.core.jobs.services import Run

# A longer wait gives the worker back; the clock starts the job again.
PATIENCE_SECONDS = 20.0


class Progress:
    """The bookkeeping of one attempt at a run."""

    def __init__(self, run: Run, sync: SyncRun, throttle: Throttle) -> None:
        self.run, self.sync, self.throttle = run, sync, throttle
        self._calls = self._refusals = 0
        self._since = time.monotonic()
        self._moment: Moment | None = None
        self._tries: dict[str, int] = dict((run.cursor or {}).get("tries", {}))

    def asked(self) -> None:
        """One call was answered, in whatever way."""
        self._calls += 1

    def tried(self, what: str) -> int:
        """A call for something brought no usable answer; return how often that was, over all attempts at the run.

        What never answers would else begin to count anew behind every pause, and the run would never end.
        """
        self._tries[what] = self._tries.get(what, 0) + 1
        return self._tries[what]

    def answered(self, what: str) -> None:
        """It was answered after all, or is given up."""
        self._tries.pop(what, None)

    def waited(self, moment: Moment) -> None:
        """WeCom, or our own rate, took no call for now."""
        # Our own rate lets no call out at all.
        self._calls += moment.code != "own_rate"
        self._moment = moment
        if moment.code in {"quota", "crowded"}:
            self._refusals += 1
        if moment.crowded:
            self.throttle.crowded()
        elif moment.seconds:
            self.throttle.blocked(moment.seconds)
        else:
            self.throttle.failed()

    def tick(self, flying: int) -> None:
        """Write the figures down; end here when asked to, or when the wait is long."""
        rest = self.throttle.rest
        until = timezone.now() + timedelta(seconds=rest) if rest else None
        code = self._moment.code if self._moment is not None and rest else ""
        self._write(parallel=flying or self.throttle.places, waits_for=code, waits_until=until)
        self.run.check_cancelled()
        if until is None:
            if self._moment is not None:
                # Or the moment that is over would stand there until the next page is stored.
                self.run.waits_for("")
            self._moment = None
            return
        if not flying and rest > PATIENCE_SECONDS:
            self.run.advance(cursor={"tries": self._tries})
            self.run.pause(wait_words(code, until), until=until)
        self.run.waits_for(wait_words(code, until))

    def close(self) -> None:
        """Write down what the last tick has not; the wait, if any, stays to be read."""
        self._write()

    def _write(self, **changes: object) -> None:
        now = time.monotonic()
        SyncRun.objects.filter(pk=self.sync.pk).update(
            calls=F("calls") + self._calls,
            refusals=F("refusals") + self._refusals,
            worked_seconds=F("worked_seconds") + (now - self._since),
            **changes,
        )
        self._calls = self._refusals = 0
        self._since = now
