"""The system's Chromium for browser tests: found, or installed on Debian as root, or loudly absent."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
MACOS = ("/Applications/Chromium.app/Contents/MacOS/Chromium",
         "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")  # fmt: skip
PACKAGES = ("chromium", "fonts-noto-cjk")
ABSENT = "BROWSER TESTS DO NOT RUN: no Chromium was found. Install Chromium (Debian: apt install chromium fonts-noto-cjk)."


def find() -> str | None:
    """Return the path of a Chromium or Chrome, None where there is none; SCRM_CHROMIUM names one."""
    named = os.environ.get("SCRM_CHROMIUM")
    if named:
        return named if Path(named).is_file() else None
    return next((path for name in NAMES if (path := shutil.which(name))), None) or next(
        (path for path in MACOS if Path(path).is_file()), None
    )


def install() -> bool:
    """Install Chromium and a Chinese font with apt; only on Debian or Ubuntu, only as root."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return False
    sys.stdout.write(f"Installing {' '.join(PACKAGES)} for the browser tests ...\n")
    sys.stdout.flush()
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for words in (
        ["update", "-qq"],
        ["install", "-qq", "-y", "--no-install-recommends", *PACKAGES],
    ):
        done = subprocess.run(
            ["apt-get", *words], env=quiet, stdout=subprocess.DEVNULL, check=False
        )
        if done.returncode:
            return False
    return True


def main() -> int:
    """Make sure of a browser; without one say so loudly, and fail where CI=true."""
    if find() or (install() and find()):
        return 0
    sys.stderr.write(f"\n{'=' * len(ABSENT)}\n{ABSENT}\n{'=' * len(ABSENT)}\n\n")
    return 1 if os.environ.get("CI") == "true" else 0


if __name__ == "__main__":
    sys.exit(main())
