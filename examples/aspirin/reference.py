"""Writes frames.xyz and reference.json.gz: what the reference implementation computes for this example.

Needs: pip install torch e3nn==0.4.4 mace-torch==0.3.16 ase   (TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD=1)
Usage: python reference.py rmd17_aspirin_train.xyz

Every tenth configuration of the file is taken, and the six whose reference output travels with the models.
Both models are evaluated in float64, whatever dtype they were trained in: the example compares with exact arithmetic.
"""

import gzip
import json
import os
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")

import torch
from ase.io import read
from mace.calculators import MACECalculator

FOLDER = Path(__file__).parent
FRAMES = sorted({*range(0, 1200, 10), 422, 480, 498, 534, 1070, 1166})
MODELS = ["aspirin_l0_c32", "aspirin_l1_c64"]


def main() -> None:
    torch.set_num_threads(1)
    lines = Path(sys.argv[1]).read_text().split("\n")
    block = int(lines[0]) + 2
    (FOLDER / "frames.xyz").write_text("".join("\n".join(lines[i * block : (i + 1) * block]) + "\n" for i in FRAMES))
    frames = read(FOLDER / "frames.xyz", ":")
    out = {"about": "mace-torch 0.3.16 with e3nn 0.4.4, float64", "frames": FRAMES, "models": {}}
    for name in MODELS:
        with tempfile.NamedTemporaryFile(suffix=".model") as plain:
            plain.write(gzip.decompress((FOLDER / "models" / f"{name}.model.gz").read_bytes()))
            plain.flush()
            calculator = MACECalculator(model_paths=plain.name, device="cpu", default_dtype="float64")
        rows = []
        for atoms in frames:
            calculator.calculate(atoms)
            rows.append({"energy": float(calculator.results["energy"]), "forces": calculator.results["forces"].tolist()})
        out["models"][name] = rows
    data = json.dumps(out, separators=(",", ":")).encode()
    (FOLDER / "reference.json.gz").write_bytes(gzip.compress(data, 9, mtime=0))


if __name__ == "__main__":
    main()
