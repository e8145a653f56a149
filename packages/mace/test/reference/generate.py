"""Makes the reference fixtures of the MACE engine with the Python implementation, mace-torch.

Install (Python 3.11; a torch build without CUDA is enough):

    python -m venv env
    env/bin/pip install torch==2.13.0 e3nn==0.4.4 mace-torch==0.3.16 cuequivariance==0.13.0 \
        cuequivariance-torch==0.13.0 ase==3.29.0 matscipy==1.3.1 numpy==2.4.6

Run, beside this file:

    env/bin/python generate.py                          # every fixture, into fixtures/
    env/bin/python generate.py --only residual --only old_layout
    env/bin/python generate.py --refusals               # what the reference declines to build
    env/bin/python generate.py --large DIR --xyz 3bpa_train_300K.xyz   # larger ones, not committed

A fixture is NAME.model.gz, a checkpoint as `torch.save(model)` writes it, and NAME.json.gz, what the reference
computes with that very file after loading it again. Each variant has its own seed (the CRC-32 of its name), so adding
one changes no other. README.md says what is in the files.
"""

import argparse
import collections
import gzip
import io
import json
import os
import pathlib
import tempfile
import zipfile
import zlib

os.environ["TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD"] = "1"

import ase.io
import numpy as np
import torch
from e3nn import nn as e3nn_nn
from e3nn import o3
from e3nn.util.codegen import CodeGenMixin
from mace import data, modules
from mace.modules import radial
from mace.modules.symmetric_contraction import Contraction
from mace.tools import torch_geometric
from mace.tools.checkpoint import CheckpointBuilder, CheckpointState
from mace.tools.scripts_utils import LRScheduler, get_params_options
from mace.tools.utils import AtomicNumberTable

# ---------------------------------------------------------------------------------------------- structures

METHANOL = dict(
    numbers=[6, 8, 1, 1, 1, 1],
    positions=[[-0.74, 0.02, 0.03], [0.68, -0.07, -0.05], [-1.05, 1.07, -0.11],
               [-1.18, -0.55, -0.81], [-1.09, -0.41, 0.98], [1.04, 0.83, 0.12]],
)
WATER = dict(numbers=[8, 1, 1], positions=[[0.03, 0.01, 0.12], [-0.02, 0.78, -0.47], [0.05, -0.74, -0.51]])
ATOM = dict(numbers=[8], positions=[[0.4, -0.3, 0.2]])
FAR = dict(numbers=[8, 1], positions=[[0.0, 0.0, 0.0], [1.0, 7.5, 2.0]])  # no neighbours at all
CLOSE = dict(numbers=[8, 1, 6], positions=[[0.0, 0.0, 0.0], [0.55, 0.35, 0.1], [-0.6, 0.7, -0.4]])  # inside the ZBL range
BULK = dict(  # skewed cell shorter than the cutoff: periodic images of an atom are its own neighbours; one atom lies outside
    numbers=[8, 1, 6],
    positions=[[0.1, 0.2, 0.0], [1.2, 1.5, 0.9], [-0.6, 1.9, 2.6]],
    cell=[[3.1, 0.0, 0.2], [0.7, 3.3, 0.0], [-0.4, 0.5, 3.6]],
    pbc=[True, True, True],
)
LEFT = dict(BULK, cell=[BULK["cell"][1], BULK["cell"][0], BULK["cell"][2]])  # the same crystal, cell of negative determinant
SLAB = dict(
    numbers=[1, 8, 6],
    positions=[[0.3, 0.1, 5.0], [1.4, 1.2, 5.8], [0.2, 2.0, 6.9]],
    cell=[[3.0, 0.3, 0.0], [0.4, 3.4, 0.0], [0.1, 0.2, 12.0]],
    pbc=[True, True, False],
)
CHAIN = dict(
    numbers=[6, 1, 1],
    positions=[[0.0, 0.1, 0.3], [0.9, 0.6, 0.2], [-0.8, 0.7, -0.1]],
    cell=[[9.0, 0.0, 0.0], [0.0, 9.0, 0.0], [0.2, 0.0, 2.4]],
    pbc=[False, False, True],
)

# ---------------------------------------------------------------------------------------------- variants

BLOCKS = {
    "RA": modules.blocks.RealAgnosticInteractionBlock,
    "RAR": modules.blocks.RealAgnosticResidualInteractionBlock,
    "D": modules.blocks.RealAgnosticDensityInteractionBlock,
    "DR": modules.blocks.RealAgnosticDensityResidualInteractionBlock,
    "AttR": modules.blocks.RealAgnosticAttResidualInteractionBlock,
    "NL": modules.blocks.RealAgnosticResidualNonLinearInteractionBlock,
}
GATES = {"silu": torch.nn.functional.silu, "tanh": torch.tanh, "abs": torch.abs, "None": None}
READOUTS = {"plain": modules.blocks.NonLinearReadoutBlock, "bias": modules.blocks.NonLinearBiasReadoutBlock}

NATURAL, PARITY = "3x0e+3x1o", "2x0e+2x0o+2x1o+2x1e"

