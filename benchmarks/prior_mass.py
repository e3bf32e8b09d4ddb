"""Prior mass of the mean outside [.01, .99] under the default priors, for every link of a binary response.

One standardised covariate and an intercept, typical share 1/2: eta ~ Normal(g(1/2), s^2 (1 + x^2)), s the link's prior
scale. By the normal distribution function at x = 1 (the covariate's own sd), and averaged over x ~ Normal(0, 1) by
Gauss-Hermite quadrature. Nothing is drawn: the numbers are the same everywhere. The table also goes into
docs/prior-mass.md, between its two marks.

python benchmarks/prior_mass.py [--out benchmarks/results/prior_mass.json] [--page docs/prior-mass.md]
"""

import argparse
import json
import math
from pathlib import Path

import numpy as np
from scipy.special import ndtr, ndtri

from bayes_rglm import families

RESULT = Path(__file__).parent / "results" / "prior_mass.json"
PAGE = Path(__file__).parents[1] / "docs" / "prior-mass.md"
BEGIN, END = "<!-- table: written by benchmarks/prior_mass.py -->", "<!-- end of table -->"
LOW, HIGH = 0.01, 0.99
FAMILIES = ("bernoulli", "signed_bernoulli")


def predictor(link, probability):
    """The linear predictor at which the upper outcome has this probability."""
    low, high = link.mean_domain
    return float(link.forward(np.float64(low + (high - low) * probability)))


def outside(link, scale, x):
    """Prior masses below and above the bounds at covariate values `x`."""
    centre, sd = predictor(link, 0.5), scale * np.sqrt(1.0 + np.square(x))
    below = ndtr((predictor(link, LOW) - centre) / sd)
    return below, ndtr(-(predictor(link, HIGH) - centre) / sd)


def central(link, scale):
    """5 % and 95 % points of the mean at x = 1, as probabilities of the upper outcome."""
    low, high = link.mean_domain
    eta = predictor(link, 0.5) + scale * math.sqrt(2.0) * ndtri(np.array([0.05, 0.95]))
    return (np.asarray(link.inverse(eta)) - low) / (high - low)


def row(family, link):
    """One row of the table."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(200)
    weights = weights / math.sqrt(2.0 * math.pi)
    below, above = outside(link, link.prior_scale, 1.0)
    averaged = sum(float(np.sum(weights * tail)) for tail in outside(link, link.prior_scale, nodes))
    ends = central(link, link.prior_scale)
    return {
        "family": family.name,
        "link": link.name,
        "prior_scale": link.prior_scale,
        "below": round(float(below), 5),
        "above": round(float(above), 5),
        "outside": round(float(below + above), 5),
        "outside_averaged_over_x": round(averaged, 5),
        "central_90": [round(float(end), 3) for end in ends],
        "outside_with_scale_1": round(float(sum(outside(link, 1.0, 1.0))), 5),
        "outside_with_scale_2.5": round(float(sum(outside(link, 2.5, 1.0))), 5),
    }


def table():
    """The rows of every binary link."""
    return [row(family, link) for family in map(families.get, FAMILIES) for link in family.links]


def markdown(rows):
    """The rows as a table of the page, masses in per cent."""
    head = (
        "link",
        "default sd",
        "below .01",
        "above .99",
        "outside",
        "outside, averaged over x",
        "central 90 % of P",
        "outside, had every link sd 1",
        "outside, had every link sd 2.5",
    )
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for line in rows:
        share = lambda key, line=line: f"{100 * line[key]:.2f}"  # noqa: E731
        low, high = line["central_90"]
        cells = (line["link"], f"{line['prior_scale']:g}", share("below"), share("above"), share("outside"))
        cells += (share("outside_averaged_over_x"), f"{low:.2f} to {high:.2f}")
        cells += (share("outside_with_scale_1"), share("outside_with_scale_2.5"))
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def page(text, rows):
    """`text` with the table between its marks."""
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    return f"{before}{BEGIN}\n{markdown(rows)}\n{END}{after}"


def main():
    """Compute, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=RESULT)
    parser.add_argument("--page", type=Path, default=PAGE)
    options = parser.parse_args()
    rows = table()
    what = f"prior mass of the mean outside [{LOW}, {HIGH}]: intercept and one standardised covariate, typical share .5"
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps({"what": what, "rows": rows}, indent=2) + "\n")
    options.page.write_text(page(options.page.read_text(), rows))
    for line in rows:
        print(f"{line['family']:>18} {line['link']:<8} {line['prior_scale']:<5} {line['outside']:.4f}")


if __name__ == "__main__":
    main()
