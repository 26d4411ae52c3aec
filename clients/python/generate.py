"""Generates what is generated: ``_schema.py`` from ../openapi.json, and ``_sync`` from ``_async``.

python generate.py            writes both
python generate.py --check    fails if one of them is not current
"""

from __future__ import annotations

import filecmp
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import unasync

HERE = Path(__file__).resolve().parent
PACKAGE = HERE / "src" / "outpay"
WORDS = {
    "AsyncClient": "Client",
    "_AsyncClient": "_Client",
    "_AsyncResource": "_Resource",
    "AsyncIterator": "Iterator",
    "Awaitable": "Returned",
    "__aenter__": "__enter__",
    "__aexit__": "__exit__",
    "__aiter__": "__iter__",
    "aclose": "close",
    "asyncio": "time",
    "_async": "_sync",
}


def schema(into: Path) -> None:
    """TypedDicts, because a word or a field that a newer server sends must not break a client."""
    command = [Path(sys.executable).with_name("datamodel-codegen"), "--input", "openapi.json", "--output", into]
    options = (
        "--input-file-type openapi --output-model-type typing.TypedDict --target-python-version 3.10 --disable-timestamp "
        "--use-double-quotes --use-schema-description --use-field-description --use-standard-collections "
        "--use-union-operator --enum-field-as-literal all --no-use-closed-typed-dict --formatters ruff-format ruff-check"
    )
    subprocess.run([*command, *options.split()], cwd=HERE.parent, check=True)  # noqa: S603
    text = into.read_text()
    # In `typing` from 3.11 on.
    imported = next(line for line in text.splitlines() if line.startswith("from typing import"))
    rest = ", ".join(name for name in imported.removeprefix("from typing import ").split(", ") if name != "NotRequired")
    ours = (
        f"import sys\nfrom typing import {rest}\n\nif sys.version_info >= (3, 11):\n    from typing import NotRequired\n"
        "else:\n    from typing_extensions import NotRequired"
    )
    into.write_text(text.replace(imported, ours))


def sync(into: Path) -> None:
    """The sync clients: the same text without `async` and `await`."""
    words = {**WORDS, **{name: name.removeprefix("Async") for name in names()}}
    rule = unasync.Rule(fromdir=str(PACKAGE / "_async") + "/", todir=str(into) + "/", additional_replacements=words)
    unasync.unasync_files([str(path) for path in sorted((PACKAGE / "_async").glob("*.py"))], [rule])
    for path in into.glob("*.py"):
        text = path.read_text().replace("Returned[Any]", "Any").replace("Returned[None]", "None")
        text = text.replace("import Callable, Mapping, Returned", "import Callable, Mapping")
        text = text.replace("import Callable, Returned", "import Callable").replace(
            "Callable, Iterator, Returned", "Callable, Iterator"
        )
        path.write_text(text)
    (into / "__init__.py").write_text('"""Generated from `_async`: generate.py."""\n')
    ruff = Path(sys.executable).with_name("ruff")
    for command in (["check", "--quiet", "--select", "I,F401", "--fix"], ["format", "--quiet"]):
        isolated = (
            ["--isolated", "--line-length", "130", "--no-cache"] if command[0] == "format" else ["--isolated", "--no-cache"]
        )
        subprocess.run([ruff, *command, *isolated, str(into)], check=True)  # noqa: S603


def names() -> set[str]:
    """The classes of `_async`."""
    found = set()
    for path in (PACKAGE / "_async").glob("*.py"):
        lines = [line for line in path.read_text().splitlines() if line.startswith("class Async")]
        found |= {line.removeprefix("class ").split("(")[0].rstrip(":") for line in lines}
    return found


def make(into: Path) -> None:
    """In a folder of its own, where no configuration of a formatter applies."""
    schema(into / "_schema.py")
    sync(into / "_sync")


def stale(fresh: Path) -> list[str]:
    made = {path.relative_to(fresh) for path in fresh.rglob("*.py")}
    kept = {path.relative_to(PACKAGE) for path in [PACKAGE / "_schema.py", *(PACKAGE / "_sync").glob("*.py")]}
    same = filecmp.cmpfiles(fresh, PACKAGE, [str(path) for path in made & kept], shallow=False)[0]
    return sorted({str(path) for path in made | kept} - set(same))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder)
        make(fresh)
        if sys.argv[1:] == ["--check"]:
            if found := stale(fresh):
                sys.exit(f"not current: {', '.join(found)}; run clients/generate")
        else:
            shutil.rmtree(PACKAGE / "_sync", ignore_errors=True)
            shutil.copytree(fresh, PACKAGE, dirs_exist_ok=True)
