#!/usr/bin/env python3
"""Python libraries as opponents of the benchmark: one process, one environment, driven over standard input.

Each line read is a JSON command, each line written its answer:

    {"cmd": "build", "case": "A1", "dtype": "f32", "folder": "/tmp/x"}   makes inputs, writes them and every library's outputs as raw arrays
    {"cmd": "sample", "lib": "...", "pass": "fwd", "count": 3}           runs a pass and answers with milliseconds
    {"cmd": "drop"}                                                       forgets the case
    {"cmd": "quit"}

Passes: fwd; fb = forward and the gradients of every differentiable input; db = fb and the gradient of those gradients; ef = energy
and forces; step = one optimiser step. Random inputs come from fixed seeds. glibc is told to keep freed memory, which makes torch up
to three times faster on large cases: the fair opponent.

With --device cuda torch's libraries run on the first GPU, by their own kernels; a sample of fwd, fb and db is then the mean of as many
calls as fill some milliseconds, between two synchronisations. Arrays of more than MOST elements are written in part: inputs repeat the
part, of outputs it is what is compared.
"""
import argparse, gc, gzip, importlib, json, math, os, re, sys, time, warnings

ap = argparse.ArgumentParser()
ap.add_argument("--threads", type=int, default=2)
ap.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
ap.add_argument("--models", required=True, help="folder with aspirin_l0_c32.model and aspirin_l1_c64.model")
ap.add_argument("--structures", required=True, help="extended XYZ with aspirin, energies and forces")
args = ap.parse_args()

KEEP = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": "20000000000", "MALLOC_TOP_PAD_": "268435456"}
if any(os.environ.get(k) != v for k, v in KEEP.items()):
    os.execve(sys.executable, [sys.executable] + sys.argv, {**os.environ, **KEEP})
for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[name] = str(args.threads)
os.environ["TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD"] = "1"
DEVICE = args.device
if DEVICE == "cpu":
    os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.environ["JAX_PLATFORMS"] = "cpu"
os.environ.setdefault("CUEX_WARN", "0")
warnings.filterwarnings("ignore")
import logging

logging.disable(logging.WARNING)
answers = os.fdopen(os.dup(1), "w", buffering=1)
os.dup2(2, 1)  # whatever libraries print goes to standard error
import numpy as np


def have(*names):
    try:
        for name in names:
            importlib.import_module(name)
        return True
    except Exception:
        return False


torch = importlib.import_module("torch") if have("torch") else None
jax = importlib.import_module("jax") if DEVICE == "cpu" and have("jax") else None
if torch is not None:
    torch.set_num_threads(args.threads)
if jax is not None:
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
NP = {"f32": np.float32, "f64": np.float64}
MOST = 2**24
# What cuequivariance_torch is asked for: on a GPU its own choice.
METHOD = {"method": "naive"} if DEVICE == "cpu" else {}


def synchronize():
    if DEVICE == "cuda":
        torch.cuda.synchronize()


def normals(r, *shape, dtype):
    """Standard normal numbers; large arrays repeat their first MOST elements."""
    size = math.prod(shape)
    if size <= MOST:
        return r.standard_normal(shape).astype(dtype)
    return np.resize(r.standard_normal(MOST).astype(dtype), size).reshape(shape)


class Case:
    """Inputs of a case, and what the libraries make of them: passes by (library, pass), each a function without arguments."""

    def __init__(self, name, dtype, folder):
        self.name, self.dtype, self.folder = name, dtype, folder
        self.arrays, self.passes, self.meta, self.errors = {}, {}, {}, {}

    def write(self, name, array, shape=None):
        """All of it, or the first elements of an array of another shape."""
        array = np.ascontiguousarray(array)
        array.reshape(-1)[:MOST].tofile(os.path.join(self.folder, name + ".bin"))
        self.arrays[name] = {"dtype": str(array.dtype), "shape": shape or list(array.shape)}

    def cotangents(self, g, vs):
        """What gradients are multiplied with, for the other side."""
        self.write("g", g)
        for k, v in enumerate(vs):
            self.write(f"v{k}", v)

    def add(self, lib, what, f, outputs=None):
        """Runs it once; outputs() gives the arrays to compare, after that run."""
        f()
        if outputs is not None:
            for k, value in enumerate(outputs()):
                first = value.detach().reshape(-1)[:MOST].cpu().numpy() if torch is not None and isinstance(value, torch.Tensor) else np.asarray(value)
                self.write(f"{lib}.{what}.{k}", first, list(np.shape(value) if torch is None else value.shape))
        self.passes[(lib, what)] = f

    def attempt(self, lib, build):
        try:
            build()
        except Exception as e:
            self.errors[lib] = f"{type(e).__name__}: {str(e).strip().splitlines()[0] if str(e).strip() else ''}"[:300]


