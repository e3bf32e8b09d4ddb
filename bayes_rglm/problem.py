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

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from numpyro import handlers
from numpyro.infer import util

from .binding import Program, Site, bind, check_response, flatten_priors, smooth_priors
from .design import Design
from .errors import EstimatorError, SpecError
from .model import from_values, network, prior_of, rglm
from .spec import RGLM


@dataclass(frozen=True)
class Foreign:
    """The static half of a problem around somebody's NumPyro function."""

    function: Callable[..., Any]
    response: str
    static: tuple[tuple[str, Any], ...]
    layout: tuple[tuple[str, tuple[int, ...]], ...]
    rows: int = 1
    likelihood_only: bool = False

    depth = None


@dataclass(frozen=True, eq=False, init=False)
class Problem:
    """A model and its data; see the module's page. Built by `Problem(model, design)` or `Problem.from_numpyro`."""

    program: Program | Foreign
    data: dict[str, Any]
    constants: dict[str, Any]
    coordinates: dict[str, Any] | None = None
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
        names = ("X", "y", "offset", "weights")
        data = {name: getattr(design, name) for name in names if getattr(design, name) is not None}
        self._fill(program, data, constants, None, model, design)

    def _fill(self, *values) -> Problem:
        for name, value in zip(("program", "data", "constants", "coordinates", "spec", "design"), values, strict=True):
            object.__setattr__(self, name, value)
        return self

    @classmethod
    def _make(cls, program, data, constants, coordinates=None, spec=None, design=None) -> Problem:
        return object.__new__(cls)._fill(program, data, constants, coordinates, spec, design)

    @classmethod
    def from_numpyro(cls, fn: Callable[..., Any], kwargs: dict[str, Any] | None = None, response: str = "y") -> Problem:
        """A problem around a NumPyro model `fn(**kwargs)` whose observed site is `response`.

        Array arguments become leaves; other arguments must be hashable. Raises `SpecError` when the model has discrete
        latent sites or no observed site of that name.
        """
        if not callable(fn):
            raise SpecError("from_numpyro wraps a NumPyro function.", found=type(fn).__name__, do="pass the function")
        data = {k: np.asarray(v) for k, v in (kwargs or {}).items() if hasattr(v, "shape") or isinstance(v, list)}
        static = tuple(sorted((k, v) for k, v in (kwargs or {}).items() if k not in data))
        _check_static(static)
        blank = Foreign(fn, response, static, ())
        return cls._make(replace(blank, **_foreign_layout(blank, data)), data, {})

    # the NumPyro face ------------------------------------------------------------------------------------------------

    @property
    def numpyro_model(self) -> Callable[..., Any]:
        """The NumPyro function; call it with `**model_kwargs`, or with y=None to predict."""
        if isinstance(self.program, Program):
            return partial(rglm, program=self.program)
        model = partial(self.program.function, **dict(self.program.static))
        return _without_prior(model, self.program.response) if self.program.likelihood_only else model

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
        return -util.potential_energy(self.numpyro_model, (), self.model_kwargs, self.sites_of(z))

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
        """Unconstrained sites of a position: `z` itself, or those behind a whitened vector."""
        if self.coordinates is None:
            return z if isinstance(z, dict) else self.unravel(z)
        return self.unravel(jnp.asarray(self.coordinates["loc"]) + jnp.asarray(self.coordinates["factor"]) @ z)

    def constrain(self, z) -> dict[str, Any]:
        """Constrained sites of a position."""
        return util.constrain_fn(self._seeded(), (), self.model_kwargs, self.sites_of(z))

    def unconstrain(self, theta) -> dict[str, Any]:
        """Unconstrained sites of constrained values (for a problem that is not whitened)."""
        return util.unconstrain_fn(self._seeded(), (), self.model_kwargs, theta)

    def _seeded(self):
        return handlers.seed(self.numpyro_model, jax.random.key(0))

    def initial(self, key) -> dict[str, Any]:
        """A random starting position: a draw from the prior where it is proper, else of the order of its unit."""
        if not isinstance(self.program, Program):
            shapes = dict(self.layout)
            keys = jax.random.split(key, max(1, len(shapes)))
            return {
                s: jax.random.uniform(k, shapes[s], minval=-2.0, maxval=2.0) for s, k in zip(shapes, keys, strict=False)
            }
        return self.unconstrain(_prior_draw(self, key))

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

    def linear_predictor(self, theta, X=None, offset=None):
        """eta, (n,), at constrained sites; on NumPy values it stays NumPy."""
        program = self.require_network("The linear predictor")
        own = X is None
        eta = network(self.data["X"] if own else X, from_values(theta), program, self.constants)
        offset = self.data.get("offset") if own else offset
        return eta if offset is None else eta + offset

    def hidden(self, theta, X=None) -> list[Any]:
        """The hidden layers h_1 ... h_{L-1}, each (n, units), at constrained sites."""
        program, layers = self.require_network("The hidden layer"), []
        network(self.data["X"] if X is None else X, from_values(theta), program, self.constants, layers)
        return layers

    def auxiliary(self, theta) -> dict[str, Any]:
        """Auxiliary parameters at `theta`, fixed ones included."""
        program = self.require_network("auxiliary")
        return {site.name: theta[site.name] for site in program.auxiliaries} | self.constants["fixed"]

    def kinks(self) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
        """Where the log prior is not differentiable: flat indices, centres and scales of Laplace blocks; None if
        nowhere.
        """
        program, index, loc, scale = self.require_network("kinks"), [], [], []
        for layer in program.layers:
            site = layer.weights
            for block, hyper in zip(site.blocks, self.constants[site.name]["hyper"], strict=True) if site else ():
                if not block.smooth:
                    at = np.arange(self.size)
                    flat = self.unravel(at)[site.name][slice(None) if block.rows is None else list(block.rows)]
                    own = self.constants[site.name]
                    rows = slice(None) if block.rows is None else list(block.rows)
                    unit = own["unit"][rows]
                    index.append(flat.ravel())
                    loc.append(np.ravel(own["shift"][rows] + unit * hyper["loc"]))
                    scale.append(np.ravel(unit * hyper["scale"]))
        return tuple(map(np.concatenate, (index, loc, scale))) if index else None

    def without_kinks(self) -> Problem:
        """The problem without the priors that `kinks` speaks of."""
        program, constants = smooth_priors(self.require_network("without_kinks"), self.constants)
        return self.with_parts(program=program, constants=constants)

    # other problems --------------------------------------------------------------------------------------------------

    def with_parts(self, **changes) -> Problem:
        """A copy with other `program`, `data`, `constants` or `coordinates`."""
        names = ("program", "data", "constants", "coordinates", "spec", "design")
        return Problem._make(*[changes.get(name, getattr(self, name)) for name in names])

    def block(self, start: int, stop: int) -> Problem:
        """The problem of rows start:stop, with the constants of the whole (streaming, sharding, folds)."""
        rows = self.n
        cut = {k: v[start:stop] if np.ndim(v) and np.shape(v)[0] == rows else v for k, v in self.data.items()}
        return self.with_parts(data=cut, design=None)

    def likelihood_only(self) -> Problem:
        """The problem with flat priors."""
        if isinstance(self.program, Program):
            program, constants = flatten_priors(self.program, self.constants)
            return self.with_parts(program=program, constants=constants)
        return self.with_parts(program=replace(self.program, likelihood_only=True))