# What a variant is unless its row says otherwise. Keys up to `options` are this script's; `options` go to the constructor.
DEFAULT = dict(
    kind="ScaleShiftMACE", blocks=("RA", "RAR"), hidden=NATURAL, layers=2, correlation=2, max_ell=2, r_max=3.5, num_bessel=5,
    p=5, radial_MLP=[7, 5], mlp="4x0e", gate="silu", readout="plain", elements=[1, 6, 8], heads=None, avg_num_neighbors=2.25,
    dtype="float64", structures=[METHANOL, BULK], extras=(), batch=False, edit=None, sparse=False, genuine=False, options={},
)

MH1 = dict(apply_cutoff=False, edge_irreps=o3.Irreps("2x0e+2x1o"), use_edge_irreps_first=True, use_agnostic_product=True)
SPECS = {
    "total_charge": dict(type="continuous", per="graph", in_dim=1, emb_dim=3),
    "total_spin": dict(type="categorical", per="graph", num_classes=4, offset=-1, emb_dim=2),
    "site": dict(type="categorical", per="node", num_classes=3, emb_dim=2),
    "tag": dict(type="continuous", per="node", in_dim=1, emb_dim=2, use_bias=False),
}
CHARGED = [
    dict(METHANOL, features=dict(total_charge=-1.0, total_spin=2, site=[0, 1, 2, 2, 1, 0], tag=[0.1, -0.7, 0.4, 0.9, -0.2, 0.6])),
    dict(BULK, features=dict(total_charge=2.0, total_spin=4, site=[1, 0, 2], tag=[-0.3, 0.8, 0.5])),
]

