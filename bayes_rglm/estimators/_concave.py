"""Whether a posterior has one mode only, as far as theory says: a missed mode leaves every certificate clean."""

from __future__ import annotations

from ..binding import Program
from ..problem import Problem


def why_not_concave(problem: Problem) -> str | None:
    """Why the posterior may have several modes; None at depth 1 under a likelihood and priors on coefficients that are
    log-concave. Auxiliary values count as given: their own posteriors are close to having one mode.
    """
    program = problem.program
    if not isinstance(program, Program):
        return "the density of your own NumPyro function is not known to be log-concave"
    if program.depth > 1:
        return "the likelihood of a network is not log-concave in its weights"
    if program.heads:
        return f"the likelihood is not log-concave in the predictors of {', '.join(h.name for h in program.heads)}"
    if not any(program.link is link for link in program.family.log_concave):
        return f"the likelihood {program.family.name} with the link {program.link.name} is not log-concave"
    first = program.layers[0]
    sites = [site for site in (first.weights, first.intercept) if site is not None]
    loose = [site.name for site in sites if not all(block.log_concave for block in site.blocks)]
    return f"a prior of {', '.join(loose)} is not log-concave" if loose else None
