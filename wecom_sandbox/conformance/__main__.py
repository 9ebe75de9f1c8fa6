"""``python -m wecom_sandbox.conformance``: coverage and conformance tables; exit code 1 when one differs."""

import argparse
import logging
import sys
from pathlib import Path

from wecom_sandbox.conformance.replay import replay
from wecom_sandbox.conformance.report import conformance, coverage
from wecom_sandbox.conformance.samples import read_samples

EXIT_DIFFERS = 1
EXIT_NO_SAMPLES = 2


def main(arguments: list[str] | None = None) -> int:
    """Print the report; 0 when every sample is right or explained."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.DEBUG if options.verbose else logging.ERROR)
    text, code = coverage(), 0
    if options.samples is not None:
        if not (options.samples / "INDEX.tsv").is_file():
            sys.stderr.write(f"{options.samples} holds no INDEX.tsv: name the folder of samples\n")
            return EXIT_NO_SAMPLES
        rows = list(replay(read_samples(options.samples), options.area, options.only))
        focused = bool(options.area or options.only)
        text = conformance(rows) if focused else f"{text}\n{conformance(rows)}"
        code = 0 if all(row.good for row in rows) else EXIT_DIFFERS
    else:
        text += "\nConformance was not tried: name a folder of samples with --samples.\n"
    sys.stdout.write(text)
    if options.write is not None:
        options.write.parent.mkdir(parents=True, exist_ok=True)
        options.write.write_text(text, encoding="utf-8")
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="wecom_sandbox.conformance",
        description="Which endpoints the sandbox has, and how it compares with recorded samples.",
    )
    parser.add_argument("--samples", type=Path, help="folder with INDEX.tsv and the samples")
    parser.add_argument("--area", default="", help="only this area, for example contacts")
    parser.add_argument("--only", default="", help="only samples whose file name begins so")
    parser.add_argument("--write", type=Path, help="also write the report to this file")
    parser.add_argument("--verbose", action="store_true", help="show tracebacks of what went wrong")
    return parser


if __name__ == "__main__":
    sys.exit(main())
