"""Copies the files of npm packages that the console serves to static/vendor: `python -m scrm.home.assets`.

No bundler and no Node: `npm ci` fetches what package-lock.json pins, this module picks the few files
named in assets.toml, draws one icon sprite and keeps each package's licence beside them.
"""

import json
import re
import shutil
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SOURCE_MAP = re.compile(rb"\n?(//# sourceMappingURL=[^\n]*|/\*# sourceMappingURL=.*?\*/)\s*$")
SVG_BODY = re.compile(r"<svg[^>]*>(?P<body>.*)</svg>", re.DOTALL)


class AssetsMissingError(Exception):
    """A named file is not in node_modules; the words say what to run."""


def copy_assets(root: Path = ROOT) -> list[str]:
    """Fill `root/static/vendor` from `root/node_modules` and return the paths written, sorted.

    The folder is built apart and swapped in, so that a failed copy leaves the old one.
    Raises AssetsMissingError when node_modules lacks a named file.
    """
    plan = tomllib.loads((Path(__file__).parent / "assets.toml").read_text(encoding="utf-8"))
    modules, vendor = root / "node_modules", root / "static" / "vendor"
    vendor.parent.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(prefix=".vendor-", dir=vendor.parent))
    building.chmod(0o755)
    try:
        for entry in plan["file"]:
            _copy_file(modules, building, entry)
        _draw_sprite(modules, building, plan["sprite"])
        _keep_licences(modules, building, _packages(plan))
        written = sorted(
            str(path.relative_to(building)) for path in building.rglob("*") if path.is_file()
        )
        shutil.rmtree(vendor, ignore_errors=True)
        building.rename(vendor)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return written


def _packages(plan: dict[str, Any]) -> list[str]:
    return sorted({entry["package"] for entry in plan["file"]} | {plan["sprite"]["package"]})


def _source(modules: Path, package: str, file: str) -> Path:
    path = modules / package / file
    if not path.is_file():
        raise AssetsMissingError(f"{package}/{file} is not in node_modules; run `npm ci` first.")
    return path


def _copy_file(modules: Path, vendor: Path, entry: dict[str, str]) -> None:
    content = _source(modules, entry["package"], entry["file"]).read_bytes()
    # Source maps are not served, and the manifest storage refuses a reference to a missing file.
    (vendor / entry["to"]).write_bytes(SOURCE_MAP.sub(b"\n", content))


def _draw_sprite(modules: Path, vendor: Path, sprite: dict[str, Any]) -> None:
    symbols = []
    for name in sprite["icons"]:
        text = _source(modules, sprite["package"], f"{sprite['folder']}/{name}.svg").read_text(
            encoding="utf-8"
        )
        found = SVG_BODY.search(text)
        if found is None:
            raise AssetsMissingError(f"The icon {name} is not an SVG picture; check assets.toml.")
        body = " ".join(found["body"].split())
        symbols.append(f'<symbol id="{name}" viewBox="0 0 24 24">{body}</symbol>')
    svg = f'<svg xmlns="http://www.w3.org/2000/svg">{"".join(symbols)}</svg>\n'
    (vendor / sprite["to"]).write_text(svg, encoding="utf-8")


def _keep_licences(modules: Path, vendor: Path, packages: list[str]) -> None:
    lines = []
    for package in packages:
        about = json.loads(_source(modules, package, "package.json").read_text(encoding="utf-8"))
        lines.append(f"{package} {about['version']} - {about.get('license', 'unknown')}")
        for licence in (modules / package).glob("LICENSE*"):
            shutil.copyfile(
                licence, vendor / f"LICENSE.{package.replace('/', '-').lstrip('@')}.txt"
            )
    (vendor / "PACKAGES.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def main() -> int:
    """Copy and say so; exit code 1 with one sentence when npm has not run."""
    try:
        written = copy_assets()
    except AssetsMissingError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"static/vendor: {len(written)} files\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
