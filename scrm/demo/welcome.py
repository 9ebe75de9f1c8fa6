"""What `make demo` says when everything is up."""

import tomllib
from importlib import resources

from scrm.demo.environment import Environment


def words_of(environment: Environment) -> str:
    """Return addresses, log-ins and the first thing to click, in both languages."""
    files = resources.files("scrm.demo")
    users = tomllib.loads(files.joinpath("users.toml").read_text(encoding="utf-8"))["user"]
    return (
        files.joinpath("welcome.txt")
        .read_text(encoding="utf-8")
        .format(
            web=environment.web_url,
            sandbox=environment.sandbox_url,
            mall=environment.mall_url,
            users=", ".join(f"{user['username']} ({user['role']})" for user in users),
            password=environment.values["SCRM_DEMO_PASSWORD"],
        )
    )
