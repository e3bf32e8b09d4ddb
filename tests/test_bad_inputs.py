"""Bad inputs on the public road: each a typed error of ours that names the culprit, with no foreign traceback behind
it.
"""

import jax
import numpy as np
import numpyro.distributions as dist
import pandas as pd
import pytest

import bayes_rglm as rglm
from bayes_rglm import errors, estimators, priors

FRAME = pd.DataFrame(
    {
        "x": [0.1, -1.2, 0.7, 2.0, -0.3, 1.1],
        "g": ["a", "b", "a", "c", "b", "c"],
        "y": [0.0, 1.0, 0.0, 1.0, 1.0, 0.0],
        "n": [0, 2, 1, 5, 3, 1],
        "sigma": [1.0, 2.0, 3.0, 4.0, 5.0, 6.5],
        "one": [1.0] * 6,
    },
    index=list("pqrstu"),
)
X = np.array([[0.1, 1.0], [-1.2, 2.0], [0.7, 0.5], [2.0, 1.5], [-0.3, 3.0], [1.1, 2.5]])
Y = FRAME.y.to_numpy()


def changed(column, row, value):
    frame = FRAME.copy()
    frame[column] = frame[column].astype(object if isinstance(value, str | complex) else float)
    frame.loc[row, column] = value
    return frame


def fit(model=None, data=("y ~ x", FRAME), estimator="ml", **options):
    return rglm.fit(rglm.RGLM("bernoulli") if model is None else model, data, estimator, **options)


INSIDE = rglm.RGLM("gaussian", prior={"beta": priors.Normal(), "intercept": priors.Normal()})

SPECIFICATIONS = {
    "family": (lambda: rglm.RGLM("poison"), errors.SpecError, "'poison'.*did you mean 'poisson'"),
    "link": (lambda: rglm.RGLM("gaussian", link="logit"), errors.SpecError, "'logit'"),
    "width 0": (lambda: rglm.RGLM("gaussian", hidden=(0,)), errors.SpecError, "units=0"),
    "width text": (lambda: rglm.RGLM("gaussian", hidden="16"), errors.SpecError, "hidden='16'"),
    "width fraction": (lambda: rglm.RGLM("gaussian", hidden=(2.5,)), errors.SpecError, "2.5"),
    "activation": (lambda: rglm.RGLM("gaussian", hidden=(2,), activation="tan"), errors.SpecError, "'tan'.*tanh"),
    "fixed name": (lambda: rglm.RGLM("gaussian", fixed={"sigm": 1.0}), errors.SpecError, "'sigm'.*sigma"),
    "fixed value": (lambda: rglm.RGLM("gaussian", fixed={"sigma": -1.0}), errors.SpecError, "sigma=-1.0"),
    "fixed infinite": (lambda: rglm.RGLM("gaussian", fixed={"sigma": np.inf}), errors.SpecError, "sigma=inf"),
    "fixed number": (lambda: rglm.RGLM("gaussian", fixed=3), errors.SpecError, "fixed=3"),
    "prior for a layer of a GLM": (
        lambda: rglm.RGLM("gaussian", prior={("layer", "hidden"): priors.Normal()}),
        errors.PriorError,
        "'hidden'",
    ),
    "fixed with prior": (
        lambda: rglm.RGLM("gaussian", fixed={"sigma": 1.0}, prior={"sigma": priors.HalfNormal()}),
        errors.PriorError,
        "sigma is held fixed",
    ),
    "misspelt option": (lambda: rglm.RGLM("gaussian", hiden=(2,)), TypeError, "hiden"),
    "prior number": (lambda: rglm.RGLM("gaussian", prior=1.0), errors.PriorError, "float: 1.0"),
    "prior scale": (lambda: priors.Normal(scale=0.0), errors.PriorError, "scale=0.0"),
    "prior text": (lambda: priors.Laplace(scale="1"), errors.PriorError, "scale='1'"),
    "prior scaled": (lambda: priors.Normal(scaled="fanin"), errors.PriorError, "scaled='fanin'"),
    "prior positional": (lambda: priors.Normal(1.0), TypeError, "positional"),
    "prior support": (
        lambda: rglm.RGLM("gaussian", prior={"sigma": priors.Normal()}),
        errors.PriorError,
        "'sigma' reaches outside",
    ),
    "prior discrete": (lambda: rglm.RGLM("gaussian", prior=dist.Poisson(1.0)), errors.PriorError, "Poisson, discrete"),
    "prior multivariate": (
        lambda: rglm.RGLM("gaussian", prior=dist.Dirichlet(np.ones(3))),
        errors.PriorError,
        "Dirichlet, event dimension 1",
    ),
    "prior key kind": (
        lambda: rglm.RGLM("gaussian", prior={("column", "x"): priors.Normal()}),
        errors.PriorError,
        "column",
    ),
}

