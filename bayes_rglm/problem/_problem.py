"""The class `Problem`; its page is that of the package."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from numpyro import handlers
from numpyro.infer import util

from ..binding import Program, bind, check_response, flatten_priors
from ..design import Design
from ..errors import EstimatorError, SpecError
from ..model import from_values, network, predictors, rglm
from ..spec import RGLM
from .foreign import Foreign, check_call, check_static, layout_of, without_prior
from .noncentred import centred, noncentred
from .starts import inside_draw

PARTS = ("program", "data", "constants", "coordinates", "tangent", "spec", "design")


@dataclass(frozen=True, eq=False, init=False)
class Problem:
    """A model and its data; see the module's page. Built by `Problem(model, design)` or `Problem.from_numpyro`."""

    program: Program | Foreign
    data: dict[str, Any]
    constants: dict[str, Any]
    coordinates: dict[str, Any] | None = None
    tangent: dict[str, Any] | None = None
    spec: RGLM | None = field(default=None, repr=False)
    design: Design | None = field(default=None, repr=False)

    def __init__(self, model: RGLM, design: Design):
        if not isinstance(model, RGLM) or not isinstance(design, Design):
            raise SpecError(
                "A Problem joins an RGLM and a Design.",
                found=f"{type(model).__name__}, {type(design).__name__}",
                do="use Problem.from_numpyro for a NumPyro function",
            )
        check_response(model, design)
        program, constants = bind(model, design)
        names = ("X", "y", "offset", "weights", *model.family.rows)
        data = {name: getattr(design, name) for name in names if getattr(design, name) is not None}
        self._fill(program, data, constants, None, None, model, design)

    def _fill(self, *values) -> Problem:
        for name, value in zip(PARTS, values, strict=True):
            object.__setattr__(self, name, value)
        return self

    @classmethod
    def _make(cls, program, data, constants, coordinates=None, tangent=None, spec=None, design=None) -> Problem:
        return object.__new__(cls)._fill(program, data, constants, coordinates, tangent, spec, design)

    @classmethod
    def from_numpyro(cls, fn: Callable[..., Any], kwargs: dict[str, Any] | None = None, response: str = "y") -> Problem:
        """A problem around a NumPyro model `fn(**kwargs)` whose observed site is `response`.

        Array arguments become leaves; other arguments must be hashable. Raises `SpecError` when the function cannot be
        called with them, when the model has discrete latent sites, or no observed site of that name.
        """
        check_call(fn, kwargs)
        data = {k: np.asarray(v) for k, v in (kwargs or {}).items() if hasattr(v, "shape") or isinstance(v, list)}
        static = tuple(sorted((k, v) for k, v in (kwargs or {}).items() if k not in data))
        check_static(static)
        blank = Foreign(fn, response, static, ())
        return cls._make(replace(blank, **layout_of(blank, data)), data, {})

    # the NumPyro face ------------------------------------------------------------------------------------------------

    @property
    def numpyro_model(self) -> Callable[..., Any]:
        """The NumPyro function; call it with `**model_kwargs`, or with y=None to predict."""
        if isinstance(self.program, Program):
            return partial(rglm, program=self.program)
        model = partial(self.program.function, **dict(self.program.static))
        return without_prior(model, self.program.response) if self.program.likelihood_only else model

    @property
    def model_kwargs(self) -> dict[str, Any]:
        """Keyword arguments of `numpyro_model`: the data, and the frozen constants, as arrays of the precision at hand.

        NumPy arrays would not do: one that JAX closed over in double precision fails in single precision later.
        """
        known = isinstance(self.program, Program)
        return jax.tree.map(jnp.asarray, {**self.data, "constants": self.constants} if known else dict(self.data))

    @property
    def response(self) -> str:
        """Name of the observed site."""
        return "y" if isinstance(self.program, Program) else self.program.response

    @property
    def n(self) -> int:
        """Number of rows."""
        key = "X" if isinstance(self.program, Program) else self.response
        return int(np.shape(self.data[key])[0]) if np.ndim(self.data.get(key)) else self.program.rows

    @property
    def depth(self) -> int | None:
        """Layers of the network, the response included; None for a foreign model."""
        return self.program.depth

    # densities -------------------------------------------------------------------------------------------------------

    def log_density(self, z) -> jax.Array:
        """Unconstrained log joint density with the Jacobian of the constraints; () ."""
        sites, log_determinant = self._located(z)
        return log_determinant - util.potential_energy(self.numpyro_model, (), self.model_kwargs, sites)

    def log_joint(self, theta) -> jax.Array:
        """Log joint density of constrained sites, no Jacobian; ()."""
        return util.log_density(self.numpyro_model, (), self.model_kwargs, theta)[0]

    def log_mode(self, z) -> jax.Array:
        """What MAP maximises: the log joint in constrained space, as a function of unconstrained sites."""
        return self.log_joint(self.constrain(z))

    def log_prior(self, theta) -> dict[str, jax.Array]:
        """Log prior density of each site, {site: ()}."""
        parts, trace = util.compute_log_probs(self.numpyro_model, (), self.model_kwargs, theta)
        return {k: v for k, v in parts.items() if not trace[k]["is_observed"]}

    def log_likelihood(self, theta) -> jax.Array:
        """Log likelihood of each row, weights included; (n,)."""
        parts, _ = util.compute_log_probs(self.numpyro_model, (), self.model_kwargs, theta, sum_log_prob=False)
        rows = parts[self.response]
        return rows.reshape(rows.shape[0], -1).sum(-1) if rows.ndim > 1 else rows

    # coordinates -----------------------------------------------------------------------------------------------------

    @property
    def layout(self) -> tuple[tuple[str, tuple[int, ...]], ...]:
        """Sites and their unconstrained shapes, sorted by name: the order of the flat vector."""
        if isinstance(self.program, Program):
            return tuple(sorted((site.name, site.shape) for site in self.program.sites))
        return self.program.layout

    @property
    def size(self) -> int:
        """Length of the flat unconstrained vector."""
        return sum(int(np.prod(shape, dtype=int)) for _, shape in self.layout)

    def ravel(self, z: dict[str, Any]) -> jax.Array:
        """The flat vector of unconstrained sites."""
        return ravel_pytree({name: z[name] for name, _ in self.layout})[0]

    def unravel(self, vector) -> dict[str, Any]:
        """Sites of a flat vector; leading axes are kept, so it serves batches of draws too."""
        sites, start = {}, 0
        for name, shape in self.layout:
            stop = start + int(np.prod(shape, dtype=int))
            sites[name] = vector[..., start:stop].reshape((*vector.shape[:-1], *shape))
            start = stop
        return sites

    def sites_of(self, z) -> dict[str, Any]:
        """Unconstrained sites of a position: `z` itself, or those behind a whitened or a non-centred one."""
        return self._located(z)[0]

    def _located(self, z) -> tuple[dict[str, Any], Any]:
        """Unconstrained sites, and the log Jacobian of non-centring (that of whitening is constant, and left out)."""
        if self.coordinates is not None:
            z = jnp.asarray(self.coordinates["loc"]) + jnp.asarray(self.coordinates["factor"]) @ z
        sites = z if isinstance(z, dict) else self.unravel(z)
        moved = isinstance(self.program, Program) and self.program.noncentred
        return centred(self.program, self.constants, sites) if moved else (sites, 0.0)

    def constrain(self, z) -> dict[str, Any]:
        """Constrained sites of a position."""
        return util.constrain_fn(self._seeded(), (), self.model_kwargs, self.sites_of(z))

    def unconstrain(self, theta) -> dict[str, Any]:
        """Unconstrained sites of constrained values (for a problem that is not whitened)."""
        sites = util.unconstrain_fn(self._seeded(), (), self.model_kwargs, theta)
        moved = isinstance(self.program, Program) and self.program.noncentred
        return noncentred(self.program, self.constants, sites) if moved else sites

    def _seeded(self):
        return handlers.seed(self.numpyro_model, jax.random.key(0))

    def initial(self, key) -> dict[str, Any]:
        """A random starting position: a draw from the prior where it is proper, else of the order of its unit.

        Under a link with a restricted domain the draw is repeated until every row has a mean.
        """
        if not isinstance(self.program, Program):
            shapes = dict(self.layout)
            keys = jax.random.split(key, max(1, len(shapes)))
            return {
                s: jax.random.uniform(k, shapes[s], minval=-2.0, maxval=2.0) for s, k in zip(shapes, keys, strict=False)
            }
        return self.unconstrain(inside_draw(self, key))

    # what a recursive GLM has beyond any NumPyro model ----------------------------------------------------------------

    def require_network(self, estimator: str) -> Program:
        """The bound program, or an error that names the estimator which needs it."""
        if isinstance(self.program, Program):
            return self.program
        raise EstimatorError(
            f"{estimator} needs the linear predictor, score and information of an RGLM.",
            found="a problem made by Problem.from_numpyro",
            do='use "map" or "nuts" for it',
        )

    @property
    def classical(self) -> bool:
        """Whether Fisher scoring applies: one linear predictor, depth 1, no heads, auxiliary values closed or fixed.

        Values are not closed where rows are censored: a residual sd then has no formula.
        """
        program = self.program
        if not isinstance(program, Program) or program.depth > 1 or program.heads or program.responses:
            return False
        if program.family.outputs != "one":
            return False
        if not program.auxiliaries:
            return hasattr(program.family, "information")
        return program.family.closed and not any(name in self.data for name in ("lower", "upper"))

    @property
    def rows(self) -> dict[str, Any]:
        """What the family reads of each row besides the response: trials, lower, upper."""
        return {name: self.data[name] for name in self.require_network("rows").family.rows if name in self.data}

    def parameters(self, theta, X=None, offset=None) -> tuple[Any, dict[str, Any]]:
        """(eta, {auxiliary: value}) at constrained sites: eta (n,), (n, K), (n, T) or (n, T, K), auxiliary values (),
        (n,) with a head, or a vector; on NumPy values it stays NumPy.
        """
        program = self.require_network("The linear predictor")
        own = X is None
        X, offset = (self.data["X"], self.data.get("offset")) if own else (X, offset)
        eta, heads = predictors(X, from_values(theta), program, self.constants, offset)
        aux = {site.name: theta[site.name] for site in program.auxiliaries}
        return eta, heads | aux | self.constants["fixed"]

    def linear_predictor(self, theta, X=None, offset=None):
        """eta, (n,), (n, K), (n, T) or (n, T, K), at constrained sites; on NumPy values it stays NumPy."""
        return self.parameters(theta, X, offset)[0]

    def hidden(self, theta, X=None) -> list[Any]:
        """The hidden layers h_1 ... h_{L-1}, each (n, units), at constrained sites."""
        program, layers = self.require_network("The hidden layer"), []
        network(self.data["X"] if X is None else X, from_values(theta), program, self.constants, layers)
        return layers

    def kinks(self, names: Collection[str] | None = None) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
        """Where the log prior of weights, or of an intercept whose location stays, has a term -|w - centre| / scale:
        flat indices, centres and scales; None if nowhere. `names`: of these sites only.
        """
        program, flat, found = self.require_network("kinks"), self.unravel(np.arange(self.size)), []
        maps = (*program.layers, *(head.affine for head in program.heads))
        for site in (s for a in maps for s in (a.weights, a.intercept) if s is not None):
            own = self.constants[site.name]
            unasked = names is not None and site.name not in names
            if unasked or np.any(own.get("centre", 0.0)):  # a location that follows the slopes
                continue
            for block, hyper in zip(site.blocks, own["hyper"], strict=True):
                if block.kink is not None:
                    rows = ... if block.rows is None else list(block.rows)
                    unit = own["unit"][rows]
                    centre, scale = (np.ravel(unit * part) for part in block.kink(hyper))
                    found.append((np.ravel(flat[site.name][rows]), np.ravel(own["shift"][rows]) + centre, scale))
        return tuple(map(np.concatenate, zip(*found, strict=True))) if found else None

    # other problems --------------------------------------------------------------------------------------------------

    def with_parts(self, **changes) -> Problem:
        """A copy with other `program`, `data`, `constants`, `coordinates` or `tangent`."""
        return Problem._make(*[changes.get(name, getattr(self, name)) for name in PARTS])

    def linearised(self, at: dict[str, Any] | None) -> Problem:
        """The problem whose predictions take the network's tangent at the sites `at` (`evaluation`); None: the network.

        Densities stay those of the network.
        """
        return self if at is None and self.tangent is None else self.with_parts(tangent=at)

    def block(self, start: int, stop: int) -> Problem:
        """The problem of rows start:stop, with the constants of the whole (streaming, sharding, folds)."""
        rows = self.n
        cut = {k: v[start:stop] if np.ndim(v) and np.shape(v)[0] == rows else v for k, v in self.data.items()}
        return self.with_parts(data=cut, design=None)

    def likelihood_only(self, names: Collection[str] | None = None) -> Problem:
        """The problem with flat priors; `names`: of these sites only (of an RGLM)."""
        if isinstance(self.program, Program):
            program, constants = flatten_priors(self.program, self.constants, names)
            return self.with_parts(program=program, constants=constants)
        return self.with_parts(program=replace(self.program, likelihood_only=True))


def _flatten(problem: Problem):
    return (problem.data, problem.constants, problem.coordinates, problem.tangent), problem.program


def _unflatten(program, children) -> Problem:
    return Problem._make(program, *children)


jax.tree_util.register_pytree_node(Problem, _flatten, _unflatten)
