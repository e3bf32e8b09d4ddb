"""Links, units, heads, fixed values, codings and priors that do not belong together: refused without data."""

import numpy as np
import numpyro.distributions as dist
import pytest

from bayes_rglm import RGLM, Design, Problem, priors
from bayes_rglm.errors import PriorError, SpecError

MODELS = {
    "a hidden unit as a response": (
        lambda: RGLM("bernoulli", link="silu"),
        SpecError,
        "'silu'.*logit, probit, cloglog",
    ),
    "a link that is no name": (lambda: RGLM("gaussian", link=3), SpecError, "does not have this link.*3.*identity"),
    "a count's logit": (lambda: RGLM("poisson", link="logit"), SpecError, "'logit'.*log, sqrt"),
    "an ordinal log": (
        lambda: RGLM("ordinal", link="log"),
        SpecError,
        "'ordinal'.*'log'.*logit, probit, cloglog, loglog",
    ),
    "a share's log": (lambda: RGLM("beta", link="log"), SpecError, "'beta'.*'log'.*logit"),
    "a categorical logit": (lambda: RGLM("categorical", link="logit"), SpecError, "'logit'.*softmax"),
    "a signed logit": (
        lambda: RGLM("signed_bernoulli", link="logit"),
        SpecError,
        "'signed_bernoulli'.*use one of tanh",
    ),
    "a weibull reciprocal": (lambda: RGLM("weibull", link="reciprocal"), SpecError, "'weibull'.*use one of log"),
    "a tobit log": (lambda: RGLM("tobit", link="log"), SpecError, "'tobit'.*use one of relu"),
    "a family that is none": (lambda: RGLM("binomail"), SpecError, "'binomail'.*mean 'binomial'"),
    "softmax units": (lambda: RGLM("gaussian", hidden=(3,), activation="softmax"), SpecError, "'softmax'.*'logit'"),
    "reciprocal units": (
        lambda: RGLM("gaussian", hidden=(3,), activation="reciprocal"),
        SpecError,
        "responses only.*'reciprocal'.*'inverse_softplus' as a hidden unit",
    ),
    "sqrt units": (lambda: RGLM("gaussian", hidden=(3,), activation="sqrt"), SpecError, "'sqrt'.*'square'"),
    "1/mu^2 units": (
        lambda: RGLM("gaussian", hidden=(3,), activation="inverse_squared"),
        SpecError,
        "'inverse_squared'.*'inverse_softplus'",
    ),
    "ordinal units": (
        lambda: RGLM("gaussian", hidden=(3,), activation="ordinal"),
        SpecError,
        "'ordinal'.*known: .*tanh",
    ),
    "no units": (lambda: RGLM("gaussian", hidden=None), SpecError, r"hidden=None.*hidden=\(16, 8\)"),
    "a head for nothing": (lambda: RGLM("gaussian", heads=("sigm",)), SpecError, "'gaussian'.*'sigm'.*mean 'sigma'"),
    "a head of poisson": (lambda: RGLM("poisson", heads=("sigma",)), SpecError, "'poisson'.*'sigma'.*known: none"),
    "a head for cut-points": (lambda: RGLM("ordinal", heads=("cutpoints",)), SpecError, "'cutpoints'.*known: none"),
    "a head for what is fixed": (
        lambda: RGLM("gaussian", heads=("sigma",), fixed={"sigma": 1.0}),
        SpecError,
        "fixed or has one head.*'sigma'.*drop it",
    ),
    "two heads for one": (lambda: RGLM("gamma", heads=["concentration"] * 2), SpecError, "'concentration'.*drop it"),
    "a number of heads": (lambda: RGLM("gaussian", heads=3), SpecError, "sequence of names.*heads=3.*sigma"),
    "heads with values": (lambda: RGLM("gaussian", heads={"sigma": 1}), SpecError, "sequence of names.*'sigma': 1"),
    "few degrees of freedom": (lambda: RGLM("student_t", fixed={"nu": 0.5}), SpecError, "nu must lie.*nu=0.5.*free"),
    "no concentration": (lambda: RGLM("gamma", fixed={"concentration": 0}), SpecError, "support.*concentration=0"),
    "fixed cut-points": (
        lambda: RGLM("ordinal", fixed={"cutpoints": [0, 1]}),
        SpecError,
        r"vector.*cutpoints=\[0, 1\]",
    ),
    "one cut-point": (lambda: RGLM("ordinal", fixed={"cutpoints": 0.5}), SpecError, "vector.*cutpoints=0.5.*prior"),
    "fixed by truth": (lambda: RGLM("tobit", fixed={"sigma": True}), SpecError, "sigma=True"),
    "fixed for poisson": (lambda: RGLM("poisson", fixed={"sigma": 1.0}), SpecError, "'poisson'.*'sigma'.*known: none"),
    "a coding of numbers": (lambda: RGLM("gaussian", coding="reference"), SpecError, "no coding.*'reference'.*leave"),
    "a coding of two": (lambda: RGLM("bernoulli", coding="symmetric"), SpecError, "no coding.*coding='symmetric'"),
    "an unknown coding": (lambda: RGLM("categorical", coding="dummy"), SpecError, "'dummy'.*symmetric, reference"),
    "a real prior of a scale": (
        lambda: RGLM("student_t", prior={"sigma": priors.StudentT(df=3.0)}),
        PriorError,
        "'sigma' reaches outside.*allows -.*HalfNormal",
    ),
    "a wide prior of nu": (
        lambda: RGLM("student_t", prior={"nu": priors.Uniform(low=0.1, high=3.0)}),
        PriorError,
        r"'nu' reaches outside.*Uniform\(low=0.1, high=3.0\) allows 0.5",
    ),
    "a prior of what has a head": (
        lambda: RGLM("gaussian", heads="sigma", prior={("aux", "sigma"): priors.HalfNormal()}),
        PriorError,
        r"no aux of that name.*\('aux', 'sigma'\)",
    ),
    "a prior of a head that is none": (
        lambda: RGLM("gaussian", prior={("site", "beta_sigma"): priors.Normal()}),
        PriorError,
        "no site of that name.*'beta_sigma'.*beta",
    ),
    "numbers as cut-points": (
        lambda: RGLM("ordinal", prior={"cutpoints": priors.Normal()}),
        PriorError,
        r"'cutpoints' is an ordered vector.*Normal\(.*InducedDirichlet",
    ),
    "an array as cut-points": (
        lambda: RGLM("ordinal", prior={"cutpoints": dist.Normal(np.zeros(5), 1.0)}),
        PriorError,
        "'cutpoints' is an ordered vector.*InducedDirichlet",
    ),
    "cut-points as a scale": (
        lambda: RGLM("gaussian", prior={"sigma": priors.InducedDirichlet()}),
        PriorError,
        "'sigma' is a number.*InducedDirichlet.*HalfNormal",
    ),
    "cut-points as weights": (
        lambda: RGLM("gaussian", prior={"beta": priors.InducedDirichlet()}),
        PriorError,
        "for cut-points.*'beta'.*ordinal",
    ),
    "cut-points for all": (
        lambda: RGLM("ordinal", prior=priors.InducedDirichlet()),
        PriorError,
        "for cut-points.*'default'.*\"cutpoints\"",
    ),
    "cut-points of a log": (lambda: priors.InducedDirichlet(link="log"), PriorError, "link='log'.*logit, probit"),
    "no Dirichlet": (lambda: priors.InducedDirichlet(concentration=0.0), PriorError, "concentration=0.0"),
    "an elastic net of ridge alone": (lambda: priors.ElasticNet(l1=0.0), PriorError, "l1 must be a positive.*l1=0.0"),
    "a negative ridge": (lambda: priors.ElasticNet(l2=-1.0), PriorError, "l2 must be a positive number.*l2=-1.0"),
    "no degrees of freedom": (lambda: priors.StudentT(df=0.0), PriorError, "df must be a positive.*df=0.0"),
    "a negative scale": (lambda: priors.StudentT(df=3.0, scale=-1.0), PriorError, "scale=-1.0"),
    "a Cauchy point": (lambda: priors.Cauchy(scale=0.0), PriorError, "Cauchy: scale.*scale=0.0"),
    "half a Cauchy point": (lambda: priors.HalfCauchy(scale=-2.0), PriorError, "HalfCauchy: scale.*scale=-2.0"),
    "a negative rate": (lambda: priors.Exponential(rate=-1.0), PriorError, "Exponential: rate.*rate=-1.0"),
    "a Gamma without shape": (lambda: priors.Gamma(concentration=0.0, rate=1.0), PriorError, "concentration=0.0"),
    "a LogNormal point": (lambda: priors.LogNormal(scale=0.0), PriorError, "LogNormal: scale.*scale=0.0"),
    "a negative interval for a scale": (
        lambda: RGLM("gaussian", prior={"sigma": priors.Uniform(low=-3.0, high=-2.0)}),
        PriorError,
        "'sigma' reaches outside its support.*allows -3",
    ),
    "bounds turned round": (
        lambda: priors.Uniform(low=1.0, high=0.0),
        PriorError,
        "low=1.0, high=0.0.*order the bounds",
    ),
    "a bound that is no number": (lambda: priors.Uniform(low=np.nan, high=1.0), PriorError, "low must be.*low=nan"),
    "the power 0": (lambda: priors.HalfNormalPower(power=0.0), PriorError, "power is not 0.*use -0.5 or 0.5"),
    "a scale per column": (lambda: priors.Laplace(scale=[1.0, 2.0]), PriorError, r"scale=\[1.0, 2.0\].*mapping"),
}