VARIANTS = {
    # the six interaction classes, natural and both parities
    "agnostic": dict(kind="MACE", blocks=("RA", "RA"), structures=[METHANOL, ATOM, BULK, SLAB], batch=True, extras=("atomic", "node_feats", "contributions")),
    "agnostic_parity": dict(blocks=("RA", "RA"), hidden=PARITY),
    "residual": dict(blocks=("RAR", "RAR"), structures=[METHANOL, WATER, ATOM, BULK, SLAB, LEFT], batch=True, extras=("atomic", "hessian", "edge_forces", "node_feats")),
    "residual_parity": dict(blocks=("RAR", "RAR"), hidden=PARITY),
    "residual_parity_l2": dict(blocks=("RAR", "RAR"), hidden="2x0e+2x0o+2x1o+2x1e+2x2e+2x2o", structures=[METHANOL, SLAB]),
    "density": dict(blocks=("D", "D"), structures=[METHANOL, WATER, ATOM, SLAB], batch=True, extras=("atomic", "hessian", "edge_forces")),
    "density_parity": dict(blocks=("D", "D"), hidden=PARITY),
    "density_residual": dict(blocks=("DR", "DR"), structures=[METHANOL, WATER, ATOM, BULK], batch=True, extras=("atomic", "hessian", "node_feats")),
    "density_residual_parity": dict(blocks=("DR", "DR"), hidden=PARITY),
    "density_uncut": dict(blocks=("D", "DR"), options=dict(apply_cutoff=False), structures=[METHANOL, BULK]),
    "att": dict(blocks=("AttR", "AttR"), sparse=True, structures=[METHANOL, ATOM, BULK], extras=("atomic",)),
    "att_parity": dict(blocks=("AttR", "AttR"), hidden=PARITY, sparse=True),
    "nonlinear": dict(blocks=("NL", "NL"), structures=[METHANOL, WATER, ATOM, BULK], batch=True, extras=("atomic", "hessian", "edge_forces", "node_feats")),
    "nonlinear_mh1": dict(blocks=("NL", "NL"), readout="bias", heads=["omat", "matpes"], options=dict(MH1, pair_repulsion=True, distance_transform="Agnesi"), structures=[METHANOL, SLAB]),
    "nonlinear_gate": dict(blocks=("NL", "NL"), edit="e3nn_gate", structures=[METHANOL]),
    "nonlinear_omol": dict(blocks=("NL", "NL"), layers=3, hidden="3x0e+3x1o+3x2e", structures=CHARGED,
                           options=dict(apply_cutoff=False, edge_irreps=o3.Irreps("2x0e+2x1o+2x2e"), embedding_specs=SPECS, use_embedding_readout=True)),
    # radial part
    "gaussian": dict(options=dict(radial_type="gaussian")),
    "gaussian_soft": dict(blocks=("RAR", "RAR"), options=dict(radial_type="gaussian", distance_transform="Soft"), structures=[METHANOL, CHAIN]),
    "chebyshev": dict(num_bessel=3, options=dict(radial_type="chebyshev"), structures=[METHANOL, SLAB]),
    "chebyshev_agnesi_zbl": dict(kind="MACE", blocks=("D", "DR"), options=dict(radial_type="chebyshev", distance_transform="Agnesi", pair_repulsion=True), structures=[METHANOL, CLOSE, BULK], extras=("contributions",)),
    "agnesi": dict(options=dict(distance_transform="Agnesi"), structures=[METHANOL, SLAB]),
    "soft_zbl": dict(p=6, options=dict(distance_transform="Soft", pair_repulsion=True), structures=[METHANOL, CLOSE, BULK]),
    "trainable_bessel": dict(edit="trainable_bessel", structures=[METHANOL]),
    "trainable_agnesi": dict(edit="trainable_agnesi", options=dict(distance_transform="Agnesi"), structures=[METHANOL]),
    "trainable_soft": dict(edit="trainable_soft", options=dict(distance_transform="Soft"), structures=[METHANOL]),
    "uncut": dict(options=dict(apply_cutoff=False)),
    # correlation, layers, irreps
    "correlation_1": dict(correlation=1, structures=[METHANOL, SLAB]),
    "correlation_3": dict(blocks=("RAR", "RAR"), correlation=3, extras=("hessian",), structures=[WATER, METHANOL, BULK]),
    "correlation_3_parity": dict(correlation=3, max_ell=1, hidden=PARITY, blocks=("RAR", "RAR")),
    "correlation_4": dict(correlation=4, structures=[METHANOL], layers=1, hidden="2x0e"),
    "correlation_4_l1": dict(correlation=4, max_ell=1, hidden="2x0e+2x1o", blocks=("RAR", "RAR")),
    "correlation_5": dict(correlation=5, max_ell=1, hidden="2x0e", layers=1, structures=[METHANOL]),
    "correlation_list": dict(correlation=[3, 1, 2], layers=3, hidden="2x0e+2x1o", structures=[METHANOL]),
    "layers_1": dict(layers=1, genuine=True, structures=[METHANOL, FAR, BULK]),
    "layers_1_residual": dict(layers=1, blocks=("RAR", "RAR"), kind="MACE", structures=[METHANOL, ATOM, SLAB], extras=("contributions",)),
    "layers_3": dict(layers=3, blocks=("D", "RAR"), structures=[METHANOL, SLAB], extras=("node_feats",)),
    "scalars": dict(hidden="4x0e", blocks=("RAR", "RAR"), structures=[METHANOL, CHAIN]),
    "hidden_l2": dict(hidden="3x0e+3x1o+3x2e", structures=[METHANOL, SLAB], extras=("node_feats",)),
    "l3_hidden_l2": dict(max_ell=3, hidden="2x0e+2x1o+2x2e"),
    "l4": dict(max_ell=4, hidden="2x0e+2x1o", structures=[METHANOL, BULK]),
    "so3": dict(options=dict(use_so3=True), hidden="2x0e+2x1e", structures=[METHANOL, SLAB]),
    "so3_scalars": dict(options=dict(use_so3=True), hidden="3x0e", correlation=3, structures=[METHANOL]),
    # heads and readouts
    "heads_2": dict(kind="MACE", heads=["pt_head", "Default"], structures=[METHANOL, SLAB], extras=("contributions",)),
    "heads_3": dict(heads=["a", "b", "c"], blocks=("RAR", "RAR"), structures=[METHANOL, BULK, ATOM], batch=True),
    "readout_bias": dict(readout="bias", structures=[METHANOL]),
    "readout_tanh": dict(gate="tanh", structures=[METHANOL]),
    "readout_abs": dict(gate="abs", structures=[METHANOL]),
    "readout_linear": dict(gate="None", structures=[METHANOL]),
    "last_readout_only": dict(options=dict(use_last_readout_only=True), structures=[METHANOL]),
    "last_readout_only_3": dict(layers=3, heads=["a", "b"], hidden="2x0e+2x1o", options=dict(use_last_readout_only=True), structures=[METHANOL]),
    "keep_last_irreps": dict(options=dict(keep_last_layer_irreps=True), structures=[METHANOL], extras=("node_feats",)),
    # other options
    "radial_MLP_empty": dict(radial_MLP=[], structures=[METHANOL]),
    "agnostic_product": dict(options=dict(use_agnostic_product=True), structures=[METHANOL]),
    "reduced_cg": dict(correlation=3, options=dict(use_reduced_cg=True), structures=[METHANOL, BULK]),
    "reduced_cg_parity": dict(hidden=PARITY, blocks=("RAR", "RAR"), options=dict(use_reduced_cg=True), structures=[METHANOL]),
    "reduced_cg_4": dict(correlation=4, hidden="2x0e", layers=1, options=dict(use_reduced_cg=True), structures=[METHANOL]),
    "edge_irreps": dict(blocks=("RAR", "RAR"), options=dict(edge_irreps=o3.Irreps("2x0e+2x1o")), structures=[METHANOL]),
    "edge_irreps_first": dict(blocks=("RAR", "DR"), options=dict(edge_irreps=o3.Irreps("2x0e+1x1o"), use_edge_irreps_first=True), structures=[METHANOL, SLAB]),
    "joint_embedding": dict(options=dict(embedding_specs=SPECS), structures=CHARGED, batch=True),
    "joint_embedding_mace": dict(kind="MACE", options=dict(embedding_specs=SPECS, use_embedding_readout=True), structures=CHARGED, extras=("contributions",)),
    "joint_embedding_readout": dict(heads=["a", "b"], options=dict(embedding_specs=SPECS, use_embedding_readout=True), structures=CHARGED),
    "float32": dict(dtype="float32", structures=[METHANOL, BULK], blocks=("RAR", "RAR")),
    "float32_density_zbl": dict(dtype="float32", structures=[SLAB, CLOSE], blocks=("D", "DR"), options=dict(distance_transform="Agnesi", pair_repulsion=True)),
    # file layouts
    "unsorted_elements": dict(elements=[8, 1, 6], layers=1, hidden="2x0e", options=dict(distance_transform="Agnesi", pair_repulsion=True), structures=[METHANOL]),
    "old_layout": dict(edit="old_layout", structures=[METHANOL, SLAB], options=dict(pair_repulsion=True)),
    "avg_num_neighbors": dict(edit="odd_averages", structures=[METHANOL]),
    "half_storages": dict(edit="half", dtype="float32", structures=[METHANOL]),
    "checkpoint": dict(edit="train", structures=[METHANOL, BULK]),
}

