"""Reports: one file that parses, loads nothing, escapes what came with the data, and says the truth."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import jax
import numpy as np
import pandas as pd
import pytest

from bayes_rglm import RGLM, Design, Fit, Layer, Problem, estimators, fit, priors, reports
from bayes_rglm.errors import FileError
from bayes_rglm.gates import SEVERITY
from bayes_rglm.reports import fits as sections
from bayes_rglm.reports import page as pages
from bayes_rglm.reports import recipes, words
from bayes_rglm.studies import contrast

VOID = {"meta", "br", "hr", "img", "link", "input"}
EVIL = 'dose <script>alert("1")</script>'


class Page(HTMLParser):
    """A page taken apart: tags balanced, ids, text, attributes that load something."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.ids, self.loads, self.words, self.images = [], [], [], [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.tags.append(tag)
        self.ids += [given["id"]] if "id" in given else []
        self.loads += [given[k] for k in ("src", "href", "data", "action") if k in given]
        self.images += [given.get("aria-label")] if tag == "svg" else []
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.words.append(data)

    @property
    def text(self):
        return re.sub(r"[ \n]+", " ", " ".join(self.words))


def posterior(world):
    """Draws that stand for a posterior, without a sampler's compiling."""
    rng = np.random.default_rng(1)
    sizes = {"beta": (2, 100, 3), "intercept": (2, 100)}
    samples = {name: rng.normal(size=size) for name, size in sizes.items()}
    return Fit.from_draws(world.problem("gaussian"), samples | {"sigma": rng.gamma(9.0, 0.1, (2, 100))}, "mine")


@pytest.fixture(scope="module")
def frame(world):
    return world.frame("bernoulli").rename(columns={"dose": EVIL, "y": "<b>died</b>"})


@pytest.fixture(scope="module")
def study(frame):
    X, y = frame[["age", EVIL, "year"]], frame["<b>died</b>"]
    return contrast(RGLM("bernoulli"), (X, y), {"ML": "ml", "MAP": "map", "<i>mode</i>": "map"}, seed=4)


@pytest.fixture(scope="module")
def text(study, tmp_path_factory):
    path = reports.write_report(study, tmp_path_factory.mktemp("r") / "report.html", title="A <title> & more")
    return path.read_text("utf-8")


@pytest.fixture(scope="module")
def page(text):
    return Page(text)


def test_the_page_is_well_formed(page):
    assert page.open == []
    assert page.tags.count("main") == 1
    assert page.tags.count("h1") == 1
    assert len(page.ids) == len(set(page.ids))


def test_nothing_is_loaded_from_elsewhere(text, page):
    assert all(where.startswith("#") for where in page.loads)
    assert not re.search(r"https?:|//[a-z]|@import|url\((?!#)", text)
    assert "script" not in page.tags
    assert not re.search(r"\son\w+=", re.sub(r"<style>.*?</style>", "", text, flags=re.DOTALL))


def test_what_came_with_the_data_is_escaped(text, page):
    assert "<script" not in text
    assert "&lt;script&gt;" in text
    assert "b" not in page.tags
    assert EVIL in page.text
    assert "A <title> & more" in page.text


def test_figures_have_words_and_tables_have_heads(text, page):
    assert len(page.images) >= 8
    assert all(page.images)
    assert page.tags.count("table") == page.tags.count("caption") == page.tags.count("thead")
    assert 'scope="col"' in text
    assert 'scope="row"' in text


def test_the_answer_comes_first_and_the_table_holds_the_numbers(study, text, page):
    body = text[text.index("<main>") :]
    said = reports.answer(study)
    assert said.sentence in page.text
    assert body.index('class="answer"') < body.index("<table")
    assert body.index('class="statuses"') < body.index("<table")
    for method, row in study.comparison.table.iterrows():
        assert method in page.text
        assert f"{abs(row['log_score']):.3f}" in page.text
    for note in study.comparison.notes:
        assert note in page.text