@pytest.mark.parametrize("name", MODELS)
def test_models_and_priors(refused, name):
    refused(*MODELS[name])


# Keys and shapes that only the data decide: family, formula, options of the model, pattern.
BOUND = {
    "an intercept of an ordinal": (
        "ordinal",
        {"prior": {"intercept": priors.Normal()}},
        "'ordinal' has cut-points instead.*'intercept'.*'cutpoints'",
    ),
    "a prior of another length": (
        "categorical",
        {"prior": {"beta": dist.Normal(np.zeros(5), 1.0)}},
        r"'beta'.*\(1, 3\).*shape \(5",
    ),
    "a head's prior without the head": ("gamma", {"prior": {"beta_concentration": priors.Normal()}}, "'beta_concentr"),
    "a prior beside a head": (
        "gamma",
        {"heads": ("concentration",), "prior": {"concentration": priors.HalfNormal()}},
        "'concentration'.*mean '.*_concentration'",
    ),
    "a scale by its columns": (
        "gaussian",
        {"prior": {"intercept": priors.Normal(scaled="term")}},
        "scaled='term'.*centred",
    ),
    "two supports in a layer": (
        "poisson",
        {"prior": {"x": priors.HalfNormal(), "default": priors.Normal()}},
        "weights of one site share a support.*Positive.*give the columns",
    ),
}
RESPONSES = {"ordinal": "group", "categorical": "group", "gamma": "time", "gaussian": "time", "poisson": "count"}


@pytest.mark.parametrize("name", BOUND)
def test_priors_that_the_data_decide(table, refused, name):
    family, options, pattern = BOUND[name]
    formula = f"{RESPONSES[family]} ~ x" + (" + share" if name.startswith("two") else "")
    refused(lambda: Problem(RGLM(family, **options), Design.from_formula(formula, table())), PriorError, pattern)
