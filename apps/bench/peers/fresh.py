#!/usr/bin/env python3
"""Energy and forces with mace-torch in a process of its own: what it costs from the start, and the memory it takes.

    fresh.py --model FILE --structure FILE --dtype f32 --threads 2

The structure is JSON: numbers, positions, cell, pbc. One line of JSON comes back: milliseconds of importing, loading and the first
evaluation, the energy, and the largest resident set in bytes.
"""
import argparse, gzip, json, os, resource, time

began = time.perf_counter()
ap = argparse.ArgumentParser()
ap.add_argument("--model", required=True)
ap.add_argument("--structure", required=True)
ap.add_argument("--dtype", default="f32")
ap.add_argument("--threads", type=int, default=2)
args = ap.parse_args()
for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[name] = str(args.threads)
os.environ["TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD"] = "1"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
answers = os.fdopen(os.dup(1), "w", buffering=1)
os.dup2(2, 1)  # whatever libraries print goes to standard error
import torch
from ase import Atoms
from mace.calculators import MACECalculator

torch.set_num_threads(args.threads)
imported = time.perf_counter()
with gzip.open(args.model) if args.model.endswith(".gz") else open(args.model, "rb") as file:
    model = torch.load(file, map_location="cpu", weights_only=False)
calculator = MACECalculator(models=[model], device="cpu", default_dtype={"f32": "float32", "f64": "float64"}[args.dtype])
loaded = time.perf_counter()
with open(args.structure) as file:
    s = json.load(file)
atoms = Atoms(numbers=s["numbers"], positions=s["positions"], cell=s["cell"], pbc=s["pbc"])
atoms.calc = calculator
forces = atoms.get_forces()
done = time.perf_counter()
ms = lambda a, b: 1000 * (b - a)
resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
answers.write(json.dumps(dict(boot=ms(began, imported), load=ms(imported, loaded), first=ms(loaded, done), resident=resident, energy=float(atoms.get_potential_energy()))) + "\n")
