"""Trains mace-torch with the settings of this example, from the same parameters and with the same batches; writes mace-torch.json.

Needs: pip install torch==2.13.0 e3nn==0.4.4 mace-torch==0.3.16 ase matscipy
Usage, after `npm run -s program -- examples/train-3bpa/reference/export.ts FOLDER`:

    python train.py FOLDER [EPOCHS]

Model, loss, parameter groups, optimiser, average and schedule are mace-torch's own; only the loop over given batches is here.
"""

import argparse
import gzip
import io
import json
import struct
import sys
import time
from pathlib import Path

import ase.io
import numpy as np
import torch
from e3nn import o3
from mace import data, modules
from mace.tools import AtomicNumberTable, torch_geometric
from mace.tools.scripts_utils import get_params_options
from torch_ema import ExponentialMovingAverage

HERE = Path(__file__).parent


def tensors_of(path):
    """The tensors of a safetensors file, all float64."""
    raw = path.read_bytes()
    (length,) = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8 : 8 + length])
    body = raw[8 + length :]
    found = {}
    for name, view in header.items():
        if name != "__metadata__" and view["dtype"] == "F64":
            begin, end = view["data_offsets"]
            found[name] = torch.from_numpy(np.frombuffer(body[begin:end], dtype="<f8").reshape(view["shape"]).copy())
    return found


def model_of(settings, statistics, tensors):
    m = settings["model"]
    upto = lambda l: "+".join(f"{m['channels']}x{k}{'eo'[k % 2]}" for k in range(l + 1))
    block = modules.blocks.RealAgnosticResidualInteractionBlock
    model = modules.ScaleShiftMACE(
        r_max=m["cutoff"], num_bessel=m["numRadial"], num_polynomial_cutoff=5, max_ell=m["maxEll"], interaction_cls_first=block,
        interaction_cls=block, num_interactions=m["numLayers"], num_elements=len(statistics["elements"]), hidden_irreps=o3.Irreps(upto(m["maxL"])),
        MLP_irreps=o3.Irreps("16x0e"), atomic_energies=np.array([statistics["referenceEnergies"]]),
        avg_num_neighbors=statistics["avgNumNeighbors"], atomic_numbers=statistics["elements"], correlation=m["correlation"],
        gate=torch.nn.functional.silu, radial_MLP=m["radialWidths"], atomic_inter_scale=statistics["scale"], atomic_inter_shift=0.0,
        use_reduced_cg=False,
    )
    own = model.state_dict()
    model.load_state_dict({name: x.reshape(own[name].shape) for name, x in tensors.items() if name in own}, strict=False)
    left = [name for name in tensors if name not in own and not name.startswith("couplings.")]
    missing = [name for name, _ in model.named_parameters() if name not in tensors]
    assert not left and not missing, (left, missing)
    return model


def atomic_data(atoms, model):
    forces = atoms.get_forces()
    one = data.Configuration(
        atomic_numbers=atoms.numbers, positions=atoms.positions, properties={"energy": atoms.get_potential_energy(), "forces": forces},
        property_weights={"energy": 1.0, "forces": 1.0}, cell=np.zeros((3, 3)), pbc=(False, False, False))
    table = AtomicNumberTable([int(z) for z in model.atomic_numbers])
    return data.AtomicData.from_config(one, z_table=table, cutoff=float(model.r_max), heads=["Default"])


def collate(items):
    return next(iter(torch_geometric.dataloader.DataLoader(dataset=items, batch_size=len(items), shuffle=False)))


def errors(model, average, items, size):
    squares = {"energy": [], "forces": []}
    with average.average_parameters():
        for k in range(0, len(items), size):
            batch = collate(items[k : k + size])
            found = model(batch.to_dict(), training=False, compute_force=True)
            atoms = batch.ptr[1:] - batch.ptr[:-1]
            squares["energy"].append((((found["energy"] - batch.energy) / atoms) ** 2).detach())
            squares["forces"].append(((found["forces"] - batch.forces) ** 2).detach().flatten())
    return {name: 1000 * torch.cat(parts).mean().sqrt().item() for name, parts in squares.items()}


def main():
    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(1)
    folder = Path(sys.argv[1])
    given = json.loads((folder / "input.json").read_text())
    settings = given["settings"]
    epochs = int(sys.argv[2]) if len(sys.argv) > 2 else settings["epochs"]
    model = model_of(settings, given["statistics"], tensors_of(folder / "initial.safetensors"))
    frames = ase.io.read(io.StringIO(gzip.decompress((HERE.parent / "frames.xyz.gz").read_bytes()).decode()), ":", format="extxyz")
    items = [atomic_data(atoms, model) for atoms in frames]
    training, validation = items[: settings["training"]], items[settings["training"] :]
    loss_of = modules.WeightedEnergyForcesLoss(energy_weight=settings["loss"]["energy"], forces_weight=settings["loss"]["forces"])
    options = argparse.Namespace(lr=settings["learningRate"], weight_decay=settings["weightDecay"], amsgrad=True, beta=0.9, freeze=None, lr_params_factors="{}")
    optimizer = torch.optim.Adam(**get_params_options(options, model))
    schedule = torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=settings["decay"])
    average = ExponentialMovingAverage(model.parameters(), decay=settings["averageDecay"])
    losses, curve, began = [], [], time.time()
    for order in given["batches"][:epochs]:
        for chosen in order:
            batch = collate([training[i] for i in chosen])
            optimizer.zero_grad(set_to_none=True)
            loss = loss_of(pred=model(batch.to_dict(), training=True, compute_force=True), ref=batch)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm=settings["maxGradientNorm"])
            optimizer.step()
            average.update()
            losses.append(loss.item())
        schedule.step()
        curve.append(errors(model, average, validation, settings["batchSize"]))
        print(len(losses), f"{time.time() - began:.0f} s", losses[-1], curve[-1], flush=True)
    out = {
        "about": f"mace-torch 0.3.16, e3nn 0.4.4, torch {torch.__version__.split('+')[0]}, float64, one thread; errors of the averaged parameters after every epoch",
        "steps": len(losses), "firstLosses": losses[:32], "validation": curve,
    }
    (HERE / "mace-torch.json").write_text(json.dumps(out) + "\n")


main()