def tensor(x, grad=False):
    return torch.from_numpy(np.array(x)).to(DEVICE).requires_grad_(grad)


def torch_passes(case, lib, f, inputs, passes, compare=True):
    """f(*inputs) → tensor, differentiated by the inputs that require it; cotangents come from a fixed seed."""
    kept = {}
    diff = [t for t in inputs if t.requires_grad]
    with torch.no_grad():
        shape = f(*inputs).shape
    g = tensor(normals(np.random.default_rng(11), *shape, dtype=NP[case.dtype]), True)
    r = np.random.default_rng(12)
    vs = [tensor(normals(r, *t.shape, dtype=NP[case.dtype])) for t in diff] if "db" in passes else []
    if compare:
        case.cotangents(g.detach().cpu().numpy(), [v.cpu().numpy() for v in vs])

    def fwd():
        with torch.no_grad():
            kept["fwd"] = [f(*inputs)]

    def fb():
        y = f(*inputs)
        kept["fb"] = [y, *torch.autograd.grad(y, diff, g)]

    def db():
        g1 = torch.autograd.grad(f(*inputs), diff, g, create_graph=True)
        kept["db"] = [*g1, *torch.autograd.grad(g1, diff + [g], vs, allow_unused=True)]

    for what in passes:
        case.add(lib, what, {"fwd": fwd, "fb": fb, "db": db}[what], (lambda what=what: kept[what]) if compare else None)
        kept.clear()


def jax_passes(case, lib, f, diff, passes):
    """f(*diff) → array. Every pass returns all it computes: otherwise the compiler drops the forward pass from a gradient."""
    kept = {}
    shape = jax.eval_shape(f, *diff).shape
    g = jnp.asarray(np.random.default_rng(11).standard_normal(shape).astype(NP[case.dtype]))
    r = np.random.default_rng(12)
    vs = tuple(jnp.asarray(r.standard_normal(t.shape).astype(NP[case.dtype])) for t in diff)
    case.cotangents(np.asarray(g), [np.asarray(v) for v in vs])

    def first(d, g):
        y, pull = jax.vjp(f, *d)
        return y, pull(g)

    def second(d, g, v):
        (y, g1), pull = jax.vjp(first, d, g)
        dd, dg = pull((jnp.zeros_like(y), v))
        return (*g1, *dd, dg)

    jf, jb, jd = jax.jit(f), jax.jit(first), jax.jit(second)

    def fwd():
        kept["fwd"] = [jax.block_until_ready(jf(*diff))]

    def fb():
        y, gs = jax.block_until_ready(jb(tuple(diff), g))
        kept["fb"] = [y, *gs]

    def db():
        kept["db"] = list(jax.block_until_ready(jd(tuple(diff), g, vs)))

    for what in passes:
        case.add(lib, what, {"fwd": fwd, "fb": fb, "db": db}[what], lambda what=what: kept[what])
        kept.clear()


HARMONICS = "0e+1o+2e+3o"


def multiplicity(name, usual):
    """The number behind the m of a name."""
    found = re.search(r"m(\d+)", name)
    return int(found[1]) if found else usual


def scale(name):
    """How many times the usual number of rows: the number behind the x of a name."""
    found = re.search(r"x(\d+)$", name)
    return int(found[1]) if found else 1


