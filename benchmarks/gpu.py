"""Each estimator on each platform that JAX has, in double and single precision; on a CPU alone it runs there.

    python benchmarks/gpu.py [--rows 2000] [--quick]

Prints the wall time of a first fit (compilation included) and of a repeated one, and the ratio of the CPU's repeated
fit to it; writes benchmarks/results/gpu.json with machine and versions.
"""

import argparse
import importlib.metadata
import json
import os
import platform
import time
from pathlib import Path

import jax
import numpy as np

import bayes_rglm as rglm
from bayes_rglm import estimators

MODELS = {"depth 1": rglm.RGLM("gaussian"), "depth 2": rglm.RGLM("gaussian", hidden=(16,))}
RESULT = Path(__file__).parent / "results" / "gpu.json"


def data(rows, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, 8))
    return X, np.sin(2.0 * X[:, 0]) + X[:, 1] * X[:, 2] + 0.3 * rng.normal(size=rows)


def methods(quick):
    draws = {"draws": 100, "warmup": 100} if quick else {"draws": 500, "warmup": 500}
    steps = 200 if quick else 1000
    return {
        "MAP": estimators.MAP(starts=2, steps=steps),
        "Laplace": estimators.Laplace(starts=2, steps=steps, draws=250),
        "SVI": estimators.SVI(steps=steps, starts=1),
        "NUTS": estimators.NUTS(chains=4, max_tree_depth=6, **draws),
    }


def timed(model, X, y, method, device, precision):
    times = []
    for seed in (0, 1):
        start = time.perf_counter()
        rglm.fit(model, (X, y), method, seed=seed, device=device, precision=precision)
        times.append(time.perf_counter() - start)
    return {"first": times[0], "repeated": times[1]}


def platforms():
    found = ["cpu"]
    for name in ("gpu", "tpu"):
        try:
            jax.devices(name)
        except RuntimeError:
            continue
        found.append(name)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0  # what else the machine did: figures need it idle
    X, y = data(options.rows)
    rows = []
    for title, model in MODELS.items():
        for name, method in methods(options.quick).items():
            base = None
            for device in platforms():
                for precision in ("float64", "float32"):
                    found = timed(model, X, y, method, device, precision)
                    base = base or found["repeated"]
                    row = {"model": title, "method": name, "device": device, "precision": precision, **found}
                    rows.append(row | {"times_faster_than_cpu_float64": base / found["repeated"]})
                    print(
                        "  ".join(f"{v:.2f}" if isinstance(v, float) else f"{v:<8}" for v in rows[-1].values()),
                        flush=True,
                    )
    machine = {
        "devices": sorted({d.device_kind for d in jax.devices()}),
        "cores": os.cpu_count(),
        "load": round(load, 1),
        "machine": platform.machine(),
        "python": platform.python_version(),
    }
    versions = {p: importlib.metadata.version(p) for p in ("bayes_rglm", "jax", "numpyro", "numpy")}
    problem = {"rows": options.rows, "quick": options.quick}
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(
        json.dumps({"problem": problem, "fits": rows, "machine": machine, "versions": versions}, indent=2) + "\n"
    )


if __name__ == "__main__":
    main()
