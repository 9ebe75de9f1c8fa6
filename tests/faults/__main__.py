"""`python -m tests.faults` (make faults): inject faults, compare, write var/faults.json."""

import argparse
import json
import os
import sys
import time

import django

from scrm.demo.running import own_stack
from scrm.demo.story.report import Report, WrongFigureError
from scrm.localservices.errors import ServiceError
from scrm.localservices.places import default_var


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def run(only: str, *, short: bool) -> list[dict[str, object]]:
    """Start a stack, play the story up to the live code, and run the faults on it."""
    with own_stack(default_var() / "faults-logs") as headless:
        # The harness' own calls fail on purpose.
        os.environ["SCRM_LOG_LEVEL"] = "CRITICAL"
        django.setup()
        from scrm.demo.story import codes, company
        from scrm.demo.story.play import Play
        from tests.faults.cases import CASES
        from tests.faults.harness import Arena

        play = Play(headless.environment, Report(_say))
        play.connect()
        company.files_arrive(play)
        codes.stores_and_live_code(play)
        arena = Arena(
            headless,
            play,
            customers=60 if short else 200,
            seconds=20 if short else 120,
            is_short=short,
        )
        rows = []
        for name, case in CASES.items():
            if only and name not in only.split(","):
                continue
            begun = time.monotonic()
            row = case(arena)
            rows.append(row.public() | {"seconds": round(time.monotonic() - begun, 1)})
            verdict = "holds" if row.holds else "DOES NOT HOLD"
            _say(
                f"\n{row.id} {verdict}: {row.injected}\n    lost {row.lost}, doubled {row.doubled}; {row.observed}"
            )
    return rows


def main() -> int:
    """Run the faults; exit status 1 when a row does not hold."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults")
    parser.add_argument("--only", default="", help="one fault or several, for example F01,F03")
    parser.add_argument(
        "--short", action="store_true", help="fewer customers and kills for each fault"
    )
    options = parser.parse_args()
    file = default_var() / "faults.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        rows = run(options.only.upper(), short=options.short)
    except (ServiceError, WrongFigureError) as error:
        _say(f"\nThe faults could not be run: {error}")
        return 1
    file.write_text(json.dumps(rows, indent=1, ensure_ascii=False), encoding="utf-8")
    _say(f"\n{file}: {sum(bool(row['holds']) for row in rows)} of {len(rows)} hold")
    return 0 if rows and all(row["holds"] for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