def convolution(case):
    base = re.match(r"A\d", case.name)[0]
    mul = multiplicity(case.name, 32 if base == "A4" else 128)
    degrees = {"A2": ["0e"], "A3": ["0e", "1o", "2e"]}.get(base, ["0e", "1o"])
    features = "+".join(f"{mul}x{d}" for d in degrees)
    nodes, edges = (21, 420) if base == "A5" else (500 * scale(case.name), 25000 * scale(case.name))
    paths, width = {"A2": (4, 1), "A3": (17, 9)}.get(base, (10, 4))
    r = np.random.default_rng(1)
    x, y, w = [normals(r, *s, dtype=NP[case.dtype]) for s in ((nodes, mul * width), (edges, 16), (edges, paths * mul))]
    senders, receivers = r.integers(0, nodes, edges), np.sort(r.integers(0, nodes, edges))
    for name, array in (("features", x), ("harmonics", y), ("weights", w)):
        case.write(name, array)
    case.write("senders", senders.astype(np.int32))
    case.write("receivers", receivers.astype(np.int32))
    target = HARMONICS.split("+")
    passes = ["fwd", "fb"] + (["db"] if base == "A5" or DEVICE == "cuda" else [])
    if base == "A1" and "m" in case.name:
        return  # time per channel of our own only
    if torch is not None:
        X, Y, W = tensor(x, True), tensor(y, True), tensor(w, True)
        S, D = tensor(senders), tensor(receivers)
        torch.set_default_dtype(X.dtype)

        def cuet():
            import cuequivariance as cue, cuequivariance_torch as cuet

            e = cue.descriptors.channelwise_tensor_product(cue.Irreps(cue.O3, features), cue.Irreps(cue.O3, HARMONICS), [cue.O3.from_string(t) for t in target])
            # NVIDIA's kernels want one mode
            p = e.polynomial if DEVICE == "cpu" else e.polynomial.flatten_coefficient_modes().squeeze_modes()
            m = cuet.SegmentedPolynomial(p, math_dtype=X.dtype, method="naive" if DEVICE == "cpu" else "uniform_1d").to(DEVICE)
            like = torch.empty((nodes, 1), device=DEVICE)
            torch_passes(case, "cuequivariance-torch", lambda w, x, y: m([w, x, y], {1: S}, {0: like}, {0: D})[0], [W, X, Y], passes)

        def e3nn():
            from e3nn import o3

            first, second, outs, instructions = o3.Irreps(features), o3.Irreps(HARMONICS), [], []
            for i, (m, a) in enumerate(first):
                for j, (_, b) in enumerate(second):
                    for c in a * b:
                        if str(c) in target:
                            instructions.append((i, j, len(outs), "uvu", True))
                            outs.append((m, c))
            outs, perm, _ = o3.Irreps(outs).sort()
            instructions = sorted([(i, j, perm[k], m, t) for i, j, k, m, t in instructions], key=lambda ins: ins[2])
            tp = o3.TensorProduct(first, second, outs, instructions, shared_weights=False, internal_weights=False).to(DEVICE)

            def f(w, x, y):
                m = tp(x[S], y, w)
                return torch.zeros((nodes, m.shape[1]), dtype=m.dtype, device=DEVICE).index_add(0, D, m)

            def fused():
                import openequivariance as oeq

                problem = oeq.TPProblem(oeq.Irreps(features), oeq.Irreps(HARMONICS), oeq.Irreps(str(outs)), instructions, shared_weights=False, internal_weights=False, irrep_dtype=NP[case.dtype], weight_dtype=NP[case.dtype])
                conv = oeq.TensorProductConv(problem, deterministic=False)
                torch_passes(case, "openequivariance", lambda w, x, y: conv(x, y, w, D, S), [W, X, Y], passes, compare=False)

            if DEVICE == "cuda" and have("openequivariance"):
                case.attempt("openequivariance", fused)

            torch_passes(case, "e3nn", f, [W, X, Y], passes, compare=False)  # another layout

        case.attempt("cuequivariance-torch", cuet)
        case.attempt("e3nn", e3nn)
    if jax is not None and case.name == "A5":
        def cuex():
            import cuequivariance as cue, cuequivariance_jax as cuex

            p = cue.descriptors.channelwise_tensor_product(cue.Irreps(cue.O3, features), cue.Irreps(cue.O3, HARMONICS), [cue.O3.from_string(t) for t in target]).polynomial
            S, D = jnp.asarray(senders), jnp.asarray(receivers)
            f = lambda w, x, y: cuex.segmented_polynomial(p, [w, x, y], [jax.ShapeDtypeStruct((nodes, p.outputs[0].size), x.dtype)], [None, S, None, D], method="naive")[0]
            jax_passes(case, "cuequivariance-jax", f, [jnp.asarray(w), jnp.asarray(x), jnp.asarray(y)], passes)

        case.attempt("cuequivariance-jax", cuex)