FITS = {
    "model text": (lambda: fit("bernoulli"), errors.SpecError, "str"),
    "no data": (lambda: fit(data=None), errors.DataError, "NoneType"),
    "no response": (lambda: fit(data=("~ x", FRAME)), errors.DataError, "without y"),
    "unknown column": (lambda: fit(data=("y ~ xx", FRAME)), errors.FormulaError, "xx"),
    "missing value": (lambda: fit(data=("y ~ x", changed("x", "r", np.nan))), errors.DataError, "'x', row '?r'?.*nan"),
    "infinite value": (lambda: fit(data=("y ~ x", changed("x", "s", np.inf))), errors.DataError, "'x', row '?s'?.*inf"),
    "missing response": (lambda: fit(data=("y ~ x", changed("y", "q", np.nan))), errors.DataError, "'y', row '?q'?"),
    "not binary": (lambda: fit(data=("n ~ x", FRAME)), errors.DataError, "'n', row s?q.*2"),
    "three labels": (lambda: fit(data=("g ~ x", FRAME)), errors.DataError, "'g' has 3"),
    "label for a number": (
        lambda: fit(rglm.RGLM("gaussian"), ("g ~ x", FRAME)),
        errors.DataError,
        "'g' has the levels",
    ),
    "negative count": (
        lambda: fit(rglm.RGLM("poisson"), ("n ~ x", changed("n", "p", -1.0))),
        errors.DataError,
        "'n', row p, value -1",
    ),
    "fractional count": (
        lambda: fit(rglm.RGLM("poisson"), ("n ~ x", changed("n", "t", 1.5))),
        errors.DataError,
        "'n', row t, value 1.5",
    ),
    "constant column": (lambda: fit(data=("y ~ x + one", FRAME)), errors.DataError, "one"),
    "lengths": (lambda: fit(data=(X, Y[:4])), errors.DataError, "4"),
    "text matrix": (lambda: fit(data=(X.astype(str), Y)), errors.DataError, "str|text|dtype|<U"),
    "three dimensions": (lambda: fit(data=(np.zeros((6, 2, 2)), Y)), errors.DataError, r"\(6, 2, 2\)|3"),
    "infinite cell": (lambda: fit(data=(np.where(X == 3.0, np.inf, X), Y)), errors.DataError, "row 4"),
    "weights without kind": (lambda: fit(weights=np.ones(6)), errors.DataError, "weights_kind"),
    "negative weight": (
        lambda: fit(weights=-np.ones(6), weights_kind="frequency"),
        errors.DataError,
        "weights",
    ),
    "offset length": (lambda: fit(offset=np.zeros(3)), errors.DataError, "offset"),
    "misspelt design option": (lambda: fit(ofset="x"), TypeError, "ofset"),
    "unused trials": (
        lambda: fit(trials=np.full(6, 2.0)),
        errors.SpecError,
        "'bernoulli' does not use trials.*leave it",
    ),
    "unused bounds": (
        lambda: fit(rglm.RGLM("poisson"), ("n ~ x", FRAME), lower=np.zeros(6), upper=np.ones(6)),
        errors.SpecError,
        "'poisson' does not use lower.*lower, upper.*leave it out",
    ),
    "weights that are trials": (
        lambda: fit(rglm.RGLM("poisson"), ("n ~ x", FRAME), weights=np.ones(6), weights_kind="trials"),
        errors.SpecError,
        "'poisson' does not use weights_kind=\"trials\".*leave it out",
    ),
    "executable formula": (
        lambda: fit(data=("y ~ __import__('os').getcwd()", FRAME)),
        errors.FormulaError,
        "__import__|attribute|function",
    ),
    "huge power": (lambda: fit(data=("y ~ (x + g)**9999999", FRAME)), errors.FormulaError, "9999999|power|exponent"),
    "group-level term": (lambda: fit(data=("y ~ x + (1 | g)", FRAME)), errors.FormulaError, r"1 \| g"),
    "log of a negative": (lambda: fit(data=("y ~ log(x)", FRAME)), errors.DataError, "log\\(x\\)"),
    "ambiguous prior": (
        lambda: fit(rglm.RGLM("gaussian", prior={"sigma": priors.HalfNormal()}), ("x ~ sigma", FRAME)),
        errors.PriorError,
        "'sigma' is ambiguous",
    ),
    "prior for nothing": (
        lambda: fit(rglm.RGLM("bernoulli", prior={"age": priors.Normal()})),
        errors.PriorError,
        "'age'",
    ),
    "prior for hidden units of a GLM": (
        lambda: fit(rglm.RGLM("bernoulli", prior={"hidden": priors.Normal()})),
        errors.PriorError,
        "'hidden'",
    ),
    "prior for no intercept": (
        lambda: fit(rglm.RGLM("bernoulli", prior={"intercept": priors.Normal()}), ("y ~ 0 + x", FRAME)),
        errors.PriorError,
        "'intercept'",
    ),
    "prior of another length": (
        lambda: fit(rglm.RGLM("bernoulli", prior=dist.Normal(np.zeros(3), 1.0)), (X, Y)),
        errors.PriorError,
        r"\(2,\).*shape \(3,\)",
    ),
    "prior of an intercept's length": (
        lambda: fit(rglm.RGLM("bernoulli", prior={"intercept": dist.Normal(np.zeros(3), 1.0)}), (X, Y)),
        errors.PriorError,
        r"'intercept'.*shape \(3,\)",
    ),
    "priors of scalars and vectors": (
        lambda: fit(rglm.RGLM("bernoulli", prior={"x0": dist.Normal(np.zeros(2)), "x1": dist.Normal(1.0)}), (X, Y)),
        errors.PriorError,
        r"'beta'.*shape \(2,\)",
    ),
    "huge response": (
        lambda: fit(rglm.RGLM("gaussian"), (X, Y * 1e300)),
        errors.DataError,
        r"response.*1e\+300",
    ),
    "huge offset": (
        lambda: fit(rglm.RGLM("poisson"), ("n ~ x", FRAME), offset=np.full(6, 1000.0)),
        errors.DataError,
        "offset.*1000",
    ),
    "intercept of a formula": (lambda: fit(intercept=False), errors.DataError, r"intercept=False.*0 \+"),
    "columns of a formula": (lambda: fit(columns=["x"]), errors.DataError, "columns="),
    "estimator": (lambda: fit(estimator="nutz"), errors.EstimatorError, "'nutz'.*did you mean 'nuts'"),
    "estimator class": (lambda: fit(estimator=estimators.NUTS), errors.EstimatorError, r"write NUTS\(\)"),
    "frame as estimator": (lambda: fit(data="y ~ x", estimator=FRAME), errors.DataError, r"pair.*\('y ~ x', frame\)"),
    "X, y apart": (lambda: fit(data=X, estimator=Y), errors.EstimatorError, "found: ndarray"),
    "estimator options": (lambda: fit(estimator="nuts", chains=2), errors.EstimatorError, r"estimators\.NUTS\(chains="),
    "monitor": (lambda: fit(monitor=3), errors.EstimatorError, "found: int"),
    "options of a problem": (
        lambda: fit(rglm.Problem(rglm.RGLM("bernoulli"), rglm.Design.from_arrays(X, Y)), None, offset=Y),
        errors.SpecError,
        "offset=",
    ),
    "draws": (lambda: estimators.NUTS(draws=0), errors.EstimatorError, "draws=0"),
    "chains": (lambda: estimators.NUTS(chains=2.0), errors.EstimatorError, "chains=2.0"),
    "target": (lambda: estimators.NUTS(target_accept=1.5), errors.EstimatorError, "target_accept=1.5"),
    "misspelt estimator option": (lambda: estimators.NUTS(num_draws=10), TypeError, "num_draws"),
    "seed": (lambda: fit(seed="0"), errors.EstimatorError, "'0'"),
    "precision": (lambda: fit(precision="double"), errors.EstimatorError, "'double'"),
    "device": (lambda: fit(device="abacus"), errors.EstimatorError, "'abacus'"),
    "device number": (lambda: fit(device=5), errors.EstimatorError, "5"),
    "flat network": (
        lambda: fit(rglm.RGLM("bernoulli", hidden=(2,), prior=priors.Flat()), estimator="nuts"),
        errors.EstimatorError,
        "beta_1",
    ),
    "flat and separated": (
        lambda: fit(
            rglm.RGLM("bernoulli", prior={"default": priors.Flat(), "intercept": priors.Flat()}),
            (np.arange(6.0)[:, None], (np.arange(6) > 2).astype(float)),
            "nuts",
        ),
        errors.EstimatorError,
        "separated",
    ),
    "network without columns": (
        lambda: fit(rglm.RGLM("bernoulli", hidden=(2,)), ("y ~ 1", FRAME)),
        errors.SpecError,
        "at least one column",
    ),
    "ml of a NumPyro model": (
        lambda: rglm.Problem.from_numpyro(lambda y: None, {"y": Y}, response="z"),
        errors.SpecError,
        "'z'",
    ),
    "argument of a NumPyro model": (
        lambda: rglm.Problem.from_numpyro(lambda X, y: None, {"X": X}),
        errors.SpecError,
        r"'y'; given: X.*\(X, y\)",
    ),
    "arguments of a NumPyro model": (lambda: rglm.Problem.from_numpyro(lambda y: None, 3), errors.SpecError, "int"),
    "vector for a network": (lambda: INSIDE.network(Y), errors.DataError, r"\(6,\).*X\[:, None\]"),
    "network without outputs": (lambda: INSIDE.network(X, outputs=0), errors.SpecError, "outputs=0"),
    "network outside a model": (lambda: INSIDE.network(X), errors.SpecError, "inside a NumPyro model"),
}