# Constructions to try for the record: `--refusals` prints what the reference says.
REFUSALS = {
    "nonlinear, hidden of both parities": dict(blocks=("NL", "NL"), hidden=PARITY),
    "unequal multiplicities in hidden": dict(hidden="4x0e+2x1o"),
    "hidden of unnatural parity 1e only": dict(hidden="2x0e+2x1e"),
    "use_so3 with hidden 1o": dict(hidden="2x0e+2x1o", options=dict(use_so3=True)),
    "edge_irreps with attention": dict(blocks=("AttR", "AttR"), options=dict(edge_irreps=o3.Irreps("2x0e+2x1o")), sparse=True),
    "correlation 4 of both parities": dict(hidden=PARITY, correlation=4, max_ell=1),
    "embedding_readout in bare MACE, two heads": dict(kind="MACE", heads=["a", "b"], options=dict(embedding_specs=SPECS, use_embedding_readout=True), structures=CHARGED),
    "hidden without 0e first": dict(hidden="2x1o+2x0e"),
    "last readout only, bias readout": dict(readout="bias", options=dict(use_last_readout_only=True)),
    "max_ell 0": dict(max_ell=0, hidden="2x0e"),
}

# Larger models for local checks; `--large`.
E0S_3BPA = {1: -13.587222780835477, 6: -1029.4889999855063, 7: -1484.9814568572233, 8: -2041.9816003861047}
E0S_WATER = {1: -13.587222780835477, 8: -2041.9816003861047}
BIG = dict(max_ell=3, correlation=3, r_max=5.0, num_bessel=8, radial_MLP=[64, 64, 64], mlp="16x0e", extras=(), genuine=True)
LARGE = {
    "3bpa_c64_l1": dict(BIG, hidden="64x0e+64x1o", elements=[1, 6, 7, 8], e0s=E0S_3BPA, avg_num_neighbors=15.0, structures="3bpa"),
    "water_c128_l1": dict(BIG, hidden="128x0e+128x1o", elements=[1, 8], e0s=E0S_WATER, avg_num_neighbors=20.0, structures="water"),
}

# ---------------------------------------------------------------------------------------------- building


def build(name, v):
    torch.manual_seed(zlib.crc32(name.encode()))
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    torch.set_default_dtype(getattr(torch, v["dtype"]))
    heads = v["heads"]
    n_heads = len(heads or [0])
    if "e0s" in v:
        e0s = np.array([[v["e0s"][z] for z in v["elements"]]])
    else:
        e0s = rng.uniform(-9.0, -1.0, (n_heads, len(v["elements"]))).round(4)
    arguments = dict(
        r_max=v["r_max"], num_bessel=v["num_bessel"], num_polynomial_cutoff=v["p"], max_ell=v["max_ell"],
        interaction_cls_first=BLOCKS[v["blocks"][0]], interaction_cls=BLOCKS[v["blocks"][1]], num_interactions=v["layers"],
        num_elements=len(v["elements"]), hidden_irreps=o3.Irreps(v["hidden"]), MLP_irreps=o3.Irreps(v["mlp"]), atomic_energies=e0s,
        avg_num_neighbors=v["avg_num_neighbors"], atomic_numbers=v["elements"], correlation=v["correlation"], gate=GATES[v["gate"]],
        radial_MLP=v["radial_MLP"], heads=heads, readout_cls=READOUTS[v["readout"]],
    ) | dict(use_reduced_cg=False) | v["options"]
    if v["kind"] == "ScaleShiftMACE":
        arguments |= dict(atomic_inter_scale=rng.uniform(0.5, 1.3, n_heads).round(4), atomic_inter_shift=rng.uniform(-0.4, 0.4, n_heads).round(4))
    model = getattr(modules, v["kind"])(**arguments)
    if "e0s" not in v:
        randomise(model)
        if v["sparse"]:
            sparse_att(model)
        moderate(model, v["structures"][0])
        coarsen(model)
    if v["edit"]:
        model = EDITS[v["edit"]](model) or model
    return model