def contraction(case):
    nodes, mul = 21 if case.name.startswith("B21") else 500 * scale(case.name), multiplicity(case.name, 128)
    out = "+".join(f"{mul}x{d}" for d in (["0e", "1o", "2e"] if "d" in case.name else ["0e", "1o"]))
    r = np.random.default_rng(2)
    x = r.standard_normal((nodes, 16 * mul)).astype(NP[case.dtype])
    species = r.integers(0, 10, nodes).astype(np.int32)
    case.write("features", x)
    case.write("species", species)
    if DEVICE == "cuda":
        def cuet():
            import cuequivariance as cue, cuequivariance_torch as cuet

            X = tensor(x, True)
            torch.set_default_dtype(X.dtype)
            e = cue.descriptors.symmetric_contraction(cue.Irreps(cue.O3, f"{mul}x0e+{mul}x1o+{mul}x2e+{mul}x3o"), cue.Irreps(cue.O3, out), (1, 2, 3))
            p = (e[0] if isinstance(e, tuple) else e).polynomial
            w = r.standard_normal((10, p.inputs[0].size)).astype(NP[case.dtype])
            case.write("weights", w)
            m = cuet.SegmentedPolynomial(p.flatten_coefficient_modes().squeeze_modes(), math_dtype=X.dtype, method="uniform_1d").to(DEVICE)
            S = tensor(species)
            torch_passes(case, "cuequivariance-torch", lambda w, x: m([w, x], {0: S})[0], [tensor(w, True), X], ["fwd", "fb"])

        case.attempt("cuequivariance-torch", cuet)
    if jax is None:
        return

    def cuex():
        import cuequivariance as cue, cuequivariance_jax as cuex

        e = cue.descriptors.symmetric_contraction(cue.Irreps(cue.O3, f"{mul}x0e+{mul}x1o+{mul}x2e+{mul}x3o"), cue.Irreps(cue.O3, out), (1, 2, 3))
        p = (e[0] if isinstance(e, tuple) else e).polynomial
        w = r.standard_normal((10, p.inputs[0].size)).astype(NP[case.dtype])
        case.write("weights", w)
        S = jnp.asarray(species)
        f = lambda w, x: cuex.segmented_polynomial(p, [w, x], [jax.ShapeDtypeStruct((nodes, p.outputs[0].size), x.dtype)], [S, None, None], method="naive")[0]
        jax_passes(case, "cuequivariance-jax", f, [jnp.asarray(w), jnp.asarray(x)], ["fwd", "fb"])

    case.attempt("cuequivariance-jax", cuex)