@pytest.fixture(scope="module")
def fitted():
    return fit(data=("y ~ x + g", FRAME), estimator="map")


AFTERWARDS = {
    "kind": (lambda f: rglm.predict(f, kind="median"), errors.DataError, "'median'"),
    "unseen level": (
        lambda f: rglm.predict(f, pd.DataFrame({"x": [0.0], "g": ["z"]}, index=["new"])),
        errors.DataError,
        "'g', row '?new'?.*'z'",
    ),
    "missing column": (lambda f: rglm.predict(f, FRAME[["g"]]), errors.DataError, "'?x'?"),
    "missing cell": (lambda f: rglm.predict(f, changed("x", "u", np.nan)), errors.DataError, "'x', row '?u'?"),
    "hidden of a GLM": (lambda f: rglm.predict(f, kind="hidden"), errors.EstimatorError, "hidden"),
    "folder": (lambda f: f.save("no/such/folder/fit.nc"), errors.FileError, "no/such/folder"),
    "predict a number": (lambda f: rglm.predict(3, X), errors.DataError, "predict takes a fit.*int"),
    "diagnose a number": (lambda f: rglm.diagnose(3), errors.DataError, "diagnose takes a fit.*int"),
    "functions of a number": (lambda f: rglm.functions(3), errors.DataError, "functions takes a fit.*int"),
    "load nothing": (lambda f: rglm.load(None), errors.FileError, "None"),
    "save to a number": (lambda f: f.save(3), errors.FileError, "3"),
    "file": (lambda f: rglm.load("no-such-file.nc"), errors.FileError, "no-such-file.nc"),
    "draws": (
        lambda f: rglm.Fit.from_draws(f.problem, {"beta": np.zeros((1, 4, 3))}),
        errors.DataError,
        "missing: intercept",
    ),
    "draws' shape": (
        lambda f: rglm.Fit.from_draws(f.problem, {"beta": np.zeros((4, 3)), "intercept": np.zeros((1, 4))}),
        errors.DataError,
        "'beta'",
    ),
    "compare nothing": (lambda f: rglm.compare({}, FRAME), errors.NotComparable, "by name"),
    "compare measures": (
        lambda f: rglm.compare({"a": f, "b": fit(rglm.RGLM("gaussian"), ("y ~ x", FRAME))}, FRAME),
        errors.NotComparable,
        "gaussian",
    ),
    "contrast methods": (
        lambda f: rglm.contrast(rglm.RGLM("bernoulli"), ("y ~ x", FRAME), {"a": "nutz"}),
        errors.RGLMError,
        "'nutz'",
    ),
    "contrast folds": (
        lambda f: rglm.contrast(rglm.RGLM("bernoulli"), ("y ~ x", FRAME), {"a": "ml"}, folds=1),
        errors.RGLMError,
        "folds",
    ),
    "gallery": (lambda f: rglm.gallery.model("binary_logic"), errors.RGLMError, "binary_logit"),
}