@torch.no_grad()
def randomise(model):
    """Nothing at the value it starts from, and every order of the products of comparable weight."""
    for module in model.modules():
        if isinstance(module, Contraction):
            for w in [module.weights_max, *module.weights]:
                w *= w.shape[1] ** 0.5
        elif isinstance(module, BLOCKS["NL"]):
            module.alpha.fill_(3.0 + torch.rand(()).item())
            module.beta.fill_(0.4 + torch.rand(()).item())
            module.source_embedding.weight.normal_()
            module.target_embedding.weight.normal_()
        elif isinstance(module, torch.nn.LayerNorm):
            module.weight.normal_(1.0, 0.3)
            module.bias.normal_(0.0, 0.3)
        elif isinstance(module, o3.Linear) and module.bias.numel():
            module.bias.normal_(0.0, 0.4)
        elif hasattr(module, "density_fn") and isinstance(module.density_fn, e3nn_nn.FullyConnectedNet):
            module.density_fn.layer0.weight *= 3.0
    for interaction in model.interactions:  # the radial functions are small and should tell in the forces
        if isinstance(interaction.conv_tp_weights, e3nn_nn.FullyConnectedNet):
            interaction.conv_tp_weights.layer0.weight[: model.radial_embedding.out_dim] *= 3.0


def moderate(model, structure):
    """Forces of order 1 eV/A on the first structure, by the strength of messages and products."""
    knobs = [p for n, p in model.named_parameters() if n.startswith("products.") and ".weights" in n and p.requires_grad]
    knobs += [getattr(i, "linear_1", None) or i.linear for i in model.interactions]
    knobs = [getattr(k, "weight", k) for k in knobs]
    for _ in range(60):
        largest = model(collate(model, [structure], [None]))["forces"].abs().max().item()
        if 0.5 < largest < 8.0:
            return
        for w in knobs:
            w.data *= 0.85 if largest > 1.0 else 1.15


@torch.no_grad()
def coarsen(model):
    """Weights in steps of 1/1024 compress to a third; what is computed with them has all its digits."""
    for p in model.parameters():
        p.copy_(torch.where(p.abs() < 1 / 64, torch.round(p * 65536) / 65536, torch.round(p * 1024) / 1024))


@torch.no_grad()
def sparse_att(model):
    """The attention block's radial network is 256 wide whatever the model; few weights, in coarse steps, keep the file small."""
    density = 0.015
    for interaction in model.interactions:
        for layer in interaction.conv_tp_weights:
            w = layer.weight
            keep = torch.rand(w.shape) < density
            if w is interaction.conv_tp_weights.layer0.weight:
                keep[: model.radial_embedding.out_dim] = True
            w.copy_(torch.where(keep, torch.round(w / density**0.5 * 16) / 16, 0.0))


def e3nn_gate(model):
    """mace-torch up to 0.3.15 had e3nn's Gate where 0.3.16 has its own class."""
    for interaction in model.interactions:
        g = interaction.equivariant_nonlin
        interaction.equivariant_nonlin = e3nn_nn.Gate(
            g.irreps_scalars, [torch.nn.functional.silu for _ in g.irreps_scalars],
            g.irreps_gates, [torch.nn.functional.sigmoid] * len(g.irreps_gates), g.irreps_gated)


@torch.no_grad()
def trainable_bessel(model):
    fn = radial.BesselBasis(r_max=float(model.r_max), num_basis=len(model.radial_embedding.bessel_fn.bessel_weights), trainable=True)
    fn.bessel_weights += 0.1 * torch.randn(fn.bessel_weights.shape)
    model.radial_embedding.bessel_fn = fn


@torch.no_grad()
def trainable_agnesi(model):
    model.radial_embedding.distance_transform = transform = radial.AgnesiTransform(trainable=True)
    for p in transform.parameters():
        p *= 1.1


@torch.no_grad()
def trainable_soft(model):
    model.radial_embedding.distance_transform = transform = radial.SoftTransform(trainable=True)
    transform.alpha *= 0.9


def odd_averages(model):
    model.interactions[0].avg_num_neighbors = np.float64(3.75)
    model.interactions[1].avg_num_neighbors = torch.tensor(5.125)


def half(model):
    for interaction in model.interactions:
        for p in interaction.parameters():
            p.data = p.data.half()
    for p in model.products.parameters():
        p.data = p.data.bfloat16()


