"""systemd units, Kubernetes manifests and the CUDA image: what can be told without running them."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from personae.adapters.durable import names
from personae.cli.app import app
from personae.hosting.environment import OTHER_VARIABLES, unknown_variables
from personae.hosting.settings import Settings

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
UNITS = sorted(path for path in (DEPLOY / "systemd").iterdir() if path.suffix == ".service")
KUBERNETES = DEPLOY / "kubernetes"
OVERLAYS = sorted(path.name for path in (KUBERNETES / "overlays").iterdir())
API_VERSION = "1.34"
EXPOSURE_MOST = 2.0
"""Of 10, by `systemd-analyze security`: below 3 it calls a unit OK."""


class _Strict(yaml.SafeLoader):
    """Refuses what YAML lets pass in silence: the same key twice."""


def _mapping(loader: _Strict, node: yaml.MappingNode) -> dict[Any, Any]:
    keys = [key.value for key, _ in node.value]
    twice = {key for key in keys if keys.count(key) > 1 and key != "<<"}
    assert not twice, f"{node.start_mark}: {twice} twice"
    loader.flatten_mapping(node)
    return loader.construct_mapping(node)


_Strict.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def documents(path: Path) -> list[dict[str, Any]]:
    return [one for one in yaml.load_all(path.read_text("utf-8"), _Strict) if one]


def tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed here; the files are checked where it is")
    return found


@pytest.mark.parametrize(
    "path",
    [*sorted(DEPLOY.rglob("*.y*ml")), ROOT / "compose.yaml"],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_yaml_is_well_formed(path: Path) -> None:
    assert documents(path)
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        assert line == line.rstrip(), number
        assert "\t" not in line, number
        assert len(line) <= 110, number


def commands(unit: Path) -> list[list[str]]:
    lines = unit.read_text("utf-8").splitlines()
    return [line.split("=", 1)[1].split() for line in lines if line.startswith("ExecStart=")]


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_units_start_commands_that_there_are(unit: Path) -> None:
    known: Mapping[str, Any] = get_command(app).commands  # type: ignore[attr-defined]
    assert commands(unit)
    for program, *words in commands(unit):
        assert program == "/opt/personae/bin/personae"
        here = known
        for word in words:
            assert word in here, words
            here = getattr(here[word], "commands", {})
    text = unit.read_text("utf-8")
    assert "User=personae" in text
    for setting in re.findall(r"^Environment=(\w+)=", text, re.MULTILINE):
        assert not unknown_variables({setting: ""}), setting


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_accepts_the_units_and_calls_them_tight(unit: Path, tmp_path: Path) -> None:
    analyze = tool("systemd-analyze")
    name = unit.name.replace("@.", "@0.")
    # It looks whether the program is there.
    text = unit.read_text("utf-8").replace("/opt/personae/bin/personae", "/bin/true")
    (tmp_path / name).write_text(text)
    checked = subprocess.run(
        [analyze, "verify", "--man=no", "--recursive-errors=no", f"./{name}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert (checked.returncode, checked.stderr) == (0, "")
    exposed = subprocess.run(
        [analyze, "security", "--offline=true", "--no-pager", f"./{name}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    score = re.search(r"Overall exposure level for \S+ ([\d.]+)", exposed.stdout)
    assert score is not None, exposed.stderr
    assert float(score[1]) <= EXPOSURE_MOST


def test_the_example_of_variables_names_settings() -> None:
    text = (DEPLOY / "systemd/personae.env").read_text("utf-8")
    told = re.findall(r"^#?((?:PERSONAE|AWS|FORWARDED)_\w+)=", text, re.MULTILINE)
    assert len(told) > 10
    assert unknown_variables(dict.fromkeys(told, "")) == []


def test_the_cuda_image_is_the_usual_one_with_another_runtime() -> None:
    text = (DEPLOY / "container/Dockerfile.cuda").read_text("utf-8")
    assert "\nUSER 10001:10001\n" in text
    assert '"onnxruntime-gpu==$version"' in text
    usual = (ROOT / "Dockerfile").read_text("utf-8")
    for line in re.findall(r"^(?:COPY|VOLUME|WORKDIR|ENTRYPOINT|STOPSIGNAL) .*$", usual, re.M):
        assert line in text
    for setting in re.findall(r"\b(PERSONAE_\w+)=", text):
        assert not unknown_variables({setting: ""}), setting
    over = documents(DEPLOY / "container/compose.cuda.yaml")[0]["services"]["worker"]
    assert (ROOT / over["build"]["dockerfile"]).is_file()
    assert set(over["environment"]) <= set(OTHER_VARIABLES)


def manifests() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every manifest as it stands in its file; patches of components are not whole ones."""
    for path in sorted(KUBERNETES.rglob("*.yaml")):
        if path.name != "kustomization.yaml" and path.parent.name != "gpu":
            for one in documents(path):
                yield str(path.relative_to(KUBERNETES)), one


