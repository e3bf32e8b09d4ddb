"""What an installed wheel must do, away from the checkout: be itself, find its gallery, fit a model."""

import importlib.metadata
import importlib.util
import sys
from pathlib import Path

import numpy as np

import bayes_rglm as rglm

checkout = Path(sys.argv[1]).resolve()
package = Path(rglm.__file__).resolve().parent
assert not package.is_relative_to(checkout), f"imported from the checkout: {package}"

files = importlib.metadata.files("bayes_rglm") or []
top = {file.parts[0] for file in files if not file.parts[0].startswith("..")}
assert top <= {"bayes_rglm", f"bayes_rglm-{importlib.metadata.version('bayes_rglm')}.dist-info"}, f"top level: {top}"
assert importlib.util.find_spec("models") is None, "models/ landed top-level"
assert (package / "py.typed").is_file(), "py.typed is missing"

shipped = sorted(path.stem for path in (package / "_models").glob("[!_]*.py"))
assert shipped == sorted(path.stem for path in (checkout / "models").glob("[!_]*.py")), f"gallery files: {shipped}"
assert sorted(rglm.gallery.names()) == shipped, f"gallery names: {rglm.gallery.names()}"
for name in shipped:
    rglm.gallery.model(name)

rng = np.random.default_rng(0)
X = rng.normal(size=(200, 2))
y = (rng.random(200) < 1 / (1 + np.exp(-X @ [1.0, -0.5]))).astype(float)
fit = rglm.fit(rglm.RGLM("bernoulli"), (X, y), "ml", seed=0)
slopes = np.asarray(fit.tree["posterior"]["beta"]).ravel()
assert slopes.shape == (2,), f"slopes: {slopes}"
assert slopes[0] > 0 > slopes[1], f"slopes: {slopes}"
print(f"wheel: {len(files)} files, gallery of {len(shipped)}, slopes {slopes.round(3)}")