def linear(case):
    nodes, mul, plainly = 5000 * scale(case.name), multiplicity(case.name, 128), case.name[0] == "C"
    irreps = f"{mul}x0e+{mul}x1o" + (f"+{mul}x2e+{mul}x3o" if plainly else "")
    blocks = 4 if plainly else 2
    r = np.random.default_rng(3)
    x = normals(r, nodes, mul * blocks * blocks, dtype=NP[case.dtype])
    species = np.sort(r.integers(0, 10, nodes)).astype(np.int32)
    w = r.standard_normal((1 if plainly else 10, blocks * mul * mul)).astype(NP[case.dtype])
    case.write("features", x)
    case.write("weights", w)
    case.write("species", species)
    if torch is None:
        return
    X, W = tensor(x, True), tensor(w, True)
    passes = ["fwd", "fb"] + (["db"] if DEVICE == "cuda" and plainly else [])
    torch.set_default_dtype(X.dtype)
    import cuequivariance as cue, cuequivariance_torch as cuet

    I = cue.Irreps(cue.O3, irreps)

    def plain():
        m = cuet.Linear(I, I, layout=cue.ir_mul, dtype=X.dtype, math_dtype=X.dtype, internal_weights=False, shared_weights=True, device=DEVICE, **METHOD)
        torch_passes(case, "cuequivariance-torch", lambda w, x: m(x, weight=w), [W, X], passes)

    def products():
        cut = np.cumsum([0] + [mul * (2 * l + 1) for l in range(blocks)]).tolist()

        def f(w, x):
            parts = []
            for l in range(blocks):
                block = w[0, l * mul * mul : (l + 1) * mul * mul].view(mul, mul) * mul**-0.5
                parts.append((x[:, cut[l] : cut[l + 1]].reshape(-1, mul) @ block).view(x.shape[0], -1))
            return torch.cat(parts, 1)

        torch_passes(case, "torch products", f, [W, X], passes)

    def indexed():
        chosen = {"math_dtype": X.dtype, **METHOD} if DEVICE == "cpu" else {"method": "indexed_linear"}
        m = cuet.Linear(I, I, layout=cue.ir_mul, dtype=X.dtype, weight_classes=10, internal_weights=False, shared_weights=True, device=DEVICE, **chosen)
        S = tensor(species)
        torch_passes(case, "cuequivariance-torch", lambda w, x: m(x, weight=w, weight_indices=S), [W, X], ["fwd", "fb"])

    def dense():
        from e3nn import o3

        m = o3.FullyConnectedTensorProduct(irreps, "10x0e", irreps).to(DEVICE)
        one_hot = torch.eye(10, dtype=X.dtype, device=DEVICE)[tensor(species).long()]
        torch_passes(case, "e3nn", lambda x, *p: m(x, one_hot), [X] + list(m.parameters()), ["fwd", "fb"], compare=False)

    case.attempt("cuequivariance-torch", plain if plainly else indexed)
    if plainly and DEVICE == "cuda":
        case.attempt("torch products", products)
    if not plainly:
        case.attempt("e3nn", dense)


def fully_connected(case):
    """T: fully connected tensor product of 1,000 rows with harmonics; e3nn has the same paths in another layout."""
    rows, mul = 1000, multiplicity(case.name, 32)
    first, second, out = f"{mul}x0e+{mul}x1o", "0e+1o+2e", f"{mul}x0e+{mul}x1o+{mul}x2e"
    if torch is None:
        return
    import cuequivariance as cue, cuequivariance_torch as cuet

    p = cue.descriptors.fully_connected_tensor_product(cue.Irreps(cue.O3, first), cue.Irreps(cue.O3, second), cue.Irreps(cue.O3, out)).polynomial
    r = np.random.default_rng(8)
    w, x, y = [r.standard_normal(s).astype(NP[case.dtype]) for s in ((1, p.inputs[0].size), (rows, 4 * mul), (rows, 9))]
    for name, array in (("weights", w), ("features", x), ("harmonics", y)):
        case.write(name, array)
    X, Y, W = tensor(x, True), tensor(y, True), tensor(w, True)
    torch.set_default_dtype(X.dtype)
    passes = ["fwd", "fb", "db"]

    def plain():
        m = cuet.SegmentedPolynomial(p, math_dtype=X.dtype, method="naive" if DEVICE == "cpu" else "fused_tp").to(DEVICE)
        torch_passes(case, "cuequivariance-torch", lambda w, x, y: m([w, x, y])[0], [W, X, Y], passes)

    def e3nn():
        from e3nn import o3

        tp = o3.FullyConnectedTensorProduct(first, second, out, internal_weights=False, shared_weights=True).to(DEVICE)
        torch_passes(case, "e3nn", lambda w, x, y: tp(x, y, w[0]), [W, X, Y], passes, compare=False)

    case.attempt("cuequivariance-torch", plain)
    case.attempt("e3nn", e3nn)


