"""Saved and loaded: bit for bit, without pickle; what is no saved fit is said to be none."""

import json
import os
from dataclasses import replace

import numpy as np
import numpyro.distributions as dist
import pandas as pd
import pytest
import xarray as xr

from bayes_rglm import RGLM, Design, Fit, Layer, Problem, estimators, families, fit, load, predict
from bayes_rglm.errors import FileError
from bayes_rglm.estimators import Draws
from bayes_rglm.gates import Label
from bayes_rglm.priors import Laplace, Normal

NASTY = np.array([np.nan, -0.0, 0.0, np.inf, -np.inf, 5e-324, -1e308, 1 / 3])


def same_bits(one, other):
    one, other = np.asarray(one), np.asarray(other)
    assert one.dtype == other.dtype
    assert one.shape == other.shape
    assert one.tobytes() == other.tobytes()


def same_fit(one, other):
    for part in ("samples", "stats", "unconstrained", "linearised_at"):
        here, there = getattr(one.draws, part), getattr(other.draws, part)
        assert (here or {}).keys() == (there or {}).keys()
        for name, values in (here or {}).items():
            same_bits(values, there[name])
    assert one.draws.kind == other.draws.kind
    assert one.draws.labels == other.draws.labels
    facts = [{k: v for k, v in f.draws.info.items() if k != "errors"} for f in (one, other)]
    assert json.dumps(facts[0]) == json.dumps(facts[1])
    for name, values in one.draws.info.get("errors", {}).items():
        same_bits(values, other.draws.info["errors"][name])
    assert (one.label, one.seed, one.precision) == (other.label, other.seed, other.precision)
    same_bits(one.seconds, other.seconds)
    assert one.estimator == other.estimator
    assert one.model == other.model


def test_numpys_numbers_are_options_like_others(world, tmp_path):
    """A whole run must not be lost to their `bool`, which repeats no tuple, nor to JSON, which knows none of them."""
    least = estimators.NUTS(
        draws=np.int64(4),
        warmup=np.int32(20),
        chains=np.int64(1),
        target_accept=np.float32(0.5),
        max_tree_depth=np.int8(1),
    )
    prior = estimators.Prior(draws=np.int64(8), chains=np.int64(2))
    assert all(type(getattr(prior, name)) is int for name in ("draws", "chains"))
    assert type(least.target_accept) is type(estimators.SVI(learning_rate=np.float32(0.5)).learning_rate) is float
    for method in (least, prior):
        found = fit(world.problem("gaussian"), estimator=method)
        assert "interrupted" not in [label.name for label in found.labels]
        found.save(tmp_path / "fit.nc")
        assert load(tmp_path / "fit.nc").estimator == method


FITTED = [(e, f, 1) for e in estimators.names() for f in ("gaussian", "poisson")] + [
    *[(e, "bernoulli", 2) for e in estimators.names()],
    *[("drawn", f, 1 + f.startswith(("cat", "ord"))) for f in families.names()],
    ("map", "ordinal", 1),
]


@pytest.mark.parametrize(("estimator", "family", "depth"), FITTED)
def test_a_fit_comes_back_bit_for_bit(world, tmp_path, family, depth, estimator):
    found = world.drawn(family, depth) if estimator == "drawn" else world.fit(family, depth, estimator)
    found.save(tmp_path / "fit.nc")
    again = load(str(tmp_path / "fit.nc"))
    same_fit(found, again)
    same_bits(found.design.X, again.design.X)
    assert again.labels == found.labels
    pd.testing.assert_frame_equal(again.summary(), found.summary(), check_exact=True)
    new = world.frame(family).iloc[:7].drop(columns="y")
    for kind in ("linear", "mean", "outcome"):
        same_bits(predict(again, new, kind), predict(found, new, kind))
    for name, group in found.tree.children.items():
        xr.testing.assert_identical(again.tree[name].to_dataset(), group.to_dataset())
    assert [p.name for p in tmp_path.iterdir()] == ["fit.nc"], "no traces of the writing"


