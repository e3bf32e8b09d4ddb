"""Binding a specification to a design: which prior stands on which site, with which frozen numbers.

The result has two halves. `Program` is static and hashable: sites, shapes, links, the *form* of each prior. `constants`
are arrays: hyper-parameters, and for every site `shift` and `unit` such that w = shift + unit * w0 with w0 ~ prior.
Changing a number recompiles nothing. Sites are in raw units; standardising constants stand inside the prior scales:

=====================  ===============================================================================================
site                   default prior (s = the link's prior scale, sd_y = 1 unless the response is real-valued)
=====================  ===============================================================================================
`beta`, depth 1        Normal(0, sd_y s / norm_j), norm_j^2 = mean ||x_term - mean||^2 of the column's term
`intercept`            Normal(g(typical y) - centre . beta, sd_y s): a statement at the mean of the inputs (depth 1)
`beta_1`               Normal(0, g_1 / (norm_j sqrt(T))), T terms, g_1 the activation's input scale
`intercept_1`          Normal(-centre . beta_1, 1)
`beta_l`, deep `beta`  Normal(0, gain / sqrt(H)) of the layer below, times sd_y s for the response
`cutpoints`            level probabilities at the mean of the inputs are Dirichlet(1), under the model's link (depth 1)
auxiliary values       the family's own default (sigma: HalfNormal(sd_y); inverse Gaussian: times the typical mean)
`intercept_<head>`     Normal(g(the parameter's typical value) - centre . beta, 1), in the unit of its default prior
=====================  ===============================================================================================

The intercept's location depends on the slopes, so the joint prior equals the usual one on centred, scaled inputs
times a constant Jacobian (checked in the tests).
"""

from .layers import bind, bind_network, check_response
from .program import Affine, Block, Head, Program, Site, flatten_priors

__all__ = ["Affine", "Block", "Head", "Program", "Site", "bind", "bind_network", "check_response", "flatten_priors"]
