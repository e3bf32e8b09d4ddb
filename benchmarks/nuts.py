"""NUTS of one logistic regression: ours beside NumPyro's own MCMC, in the same run, as ratios.

    python benchmarks/nuts.py [--rows 1000] [--columns 24] [--repeats 3]

Prints wall time of the first fit (compilation included), of a repeated fit, and of the minimum over bulk ESS, tail
ESS and the ESS of squares per second of the repeated fit; writes benchmarks/results/nuts.json with machine and
versions.
"""

import argparse
import importlib.metadata
import json
import os
import platform
import time
from pathlib import Path

os.environ.setdefault("XLA_FLAGS", "--xla_force_host_platform_device_count=4")

import jax
import numpy as np
import numpyro
import numpyro.distributions as dist
from arviz_stats.base import array_stats
from numpyro.infer import MCMC
from numpyro.infer import NUTS as NumpyroNUTS

import bayes_rglm as rglm

RESULT = Path(__file__).parent / "results" / "nuts.json"
AXES = {"chain_axis": 0, "draw_axis": 1}


def data(rows, columns, seed=0):
    rng = np.random.default_rng(seed)
    factor = rng.normal(size=(rows, 1))
    X = 0.9**0.5 * factor + 0.1**0.5 * rng.normal(size=(rows, columns))
    eta = X @ rng.normal(size=columns) * 0.5
    return X, (rng.random(rows) < 1 / (1 + np.exp(-eta))).astype(float)


def ours(X, y, seed):
    fit = rglm.fit(rglm.RGLM("bernoulli"), (X, y), rglm.estimators.NUTS(), seed=seed)
    return fit.draws.samples["beta"]


def by_hand(X, y):
    scale = 1.5 / X.std(axis=0)
    beta = numpyro.sample("beta", dist.Normal(0, scale))
    intercept = numpyro.sample("intercept", dist.Normal(-X.mean(axis=0) @ beta, 1.5))
    numpyro.sample("y", dist.Bernoulli(logits=X @ beta + intercept), obs=y)


def theirs(X, y, seed, dense):
    with jax.enable_x64(True):
        kernel = NumpyroNUTS(by_hand, dense_mass=dense)
        sampler = MCMC(
            kernel, num_warmup=1000, num_samples=1000, num_chains=4, chain_method="parallel", progress_bar=False
        )
        sampler.run(jax.random.key(seed), X, y)
        return np.asarray(sampler.get_samples(group_by_chain=True)["beta"])


def smallest_ess(draws):
    found = []
    for j in range(draws.shape[-1]):
        column = draws[..., j]
        found += [
            array_stats.ess(column, method="bulk", **AXES),
            array_stats.ess(column, method="tail", prob=(0.05, 0.95), **AXES),
            array_stats.ess((column - column.mean()) ** 2, method="mean", **AXES),
        ]
    return min(min(found), draws.shape[0] * draws.shape[1])


def measure(run, repeats):
    clock = time.perf_counter
    start = clock()
    run(0)
    first, times, sizes = clock() - start, [], []
    for seed in range(1, repeats + 1):
        start = clock()
        draws = run(seed)
        times.append(clock() - start)
        sizes.append(smallest_ess(draws))
    again = float(np.median(times))
    return {"first_s": first, "repeat_s": again, "ess_per_s": float(np.median(sizes)) / again}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--columns", type=int, default=24)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    X, y = data(options.rows, options.columns)
    peers = {
        "bayes_rglm": lambda seed: ours(X, y, seed),
        "numpyro, diagonal mass": lambda seed: theirs(X, y, seed, dense=False),
        "numpyro, dense mass": lambda seed: theirs(X, y, seed, dense=True),
    }
    results = {name: measure(run, options.repeats) for name, run in peers.items()}
    own = results["bayes_rglm"]
    for name, found in results.items():
        ratios = {key: round(own[key] / found[key], 3) for key in found}
        print(f"{name}: { ({k: round(v, 2) for k, v in found.items()}) }, ours / theirs {ratios}")
    versions = {name: importlib.metadata.version(name) for name in ("bayes_rglm", "jax", "numpyro", "numpy")}
    machine = {"cores": os.cpu_count(), "machine": platform.machine(), "python": platform.python_version()}
    RESULT.parent.mkdir(exist_ok=True)
    problem = {"rows": options.rows, "columns": options.columns, "chains": 4, "warmup": 1000, "draws": 1000}
    RESULT.write_text(
        json.dumps({"problem": problem, "results": results, "machine": machine, "versions": versions}, indent=2) + "\n"
    )


if __name__ == "__main__":
    main()