def test_bits_that_are_easily_lost(world, tmp_path):
    """NaN, -0.0, infinities, the least positive number; bools, ints and float32; sites with a slash and a percent."""
    problem = world.problem("poisson")
    samples = {"beta": np.tile(NASTY[:, None], (2, 1, 3)), "intercept": np.tile(NASTY, (2, 1))}
    draws = Draws(
        samples=samples,
        kind="approximation",
        log_weights=samples["intercept"] - 1.0,
        linearised_at={"beta": NASTY[:3], "intercept": np.float64(-0.0)},
        stats={
            "diverging": np.resize([True, False], (2, 8)),
            "n_steps": np.arange(16).reshape(2, 8),
            "lp": np.tile(np.array([np.nan, -0.0, 1e-45, np.inf, 1 / 3, 1, 2, 3], np.float32), (2, 1)),
        },
        unconstrained={"net/beta_1": samples["beta"], "50%/2F": samples["intercept"]},
        info={
            "gap": float("nan"),
            "none": None,
            "text": "naïve ünïcode",
            "list": [1, 2.5, "x"],
            "errors": {"beta": NASTY[:3]},
        },
        labels=(Label("rank_deficient", "x", "y", ("a", "b")), Label("ok")),
    )
    found = Fit(
        problem, draws, "a / label", estimators.NUTS(draws=55), seed=7, precision="float32", seconds=float("nan")
    )
    with np.errstate(over="ignore"):
        found.save(tmp_path / "fit.nc")
    again = load(tmp_path / "fit.nc")
    same_fit(replace(found, seconds=0.0), replace(again, seconds=0.0))
    same_bits(again.draws.log_weights, draws.log_weights)
    assert np.isnan(again.seconds)
    assert again.draws.info["none"] is None


def test_designs_and_models_of_all_kinds(tmp_path):
    """Factors, splines, names with a slash, text labels, offsets by name, weights; every kind of prior."""
    rng = np.random.default_rng(3)
    frame = pd.DataFrame(
        {
            "count": rng.poisson(3.0, 60),
            "a/b": rng.normal(size=60),
            "group": pd.Categorical(np.resize(["ä", "b c", "d"], 60), categories=["d", "ä", "b c"]),
            "exposure": rng.normal(size=60),
        },
        index=[f"α{i}" for i in range(60)],
    )
    prior = {
        "a/b": Laplace(scale=0.5),
        "default": dist.StudentT(4.0, 0.0, 1.0),
        ("site", "intercept"): dist.TruncatedNormal(0.0, 1.0, low=-3.0),
        "C(group)": Normal(scale=0.3, scaled="term"),
    }
    design = Design.from_formula(
        "count ~ `a/b` + C(group) + bs(exposure, df=4)",
        frame,
        offset="exposure",
        weights=np.resize([1, 2], 60),
        weights_kind="frequency",
    )
    found = fit(RGLM("poisson", prior=prior), design, "map")
    found.save(tmp_path / "fit.nc")
    again = load(tmp_path / "fit.nc")
    same_fit(found, again)
    assert again.model == found.model
    assert hash(again.problem.program) == hash(found.problem.program)
    new = frame.iloc[5:25][::-1]
    same_bits(predict(again, new), predict(found, new))
    assert list(predict(again, new)["obs"].values) == list(new.index)


LABELS = np.array(["low", "middle", "high"])
KINDS = {
    "labels in their order": ("ordinal", {"link": "loglog"}, {}),
    "a reference level": ("categorical", {"coding": "reference"}, {}),
    "a head": ("gaussian", {"heads": ("sigma",)}, {}),
    "a head behind a layer": ("student_t", {"heads": ("nu", "sigma"), "hidden": (2,)}, {}),
    "censored rows": ("gaussian", {"fixed": {"sigma": 0.5}}, {"lower": np.r_[np.full(9, 0.2), np.full(31, -np.inf)]}),
}


@pytest.mark.parametrize("kind", KINDS)
def test_models_beyond_one_predictor_come_back(world, tmp_path, kind):
    """Levels by their labels, heads, codings and bounds: the model, the tree and new rows."""
    family, options, roles = KINDS[kind]
    frame = world.frame(family)
    if family in ("ordinal", "categorical"):
        frame["y"] = pd.Categorical(LABELS[frame["y"].astype(int)], categories=LABELS, ordered=family == "ordinal")
    found = world.drawn(family, problem=Problem(RGLM(family, **options), world.design(family, frame, **roles)))
    found.save(tmp_path / "fit.nc")
    again = load(tmp_path / "fit.nc")
    same_fit(found, again)
    assert hash(again.problem.program) == hash(found.problem.program)
    for name, group in found.tree.children.items():
        xr.testing.assert_identical(again.tree[name].to_dataset(), group.to_dataset())
    new = frame.iloc[:7].drop(columns="y")
    answers = [predict(one, new, "parameters") for one in (again, found)]
    xr.testing.assert_identical(*answers)
    if "level" in answers[0].coords:
        assert list(answers[0]["level"].values) == list(LABELS)


