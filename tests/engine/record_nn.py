"""Records what the programs of nn_cases.py and optim_cases.py print in PyTorch into references/.

Run by hand where PyTorch 2.13.0 is installed: ``python tests/engine/record_nn.py``. With ``--live [name]`` it writes
nothing and shows where the engine differs.
"""

from __future__ import annotations

import difflib
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.engine import (
    attention_cases,
    breadth_cases,
    data_cases,
    distribution_cases,
    nn_cases,
    optim_cases,
    sequence_cases,
)

TABLES = {
    "nn.json": nn_cases.CASES,
    "optim.json": optim_cases.CASES,
    "data.json": data_cases.CASES,
    "sequences.json": sequence_cases.CASES,
    "attention.json": attention_cases.CASES,
    "breadth.json": breadth_cases.CASES,
    "distributions.json": distribution_cases.CASES,
}


def main() -> None:
    import torch

    if sys.argv[1:2] == ["--live"]:
        import engine

        wrong = 0
        for cases in TABLES.values():
            for name, source in cases.items():
                if len(sys.argv) > 2 and sys.argv[2] != name:
                    continue
                expected = nn_cases.run(torch, source)
                try:
                    got = nn_cases.run(engine, source)
                except Exception as error:
                    import traceback

                    got = traceback.format_exc()[-1500:] + str(error)
                if got != expected:
                    wrong += 1
                    print(f"=== {name}")
                    diff = difflib.unified_diff(
                        expected.splitlines(), got.splitlines(), "PyTorch", "engine", lineterm="", n=1
                    )
                    print("\n".join(list(diff)[: 1000 if len(sys.argv) > 2 else 40]))
        sys.exit(f"{wrong} cases differ" if wrong else 0)
    for file, cases in TABLES.items():
        recorded = {name: nn_cases.run(torch, source).split("\n") for name, source in cases.items()}
        path = Path(__file__).parent / "references" / file
        path.write_text(json.dumps(recorded, indent=0, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
