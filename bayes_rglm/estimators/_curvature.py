"""Curvature of a log density at its mode: the Hessian at depth 1, generalised Gauss-Newton for networks.

Gauss-Newton keeps J' H J, where J is the derivative of each row's linear predictors and of the unconstrained auxiliary
values, and H the row's curvature in these: the curvature of a network's likelihood less the part with its own second
derivatives, which need not be positive. Priors enter with their exact Hessian.
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from numpyro.distributions import biject_to

from ..model import linear_outputs
from ..problem import Problem

STEP = 1e-5


def hessian(gradient: Callable[[np.ndarray], np.ndarray], z: np.ndarray, units: np.ndarray) -> np.ndarray:
    """The Hessian at `z` (d,) by central differences of a compiled gradient, by steps in the `units` (d,) of the
    coordinates; (d, d), good to nine digits at a mode.

    An exact one would compile for tens of seconds where a family has special functions.
    """
    steps = STEP * units
    rows = [(gradient(z + e) - gradient(z - e)) / (2.0 * h) for h, e in zip(steps, np.diag(steps), strict=True)]
    matrix = np.array(rows).reshape(len(z), len(z))
    return 0.5 * (matrix + matrix.T)


def gauss_newton(problem: Problem, z: np.ndarray) -> np.ndarray:
    """Minus the generalised Gauss-Newton curvature of the log density at the unconstrained `z` (d,); (d, d).

    Rows enter with their observed curvature; where the sum is not positive definite (a likelihood that is not
    log-concave) negative eigenvalues of a row's curvature are left out.
    """
    jacobian, rows, prior = (np.asarray(part, float) for part in _parts(problem, jnp.asarray(z)))
    total = prior + _quadratic(jacobian, rows)
    if np.min(np.linalg.eigvalsh(total)) > 0:
        return total
    values, vectors = np.linalg.eigh(rows)
    clipped = np.einsum("nij,nj,nkj->nik", vectors, np.maximum(values, 0.0), vectors)
    return prior + _quadratic(jacobian, clipped)


def _quadratic(jacobian: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """sum_i J_i' H_i J_i for J (n, m, d), H (n, m, m)."""
    weighted = np.einsum("nij,njd->nid", rows, jacobian)
    size = jacobian.shape[-1]
    return jacobian.reshape(-1, size).T @ weighted.reshape(-1, size)


@jax.jit
def _parts(problem: Problem, z):
    """(J (n, m, d), H (n, m, m), minus the Hessian of the log prior (d, d))."""
    jacobian = jax.jacfwd(lambda v: _outputs(problem, v))(z)
    curvature = jax.vmap(jax.hessian(lambda o, row: -_row_density(problem, o, row)), (0, 0))
    names = ("y", "weights", *problem.program.family.rows)
    rows = {name: jnp.asarray(problem.data[name]) for name in names if name in problem.data}
    prior = jax.hessian(lambda v: -_log_prior(problem, v))(z)
    return jacobian, curvature(_outputs(problem, z), rows), prior


def _auxiliary(problem: Problem, sites) -> list:
    return [jnp.ravel(sites[site.name]) for site in problem.program.auxiliaries]


def _outputs(problem: Problem, z):
    """All that a row's likelihood depends on: (n, m) linear predictors, heads, unconstrained auxiliary values."""
    sites = problem.unravel(z)
    theta = problem.constrain(z)
    X = jnp.asarray(problem.data["X"])
    eta, heads = linear_outputs(X, theta, problem.program, problem.constants, problem.data.get("offset"))
    columns = [eta.reshape(X.shape[0], -1), *[heads[head.name][:, None] for head in problem.program.heads]]
    columns += [jnp.broadcast_to(v, (X.shape[0], v.size)) for v in _auxiliary(problem, sites)]
    return jnp.concatenate(columns, axis=1)


def _row_density(problem: Problem, outputs, row):
    """Log density of one row as a function of its outputs (m,)."""
    program, extra = problem.program, {k: v for k, v in row.items() if k not in ("y", "weights")}
    width = outputs.shape[0] - len(program.heads) - sum(int(np.prod(s.shape)) for s in program.auxiliaries)
    levels = () if program.family.outputs == "one" else (-1,)
    eta = outputs[:width].reshape((program.responses, *levels) if program.responses else levels)
    aux, at = {}, width
    for head in program.heads:
        aux[head.name] = head.link.inverse(outputs[at])
        at += 1
    for site in program.auxiliaries:
        size = int(np.prod(site.shape))
        aux[site.name] = biject_to(site.support)(outputs[at : at + size].reshape(site.shape))
        at += size
    law = program.distribution(eta, **aux, **problem.constants["fixed"], **extra)
    return law.log_prob(row["y"]) * row.get("weights", 1.0)


def _log_prior(problem: Problem, z):
    """Log prior of unconstrained coordinates, with the Jacobian of the constraints: the density less the rows'."""
    theta = problem.constrain(z)
    sites, jacobian = problem.unravel(z), 0.0
    for site in problem.program.sites:
        transform = biject_to(site.support)
        jacobian += jnp.sum(transform.log_abs_det_jacobian(sites[site.name], theta[site.name]))
    return sum(problem.log_prior(theta).values()) + jacobian