def validated(objects: list[dict[str, Any]]) -> int:
    """How many were held against Kubernetes' schemas; those of other makers have none there."""
    validate = pytest.importorskip(
        "kubernetes_validate", reason="kubernetes-validate (in the extra `dev`) is not installed"
    )
    own = [one for one in objects if "keda.sh" not in one["apiVersion"]]
    for one in own:
        validate.validate(one, API_VERSION, strict=True)
    return len(own)


def test_manifests_fit_kubernetes_schemas() -> None:
    assert validated([one for _, one in manifests()]) >= 10


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_overlays_can_be_built_and_fit_too(overlay: str) -> None:
    built = subprocess.run(
        [tool("kubectl"), "kustomize", str(KUBERNETES / "overlays" / overlay)],
        capture_output=True,
        text=True,
    )
    assert built.returncode == 0, built.stderr
    objects = [one for one in yaml.safe_load_all(built.stdout) if one]
    assert {one["metadata"].get("namespace", "personae") for one in objects} == {"personae"}
    for one in objects:
        for container in containers(one):
            assert re.fullmatch(r"\S+/personae(-cuda)?:[\w.]+", container["image"])
    validated(objects)


def containers(one: dict[str, Any]) -> list[dict[str, Any]]:
    return one["spec"]["template"]["spec"]["containers"] if one["kind"] == "Deployment" else []


def test_pods_may_do_nothing_and_are_told_settings_that_there_are() -> None:
    known = {f"PERSONAE_{name.upper()}" for name in Settings.model_fields} | set(OTHER_VARIABLES)
    seen = 0
    for where, one in manifests():
        told = {**one.get("data", {}), **one.get("stringData", {})}
        for container in containers(one):
            seen += 1
            pod = one["spec"]["template"]["spec"]
            assert pod["securityContext"]["runAsNonRoot"], where
            assert pod["securityContext"]["runAsUser"] == 10001
            assert pod["automountServiceAccountToken"] is False
            own = container["securityContext"]
            assert own["readOnlyRootFilesystem"]
            assert own["capabilities"] == {"drop": ["ALL"]}
            assert container["args"][0] in get_command(app).commands  # type: ignore[attr-defined]
            mounted = {mount["mountPath"] for mount in container["volumeMounts"]}
            assert mounted == {"/data", "/tmp"}
            told |= {variable["name"]: "" for variable in container.get("env", [])}
        assert {name for name in told if name.startswith("PERSONAE_")} <= known, where
    assert seen == 2


def test_no_kustomization_applies_the_example_of_a_secret() -> None:
    for path in KUBERNETES.rglob("kustomization.yaml"):
        assert "secret" not in str(documents(path)[0].get("resources"))
    [secret] = documents(KUBERNETES / "secret.example.yaml")
    for name, value in secret["stringData"].items():
        assert "CHOOSE" in value, name


def test_autoscaling_counts_queues_that_there_are() -> None:
    # The series themselves: tests/wire/test_monitoring.py.
    scaled = KUBERNETES / "components/autoscaling"
    by_metric = (scaled / "scale-by-prometheus.yaml").read_text("utf-8")
    [queues] = re.findall(r'queue=~"([^"]+)"', by_metric)
    assert set(queues.split("|")) == {names.EXPRESS, names.IMAGES, names.CHUNKS}
    by_table = (scaled / "scale-by-database.yaml").read_text("utf-8")
    for queue in queues.split("|"):
        assert f"'{queue}'" in by_table