def old_layout(model):
    """As mace-torch 0.3.5 and torch 1.13 would have left it (see the version table of the specification)."""
    def drop(module, *names):
        for name in names:
            module.__dict__.pop(name, None)
            module._buffers.pop(name, None)

    drop(model, "heads", "apply_cutoff", "edge_irreps", "use_reduced_cg", "use_agnostic_product", "use_so3", "use_last_readout_only",
         "use_edge_irreps_first", "lammps_mliap")
    model.atomic_energies_fn.atomic_energies = model.atomic_energies_fn.atomic_energies[0].clone()
    for name in ("scale", "shift"):
        setattr(model.scale_shift, name, getattr(model.scale_shift, name)[0].clone())
    embedding = model.radial_embedding
    drop(embedding, "apply_cutoff")
    embedding.cutoff_fn.p = embedding.cutoff_fn.p.to(torch.get_default_dtype())
    zbl = model.pair_repulsion_fn
    zbl.register_buffer("r_max", model.r_max.clone())
    zbl.cutoff = radial.PolynomialCutoff(float(model.r_max), 5)
    zbl.cutoff.p = zbl.cutoff.p.to(torch.get_default_dtype())
    zbl.p = zbl.p.to(torch.get_default_dtype())
    for interaction in model.interactions:
        drop(interaction, "edge_irreps", "cueq_config", "oeq_config")
        drop(interaction.reshape, "cueq_config")
        linear = o3.Linear(interaction.linear.irreps_in.simplify(), interaction.linear.irreps_out)
        linear.weight.data = interaction.linear.weight.data
        interaction.linear = linear
    for product in model.products:
        drop(product, "use_agnostic_product", "cueq_config")
        for contraction in product.symmetric_contractions.contractions:
            drop(contraction, *[n for n in list(contraction._buffers) if n.endswith("_zeroed")])
    for readout in model.readouts:
        drop(readout, "num_heads")
    for module in model.modules():
        if not isinstance(module, torch.jit.ScriptModule):
            for name in ("_parameters", "_buffers", "_modules"):
                module.__dict__[name] = collections.OrderedDict(module.__dict__[name])


TRAINING = argparse.Namespace(
    lr=0.01, lr_params_factors="{}", freeze=None, weight_decay=5e-7, amsgrad=True, beta=0.9, optimizer="adam",
    scheduler="ReduceLROnPlateau", lr_factor=0.8, scheduler_patience=50)


def train(model):
    """Three steps with mace's own parameter groups, so that the optimiser has a state; their outcome goes to CHECKPOINT, not into the model."""
    options = get_params_options(TRAINING, model)
    for group in options["params"]:
        group["params"] = list(group["params"])
    optimizer = torch.optim.Adam(**options)
    scheduler = LRScheduler(optimizer, TRAINING)
    for step in range(3):
        training_step(model, optimizer)
        scheduler.step(metrics=1.0 / (step + 1))
    checkpoint = CheckpointBuilder.create_checkpoint(CheckpointState(model, optimizer, scheduler))
    buffer = io.BytesIO()
    torch.save(checkpoint, buffer)
    before = {k: p.detach().clone() for k, p in model.named_parameters()}
    loss = training_step(model, optimizer)
    CHECKPOINT.update(
        bytes=buffer.getvalue(),
        json=dict(
            file="checkpoint.pt", labels=LABELS,
            loss="mean over structures of ((E - energy) / atoms)^2 + 100 * mean over components of (F - forces)^2",
            parameter_groups=[dict(name=g["name"], lr=g["lr"], weight_decay=g["weight_decay"], params=len(g["params"])) for g in optimizer.param_groups],
            next_step=dict(loss=loss, parameters={k: numbers(p.flatten()) for k, p in model.named_parameters()}),
        ))
    with torch.no_grad():
        for k, p in model.named_parameters():
            p.copy_(before[k])
            p.grad = None


LABELS = [  # for METHANOL and BULK
    dict(energy=-30.0, forces=[[0.1 * i - 0.2 * c for c in range(3)] for i in range(6)]),
    dict(energy=-14.0, forces=[[0.2 * c - 0.1 * i for c in range(3)] for i in range(3)]),
]
CHECKPOINT = {}


def training_step(model, optimizer):
    optimizer.zero_grad()
    out = model(collate(model, DEFAULT["structures"], [None, None]), training=True)
    energy = torch.tensor([label["energy"] for label in LABELS])
    forces = torch.cat([torch.tensor(label["forces"]) for label in LABELS])
    sizes = torch.tensor([6.0, 3.0])
    loss = torch.mean(((out["energy"] - energy) / sizes) ** 2) + 100 * torch.mean((out["forces"] - forces) ** 2)
    loss.backward()
    optimizer.step()
    return loss.item()


EDITS = {f.__name__: f for f in (e3nn_gate, trainable_bessel, trainable_agnesi, trainable_soft, odd_averages, half, old_layout, train)}

# ---------------------------------------------------------------------------------------------- files

_getstate = CodeGenMixin.__getstate__


def _slim_getstate(self):
    """e3nn keeps a TorchScript archive inside each module; its debug records are most of a small model's size."""
    state = _getstate(self)
    for key, blob in state.get("__codegen__", {}).items():
        slim = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(blob)) as source, zipfile.ZipFile(slim, "w", zipfile.ZIP_STORED) as target:
            for entry in source.namelist():
                if not entry.endswith(".debug_pkl"):
                    target.writestr(zipfile.ZipInfo(entry), source.read(entry))
        state["__codegen__"][key] = slim.getvalue()
    return state


def save(name, v, model):
    """The bytes of NAME.model, and the model that those bytes load as."""
    CodeGenMixin.__getstate__ = _getstate if v["genuine"] else _slim_getstate
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, name + ".model")
        lists = [m for m in model.modules() if isinstance(m, torch.nn.ParameterList)] if v["edit"] == "old_layout" else []
        for m in lists:  # older torch kept no _size
            del m.__dict__["_size"]
        torch.save(model, path)
        for m in lists:
            m._size = len(m._parameters)
        content = path.read_bytes()
        if v["edit"] == "old_layout":
            content = old_zip(content)
    loaded = torch.load(io.BytesIO(content), map_location="cpu")
    for m in loaded.modules():
        if isinstance(m, torch.nn.ParameterList):
            m._size = len(m._parameters)
    return content, loaded


