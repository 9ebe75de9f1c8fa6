"""Dockerfile and docker-compose.yml, as far as they can be proved without a container engine."""

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from celery.bin.celery import celery
from django.core.management import get_commands, load_command_class

from scrm.core.checks import VARIABLE
from wecom_sandbox import defaults
from wecom_sandbox.__main__ import _parser as sandbox_parser

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
COMPOSE = ROOT / "docker-compose.yml"
# Published on all interfaces: the proxy alone.
LOCAL = "127.0.0.1:"
# Read by the demo's own commands, by Compose, and by none of the settings.
TRY_OUT_ONLY = {"SCRM_DEMO_PASSWORD", "COMPOSE_PROJECT_NAME", "DJANGO_SETTINGS_MODULE"}


def compose() -> dict[str, Any]:
    return yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))


def services() -> dict[str, dict[str, Any]]:
    return compose()["services"]


def example() -> set[str]:
    return set(VARIABLE.findall((ROOT / ".env.example").read_text(encoding="utf-8")))


def run(*words: str | Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


def is_ours(service: dict[str, Any]) -> bool:
    return service["image"] == "scrm:local"


def is_once(service: dict[str, Any]) -> bool:
    """A service that ends: it migrates."""
    return bool(service.get("restart") == "no")


def check_schema(file: Path) -> "subprocess.CompletedProcess[str]":
    return run(BIN / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", file)


def test_compose_obeys_its_schema() -> None:
    result = check_schema(COMPOSE)

    assert (result.returncode, result.stdout.strip()) == (0, "ok -- validation done")


def test_a_planted_fault_breaks_the_schema(tmp_path: Path) -> None:
    # given a compose file with a misspelt key
    broken = tmp_path / "docker-compose.yml"
    broken.write_text(COMPOSE.read_text().replace("healthcheck:", "healthchek:", 1))

    # when it is checked
    result = check_schema(broken)

    # then the key is named
    assert result.returncode == 1
    assert "healthchek" in result.stdout


def test_hadolint_has_nothing_to_say_about_the_dockerfile(tmp_path: Path) -> None:
    result = run(BIN / "hadolint", "Dockerfile")

    assert (result.returncode, result.stdout) == (0, "")


def test_hadolint_sees_a_planted_fault(tmp_path: Path) -> None:
    # given a Dockerfile on a moving base
    planted = tmp_path / "Dockerfile"
    planted.write_text((ROOT / "Dockerfile").read_text().replace("node:22-bookworm-slim", "node"))

    # then the untagged image is reported
    assert "DL3006" in run(BIN / "hadolint", planted).stdout


def test_the_image_runs_as_nobody_special_and_ends_with_a_stage_of_its_own() -> None:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    bases = re.findall(r"^FROM (\S+) AS (\w+)$", text, re.MULTILINE)

    assert [name for _base, name in bases] == ["assets", "packages", "run"]
    assert "USER 10001:10001" in text[text.index(" AS run") :]
    assert "/opt/venv" in text.split(" AS run")[1]
    assert "npm" not in text.split(" AS run")[1]


def test_images_are_pinned_to_a_line_of_releases() -> None:
    # given every image that is not built here
    images = [service["image"] for service in services().values() if not is_ours(service)]
    images += re.findall(r"^FROM (\S+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)

    # then each names a version
    assert images
    assert [
        image for image in images if not re.fullmatch(r"[a-z]+:\d+(\.\d+)*-[a-z-]+", image)
    ] == []


def test_what_the_image_leaves_out() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()

    assert {".env", ".git", "certs", "var", "tests", ".venv", "node_modules"} <= set(ignored)
    # Needed inside: the names of known variables, the settings a build runs with, the simulator.
    assert not {".env.example", ".ci", "docs", "wecom_sandbox", "locale"} & set(ignored)


@pytest.mark.parametrize("name", [".dockerignore", ".gitignore"])
def test_dumps_and_environments_get_neither_into_the_image_nor_the_repository(name: str) -> None:
    lines = (ROOT / name).read_text(encoding="utf-8").split()
    # Docker's patterns hold for the root alone, git's for every folder.
    deep = "**/" if name == ".dockerignore" else ""

    assert {f"{deep}*.dump", f"{deep}*.tar.gz", f"{deep}.env.*", ".env"} <= set(lines)
    # The last match decides: the example stays.
    assert lines.index("!.env.example") > lines.index(f"{deep}.env.*")


def test_git_ignores_what_a_backup_leaves() -> None:
    names = ["scrm.dump", "docs/deploy/scrm-data.tar.gz", ".env", ".env.production"]
    ignored = run("git", "check-ignore", "--no-index", *names, ".env.example", ".ci/deploy.env")

    assert ignored.stdout.split() == names


@pytest.mark.parametrize(
    "guide", sorted((ROOT / "docs" / "deploy").glob("*.md")), ids=lambda g: g.name
)
def test_guides_write_dumps_outside_of_the_folder_an_image_is_built_from(guide: Path) -> None:
    # given every dump or archive in the commands of a guide
    blocks = re.findall(r"^```bash\n(.*?)^```", guide.read_text(encoding="utf-8"), re.M | re.S)
    files = re.findall(r"\S+\.(?:dump|tar\.gz)\b", "\n".join(blocks))

    # then each lies outside of the checkout
    assert [file for file in files if not file.startswith(("../", "/root/"))] == []
    if guide.name.split(".")[0] in {"docker", "debian"}:
        assert len(files) == 5


def test_every_variable_is_in_the_example() -> None:
    # given every ${NAME} Compose fills in, and what our services are given
    text = COMPOSE.read_text(encoding="utf-8")
    filled = set(re.findall(r"(?<!\$)\$\{([A-Z_]+)", text))
    given = {name for service in services().values() if is_ours(service)
             for name in service.get("environment", {})}  # fmt: skip

    # then .env.example knows them
    assert sorted((filled | given) - example()) == []
    # and those only Compose reads are read by it
    assert {"POSTGRES_PASSWORD", "REDIS_PASSWORD", "SCRM_TLS", "SCRM_ENV_FILE"} <= filled


def test_the_proxy_gets_every_variable_of_its_file() -> None:
    text = (ROOT / "docs/deploy/Caddyfile").read_text(encoding="utf-8")
    wanted = dict(re.findall(r"\{\$([A-Z_]+)(?::([^}\s]+))?\}", text))
    proxy = services()["proxy"]

    assert set(wanted) == {"SCRM_BASE_URL", "SCRM_TLS", "SCRM_UPSTREAM"}
    assert set(proxy["environment"]) == {"SCRM_BASE_URL", "SCRM_TLS"}
    assert wanted["SCRM_UPSTREAM"] == "web:8000"
    assert "./docs/deploy/Caddyfile:/etc/caddy/Caddyfile:ro" in proxy["volumes"]


@pytest.mark.parametrize("name", sorted(services()))
def test_every_service_is_watched_and_waits_for_what_is_there(name: str) -> None:
    # given one service
    all_services = services()
    service = all_services[name]

    # then it has a health check, or ends and is waited for by one that stays
    if is_once(service):
        adopted = [
            other for other in all_services.values()
            if other.get("depends_on", {}).get(name, {}).get("condition") == "service_completed_successfully"
        ]  # fmt: skip
        assert [other for other in adopted if not is_once(other)]
    else:
        # web's would also be the image's own; it is written out to ask more: readyz
        assert service["healthcheck"]["test"]

    # and it waits only for services that can give what it waits for
    for other, wish in service.get("depends_on", {}).items():
        target = all_services[other]
        if wish["condition"] == "service_healthy":
            assert target["healthcheck"]["test"]
        else:
            assert wish["condition"] == "service_completed_successfully"
            assert is_once(target)
        # One that may be left out for a managed server is not required.
        assert wish.get("required", True) is not bool(target.get("profiles"))


def test_volumes_are_declared_used_and_there() -> None:
    # given all volumes of all services
    mounts = [m for service in services().values() for m in service.get("volumes", [])]
    sources = {mount.split(":")[0] for mount in mounts}
    named = {source for source in sources if not source.startswith(".")}

    # then the named ones are declared, and none more
    assert named == set(compose()["volumes"])
    # and folders of this checkout exist; certs is the operator's own
    bound = sources - named - {"./certs"}
    assert [source for source in bound if not (ROOT / source).exists()] == []


def test_ours_are_confined_and_only_the_proxy_is_seen_from_outside() -> None:
    open_doors = {}
    for name, service in services().items():
        if is_ours(service):
            assert service["read_only"] is True, name
            assert service["cap_drop"] == ["ALL"], name
            assert service["security_opt"] == ["no-new-privileges:true"], name
            assert service["tmpfs"] == ["/tmp"], name
        assert "privileged" not in service
        published = [port for port in service.get("ports", []) if not port.startswith(LOCAL)]
        if published:
            open_doors[name] = published

    assert open_doors == {"proxy": ["80:80", "443:443", "443:443/udp"]}


def test_profiles_are_those_the_example_names() -> None:
    profiles = {p for service in services().values() for p in service.get("profiles", [])}
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    chosen = re.search(r"^COMPOSE_PROFILES=(.*)$", text, re.MULTILINE)

    assert chosen is not None
    assert profiles == {*chosen[1].split(","), "sandbox"}


def commands(service: dict[str, Any]) -> list[list[str]]:
    """The programs a service starts: its own command, each of a shell line, and its health check."""
    found = []
    for words in (service.get("command"), service.get("healthcheck", {}).get("test")):
        if not words or words[0] == "NONE":
            continue
        words = words[1:] if words[0] in {"CMD", "CMD-SHELL"} else words
        if len(words) == 1:
            found.append(shlex.split(words[0].replace("$$", "$")))
        elif words[:2] == ["sh", "-c"]:
            found += [shlex.split(part) for part in words[2].split("&&")]
        else:
            found.append(words)
    return found


@pytest.mark.parametrize("name", [n for n, s in services().items() if is_ours(s)])
def test_every_command_of_ours_exists_and_takes_its_options(name: str) -> None:
    for program, *words in commands(services()[name]):
        if program == "celery":
            assert words[:2] == ["-A", "scrm"]
            known = {name for option in celery.commands[words[2]].params for name in option.opts}
            assert {word for word in words[3:] if word.startswith("-")} <= known
        elif words[:1] == ["manage.py"]:
            loaded = load_command_class(get_commands()[words[1]], words[1])
            assert loaded.create_parser("manage.py", words[1]).parse_args(words[2:])
        elif words[:2] == ["-m", "wecom_sandbox"]:
            assert sandbox_parser().parse_args(words[2:]).port == 8081
        else:
            assert (program, words[:1]) in [("python", ["-c"]), ("test", ["-n"])]


def test_the_image_serves_the_port_everybody_asks() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    web = services()["web"]

    assert "EXPOSE 8000" in dockerfile
    assert '"--port", "8000"' in dockerfile
    assert web["ports"] == ["127.0.0.1:8000:8000"]
    assert "http://127.0.0.1:8000/readyz" in web["healthcheck"]["test"][-1]


def test_the_try_out_names_the_simulator_as_it_is() -> None:
    # given the settings of the try-out
    text = (ROOT / "docs/deploy/sandbox.env").read_text(encoding="utf-8")
    values = dict(
        line.split("=", 1) for line in text.splitlines() if "=" in line and line[0] != "#"
    )

    # then each name is known
    assert sorted(set(values) - example() - TRY_OUT_ONLY) == []
    # and corp and secrets are the simulator's
    apps = {app.name: app for app in defaults.APPS}
    scrm, contacts = apps["scrm"], apps["contacts"]
    assert values["WECOM_CORP_ID"] == defaults.CORP_ID
    assert values["SCRM_CONTACT_SCOPE_TAG"] == str(defaults.NO_CONTACT_TAG)
    for prefix, app in (("WECOM_CB", scrm), ("WECOM_CONTACT_CB", contacts)):
        assert (values[f"{prefix}_TOKEN"], values[f"{prefix}_AES_KEY"]) == (app.token, app.aes_key)
    assert values["WECOM_AGENT_SECRET"] == scrm.secret
    assert values["WECOM_CONTACT_SYNC_SECRET"] == contacts.secret
    # and its addresses are the service's
    assert values["WECOM_API_BASE"] == "http://sandbox:8081"
    assert values["SCRM_ENV_FILE"] == "docs/deploy/sandbox.env"
    assert "sandbox" in values["COMPOSE_PROFILES"].split(",")