def test_calibration_and_cost_have_their_table(study, page, text):
    row = study.comparison.table.loc["MAP"]
    assert "Calibration and cost" in page.text
    assert f"{row['gradients']:.0f}" in page.text
    assert "figure-calibration" not in text  # a binary response: reliability says more
    assert "90 % intervals cover" not in page.text
    assert "R-hat of chains" in page.text


def test_numbers_have_coverage_and_curves(world, tmp_path):
    study = contrast(world.model("gaussian"), world.design("gaussian"), {"ML": "ml", "MAP": "map"}, seed=1)
    text = reports.write_report(study, tmp_path / "a.html").read_text("utf-8")
    page, row = Page(text), study.comparison.table.loc["ML"]
    assert page.open == []
    assert "90 % intervals cover" in page.text
    assert f"{100 * row['cov90']:.0f} %" in page.text
    assert ("< 0.001" if row["pit_p"] < 0.001 else f"{row['pit_p']:.3f}") in page.text
    assert 'id="figure-calibration"' in text
    assert text.index("Calibration and cost") < text.index("What each method found")


def test_colours_follow_the_scheme_of_the_reader(text):
    assert "prefers-color-scheme: dark" in text
    svg = "".join(re.findall(r"<svg.*?</svg>", text, flags=re.DOTALL))
    assert "var(--series-1)" in svg
    assert not re.search(r"#(1d2433|fefefe|d55e00)", svg, flags=re.IGNORECASE)


def test_the_same_result_gives_the_same_page(study, text, tmp_path):
    again = reports.write_report(study, tmp_path / "b.html", title="A <title> & more").read_text("utf-8")
    assert again == text


def test_the_page_says_how_to_make_it_again(study, page):
    code = recipes.code_of_contrast(study)
    assert " ".join(code.split()) in page.text
    for name, version in recipes.versions():
        assert f"{name} {version}" in page.text


def test_a_key_is_no_seed_of_zero(study):
    text = pages.of_contrast(replace(study, seed=jax.random.key(5)), "", None, None)
    code = "seed=jax.random.wrap_key_data(jax.numpy.array([0, 5]"
    assert code in Page(text).text
    assert "seed: a JAX key" in text


def test_the_code_runs_and_gives_the_same(study, frame):
    code = recipes.code_of_contrast(study).replace("(X, y)  #", "(X, y)\n#").replace("rglm.write_report", "print")
    code = code.replace("rglm.contrast", "contrast").replace("print(study", "(study")
    known = {"X": frame[["age", EVIL, "year"]], "y": frame["<b>died</b>"], "contrast": contrast}
    exec(code, known)
    pd.testing.assert_series_equal(known["study"].comparison.table["log_score"], study.comparison.table["log_score"])


@pytest.mark.parametrize(
    "model",
    [
        RGLM("poisson"),
        RGLM("bernoulli", hidden=(Layer(4, "relu"), 2)),
        RGLM(
            "gaussian", prior={"age": priors.Normal(loc=0.1), "beta": priors.Laplace(scale=2.0)}, fixed={"sigma": 1.0}
        ).with_prior({("term", "x"): priors.Normal(scale=3.0)}),
    ],
)
def test_code_of_a_model_is_the_model(model):
    import bayes_rglm

    assert eval(recipes.code_of(model), {"rglm": bayes_rglm}) == model


def test_code_of_an_estimator_holds_what_is_not_the_default():
    assert recipes.code_of_estimator(estimators.NUTS()) == '"nuts"'
    assert recipes.code_of_estimator(estimators.NUTS(draws=7)) == "rglm.estimators.NUTS(draws=7)"


