"""The problem: a model joined with data, and the only thing that an estimator sees.

A `Problem` is a pytree. Its leaves are arrays (data, frozen constants, coordinates); the rest is static and hashable,
so `jit(f)(problem, z)` never closes over data and two data sets of one shape share a compiled programme. Companions
that live on the host (`spec`, `design`) are dropped when it is flattened.

    problem.numpyro_model, problem.model_kwargs      the plain NumPyro function and its arguments
    problem.log_density(z)                           unconstrained log joint, with the Jacobian
    problem.log_joint(theta)                         log joint of constrained sites, without it
    problem.log_prior(theta), log_likelihood(theta)  {site: ()} and (n,)
    problem.constrain(z), unconstrain(theta), initial(key)

`z` is a dict of unconstrained sites, or a flat vector where the problem was `whitened`. Row likelihoods include the
weights: under frequency weights a row stands for its w observations. `Problem.from_numpyro` wraps any NumPyro model;
what it lacks (a linear predictor, a score) an estimator refuses by name.
"""

from ._problem import Problem
from .foreign import Foreign
from .separate import separate

__all__ = ["Foreign", "Problem", "separate"]