def old_zip(content):
    """Without the records that torch before 2.1 did not write, and without alignment."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as target:
        for entry in source.namelist():
            if not entry.endswith((".format_version", ".storage_alignment", "byteorder", "serialization_id")):
                target.writestr(zipfile.ZipInfo(entry), source.read(entry))
    return out.getvalue()


def write(folder, name, content, compress=True):
    if not compress:
        pathlib.Path(folder, name).write_bytes(content)
        return len(content)
    packed = gzip.compress(content, 9, mtime=0)
    pathlib.Path(folder, name + ".gz").write_bytes(packed)
    return len(packed)


# ---------------------------------------------------------------------------------------------- evaluating


def numbers(x):
    return x.detach().to(torch.float64 if x.is_floating_point() else x.dtype).tolist()


def atomic_data(model, structure, head, heads):
    configuration = data.Configuration(
        atomic_numbers=np.array(structure["numbers"]), positions=np.array(structure["positions"], dtype=float),
        properties=dict(structure.get("features", {})), property_weights={},
        cell=np.array(structure.get("cell", np.zeros((3, 3))), dtype=float), pbc=tuple(structure.get("pbc", (False,) * 3)), head=head or heads[0])
    configuration.properties = {k: np.array(x) for k, x in configuration.properties.items()}
    return data.AtomicData.from_config(
        configuration, z_table=AtomicNumberTable([int(z) for z in model.atomic_numbers]), cutoff=float(model.r_max), heads=heads)


def collate(model, structures, chosen_heads):
    heads = getattr(model, "heads", ["Default"])
    items = [atomic_data(model, s, h, heads) for s, h in zip(structures, chosen_heads)]
    return next(iter(torch_geometric.dataloader.DataLoader(dataset=items, batch_size=len(items), shuffle=False))).to_dict()


def evaluate(model, structure, head, extras, intermediates):
    """One structure, in the layout of the shared fixtures."""
    batch = collate(model, [structure], [head])
    result = dict(head=head) if head else {}
    result |= dict(
        numbers=structure["numbers"], positions=structure["positions"], cell=structure.get("cell", [[0.0] * 3] * 3),
        pbc=structure.get("pbc", [False] * 3), edge_index=numbers(batch["edge_index"]), unit_shifts=numbers(batch["unit_shifts"]),
        extended_cell=numbers(batch["cell"]))
    if "features" in structure:
        result["features"] = structure["features"]

    record, hooks = {}, []
    def watch(name, module, first=None):
        def hook(_, __, output):
            outputs = output if isinstance(output, tuple) else (output,)
            for suffix, x in zip(("", ".second"), outputs):
                if x is not None:
                    record[name + suffix] = numbers(x if first is None else x[:first])
        hooks.append(module.register_forward_hook(hook))
    if intermediates:
        for name in ("node_embedding", "joint_embedding", "embedding_readout", "pair_repulsion_fn"):
            if hasattr(model, name):
                watch(name, getattr(model, name))
        watch("spherical_harmonics", model.spherical_harmonics, 6)
        watch("radial_embedding", model.radial_embedding, 6)
        for group in ("interactions", "products", "readouts"):
            for k, module in enumerate(getattr(model, group)):
                watch(f"{group}.{k}", module)
    periodic = any(structure.get("pbc", [False]))
    out = model(
        batch, compute_stress=periodic, compute_virials=periodic, compute_hessian="hessian" in extras and len(structure["numbers"]) <= 3 and not periodic,
        compute_edge_forces="edge_forces" in extras or "atomic" in extras, compute_atomic_stresses="atomic" in extras)
    for h in hooks:
        h.remove()

    energy = out["energy"][0]
    inter = out["interaction_energy"][0] if "interaction_energy" in out else energy - out["contributions"][0, 0]
    result |= dict(energy=numbers(energy), interaction_energy=numbers(inter), node_energy=numbers(out["node_energy"]), forces=numbers(out["forces"]))
    if periodic:
        result |= dict(stress=numbers(out["stress"][0]), virials=numbers(out["virials"][0]))
    if "edge_forces" in extras:
        result["edge_forces"] = numbers(out["edge_forces"])
    if "atomic" in extras:
        result["atomic_virials"] = numbers(out["atomic_virials"])
        if periodic:
            result["atomic_stresses"] = numbers(out["atomic_stresses"])
    if out["hessian"] is not None:
        result["hessian"] = numbers(out["hessian"])
    if "node_feats" in extras:
        result["node_feats"] = numbers(out["node_feats"])
    if "contributions" in extras:
        result["contributions"] = numbers(out["contributions"][0])
    if intermediates:
        names = {"radial_embedding.second": "cutoff"} | {f"interactions.{t}.second": f"sc.{t}" for t in range(9)}
        result["intermediates"] = {names.get(k, k): x for k, x in record.items()}
    return result


def evaluate_all(model, v, intermediates):
    heads = v["heads"] or [None]
    return [evaluate(model, s, h, v["extras"], intermediates and h == heads[0] and k < 2) for k, s in enumerate(v["structures"]) for h in heads]


def evaluate_batch(model, v, single):
    """All of them (with every head) in one graph: what comes out must be what each gives alone."""
    heads = v["heads"] or [None]
    pairs = [(s, h) for s in v["structures"] for h in heads]
    out = model(collate(model, *zip(*pairs)), compute_stress=True, compute_virials=True)
    energies = torch.tensor([s["energy"] for s in single])
    forces = torch.cat([torch.tensor(s["forces"]) for s in single])
    assert torch.allclose(out["energy"], energies, atol=1e-10) and torch.allclose(out["forces"], forces, atol=1e-10)
    return dict(energy=numbers(out["energy"]), forces=numbers(out["forces"]), stress=numbers(out["stress"]))


def make(folder, name, v, compress=True):
    CHECKPOINT.clear()
    model = build(name, v)
    content, model = save(name, v, model)
    versions = f"mace-torch 0.3.16, e3nn {__import__('e3nn').__version__}, torch {torch.__version__.split('+')[0]}"
    # nothing of a model of half-precision parameters is computed in that precision: its weights are widened first
    if v["edit"] == "half":
        torch.set_default_dtype(torch.float64)
        model = model.double()
    result = dict(about=f"reference outputs: {versions}", kind=v["kind"], dtype="mixed" if v["edit"] == "half" else v["dtype"])
    result["head"] = (v["heads"] or ["Default"])[0]
    if v["heads"]:
        result["heads"] = v["heads"]
    if "embedding_specs" in v["options"]:
        result["embedding_specs"] = v["options"]["embedding_specs"]
    intermediates = v["layers"] <= 2 and "e0s" not in v
    result["structures"] = evaluate_all(model, v, intermediates)
    if v["batch"]:
        result["batch"] = evaluate_batch(model, v, result["structures"])
    if v["dtype"] == "float32" and v["edit"] != "half":
        torch.set_default_dtype(torch.float64)
        wide = evaluate_all(model.double(), v, intermediates)
        for s, w in zip(result["structures"], wide):
            s["float64"] = {k: x for k, x in w.items() if k not in ("head", "numbers", "positions", "cell", "pbc", "edge_index", "unit_shifts", "extended_cell")}
    if CHECKPOINT:
        result["checkpoint"] = CHECKPOINT["json"]
        write(folder, name + ".pt", CHECKPOINT["bytes"], compress)
    sizes = [write(folder, name + ".model", content, compress), write(folder, name + ".json", json.dumps(result, separators=(",", ":")).encode(), compress)]
    show = result["structures"][0]
    print(f"{name:26} model {sizes[0]:8} json {sizes[1]:7}  E {show['energy']:12.5f}  inter {[round(s['interaction_energy'], 3) for s in result['structures']]}"
          f"  max|F| {max(max(map(abs, f)) for f in show['forces']):.3g}", flush=True)


def refusals():
    for name, changes in REFUSALS.items():
        v = DEFAULT | changes
        try:
            _, model = save("refusal", v, build(name, v))
            evaluate_all(model, v, False)
            print(f"{name}: accepted")
        except Exception as error:  # whatever it is, it is the answer
            print(f"{name}: {type(error).__name__}: {str(error).strip().splitlines()[-1]}")


def large_structures(which, xyz):
    if which == "3bpa":
        frames = [ase.io.read(xyz, i) for i in (0, 100)]
        return [dict(numbers=f.numbers.tolist(), positions=f.positions.tolist()) for f in frames]
    rng = np.random.default_rng(7)  # 16 water molecules on a grid, turned at random, in a slightly skewed box
    shape, side = np.array(WATER["positions"]), 3.4
    positions = []
    for k in range(16):
        q, _ = np.linalg.qr(rng.normal(size=(3, 3)))
        positions += (shape @ q + side * np.array([k % 2, k // 2 % 2, k // 4]) + rng.normal(size=3) * 0.1).tolist()
    return [dict(numbers=[8, 1, 1] * 16, positions=positions, cell=[[2 * side, 0.0, 0.0], [0.5, 2 * side, 0.0], [0.0, 0.3, 4 * side]], pbc=[True] * 3)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", default=pathlib.Path(__file__).parent / "fixtures", type=pathlib.Path)
    parser.add_argument("--only", action="append", help="a variant's name; may be repeated")
    parser.add_argument("--refusals", action="store_true")
    parser.add_argument("--large", type=pathlib.Path, help="folder for the larger set")
    parser.add_argument("--xyz", help="3BPA frames, for --large")
    args = parser.parse_args()
    torch.set_num_threads(1)
    if args.refusals:
        return refusals()
    folder = args.large or args.out
    folder.mkdir(parents=True, exist_ok=True)
    for name, changes in (LARGE if args.large else VARIANTS).items():
        if args.only and name not in args.only:
            continue
        v = DEFAULT | changes
        if isinstance(v["structures"], str):
            v["structures"] = large_structures(v["structures"], args.xyz)
        make(folder, name, v, compress=not args.large)


if __name__ == "__main__":
    main()