def test_code_of_a_fit_on_arrays_gives_the_same_fit(world):
    X, y = world.X, world.frame("gaussian")["y"].to_numpy()
    key = jax.random.fold_in(jax.random.key(5), 2)
    model, own = RGLM("gaussian"), estimators.Prior(draws=4, chains=1)
    found = fit(model, (X, y), own, seed=key, columns=["a", 'b "c"', "d"], intercept=False)
    code = recipes.code_of_fit(found)
    known = {"X": X, "y": y}
    exec(code.replace("rglm.write_report", "(lambda *_: None)"), known)
    again = known["fit"]
    assert again.design.columns == ("a", 'b "c"', "d")
    assert not again.design.intercept
    np.testing.assert_array_equal(again.draws.samples["beta"], found.draws.samples["beta"])
    other = fit(model, (X, y), own, columns=["a", 'b "c"', "d"], intercept=False)
    assert not np.allclose(other.draws.samples["beta"], found.draws.samples["beta"])
    assert eval(recipes.code_of_seed(key), {"jax": jax}) == key
    plain = recipes.code_of_fit(fit(model, (X, y), "ml", seed=3))
    assert "seed=3)" in plain
    assert not re.search("columns=|intercept=|import jax", plain)
    wide = fit(model, (np.eye(25)[:, :21], np.cos(np.arange(25.0))), "ml", columns=[f"c{j}" for j in range(21)])
    assert "columns=columns" in recipes.code_of_fit(wide)


def test_a_fit_and_a_comparison_have_pages(world, study, tmp_path):
    given = RGLM("gaussian", prior={"dose": priors.Laplace(scale=0.7)}, fixed={"sigma": 1.0})
    for name, result in {
        "given": fit(given, world.design("gaussian"), "map"),
        "draws": posterior(world),
        "network": world.fit("bernoulli", 2, "map"),
        "comparison": study.comparison,
    }.items():
        written = reports.write_report(result, tmp_path / f"{name}.html").read_text("utf-8")
        assert Page(written).open == []
        assert written.index('class="statuses"') < written.index("<table")
    page = Page((tmp_path / "given.html").read_text("utf-8"))
    assert "Laplace(loc=0.0, scale=0.7" in page.text
    assert "Laplace(0, 0.700)" in page.text
    assert "is held at 1.00" in page.text
    page = Page((tmp_path / "draws.html").read_text("utf-8"))
    assert "beta[dose]" in page.text
    assert re.search(r"8\d % interval|9\d % interval", page.text)
    assert "R-hat" in page.text
    assert "<i>h</i>₁ = tanh(" in (tmp_path / "network.html").read_text("utf-8")


def test_counts_out_of_trials_have_the_figure_of_their_share(monkeypatch):
    monkeypatch.setattr(sections, "_predictions", lambda *_: "")
    trials = np.resize([1.0, 4.0, 30.0], 12)
    design = Design.from_arrays(np.linspace(0.0, 1.0, 12)[:, None], np.round(0.4 * trials), trials=trials)
    noise = np.random.default_rng(1).normal(size=(2, 20))
    draws = {"beta": 0.3 + 0.1 * noise[..., None], "intercept": 0.1 * noise - 0.5}
    fitted = Fit.from_draws(Problem(RGLM("binomial"), design), draws)
    page = Page(str(sections.findings_section({"draws": fitted}, None)))
    assert page.open == []
    assert any(label.startswith("Predicted mean over x0, as a share of the trials") for label in page.images)


def test_methods_with_different_coefficients_have_no_common_figure_of_them(world, monkeypatch):
    monkeypatch.setattr(sections, "_predictions", lambda *_: "predictions")
    monkeypatch.setattr(sections, "_coefficients", lambda *_: "coefficients")
    found = {"cut-points": world.drawn("ordinal"), "levels": world.drawn("categorical")}
    text = sections.findings_section(found, None)
    assert "different coefficients" in text
    assert text.endswith("predictions</section>")
    assert ">coefficientspredictions<" in sections.findings_section({"levels": found["levels"]}, None)


def test_a_bad_path_is_refused_before_anything_is_drawn(study, tmp_path):
    with pytest.raises(FileError, match="folder to write into does not exist"):
        reports.write_report(study, tmp_path / "missing" / "report.html")
    with pytest.raises(FileError, match="is a folder"):
        reports.write_report(study, tmp_path)
    with pytest.raises(FileError, match="Contrast, a Comparison or a Fit"):
        reports.write_report("study", tmp_path / "report.html")


