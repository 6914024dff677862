"""Asks PyTorch what the programs in ``cases/`` print.

    python tests/programs/oracle.py record    run every program with PyTorch and write references.json
    python tests/programs/oracle.py check     run every program with PyTorch and with the engine, now, and compare

`check` needs PyTorch and what the engine needs; it fails on any difference, and if references.json is stale.
`show NAME` prints what both print.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.programs import harness  # noqa: E402

VERSION = "2.13.0"
"""The PyTorch that has the last word."""


def run_all(implementation: str, names: list[str]) -> dict[str, Any]:
    """Run programs with ``torch`` or with the ``engine``, in a process of their own: neither may see the other."""
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "results.json"
        # A file, not stdout: PyTorch's C++ parts write there too.
        command = [sys.executable, __file__, "run", implementation, str(answer), *names]
        ended = subprocess.run(command, cwd=ROOT, timeout=600, check=False, stderr=subprocess.PIPE, text=True)
        if ended.returncode or not answer.exists():
            sys.exit(
                f"the programs could not be run with {implementation} (exit {ended.returncode}):\n{ended.stderr}"
            )
        results: dict[str, Any] = json.loads(answer.read_text(encoding="utf-8"))
    return results


def run_here(implementation: str, answer: Path, names: list[str]) -> None:
    """The other end of `run_all`."""
    if implementation == "engine":
        from engine import alias

        alias.install()
        version = "engine"
    else:
        import torch

        # Sums split over threads depend on how many there are.
        torch.set_num_threads(1)
        version = torch.__version__.partition("+")[0]
    results = {}
    for name in names:
        result = harness.execute(name)
        results[name] = result.as_json() | {"trace": result.trace}
    answer.write_text(json.dumps({"version": version, "results": results}), encoding="utf-8")


def with_pytorch(names: list[str]) -> dict[str, Any]:
    answer = run_all("torch", names)
    if answer["version"] != VERSION:
        sys.exit(f"expected PyTorch {VERSION}, found {answer['version']}; pip install torch=={VERSION}")
    results: dict[str, Any] = answer["results"]
    return results


def references(results: dict[str, Any]) -> str:
    """What belongs into references.json."""
    programs = {
        name: {"source": harness.digest(name)} | harness.from_json(results[name]).as_json()
        for name in sorted(results)
    }
    return json.dumps({"torch": VERSION, "programs": programs}, indent=1, ensure_ascii=False) + "\n"


def record() -> int:
    results = with_pytorch(harness.names())
    harness.REFERENCES.write_text(references(results), encoding="utf-8")
    for name, result in results.items():
        if result.get("exception"):
            print(f"note: {name} ends with {result['exception'].splitlines()[0]}")
    print(f"{len(results)} programs recorded")
    return 0


def check() -> int:
    names = harness.names()
    expected, actual = with_pytorch(names), run_all("engine", names)["results"]
    recorded = harness.load_references() if harness.REFERENCES.exists() else {"programs": {}}
    failed = []
    for name in names:
        relative = harness.tolerance(name)
        reference = harness.from_json(expected[name])
        problem = harness.difference(reference, harness.from_json(actual[name]), relative)
        old = recorded["programs"].get(name, {"lines": []})
        if old.get("source") != harness.digest(name):
            problem += "\nreferences.json is stale: the program was added or changed since; run `record`"
        elif stale := harness.difference(harness.from_json(old), reference, relative):
            problem += f"\nreferences.json is stale: PyTorch prints something else now; run `record`\n{stale}"
        if problem:
            failed.append(name)
            print(f"=== {name}\n{problem}\n")
    for name in sorted(recorded["programs"].keys() - set(names)):
        failed.append(name)
        print(f"=== {name}\nreferences.json is stale: there is no such program any more; run `record`\n")
    passed = len(set(names) - set(failed))
    print(f"{passed} passed, {len(failed)} failed")
    return 1 if failed else 0


def show(name: str) -> int:
    for title, result in (
        ("PyTorch", with_pytorch([name])),
        ("engine", run_all("engine", [name])["results"]),
    ):
        print(f"--- {title}", *result[name]["lines"], result[name].get("trace", ""), sep="\n")
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("record")
    commands.add_parser("check")
    commands.add_parser("show").add_argument("name", choices=harness.names())
    inner = commands.add_parser("run")
    inner.add_argument("implementation", choices=["torch", "engine"])
    inner.add_argument("answer", type=Path)
    inner.add_argument("names", nargs="*")
    options = parser.parse_args()
    if options.command == "run":
        run_here(options.implementation, options.answer, options.names)
        return 0
    if options.command == "show":
        return show(options.name)
    return record() if options.command == "record" else check()


if __name__ == "__main__":
    sys.exit(main())
