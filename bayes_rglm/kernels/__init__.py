"""Log-space primitives, exact in both tails, on NumPy and JAX arrays alike.

Every function looks at its argument: a JAX array (or tracer) is treated with `jax.numpy`, anything else with NumPy and
SciPy, so that a family's score and information are written once for both. All are elementwise and keep the dtype.

======================  ==============================  ======================================================
function                value                           accurate where the naive form is not
======================  ==============================  ======================================================
`exp(x)`                exp(x)                          (no overflow warning; a finite derivative)
`log(x)`                log(x), -inf for x <= 0         (no warning; a finite derivative)
`expit(x)`              1 / (1 + exp(-x))               derivatives in the upper tail
`softplus(x)`           log(1 + exp(x))                 both tails
`log_expit(x)`          log(1 / (1 + exp(-x)))          both tails
`log_softplus(x)`       log(log(1 + exp(x)))            lower tail (-> x)
`log1mexp(x)`           log(1 - exp(-x)), x >= 0        x near 0 and x large
`log1mexpexp(x)`        log(1 - exp(-exp(x)))           x very negative (-> x) and large (-> 0)
`cloglog_score(x)`      its derivative                  both tails
`gumbel(x)`             exp(-exp(-x))                   derivatives where exp(-x) overflows
`gumbel_complement(x)`  1 - exp(-exp(x))                lower tail
`ndtr(x)`               Phi(x)                          lower tail
`log_ndtr(x)`           log Phi(x)                      both tails
`mills(x)`              phi(x) / Phi(x)                 lower tail (-> -x)
`cauchy(x)`             1/2 + arctan(x) / pi            lower tail
`log_cauchy(x)`         its logarithm                   both tails
`cauchy_score(x)`       the derivative of that          both tails
`expm1_minus(x)`        exp(x) - 1 - x                  near 0, absolutely: half the unit deviance of a count
`log_interval(...)`     log(F(upper) - F(lower))        both tails, narrow and wide intervals
`interval_score(...)`   its derivative under a shift    both tails
======================  ==============================  ======================================================

The derivatives are our own, to any order: automatic ones lose every digit of the second derivative in a tail
(softplus at 34, log1mexpexp at 6) although the value is right. Sources: Maechler (2012) for the switch of `log1mexp`;
the scaled complementary error function for `log_ndtr`, because JAX's own loses accuracy in float64 (7e-2 relative in
its value at 8); Laplace's continued fraction of the Mills ratio. Checked against mpmath in the tests.
"""

from __future__ import annotations

from ._arrays import LOG_2, LOG_2PI, SQRT_2, floating, namespace, special
from ._cauchy import cauchy, cauchy_score, log_cauchy
from ._exponential import cloglog_score, expm1_minus, gumbel, gumbel_complement, log, log1mexp, log1mexpexp
from ._intervals import interval_score, log_interval
from ._logistic import exp, expit, log_expit, log_softplus, softplus
from ._normal import log_ndpdf, log_ndtr, mills, ndtr

__all__ = [
    "LOG_2",
    "LOG_2PI",
    "SQRT_2",
    "cauchy",
    "cauchy_score",
    "cloglog_score",
    "exp",
    "expit",
    "expm1_minus",
    "floating",
    "gumbel",
    "gumbel_complement",
    "interval_score",
    "log",
    "log1mexp",
    "log1mexpexp",
    "log_cauchy",
    "log_expit",
    "log_interval",
    "log_ndpdf",
    "log_ndtr",
    "log_softplus",
    "mills",
    "namespace",
    "ndtr",
    "softplus",
    "special",
]
