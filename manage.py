#!/usr/bin/env python
"""Django's command line for this project."""

import os
import sys


def main() -> None:
    """Run one management command with the development settings unless told otherwise."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "scrm.settings.dev")
    from django.core.management import execute_from_command_line

    from scrm.settings.env import refusing_in_words

    with refusing_in_words():
        execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