def test_a_failed_write_keeps_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "report.html"
    path.write_text("old")

    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(FileError, match="No space left"):
        reports.write_file(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


# words ----------------------------------------------------------------------------------------------------------------


def said(study, difference, se, verdict, **changes):
    """The answer where ML differs from MAP like this."""
    table = study.comparison.table.loc[["MAP", "ML"]].copy()
    table.loc["MAP", ["difference", "se", "verdict"]] = [0.0, 0.0, "reference"]
    for name, value in {"difference": difference, "se": se, "verdict": verdict, **changes}.items():
        table.loc["ML", name] = value
    comparison = replace(study.comparison, table=table, reference="MAP", n_test=100)
    methods = {"ML": estimators.MaximumLikelihood(), "MAP": estimators.MAP()}
    return words.answer(comparison, methods)


def test_a_clear_difference_is_said_with_its_size(study):
    found = said(study, -230.26, 50.0, "worse", won=0.7)
    assert found.sentence.startswith("On 100 held-out rows maximum likelihood scored 2.30 per row worse than")
    assert "−230\u00a0±\u00a050" in found.sentence
    assert "about 10 times the probability" in found.details[0]
    assert "ahead on 70 % of the rows" in found.details[1]


def test_a_small_difference_is_no_difference(study):
    found = said(study, -2.1, 0.2, "indistinguishable", won=0.1)
    assert "cannot be told apart" in found.sentence
    assert "worse" not in str(found)


def test_a_large_but_uncertain_difference_is_said_to_be_so(study):
    found = said(study, -189.0, 100.0, "indistinguishable", won=0.2)
    assert "these rows cannot tell the two apart" in found.sentence


def test_a_few_rows_that_carry_the_difference_are_said_with_it(study):
    """No standard error decides then, in either direction; and numbers of ten digits are no numbers for people."""
    note = "ML: a few rows carry its difference (Pareto k-hat 1.74), so its standard error is not to be trusted."
    heavy = replace(study, comparison=replace(study.comparison, notes=(note,)))
    found = said(heavy, -2368649672.0, 1366825559.0, "indistinguishable")
    assert "−2.37×10⁹ ± 1.4×10⁹" in found.sentence.replace("\N{NO-BREAK SPACE}", " ")
    assert "does not say whether that is chance" in found.sentence
    assert "cannot tell the two apart" not in str(found)
    assert "not to be trusted" in str(said(heavy, -30.0, 5.0, "worse"))
    assert "not to be trusted" not in str(said(study, -30.0, 5.0, "worse"))


def test_a_grave_status_is_said_beside_the_score(study):
    found = said(study, -30.0, 5.0, "worse", status="mle_infinite")
    assert "Mind the status of ML: no finite estimate exists." in found.details
    assert "Mind" not in str(said(study, -30.0, 5.0, "worse", status="slow_mixing"))


def test_an_impossible_row_is_said(study):
    found = said(study, -np.inf, np.nan, "worse", rows_inf=3, won=0.9)
    assert "called 3 rows impossible that did happen" in found.sentence
    assert "geometric" not in str(found)


def test_maximum_likelihood_may_be_best(study):
    table = study.comparison.table.loc[["ML", "MAP"]].copy()
    table.loc["ML", ["difference", "se", "verdict"]] = [0.0, 0.0, "reference"]
    table.loc["MAP", ["difference", "se", "verdict"]] = [-9.0, 1.0, "worse"]
    comparison = replace(study.comparison, table=table, reference="ML", n_test=50)
    found = words.answer(comparison, {"ML": estimators.MaximumLikelihood(), "MAP": estimators.MAP()})
    assert "the posterior mode (MAP) scored 0.180 per row worse than maximum likelihood" in found.sentence


def test_every_label_and_estimator_has_words():
    assert set(SEVERITY) <= set(words.MEANINGS)
    assert set(estimators.names()) <= set(words.CLAIMS)