def harmonics(case):
    count = 250_000 * scale(case.name)
    v = np.random.default_rng(4).standard_normal((count, 3)).astype(NP[case.dtype])
    case.write("vectors", v)
    g = np.random.default_rng(11).standard_normal((count, 16)).astype(NP[case.dtype])
    case.write("g", g)
    if DEVICE == "cuda":
        V = tensor(v, True)
        torch.set_default_dtype(V.dtype)

        def cuet():
            import cuequivariance_torch as cuet

            m = cuet.SphericalHarmonics([0, 1, 2, 3], normalize=True, math_dtype=V.dtype, device=DEVICE)
            torch_passes(case, "cuequivariance-torch", m, [V], ["fwd", "fb", "db"])

        def e3nn():
            from e3nn import o3

            m = o3.SphericalHarmonics([0, 1, 2, 3], normalize=True, normalization="component").to(DEVICE)
            torch_passes(case, "e3nn", m, [V], ["fwd", "fb", "db"])

        case.attempt("cuequivariance-torch", cuet)
        case.attempt("e3nn", e3nn)
        return
    if not have("sphericart"):
        return

    def cart():
        import sphericart

        m = sphericart.SphericalHarmonics(3)
        # its polar axis is z, that of the convention here is y
        turned = np.ascontiguousarray(v[:, [2, 0, 1]])
        kept = {}

        def fwd():
            kept["fwd"] = [m.compute(turned)]

        def derivatives():
            kept["fb"] = list(m.compute_with_gradients(turned))

        # to the normalisation sum over m of Y^2 = 2 l + 1
        case.add("sphericart", "fwd", fwd, lambda: [kept["fwd"][0] * math.sqrt(4 * math.pi)])
        case.add("sphericart", "fb", derivatives)

    case.attempt("sphericart", cart)


MOST_ATOMS = 20_000  # of larger boxes the edges alone take tens of gigabytes here


def aspirins(count):
    from ase.io import read

    return read(args.structures, f"0:{count}")


def water(count=64, seed=0):
    """Rigid water molecules, randomly turned, on a jittered periodic grid at the density of the liquid."""
    from ase import Atoms

    r = np.random.default_rng(seed)
    k, length = round(count ** (1 / 3)), (count / 0.0334) ** (1 / 3)
    molecule = np.array([[0, 0, 0], [0.9572, 0, 0], [-0.2400, 0.9266, 0]])
    positions = []
    for c in np.ndindex(k, k, k):
        q, _ = np.linalg.qr(r.standard_normal((3, 3)))
        positions.append(molecule @ q.T + (np.array(c) + 0.5) * length / k + r.uniform(-0.3, 0.3, 3))
    return Atoms("OHH" * count, positions=np.concatenate(positions), cell=[length] * 3, pbc=True)


def mace_model(name, dtype):
    """A model file, or one with random weights and the named hidden irreps."""
    if "x0e" not in name:
        path = os.path.join(args.models, name + ".model")
        return torch.load(path if os.path.exists(path) else gzip.open(path + ".gz"), map_location=DEVICE, weights_only=False).to(dtype)
    from e3nn import o3
    from mace import modules

    torch.manual_seed(0)
    torch.set_default_dtype(dtype)
    numbers = (1, 6, 7, 8, 9, 15, 16, 17, 35, 53)
    block = modules.interaction_classes["RealAgnosticResidualInteractionBlock"]
    return modules.ScaleShiftMACE(
        r_max=5.0, num_bessel=8, num_polynomial_cutoff=5, max_ell=3, num_interactions=2, num_elements=len(numbers), atomic_numbers=list(numbers),
        interaction_cls=block, interaction_cls_first=block, hidden_irreps=o3.Irreps(name), MLP_irreps=o3.Irreps("16x0e"),
        atomic_energies=np.zeros(len(numbers)), avg_num_neighbors=50.0, correlation=[3, 3], gate=torch.nn.functional.silu,
        radial_MLP=[64, 64, 64], atomic_inter_scale=1.0, atomic_inter_shift=0.0).to(DEVICE)


def batch_of(model, structures):
    from mace import data
    from mace.tools import torch_geometric, utils

    table = utils.AtomicNumberTable([int(z) for z in model.atomic_numbers])
    heads = getattr(model, "heads", None) or ["Default"]
    items = [data.AtomicData.from_config(data.config_from_atoms(s), z_table=table, cutoff=float(model.r_max), heads=heads) for s in structures]
    batch = next(iter(torch_geometric.dataloader.DataLoader(dataset=items, batch_size=len(items), shuffle=False)))
    dtype = next(model.parameters()).dtype
    for key in batch.keys:
        if torch.is_tensor(batch[key]) and batch[key].is_floating_point():
            batch[key] = batch[key].to(dtype)
    return batch.to(DEVICE)


