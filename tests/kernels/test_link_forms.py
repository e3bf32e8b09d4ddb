"""Every link against mpmath: its inverse, and its log forms with their derivatives."""

import jax.numpy as jnp
import mpmath as mp
import numpy as np
import pytest

from bayes_rglm import links

LINKS = [link for link in links.registry if link.elementwise]
FORMS = [
    (link, form)
    for link in LINKS
    for form in ("log_mean", "log_complement", "log_slope")
    if getattr(link, form) is not None
]

# Second derivatives of log forms that cross 0, or in which two exponentially small numbers cancel.
CANCELS = {
    ("inverse_softplus", "log_slope", 2): lambda x: np.exp(-np.abs(x)),
}


@pytest.fixture(params=FORMS, ids=lambda form: f"{form[0].name}-{form[1]}")
def form(request):
    return request.param


def inside(link, x):
    low, high = link.predictor_domain
    return x[(x > low) & (x < high)]


@pytest.mark.parametrize("link", LINKS, ids=lambda link: link.name)
def test_inverse_is_exact(link, dtype, accuracy):
    x = inside(link, accuracy.grid().astype(dtype))
    exact = accuracy.exact(accuracy.mean(link).value, x, key=("inverse", link.name))
    accuracy.judge(link.inverse(jnp.asarray(x)), exact, x, dtype)
    with np.errstate(all="raise", under="ignore"):
        accuracy.judge(link.inverse(x), exact, x, dtype)


def test_log_forms_and_their_derivatives_are_exact(form, dtype, accuracy):
    link, name = form
    mean = accuracy.mean(link)
    exact = {
        "log_mean": lambda eta: _log(mean.value(eta), mean.complement(eta)),
        "log_complement": lambda eta: _log(mean.complement(eta), mean.value(eta)),
        "log_slope": lambda eta: mp.log(abs(mp.diff(_smaller(mean, eta), eta))),
    }[name]
    x = inside(link, accuracy.grid().astype(dtype))
    got = accuracy.orders(getattr(link, name), x)
    for order in range(3):
        # A log slope crosses 0, and is flat where the slope is largest: there it and its derivative count absolutely.
        terms = np.ones(len(x)) if name == "log_slope" and order < 2 else CANCELS.get((link.name, name, order))
        terms = terms(x.astype(float)) if callable(terms) else terms
        truth = accuracy.exact(exact, x, order, key=(link.name, name))
        worst = accuracy.judge(got[order], truth, x, dtype, terms)
        print(f"{link.name}.{name} {dtype} order {order}", f"body {worst['body']:.1e} tails {worst['tails']:.1e}")
    with np.errstate(all="raise", under="ignore"):
        accuracy.same(got[0], np.asarray(getattr(link, name)(x)), np.ones(len(x)) if name == "log_slope" else None)


def _log(this, other):
    return mp.log(this) if other is None or this < other else mp.log1p(-other)


def _smaller(mean, eta):
    complement = mean.complement(eta)
    return mean.value if complement is None or mean.value(eta) < complement else mean.complement


def test_no_nan_in_a_link_from_minus_1e4_to_1e4(dtype, accuracy):
    for link in LINKS:
        x = inside(link, accuracy.huge().astype(dtype))
        functions = {"inverse": link.inverse, **{name: getattr(link, name) for l, name in FORMS if l is link}}
        for name, function in functions.items():
            for order, got in enumerate(accuracy.orders(function, x)):
                assert not np.isnan(got).any(), f"{link.name}.{name}, derivative {order}"
            low, high = link.predictor_domain
            assert not np.isnan(function(jnp.asarray(np.array([low, high], dtype)))).any(), f"{link.name}.{name}"