def test_networks_keep_their_layers(world, tmp_path):
    model = RGLM("gaussian", hidden=(2, Layer(3, "relu")), fixed={"sigma": 0.5})
    found = fit(model, world.design("gaussian"), world.tiny("map", steps=5))
    found.save(tmp_path / "fit.nc")
    assert load(tmp_path / "fit.nc").model == model


def test_a_failed_write_leaves_the_old_file(world, tmp_path, monkeypatch):
    path = tmp_path / "fit.nc"
    world.fit("poisson", 1, "ml").save(path)
    before = path.read_bytes()
    monkeypatch.setattr(xr.DataTree, "to_netcdf", lambda *a, **k: (_ for _ in ()).throw(OSError(28, "No space left")))
    with pytest.raises(FileError, match="No space left"):
        world.fit("poisson", 1, "map").save(path)
    monkeypatch.undo()
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["fit.nc"]
    world.fit("poisson", 1, "map").save(path)
    assert load(path).estimator.name == "map"


def damage(path, kind, world):
    match kind:
        case "missing":
            path.unlink(missing_ok=True)
        case "text":
            path.write_text("chain,draw\n0,0\n")
        case "empty":
            path.write_bytes(b"")
        case "cut":
            world.fit("poisson").save(path)
            path.write_bytes(path.read_bytes()[:2000])
        case "foreign":
            xr.Dataset({"x": 1.0}).to_netcdf(path, engine="h5netcdf")
        case "a tree":
            world.fit("poisson").tree.to_netcdf(path, engine="h5netcdf")
        case _:
            rewritten(path, kind, world)


def rewritten(path, kind, world):
    """A saved fit whose metadata were tampered with."""
    world.fit("poisson").save(path)
    with xr.open_datatree(path, engine="h5netcdf") as opened:
        tree = opened.load()
    meta = json.loads(tree.attrs["bayes_rglm"])
    match kind:
        case "version":
            meta["format"] = 99
        case "family":
            meta["model"]["family"] = "os.system"
        case "prior":
            meta["model"]["prior"] = [["default", ["NumPyro", {"distribution": "__class__", "parameters": []}]]]
        case "estimator":
            meta["estimator"] = ["nuts", {"draws": 100, "exec": "1"}]
        case "no design":
            del meta["design"]
        case "a list":
            meta = [meta]
        case "no samples":
            del tree["samples"]
    tree.attrs["bayes_rglm"] = json.dumps(meta)
    path.unlink()
    tree.to_netcdf(path, engine="h5netcdf")


@pytest.mark.parametrize(
    "kind",
    [
        "missing",
        "text",
        "empty",
        "cut",
        "foreign",
        "a tree",
        "version",
        "family",
        "prior",
        "estimator",
        "no design",
        "a list",
        "no samples",
    ],
)
def test_what_is_no_saved_fit_is_an_error_of_ours(world, tmp_path, kind):
    path = tmp_path / "fit.nc"
    damage(path, kind, world)
    with pytest.raises(FileError) as caught:
        load(path)
    assert "fit.nc" in str(caught.value) or "format 99" in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_paths_that_cannot_be_written(world, tmp_path):
    found = world.fit("poisson", 1, "ml")
    with pytest.raises(FileError, match="nowhere"):
        found.save(tmp_path / "nowhere" / "fit.nc")
    with pytest.raises(FileError, match="cannot be written"):
        found.save(tmp_path)
    with pytest.raises(FileError, match="no such file"):
        load(tmp_path)


def test_the_umask_decides_who_may_read(world, tmp_path):
    path = tmp_path / "fit.nc"
    found = world.fit("gaussian", 1, "ml")
    before = os.umask(0o027)
    try:
        found.save(path)
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o640


def test_nothing_in_a_file_is_executed(world, tmp_path, monkeypatch):
    """No pickle and no eval on the way in."""
    import builtins
    import pickle

    def forbidden(*_, **__):
        raise AssertionError("called")

    world.fit("gaussian", 1, "ml").save(tmp_path / "fit.nc")
    for module, name in [(pickle, "load"), (pickle, "loads"), (pickle, "Unpickler"), (builtins, "eval")]:
        monkeypatch.setattr(module, name, forbidden)
    assert load(tmp_path / "fit.nc").status == "ok"
    assert isinstance(load(tmp_path / "fit.nc").problem, Problem)