def _flatten(problem: Problem):
    return (problem.data, problem.constants, problem.coordinates), problem.program


def _unflatten(program, children) -> Problem:
    return Problem._make(program, *children)


jax.tree_util.register_pytree_node(Problem, _flatten, _unflatten)


def _prior_draw(problem: Problem, key) -> dict[str, Any]:
    """Sites drawn along the recursion; an improper prior is replaced by a draw of the order of its unit."""
    theta: dict[str, Any] = {}
    keys = iter(jax.random.split(key, max(1, len(problem.program.sites))))

    def draw(site, shift):
        theta[site.name] = _site_draw(site, problem.constants[site.name], shift, next(keys))
        return theta[site.name]

    network(jnp.asarray(problem.data["X"][:1]), draw, problem.program, problem.constants)
    for site in problem.program.auxiliaries:
        draw(site, 0.0)
    return theta


def _site_draw(site: Site, own, shift, key):
    prior = prior_of(site, own, shift)
    if all(block.proper for block in site.blocks):
        return prior.sample(key)
    noise = jax.random.normal(key, site.shape)
    value = own["unit"] * (noise if site.blocks[0].affine else jnp.exp(0.1 * noise))
    for block, part in zip(site.blocks, getattr(prior, "parts", ()), strict=False):
        if block.proper:
            value = value.at[jnp.asarray(block.rows)].set(part.sample(jax.random.fold_in(key, block.rows[0])))
    return value


def _without_prior(model, response: str):
    """The model with the log density of every site but the response masked out."""

    def masked(*args, **kwargs):
        with _MaskLatent(response):
            return model(*args, **kwargs)

    return masked


class _MaskLatent(handlers.substitute):
    """Sets the log density of all sample sites but `response` to zero."""

    def __init__(self, response: str):
        super().__init__(data={})
        self.keep = response

    def process_message(self, msg):
        if msg["type"] == "sample" and msg["name"] != self.keep:
            msg["fn"] = msg["fn"].mask(False)


def _foreign_layout(program: Foreign, data) -> dict[str, Any]:
    model = partial(program.function, **dict(program.static))

    def shapes():
        trace = handlers.trace(handlers.seed(model, jax.random.key(0))).get_trace(**data)
        sites = {k: s for k, s in trace.items() if s["type"] == "sample"}
        _check_foreign(program, sites)
        latent = {k: s for k, s in sites.items() if not s["is_observed"]}
        layout = {k: util.biject_to(s["fn"].support).inv(s["value"]) for k, s in latent.items()}
        rows, y = sites[program.response]["fn"], jnp.asarray(sites[program.response]["value"])
        return layout, jnp.zeros(jnp.broadcast_shapes(rows.batch_shape, y.shape[: y.ndim - rows.event_dim]))

    found, rows = jax.eval_shape(shapes)
    layout = tuple(sorted((k, tuple(v.shape)) for k, v in found.items()))
    return {"layout": layout, "rows": rows.shape[0] if rows.ndim else 1}


def _check_static(static: tuple[tuple[str, Any], ...]) -> None:
    for name, value in static:
        try:
            hash(value)
        except TypeError:
            raise SpecError(
                "Arguments of a NumPyro function that are no arrays must be hashable.",
                found=f"{name}: {type(value).__name__}",
                do="pass an array, a number or a tuple, or close over it",
            ) from None


def _check_foreign(program: Foreign, sites) -> None:
    observed = [k for k, s in sites.items() if s["is_observed"]]
    if program.response not in observed:
        raise SpecError(
            "The model has no observed site of that name.",
            found=f"response={program.response!r}; observed: {', '.join(observed) or 'none'}",
            do="name the observed site, or pass its data in kwargs",
        )
    discrete = [k for k, s in sites.items() if not s["is_observed"] and s["fn"].is_discrete]
    if discrete:
        raise SpecError(
            "Latent sites must be continuous.", found=f"discrete: {', '.join(discrete)}", do="marginalise them"
        )