def _refused(call, kind, pattern):
    with pytest.raises(kind, match=f"(?s){pattern}") as caught:
        call()
    error = caught.value
    if kind is not TypeError:
        assert isinstance(error, errors.RGLMError)
        assert error.__cause__ is None
        assert error.__context__ is None or error.__suppress_context__


@pytest.mark.parametrize("name", SPECIFICATIONS)
def test_specifications(name):
    _refused(*SPECIFICATIONS[name])


@pytest.mark.parametrize("name", FITS)
def test_fits(name):
    _refused(*FITS[name])


@pytest.mark.parametrize("name", AFTERWARDS)
def test_afterwards(fitted, name):
    call, kind, pattern = AFTERWARDS[name]
    _refused(lambda: call(fitted), kind, pattern)


def test_numbers_of_numpy_are_numbers():
    fixed = rglm.RGLM("gaussian", fixed={"sigma": np.float32(0.5)})
    assert fixed == rglm.RGLM("gaussian", fixed={"sigma": 0.5})
    assert rglm.RGLM("gaussian", fixed={"sigma": np.int64(2)}).fixed == (("sigma", 2.0),)


def test_arrays_name_their_columns_and_leave_out_the_intercept():
    found = fit(rglm.RGLM("gaussian"), (X, Y), intercept=False, columns=["a", "b"])
    assert found.design.columns == ("a", "b")
    assert set(found.draws.samples) == {"beta", "sigma"}


def test_the_older_form_of_a_key_is_a_seed():
    """Of the same bits the same key."""
    from bayes_rglm.fitting import as_key

    for old in (jax.random.PRNGKey(3), np.asarray(jax.random.PRNGKey(3))):
        np.testing.assert_array_equal(jax.random.key_data(as_key(old)), jax.random.key_data(as_key(3)))


def test_nothing_is_left_in_the_users_jax():
    assert not jax.config.jax_enable_x64
