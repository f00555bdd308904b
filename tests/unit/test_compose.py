"""The container files, held against the code: nobody can run them where these tests run."""

from __future__ import annotations

import ast
import json
import re
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel
from typer.main import get_command

from personae.cli.app import app
from personae.hosting.environment import OTHER_VARIABLES
from personae.hosting.settings import Settings, load_settings
from personae.wiring import MODELS_DIR_VARIABLE

ROOT = Path(__file__).parents[2]
VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")
# What obstore reads of the environment, in https://docs.rs/object_store, `AmazonS3ConfigKey`.
OBSTORE = {
    *("AWS_ENDPOINT_URL", "AWS_ALLOW_HTTP", "AWS_REGION"),
    *("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
}


def compose() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))


def services() -> dict[str, Any]:
    return compose()["services"]


def filled(value: object, given: dict[str, str]) -> str:
    """A value as Compose would fill it in, with `given` for what has to be chosen."""

    def fill(found: re.Match[str]) -> str:
        name, how, default = found.groups()
        return given[name] if name in given else (default if how == "-" else given[name])

    return VARIABLE.sub(fill, str(value))


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions with their arguments, comments and line breaks taken out."""
    lines = (ROOT / "Dockerfile").read_text("utf-8").splitlines()
    text = "\n".join(line for line in lines if not line.startswith("#"))
    joined = re.sub(r"\\\n\s*", " ", text)
    parts = [line.split(maxsplit=1) for line in joined.splitlines() if line.strip()]
    return [(part[0], part[1]) for part in parts]


def argument(name: str) -> str:
    """Of the last instruction of that name."""
    return [rest for one, rest in instructions() if one == name][-1]


def environment_of_image() -> dict[str, str]:
    last = argument("ENV")
    return dict(pair.split("=", 1) for pair in last.split())


SECRETS = {
    "POSTGRES_PASSWORD": "p0stgres",
    "PERSONAE_SECRET": "s1gning",
    "S3_SECRET_ACCESS_KEY": "s3secret",
}


@pytest.mark.parametrize("name", ["api", "worker"])
def test_the_services_settings_are_settings(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    said = services()[name]["environment"]
    # A name alone is left out where nothing is set.
    given = {
        key: filled(value, SECRETS) for key, value in said.items() if value is not None
    } | environment_of_image()
    own = {key for key in given if key.startswith("PERSONAE_")}
    assert own <= set(settings_variables(Settings)) | {MODELS_DIR_VARIABLE}
    assert {key for key in given if key.startswith("AWS_")} == OBSTORE
    for key in own - {MODELS_DIR_VARIABLE}:
        monkeypatch.setenv(key, given[key])
    settings = load_settings()
    assert settings.database == "postgresql://personae:p0stgres@postgres:5432/personae"
    assert settings.storage == "s3://personae"
    assert settings.public_url == "http://localhost:8000"
    assert settings.signing_secret() == b"s1gning"
    assert settings.fetch_allow == []
    assert (settings.host, settings.port) == ("0.0.0.0", 8000)
    assert settings.data_dir == Path("/data")


def settings_variables(model: type[BaseModel], prefix: str = "PERSONAE_") -> Iterator[str]:
    """The variables of all settings, those below others too."""
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from settings_variables(kind, f"{prefix}{name.upper()}__")
        else:
            yield f"{prefix}{name.upper()}"


@pytest.mark.parametrize("name", ["api", "worker"])
def test_every_setting_reaches_the_containers(name: str) -> None:
    told = {*services()[name]["environment"], *environment_of_image()}
    # These name files and folders, which a volume has to bring along anyhow.
    apart = {"PERSONAE_SIGNING_DIR", "PERSONAE_LABEL_FONT"}
    of_workers = {"PERSONAE_WORKER_SLOTS", "PERSONAE_MEDIA_MEMORY_BYTES"}
    wanted = {*settings_variables(Settings), *OTHER_VARIABLES} - apart
    if name == "api":
        wanted -= of_workers
    # Of the command line, of this file, of developers, and of folders inside the image.
    wanted -= {"PERSONAE_KEY", "PERSONAE_PUBLISH", "PERSONAE_DEBUG"}
    wanted -= {"PERSONAE_CONFIG", "PERSONAE_CARDS_DIR", "PERSONAE_ENV_FILE"}
    wanted -= {"PERSONAE_URL", "PERSONAE_API_KEY", "PERSONAE_WEBHOOK_SECRET"}  # The client's.
    assert wanted - told == set()


def test_api_and_workers_share_database_storage_and_secret() -> None:
    api, worker = (services()[name]["environment"] for name in ("api", "worker"))
    assert api.items() <= worker.items()


@pytest.mark.parametrize("name", ["api", "worker"])
def test_the_commands_are_commands(name: str) -> None:
    known = set(get_command(app).commands)  # type: ignore[attr-defined]
    assert json.loads(argument("ENTRYPOINT")) == ["personae"]
    assert services()[name]["command"] == [name]
    assert {name, *json.loads(argument("CMD"))} <= known
    pulled = next(rest for one, rest in instructions() if one == "RUN" and "models pull" in rest)
    assert "personae models pull" in pulled


def test_health_is_readiness() -> None:
    check = argument("HEALTHCHECK")
    program = json.loads(check[check.index("CMD ") + 4 :])
    assert program[:2] == ["python", "-c"]
    ast.parse(program[2])
    assert "/readyz" in program[2]
    api, worker = services()["api"], services()["worker"]
    assert "healthcheck" not in api
    assert worker["healthcheck"] == {"disable": True}
    for name in ("postgres", "s3"):
        assert services()[name]["healthcheck"]["test"]


def test_services_wait_for_what_they_need() -> None:
    everything = services()
    for service in everything.values():
        for name, condition in service.get("depends_on", {}).items():
            healthy = "healthcheck" in everything[name]
            wanted = "service_healthy" if healthy else "service_completed_successfully"
            assert condition == {"condition": wanted}
    assert set(everything["api"]["depends_on"]) == {"postgres", "s3"}


def test_what_lasts_lies_in_declared_volumes() -> None:
    declared = set(compose()["volumes"])
    used: set[str] = set()
    for service in services().values():
        for volume in service.get("volumes", []):
            source, _, target = volume.rpartition(":")
            assert target.startswith("/")
            used |= {source} if source else set()
    assert used == declared
    assert argument("VOLUME") == "/data"


def test_the_bucket_is_the_folder_that_is_made() -> None:
    everything = services()
    bucket = everything["api"]["environment"]["PERSONAE_STORAGE_URL"].removeprefix("s3://")
    made, gateway = everything["s3-folder"], everything["s3"]
    assert f"/data/{bucket}" in made["command"][-1]
    assert gateway["user"] in made["command"][-1]
    assert gateway["command"][-1] == "/data"
    assert "s3-data:/data" in made["volumes"]
    assert "s3-data:/data" in gateway["volumes"]


def test_the_s3_server_and_its_clients_agree() -> None:
    everything = services()
    client, server = everything["api"]["environment"], everything["s3"]
    assert client["AWS_ACCESS_KEY_ID"] == server["environment"]["ROOT_ACCESS_KEY_ID"]
    assert client["AWS_SECRET_ACCESS_KEY"] == server["environment"]["ROOT_SECRET_ACCESS_KEY"]
    [alias] = server["networks"]["default"]["aliases"]
    port = server["command"][server["command"].index("--port") + 1]
    assert client["AWS_ENDPOINT_URL"] == f"http://{alias}{port}"
    # Links that were signed for one port lead nowhere on another.
    assert server["ports"][0].endswith(f"7070}}{port}")
    health = server["command"][server["command"].index("--health") + 1]
    assert server["healthcheck"]["test"][-1] == f"http://127.0.0.1{port}{health}"


def test_nobody_is_root_and_nothing_more_is_allowed_than_needed() -> None:
    assert argument("USER") == "10001:10001"
    assert any("--uid 10001" in rest for one, rest in instructions() if one == "RUN")
    for name in ("api", "worker", "s3"):
        service = services()[name]
        assert service["cap_drop"] == ["ALL"]
        assert "no-new-privileges:true" in service["security_opt"]
        assert not service.get("privileged")
    for name in ("api", "worker"):
        assert services()[name]["read_only"] is True
        assert services()[name]["init"] is True


def test_ports_are_published_to_this_machine_alone() -> None:
    for service in services().values():
        for port in service.get("ports", []):
            assert filled(port, {}).startswith("127.0.0.1:")


def test_no_secret_has_a_default() -> None:
    text = (ROOT / "compose.yaml").read_text("utf-8")
    for name, how, _ in VARIABLE.findall(text):
        if name in SECRETS:
            assert how == "?"


def test_every_variable_is_in_the_example() -> None:
    text = (ROOT / "compose.yaml").read_text("utf-8")
    used = {name for name, _, _ in VARIABLE.findall(text)}
    example = (ROOT / "compose.env.example").read_text("utf-8")
    told = dict(re.findall(r"^#?([A-Z0-9_]+)=(.*)$", example, re.MULTILINE))
    assert set(told) <= used
    assert used - set(told) <= {"S3_ACCESS_KEY_ID", "PERSONAE_FETCH_ALLOW"}
    assert {name for name, value in told.items() if not value} == set(SECRETS)
    for name, how, default in VARIABLE.findall(text):
        if how == "-" and name in told:
            assert told[name] == default


def test_images_are_pinned_to_a_version() -> None:
    images = [one["image"] for one in services().values() if one["image"] != "personae"]
    images += [rest.split()[0] for one, rest in instructions() if one == "FROM"]
    for image in images:
        _, _, tag = image.partition(":")
        assert re.match(r"v?\d", tag)


def test_the_image_has_a_python_that_we_support() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    least = tuple(int(n) for n in re.findall(r"\d+", project["requires-python"]))
    bases = {rest.split()[0] for one, rest in instructions() if one == "FROM"}
    assert len(bases) == 1
    [base] = bases
    assert tuple(int(n) for n in re.findall(r"\d+", base)) >= least


def test_what_is_copied_is_there_and_reaches_the_builder() -> None:
    lines = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    patterns = [line for line in lines if line and not line.startswith("#")]
    allowed = [line[1:] for line in patterns if line.startswith("!")]
    for name, rest in instructions():
        if name != "COPY" or rest.startswith("--from"):
            continue
        for source in rest.split()[:-1]:
            assert (ROOT / source).exists()
            assert any(fnmatch(source.removeprefix("./"), pattern) for pattern in allowed)


def test_the_dockerfile_has_no_word_that_docker_does_not_know() -> None:
    known = {
        *("FROM", "RUN", "CMD", "LABEL", "EXPOSE", "ENV", "COPY", "ENTRYPOINT", "VOLUME"),
        *("USER", "WORKDIR", "ARG", "STOPSIGNAL", "HEALTHCHECK"),
    }
    assert {name for name, _ in instructions()} <= known
    assert instructions()[0][0] == "FROM"
