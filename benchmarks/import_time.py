"""Cost of `import bayes_rglm` beside `import numpyro`: fresh processes, alternating order, medians of pairs.

python benchmarks/import_time.py [--pairs 15] [--out benchmarks/results/import_time.json]
"""

import argparse
import importlib.metadata
import json
import os
import platform
import statistics
import subprocess
import sys
from pathlib import Path

RESULT = Path(__file__).parent / "results" / "import_time.json"
CLOCK = "import time; start = time.perf_counter(); import {name}; print(time.perf_counter() - start)"
VERSIONS = ("bayes_rglm", "jax", "jaxlib", "numpyro", "numpy")


def seconds(name):
    """Return the seconds that `import name` takes in a fresh process."""
    command = [sys.executable, "-c", CLOCK.format(name=name)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def pairs(count):
    """Return `count` pairs (numpyro, bayes_rglm) in seconds; which goes first alternates."""
    measured = []
    for turn in range(count):
        order = ("numpyro", "bayes_rglm") if turn % 2 == 0 else ("bayes_rglm", "numpyro")
        times = {name: seconds(name) for name in order}
        measured.append((times["numpyro"], times["bayes_rglm"]))
    return measured


def processor():
    """Return the processor's model name, or its architecture where the system does not tell."""
    information = Path("/proc/cpuinfo")
    lines = information.read_text().splitlines() if information.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def main():
    """Measure, print the ratio, write the result."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=15)
    parser.add_argument("--out", type=Path, default=RESULT)
    options = parser.parse_args()
    for name in ("numpyro", "bayes_rglm"):
        seconds(name)  # byte code and the disk's cache are warm for both
    measured = pairs(options.pairs)
    numpyro, ours = (statistics.median(column) for column in zip(*measured, strict=True))
    ratios = [own / base for base, own in measured]
    result = {
        "what": "seconds to import in a fresh process",
        "pairs": options.pairs,
        "numpyro_median": round(numpyro, 4),
        "bayes_rglm_median": round(ours, 4),
        "ratio_median_of_pairs": round(statistics.median(ratios), 4),
        "ratio_quartiles": [round(cut, 4) for cut in statistics.quantiles(ratios, n=4)[::2]],
        "machine": {"cpus": os.cpu_count(), "processor": processor(), "system": platform.system()},
        "versions": {"python": platform.python_version()}
        | {name: importlib.metadata.version(name) for name in VERSIONS},
    }
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(result, indent=2) + "\n")
    print(f"numpyro {numpyro:.3f} s, bayes_rglm {ours:.3f} s, ratio {result['ratio_median_of_pairs']:.3f}")


if __name__ == "__main__":
    main()