def describe_structures(case, structures):
    case.meta["structures"] = [
        dict(numbers=[int(z) for z in s.numbers], positions=s.positions.tolist(), cell=np.asarray(s.cell).tolist() if s.pbc.any() else None, pbc=[bool(p) for p in s.pbc])
        for s in structures
    ]


WIDE = "128x0e+128x1o"


def evaluation(case):
    """F-l0, F-l1, F-128, F-water, S-<atoms>, L-<atoms>, M-<atoms>: energy and forces of a whole model; the neighbour list is not timed."""
    name = {"F-l1": "aspirin_l1_c64", "F-128": WIDE, "F-water": WIDE}.get(case.name, {"L": WIDE, "M": "128x0e"}.get(case.name[0], "aspirin_l0_c32"))
    atoms = {"F-water": 192}.get(case.name, int(case.name.split("-")[1]) if case.name[0] in "SLM" else 21)
    # What follows the number of atoms are options of the other side.
    if torch is None or not have("mace") or case.name.count("-") > 1 or atoms > MOST_ATOMS and DEVICE == "cpu":
        return
    dtype = {"f32": torch.float32, "f64": torch.float64}[case.dtype]
    torch.set_default_dtype(dtype)
    model = mace_model(name, dtype)
    structures = [water(atoms // 3)] if atoms > 21 else aspirins(1)
    describe_structures(case, structures)
    if "x0e" in name:
        torch.save(model.cpu(), os.path.join(case.folder, "model.model"))
        model.to(DEVICE)
        case.meta["model"] = "model.model"
    b = batch_of(model, structures)
    case.meta["edges"] = int(b["edge_index"].shape[1])

    def run(m, lib):
        for p in m.parameters():
            p.requires_grad_(False)
        kept = {}

        def ef():
            kept["ef"] = m(b.to_dict(), training=False, compute_force=True)

        case.add(lib, "ef", ef, lambda: [kept["ef"]["energy"], kept["ef"]["forces"]])

    import copy

    case.attempt("mace-torch", lambda: run(copy.deepcopy(model), "mace-torch"))

    def script():
        from e3nn.util import jit

        run(jit.script(copy.deepcopy(model)), "mace-torch TorchScript")

    def accelerated():
        from mace.cli.convert_e3nn_cueq import run as convert

        run(convert(copy.deepcopy(model), device=DEVICE, return_model=True).to(DEVICE), "mace-torch cuEquivariance")

    if DEVICE == "cpu":
        case.attempt("mace-torch TorchScript", script)
    else:
        case.attempt("mace-torch cuEquivariance", accelerated)


def training(case):
    """G-l0, G-l1: one step of Adam (amsgrad) on energies and forces of five aspirins; G-64x<n>: of n, with 64x0e+64x1o."""
    name = {"G-l0": "aspirin_l0_c32", "G-l1": "aspirin_l1_c64"}.get(case.name, "64x0e+64x1o")
    if torch is None or not have("mace"):
        return
    dtype = {"f32": torch.float32, "f64": torch.float64}[case.dtype]
    torch.set_default_dtype(dtype)
    structures = aspirins(5 if name.startswith("aspirin") else scale(case.name))
    describe_structures(case, structures)
    energies = np.array([s.get_potential_energy() for s in structures])
    forces = np.concatenate([s.get_forces() for s in structures])
    case.write("energies", energies)
    case.write("forces", forces)

    def build():
        model = mace_model(name, dtype)
        if "x0e" in name:
            torch.save(model.cpu(), os.path.join(case.folder, "model.model"))
            model.to(DEVICE)
            case.meta["model"] = "model.model"
        for p in model.parameters():
            p.requires_grad_(True)
        b = batch_of(model, structures)
        E, F, n = [torch.tensor(a, dtype=dtype, device=DEVICE) for a in (energies, forces, [len(s) for s in structures])]
        optimizer = torch.optim.Adam(list(model.parameters()), lr=1e-6, amsgrad=True)
        kept = {}

        def step():
            optimizer.zero_grad(set_to_none=True)
            o = model(b.to_dict(), training=True, compute_force=True)
            loss = (((o["energy"] - E) / n) ** 2).mean() + 100.0 * ((o["forces"] - F) ** 2).mean()
            loss.backward()
            kept.setdefault("loss", [loss.detach().reshape(1), *[p.grad.detach().clone().reshape(-1) for p in model.parameters() if p.grad is not None]])
            optimizer.step()

        case.add("mace-torch", "step", step, lambda: [kept["loss"][0]])
        case.meta["parameters"] = [n for n, p in model.named_parameters() if p.grad is not None]

    case.attempt("mace-torch", build)


def neighbors(case):
    count = int(case.name[2:])
    r = np.random.default_rng(6)
    cutoff = 5.0
    length = (count / (50 / (4 / 3 * math.pi * cutoff**3))) ** (1 / 3)
    positions = r.uniform(0, length, (count, 3))
    case.write("positions", positions)
    case.meta.update(cutoff=cutoff, length=length)

    def vesin():
        from vesin import NeighborList

        nl = NeighborList(cutoff=cutoff, full_list=True)
        kept = {}

        def fwd():
            kept["fwd"] = nl.compute(points=positions, box=np.eye(3) * length, periodic=True, quantities="ijS")

        case.add("vesin", "fwd", fwd, lambda: [np.array([len(kept["fwd"][0])])])

    if have("vesin"):
        case.attempt("vesin", vesin)


def build(name, dtype, folder):
    os.makedirs(folder, exist_ok=True)
    case = Case(name, dtype, folder)
    makers = {"A": convolution, "B": contraction, "C": linear, "D": linear, "T": fully_connected, "E": harmonics, "F": evaluation, "S": evaluation, "L": evaluation, "M": evaluation, "G": training, "N": neighbors}
    makers[name[0]](case)
    return case


def versions():
    found = {}
    from importlib.metadata import version

    for name in ("torch", "jax", "e3nn", "cuequivariance", "cuequivariance-torch", "cuequivariance-jax", "cuequivariance-ops-torch-cu13", "openequivariance", "mace-torch", "sphericart", "vesin", "numpy"):
        try:
            found[name] = version(name)
        except Exception:
            pass
    if DEVICE == "cuda":
        found["gpu of the peers"] = torch.cuda.get_device_name()
    return found


def timed(f, calls):
    """Milliseconds a call."""
    t0 = time.perf_counter_ns()
    for _ in range(calls):
        f()
    synchronize()
    return (time.perf_counter_ns() - t0) * 1e-6 / calls


def calls_between(f, what):
    """How many calls a sample has: some milliseconds on a GPU, where a caller does not wait for each."""
    if DEVICE == "cpu" or what not in ("fwd", "fb", "db"):
        return 1
    for _ in range(3):
        once = timed(f, 1)
    return max(1, min(200, round(5 / once)))


case = None
for line in sys.stdin:
    command = json.loads(line)
    try:
        if command["cmd"] == "versions":
            answer = versions()
        elif command["cmd"] == "build":
            case = None
            gc.collect()
            if DEVICE == "cuda":
                torch.cuda.empty_cache()
            case = build(command["case"], command["dtype"], command["folder"])
            answer = dict(arrays=case.arrays, passes=[list(k) for k in case.passes], meta=case.meta, errors=case.errors)
        elif command["cmd"] == "sample":
            f = case.passes[(command["lib"], command["pass"])]
            calls = calls_between(f, command["pass"])
            f()  # brings back threads and caches: the process was stopped while others were measured
            synchronize()
            gc.disable()
            times = [timed(f, calls) for _ in range(command["count"])]
            gc.enable()
            answer = dict(times=times)
        elif command["cmd"] == "drop":
            case = None
            gc.collect()
            answer = {}
        else:
            break
    except Exception as e:
        answer = dict(error=f"{type(e).__name__}: {e}"[:500])
    answers.write(json.dumps(answer) + "\n")
