"""What `import personae` offers, and what it leaves alone until it is asked."""

from __future__ import annotations

import inspect
import subprocess
import sys

import personae

NAMES = [
    "Donor",
    "Face",
    "Mapping",
    "PersonaeError",
    "__version__",
    "detect",
    "distance",
    "embed",
    "prepare_donor",
    "probe",
    "swap",
    "swap_video",
]

WATCH = """
import sys
opened = []
def watch(event, args):
    if event == "open" and isinstance(args[0], (str, bytes)):
        opened.append(args[0] if isinstance(args[0], str) else args[0].decode())
    if event.startswith("socket."):
        opened.append(event)
sys.addaudithook(watch)
import personae
heavy = {"numpy", "cv2", "av", "PIL", "onnxruntime", "ai_edge_litert", "onnx"} & set(sys.modules)
other = [name for name in opened if not name.endswith((".py", ".pyc"))
         and not ".pyc." in name]  # Python writes its own compiled files aside first.
print(sorted(heavy), other)
"""


def test_exactly_these_names_are_public() -> None:
    assert sorted(personae.__all__) == sorted(NAMES)
    assert dir(personae) == sorted(NAMES)


def test_importing_opens_no_file_and_loads_nothing_heavy() -> None:
    run = subprocess.run([sys.executable, "-c", WATCH], capture_output=True, text=True, check=False)
    assert (run.stdout.strip(), run.stderr) == ("[] []", "")


def test_every_name_is_there_and_says_what_it_is_for() -> None:
    for name in NAMES:
        value = getattr(personae, name)
        if name == "__version__":
            assert value.count(".") == 2
            continue
        first = (inspect.getdoc(value) or "").splitlines()[0]
        assert first.endswith((".", ":")), f"{name}: {first!r}"
        assert not first.startswith(f"{name}("), f"{name} has no docstring of its own."


def test_the_same_object_comes_every_time() -> None:
    for name in NAMES:
        assert getattr(personae, name) is getattr(personae, name)


def test_an_unknown_name_is_an_ordinary_mistake() -> None:
    assert not hasattr(personae, "swap_faces")
