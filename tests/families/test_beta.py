"""The beta family at extreme means and precisions, against mpmath."""

import jax
import jax.numpy as jnp
import mpmath as mp
import numpy as np
import pytest

from bayes_rglm import families

BETA = families.get("beta")


@pytest.mark.parametrize("link", BETA.links, ids=lambda link: link.name)
@pytest.mark.parametrize("phi", [1e-3, 0.5, 12.0, 1e4, 1e8])
def test_the_density_keeps_its_digits_at_any_precision(link, phi):
    eta = np.array([-6.0, -1.0, 0.0, 0.4, 1.2])
    with jax.enable_x64(True):
        # Responses a few standard deviations from the mean, where the large terms cancel.
        mean = np.asarray(link.inverse(eta))
        y = np.clip(
            mean + np.array([-0.5, 1.0, 0.0, 2.0, -3.0]) * np.sqrt(mean * (1 - mean) / (1 + phi)), 1e-6, 1 - 1e-6
        )
        exact = [_exact(float(a), link, float(b), phi) for a, b in zip(y, eta, strict=True)]
        got = BETA.distribution(link, jnp.asarray(eta), concentration=phi).log_prob(y)
        np.testing.assert_allclose(got, exact, rtol=1e-12, atol=2e-15 * np.sqrt(phi) + 1e-13 + 2e-16 * phi)


def _exact(y, link, eta, phi):
    with mp.workdps(50):
        t = mp.mpf(eta)
        mean = {
            "logit": lambda: 1 / (1 + mp.exp(-t)),
            "probit": lambda: mp.ncdf(t),
            "cloglog": lambda: -mp.expm1(-mp.exp(t)),
        }
        one = phi * mean[link.name]()
        two = phi - one
        value = (
            mp.loggamma(phi)
            - mp.loggamma(one)
            - mp.loggamma(two)
            + (one - 1) * mp.log(y)
            + (two - 1) * mp.log1p(-mp.mpf(y))
        )
        return float(value)


def test_a_saturated_row_has_no_deviance_near_its_response():
    y = np.array([0.02, 0.4, 0.9])
    for phi in (3.0, 300.0):
        mu = np.linspace(0.001, 0.999, 4001)[:, None]
        deviance = BETA.unit_deviance(y, mu, phi)
        assert (deviance >= -1e-10).all()
        np.testing.assert_allclose(deviance.min(0), 0.0, atol=2e-3)
        np.testing.assert_allclose(mu[deviance.argmin(0), 0], y, atol=0.6 / phi + 1e-3)
