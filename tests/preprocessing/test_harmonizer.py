"""Harmonisation of sites against loops written from the paper, and simulated truth."""

import warnings

import numpy as np
import pandas as pd
import pytest
import sklearn
from cohort_tools import CohortLogistic
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmultimodal import Cohort, TwinTowerClassifier
from skmultimodal.model_selection import compare_classifiers
from skmultimodal.persistence import load_model, save_model
from skmultimodal.preprocessing import SiteHarmonizer

SIZES = {"Leeds": 12, "York": 35, "Hull": 20, "Ely": 50}
N_FEATURES = 7


def simulate(sizes=SIZES, n_features=N_FEATURES, seed=0, spread=1.0):
    """Rows of sites of different means and standard deviations, in mixed order."""
    rng = np.random.default_rng(seed)
    site = rng.permutation(np.repeat(list(sizes), list(sizes.values())))
    shift = {name: spread * rng.normal(size=n_features) for name in sizes}
    ratio = {name: np.exp(0.3 * rng.normal(size=n_features)) for name in sizes}
    noise = rng.normal(size=(len(site), n_features))
    X = np.array(
        [shift[s] + ratio[s] * row for s, row in zip(site, noise, strict=True)]
    )
    return X + 10, site


def loop_combat(X, site, design):
    """ComBat by section 3 of Johnson et al. (2007), one cell at a time."""
    names = sorted(set(site))
    one_hot = np.array([[float(s == name) for name in names] for s in site])
    columns = np.hstack([one_hot, design])
    out = X.copy()
    z, beta, sigma, grand = np.empty_like(X), [], [], []
    for g in range(X.shape[1]):
        b = np.linalg.solve(columns.T @ columns, columns.T @ X[:, g])
        grand.append(sum((site == n).sum() * b[i] for i, n in enumerate(names)))
        grand[g] /= len(site)
        sigma.append(np.sqrt(np.mean((X[:, g] - columns @ b) ** 2)))
        beta.append(b[len(names) :])
        z[:, g] = (X[:, g] - grand[g] - design @ beta[g]) / sigma[g]
    for name in names:
        rows = np.flatnonzero(site == name)
        n = len(rows)
        gamma_hat, delta_hat = z[rows].mean(0), z[rows].var(0, ddof=1)
        gamma_bar, tau2 = gamma_hat.mean(), gamma_hat.var(ddof=1)
        m, s2 = delta_hat.mean(), delta_hat.var(ddof=1)
        a, b = (m**2 + 2 * s2) / s2, (m**3 + m * s2) / s2
        for g in range(X.shape[1]):
            gamma, delta = gamma_hat[g], delta_hat[g]
            for _ in range(500):
                gamma = n * tau2 * gamma_hat[g] + delta * gamma_bar
                gamma /= n * tau2 + delta
                about = sum((z[row, g] - gamma) ** 2 for row in rows)
                delta = (b + about / 2) / (n / 2 + a - 1)
            kept = grand[g] + design[rows] @ beta[g]
            out[rows, g] = sigma[g] / np.sqrt(delta) * (z[rows, g] - gamma) + kept
    return out


@pytest.mark.parametrize("n_covariates", [0, 1])
def test_combat_as_in_the_paper(n_covariates):
    X, site = simulate()
    age = np.random.default_rng(1).normal(60, 9, size=len(site)) + 9 * (site == "York")
    X = X + np.outer(age, np.linspace(-0.2, 0.3, N_FEATURES)) * n_covariates
    table = pd.DataFrame(X).rename(columns=str).assign(age=age, site=site)
    covariates = ["age"][:n_covariates]
    if not covariates:
        table = table.drop(columns="age")
    found = SiteHarmonizer("site", covariates=covariates).fit_transform(table)
    design = (age - age.mean())[:, None][:, :n_covariates]
    wanted = loop_combat(X, site, design)
    np.testing.assert_allclose(found[:, :N_FEATURES], wanted, atol=1e-6)
    np.testing.assert_array_equal(found[:, N_FEATURES:], age[:, None][:, :n_covariates])


def test_without_shrinkage_all_sites_have_the_same_moments():
    X, site = simulate()
    found = SiteHarmonizer(shrink=False).fit_transform(X, site=site)
    for name in SIZES:
        rows = found[site == name]
        np.testing.assert_allclose(rows.mean(axis=0), X.mean(axis=0))
        ratio = rows.std(axis=0, ddof=1) / found[site == "York"].std(axis=0, ddof=1)
        np.testing.assert_allclose(ratio, 1)
    moved = SiteHarmonizer(shrink=False, scale=False).fit_transform(X, site=site)
    for name in SIZES:
        rows = site == name
        np.testing.assert_allclose(moved[rows].mean(axis=0), X.mean(axis=0))
        np.testing.assert_allclose(moved[rows].std(axis=0), X[rows].std(axis=0))


def test_the_simulated_sites_are_found():
    sizes = {"a": 4000, "b": 3000}
    X, site = simulate(sizes, 3)
    harmonizer = SiteHarmonizer().fit(X, site=site)
    assert harmonizer.sites_.tolist() == ["a", "b"]
    assert harmonizer.n_rows_.tolist() == [4000, 3000]
    gap = X[site == "a"].mean(axis=0) - X[site == "b"].mean(axis=0)
    location, scale = harmonizer.location_, harmonizer.scale_
    np.testing.assert_allclose(location[0] - location[1], gap, atol=0.01)
    ratio = X[site == "a"].std(axis=0) / X[site == "b"].std(axis=0)
    np.testing.assert_allclose(scale[0] / scale[1], ratio, atol=0.01)


def test_small_sites_are_shrunk_towards_their_other_features():
    X, site = simulate({"big": 400, "small": 3}, 40, spread=0.0)
    raw = SiteHarmonizer(shrink=False).fit(X, site=site)
    shrunk = SiteHarmonizer().fit(X, site=site)
    assert shrunk.location_[1].std() < 0.8 * raw.location_[1].std()
    assert shrunk.scale_[1].std() < 0.6 * raw.scale_[1].std()


def test_covariates_keep_biology_that_differs_between_sites():
    rng = np.random.default_rng(0)
    site = np.repeat(["old", "young"], [150, 170])
    age = rng.normal(50, 8, size=320) + 20 * (site == "old")
    effect = np.array([0.1, -0.2, 0.0, 0.3])
    X = (
        rng.normal(size=(320, 4))
        + np.outer(age, effect)
        + 3.0 * (site == "old")[:, None]
    )
    table = pd.DataFrame(X, columns=list("abcd")).assign(age=age, site=site)
    kept = SiteHarmonizer("site", covariates=["age"]).fit_transform(table)[:, :4]
    slopes = np.polyfit(age, kept, 1)[0]
    np.testing.assert_allclose(slopes, effect, atol=0.02)
    removed = SiteHarmonizer("site").fit_transform(table.drop(columns="age"))
    assert abs(np.polyfit(age, removed, 1)[0][3]) < 0.25  # biology went with the site


def test_words_are_covariates_and_no_output():
    X, site = simulate()
    sex = np.random.default_rng(3).choice(["f", "m"], len(site)).astype(object)
    table = pd.DataFrame(X).rename(columns=str).assign(sex=sex, site=site)
    harmonizer = SiteHarmonizer("site", covariates="sex")
    found = harmonizer.fit_transform(table)
    wanted = loop_combat(X, site, (sex == "m").astype(float)[:, None])
    gap = found - wanted  # the reference here is the average patient, there a woman
    np.testing.assert_allclose(gap, 0, atol=1e-6)
    names = harmonizer.get_feature_names_out().tolist()
    assert names == [str(i) for i in range(N_FEATURES)]
    harmonizer.set_output(transform="pandas")
    assert harmonizer.transform(table).columns.tolist() == names
    blank = table.assign(sex=[None, "new word", *sex[2:]])
    with pytest.warns(UserWarning, match=r"'sex' has a blank or a word .* in 2 rows"):
        harmonizer.transform(blank)


def test_nothing_is_learned_in_transform():
    X, site = simulate()
    harmonizer = SiteHarmonizer().fit(X[:90], site=site[:90])
    location, scale = harmonizer.location_.copy(), harmonizer.scale_.copy()
    together = harmonizer.transform(X[90:], site=site[90:])
    one_by_one = [
        harmonizer.transform(X[[i]], site=site[[i]]) for i in range(90, len(X))
    ]
    np.testing.assert_allclose(together, np.vstack(one_by_one))
    np.testing.assert_array_equal(harmonizer.location_, location)
    np.testing.assert_array_equal(harmonizer.scale_, scale)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_blank_cells_stay_and_count_in_nothing(dtype):
    X, site = simulate()
    X = X.astype(dtype)
    holes = X.copy()
    holes[np.random.default_rng(0).random(X.shape) < 0.1] = np.nan
    age = np.linspace(40, 70, len(X))
    for rows in (holes, X):
        table = pd.DataFrame(rows).rename(columns=str)
        found = SiteHarmonizer(shrink=False, covariates=[]).fit_transform(
            table, site=site
        )
        assert found.dtype == dtype
        np.testing.assert_array_equal(np.isnan(found), np.isnan(rows))
        for name in SIZES:
            mean = np.nanmean(found[site == name], axis=0)
            np.testing.assert_allclose(mean, np.nanmean(rows, axis=0), rtol=2e-6)
    # Of one feature with holes, the effect of age is that of its other rows.
    seen = ~np.isnan(holes[:, 0])
    table = pd.DataFrame(holes).rename(columns=str).assign(age=age, site=site)
    options = {"covariates": ["age"], "shrink": False}
    found = SiteHarmonizer("site", **options).fit_transform(table)[seen, 0]
    alone = table.loc[seen, ["0", "age", "site"]]
    wanted = SiteHarmonizer("site", **options).fit_transform(alone)[:, 0]
    np.testing.assert_allclose(found, wanted, rtol=1e-5)


def test_constant_features():
    X, site = simulate()
    X[:, 2] = 0.1  # everywhere
    X[:, 3] = site == "York"  # at each site
    X[site == "Hull", 4] += 1e-3  # nearly, at one site
    found = SiteHarmonizer().fit_transform(X, site=site)
    assert (found[:, 2] == 0.1).all()
    np.testing.assert_allclose(found[:, 3], X[:, 3].mean())
    assert np.isfinite(found).all()


def test_values_that_many_rows_share_stay():
    X, site = simulate(spread=3.0)
    rng = np.random.default_rng(2)
    floor = rng.random(len(X)) < 0.3
    X[floor, 0] = 0.5
    X[:, 1] = rng.integers(-2, 3, len(X))  # copy numbers
    with pytest.warns(UserWarning, match="1 of 7 features, such as number 1, have sev"):
        harmonizer = SiteHarmonizer(shrink=False).fit(X, site=site)
    found = harmonizer.transform(X, site=site)
    np.testing.assert_array_equal(found[:, 1], X[:, 1])
    assert (found[floor, 0] == 0.5).all()
    above = [found[~floor & (site == name), 0].mean() for name in SIZES]
    np.testing.assert_allclose(above, X[~floor, 0].mean())
    with pytest.warns(UserWarning, match=r"'new' \(117 rows\)"):
        moved = harmonizer.transform(X + [0, *[9] * 6], site=["new"] * len(X))
    assert (moved[floor, 0] == 0.5).all()
    np.testing.assert_array_equal(moved[:, 1], X[:, 1] + 9)
    every = SiteHarmonizer(shrink=False, max_ties=1).fit_transform(X, site=site)
    for name in SIZES:
        mean = every[site == name].mean(axis=0)
        np.testing.assert_allclose(mean, X.mean(axis=0), atol=1e-12)


def test_categories_only_stay():
    site = np.repeat(list("abc"), 20)
    X = np.random.default_rng(0).integers(0, 3, (60, 4)).astype(float)
    with pytest.warns(UserWarning, match="4 of 4 features"):
        harmonizer = SiteHarmonizer().fit(X, site=site)
    np.testing.assert_array_equal(harmonizer.transform(X, site=site), X)
    with pytest.warns(UserWarning, match="not in fit"):
        found = harmonizer.transform(X, site=["new"] * 60)
    np.testing.assert_array_equal(found, X)


def test_an_outlier_moves_no_other_row_far():
    X, site = simulate()
    row = np.flatnonzero(site == "Leeds")[3]
    far = X.copy()
    far[row, 2] = 1e6
    others = np.arange(len(X)) != row
    found, wanted = (SiteHarmonizer().fit_transform(x, site=site) for x in (far, X))
    assert abs(found - wanted)[others].max() < 2
    assert found[row, 2] > 1e5


def test_one_feature_is_not_shrunk():
    X, site = simulate(n_features=1)
    found = SiteHarmonizer().fit_transform(X, site=site)
    means = [found[site == name].mean() for name in SIZES]
    np.testing.assert_allclose(means, X.mean())


# Sites that are not in fit


def new_hospital(n_rows, n_features=200):
    X, site = simulate(
        dict(zip("abcdef", [40] * 6, strict=True)), n_features, spread=0.3
    )
    rows = np.random.default_rng(5).normal(size=(n_rows, n_features)) * 1.5 + 10.4
    return X, site, rows


def test_many_rows_of_a_new_site_are_aligned_by_themselves():
    X, site, rows = new_hospital(600)
    harmonizer = SiteHarmonizer().fit(X, site=site)
    with pytest.warns(
        UserWarning, match=r"1 site not in fit: 'new' \(600 rows\); each"
    ):
        found = harmonizer.transform(rows, site=["new"] * 600)
    assert abs((found - X.mean(axis=0)).mean(axis=0)).mean() < 0.05
    assert abs(rows.mean(axis=0) - X.mean(axis=0)).mean() > 0.3
    within = np.mean([X[site == s].std(axis=0) for s in "abcdef"], axis=0)
    assert abs(found.std(axis=0) / within - 1).mean() < 0.1


def test_few_rows_of_a_new_site_hardly_move():
    X, site, rows = new_hospital(2)
    harmonizer = SiteHarmonizer().fit(X, site=site)
    with pytest.warns(UserWarning, match=r"'new' \(2 rows\)"):
        found = harmonizer.transform(rows, site=["new"] * 2)
    assert np.corrcoef(found.ravel(), rows.ravel())[0, 1] > 0.95
    assert abs(found - rows).mean() < 0.5 * rows.std()
    with pytest.warns(UserWarning, match=r"'new' \(1 row\); .* fewer than min_rows=2"):
        one = harmonizer.transform(rows[:1], site=["new"])
    np.testing.assert_array_equal(one, rows[:1])


def test_a_new_site_may_stay_as_it_is():
    X, site, rows = new_hospital(30)
    harmonizer = SiteHarmonizer(unseen="pooled").fit(X, site=site)
    both = np.vstack([rows, X[:9]])
    sites = np.array(["new"] * 30 + site[:9].tolist())
    with pytest.warns(UserWarning, match=r"'new' \(30 rows\); they stay"):
        found = harmonizer.transform(both, site=sites)
    np.testing.assert_array_equal(found[:30], rows)
    np.testing.assert_array_equal(
        found[30:], harmonizer.transform(X[:9], site=site[:9])
    )


def test_rows_without_a_site_are_not_used_and_stay():
    X, site = simulate()
    lost = site.astype(object)
    lost[[3, 5]] = None, np.nan
    others = np.delete(np.arange(len(X)), [3, 5])
    match = "2 rows of 117 have no site, such as row 3"
    with pytest.warns(UserWarning, match=match):
        harmonizer = SiteHarmonizer().fit(X, site=lost)
    alone = SiteHarmonizer().fit(X[others], site=site[others])
    np.testing.assert_array_equal(harmonizer.location_, alone.location_)
    with pytest.warns(UserWarning, match=match):
        found = harmonizer.transform(X, site=lost)
    np.testing.assert_array_equal(found[[3, 5]], X[[3, 5]])


def test_sites_of_few_rows_stay_as_they_are():
    X, site = simulate({"a": 30, "b": 21, "c": 1, "d": 3})
    with pytest.warns(UserWarning, match=r"2 sites of fewer .* 'c' \(1 row\), 'd' \(3"):
        harmonizer = SiteHarmonizer(min_rows=4).fit(X, site=site)
    found = harmonizer.transform(X, site=site)
    few = np.isin(site, ["c", "d"])
    np.testing.assert_array_equal(found[few], X[few])
    alone = SiteHarmonizer().fit(X[~few], site=site[~few])
    np.testing.assert_array_equal(harmonizer.location_[:2], alone.location_)
    assert (harmonizer.scale_[2:] == 1).all()


def test_one_site_or_none():
    X, site = simulate()
    for fitted in (SiteHarmonizer().fit(X), SiteHarmonizer(covariates=[]).fit(X)):
        np.testing.assert_array_equal(fitted.transform(X), X)
        assert fitted.location_.shape == (0, N_FEATURES)
        assert fitted.n_rows_.shape == (0,)
    with pytest.warns(UserWarning, match="1 of 1 site with 2 rows or more, and two"):
        fitted = SiteHarmonizer().fit(X, site=["only"] * len(X))
    np.testing.assert_array_equal(fitted.transform(X, site=["only"] * len(X)), X)
    with pytest.warns(UserWarning, match="since fit had no two sites"):
        np.testing.assert_array_equal(fitted.transform(X, site=site), X)


def test_numbers_name_sites_in_any_form():
    X, site = simulate()
    codes = np.unique(site, return_inverse=True)[1]
    harmonizer = SiteHarmonizer().fit(X, site=codes)
    found = harmonizer.transform(X, site=codes.astype(float))
    np.testing.assert_array_equal(
        found, harmonizer.transform(X, site=codes.astype(str))
    )
    assert harmonizer.sites_.tolist() == ["0", "1", "2", "3"]


# Errors


def a_table():
    X, site = simulate()
    columns = [f"g{i}" for i in range(N_FEATURES)]
    return pd.DataFrame(X, columns=columns).assign(site=site)


@pytest.mark.parametrize(
    ("params", "change", "message"),
    [
        ({"site": "clinic"}, {}, "X has no column 'clinic'; it has 8 columns"),
        ({"covariates": ["age"]}, {}, "X has no column 'age'"),
        ({"covariates": ["site"]}, {}, "'site' is the site, and no covariate"),
        ({}, {"g3": "high"}, "X holds 'high' in row 0 of column 'g3'"),
        ({"covariates": ["t"]}, {"t": pd.Timestamp(0)}, "'t' holds dates"),
        ({"covariates": ["t"]}, {"t": np.nan}, "'t' has no value"),
        ({"covariates": ["t"]}, {"t": list(map(str, range(117)))}, "117 different wor"),
        ({"modalities": ["gene"]}, {}, "names parts of a Cohort, and X is none"),
        ({"min_rows": 1}, {}, "min_rows"),
    ],
)
def test_bad_tables_and_parameters(params, change, message):
    with pytest.raises(ValueError, match=message):
        SiteHarmonizer(**{"site": "site"} | params).fit(a_table().assign(**change))


def test_a_site_that_is_a_covariate():
    table = a_table()
    table["scanner"] = table["site"].map({"Leeds": 1, "York": 1, "Hull": 2, "Ely": 3})
    with pytest.raises(ValueError, match="'scanner' has one value in each site"):
        SiteHarmonizer("site", covariates=["scanner"]).fit(table)
    table["arm"] = np.where(np.arange(117) % 2, "drug", "none")
    table.loc[table["site"] == "Hull", "arm"] = "both"
    with pytest.warns(UserWarning, match=r"\['arm'\] cannot be separated .* 1 direct"):
        SiteHarmonizer("site", covariates=["arm"]).fit(table)


def test_bad_sites():
    X, site = simulate()
    harmonizer = SiteHarmonizer().fit(X, site=site)
    with pytest.raises(ValueError, match=r"X has 117 rows, and site has shape \(5,\)"):
        SiteHarmonizer().fit(X, site=site[:5])
    with pytest.raises(ValueError, match="fit was given sites: give transform site="):
        harmonizer.transform(X)
    with pytest.raises(
        ValueError, match=r"1 column \('site'\) in X, which has no name"
    ):
        SiteHarmonizer("site").fit(X)
    with pytest.raises(ValueError, match="the site is given twice"):
        SiteHarmonizer("site").fit(a_table(), site=site)
    table = a_table().assign(age=50.0 + np.arange(117) % 9)
    harmonizer = SiteHarmonizer("site", covariates=["age"]).fit(table)
    words = table.assign(age=["old", *table["age"][1:]])
    with pytest.raises(ValueError, match="X holds 'old' in row 0 of column 'age'"):
        harmonizer.transform(words)


# Cohorts


def make_cohort(seed=0, n_rows=90):
    """Three hospitals; the label is in the genes, under the hospital's shift."""
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.arange(n_rows) % 2)
    hospital = rng.choice(["Hull", "Leeds", "York"], n_rows)
    gene = rng.normal(size=(n_rows, 6)) + y[:, None]
    gene += np.select([hospital == "Hull", hospital == "York"], [6, -6])[:, None]
    protein = rng.normal(size=(n_rows, 4)) + (hospital == "Leeds")[:, None]
    kind = np.arange(n_rows) % 3
    gene[kind == 0], protein[kind == 1] = np.nan, np.nan
    image = rng.normal(size=(n_rows, 1, 3, 5)).astype(np.float32)
    ids = [f"p{i:03d}" for i in range(n_rows)]
    blocks = {
        "gene": pd.DataFrame(gene, ids, [f"g{i}" for i in range(6)]),
        "protein": (ids, protein.astype(np.float32)),
        "image": (ids, image),
    }
    metadata = pd.DataFrame(
        {"hospital": hospital, "age": rng.normal(60, 9, n_rows)}, ids
    )
    return Cohort(blocks, metadata=metadata), y


def test_a_cohort_stays_what_it_is_but_for_its_tables():
    X, _ = make_cohort()
    before = X.block("gene").copy()
    harmonizer = SiteHarmonizer("hospital", covariates=["age"])
    found = harmonizer.fit(X).transform(X)
    pd.testing.assert_frame_equal(found.available, X.available)
    pd.testing.assert_frame_equal(found.metadata, X.metadata)
    assert found.feature_names("gene") == X.feature_names("gene")
    assert found.block("protein").dtype == np.float32
    np.testing.assert_array_equal(found.block("image"), X.block("image"))
    np.testing.assert_array_equal(X.block("gene"), before)
    # The same as of the table by itself, with columns of the metadata.
    table = X.table("gene").join(X.metadata)
    alone = SiteHarmonizer("hospital", covariates=["age"]).fit(table)
    wanted = alone.transform(table)[:, :6]
    age = X.metadata["age"]
    assert abs(age[X.has("gene")].mean() - age.mean()) > 0.1  # of other averages
    np.testing.assert_allclose(found.block("gene"), wanted, atol=1e-6)
    assert list(harmonizer.location_) == ["gene", "protein"]
    assert harmonizer.n_rows_["gene"].sum() == X.has("gene").sum()
    only = SiteHarmonizer("hospital", modalities="protein", shrink=False)
    only = only.fit_transform(X)
    np.testing.assert_array_equal(only.block("gene"), before)
    mean = X.block("protein").mean(axis=0)
    np.testing.assert_allclose(only.block("protein").mean(axis=0), mean, rtol=1e-4)


def test_views_of_a_cohort():
    X, _ = make_cohort()
    harmonizer = SiteHarmonizer("hospital").fit(X)
    rows = np.array([8, 8, 1, 30, 2, 0])
    part, whole = harmonizer.transform(X[rows]), harmonizer.transform(X)[rows]
    assert part.index.tolist() == whole.index.tolist()
    for name in X.modalities:
        np.testing.assert_array_equal(part.block(name), whole.block(name))
    nobody = X[~X.has("gene")][:3]
    assert harmonizer.transform(nobody).block("gene").shape == (0, 6)
    by_array = SiteHarmonizer().fit(X, site=X.metadata["hospital"])
    np.testing.assert_array_equal(
        by_array.transform(X, site=X.metadata["hospital"]).block("gene"),
        harmonizer.transform(X).block("gene"),
    )
    assert SiteHarmonizer().fit(X).transform(X) is X
    assert not hasattr(harmonizer, "get_feature_names_out")
    framed = SiteHarmonizer("hospital").set_output(transform="pandas")
    assert isinstance(framed.fit_transform(X), Cohort)


def test_bad_cohorts():
    X, _ = make_cohort()
    harmonizer = SiteHarmonizer("hospital").fit(X)
    with pytest.raises(
        ValueError, match="the metadata of the cohort has no column 'cl"
    ):
        SiteHarmonizer("clinic").fit(X)
    with pytest.raises(
        ValueError, match=r"'hospital'\) in the metadata of the cohort, "
    ):
        SiteHarmonizer("hospital").fit(Cohort({"gene": X.block("gene")}))
    with pytest.raises(ValueError, match="is a table of numbers"):
        SiteHarmonizer("hospital").fit(X[:, ["image"]])
    with pytest.raises(ValueError, match="'image' is no table"):
        SiteHarmonizer("hospital", modalities=["image"]).fit(X)
    with pytest.raises(ValueError, match="X is no Cohort, other than in fit"):
        harmonizer.transform(X.block("gene"))
    gene = X[:, ["gene"]]
    aged = SiteHarmonizer("hospital", covariates="age").fit(gene)
    table = X.metadata.assign(age=["30", "old", *X.metadata["age"][2:]])
    old = Cohort({"gene": X.table("gene")}, metadata=table[X.has("gene")])
    with pytest.raises(
        ValueError, match="'age' held numbers in fit, and is 'old' in r"
    ):
        aged.transform(old)
    # Another order is no other data.
    rest = X.index[X.has("protein")], X.block("protein")
    turned = {"gene": X.table("gene").iloc[:, ::-1], "protein": rest}
    turned = harmonizer.transform(Cohort(turned, index=X.index, metadata=X.metadata))
    pd.testing.assert_frame_equal(
        turned.table("gene"), harmonizer.transform(X).table("gene")
    )
    renamed = X.table("gene").rename(columns={"g1": "other"})
    other = Cohort({"gene": renamed, "protein": (X.index, np.ones((90, 4)))})
    with pytest.raises(ValueError, match="'gene' has other features than in fit"):
        harmonizer.transform(other)
    words = Cohort({"gene": X.table("gene").assign(g2="low")}, metadata=X.metadata)
    with pytest.raises(
        ValueError, match="modality 'gene' holds 'low' in row 0 of colu"
    ):
        SiteHarmonizer("hospital", modalities=["gene"]).fit(words)


def test_in_scikit_learn_before_a_model_of_cohorts():
    X, y = make_cohort()
    y, X = y[X.has("gene")], X[X.has("gene")]
    model = make_pipeline(SiteHarmonizer("hospital"), CohortLogistic())
    harmonised = cross_val_score(model, X, y, cv=3, error_score="raise").mean()
    assert harmonised > cross_val_score(CohortLogistic(), X, y, cv=3).mean() + 0.1
    grid = {"siteharmonizer__shrink": [True, False], "cohortlogistic__C": [0.1, 1]}
    search = GridSearchCV(model, grid, cv=3, error_score="raise").fit(X, y)
    assert search.predict(X).shape == (60,)
    comparison = compare_classifiers({"harmonised": model}, X, y, cv=3)
    assert comparison.scores()["score"].notna().all()


def test_before_a_twin_tower_saved_and_in_a_new_hospital(tmp_path):
    X, y = make_cohort()
    X = X[:, ["gene", "protein"]]
    towers = [
        (name, make_pipeline(StandardScaler(), LogisticRegression()))
        for name in X.modalities
    ]
    twin = TwinTowerClassifier(towers, tower_cv=2, random_state=0)
    model = make_pipeline(SiteHarmonizer("hospital"), twin)
    york = (X.metadata["hospital"] == "York").to_numpy()
    model.fit(X[~york], pd.Series(y, X.index)[~york])
    with pytest.warns(UserWarning, match=r"1 site not in fit: 'York'"):
        p = model.predict_proba(X[york])
    assert p.shape == (york.sum(), 2)
    save_model(model, tmp_path / "model.skops")
    loaded = load_model(tmp_path / "model.skops")
    with pytest.warns(UserWarning, match="not in fit"):
        np.testing.assert_array_equal(loaded.predict_proba(X[york]), p)
    known = X[~york]
    np.testing.assert_array_equal(
        loaded.predict_proba(known), model.predict_proba(known)
    )


@pytest.mark.parametrize("words", [True, False])
def test_in_a_tower_whose_table_has_the_site(words):
    X, y = make_cohort()
    hospital = X.metadata["hospital"]
    site = hospital if words else hospital.map({"Hull": 1.0, "Leeds": 2.0, "York": 3.0})
    table = X.table("gene").assign(site=site)
    cohort = Cohort({"gene": table, "protein": (X.index, X.block("image")[:, 0, 0])})
    tower = make_pipeline(SiteHarmonizer("site"), LogisticRegression())
    other = make_pipeline(StandardScaler(), LogisticRegression())
    model = TwinTowerClassifier([("gene", tower), ("protein", other)], tower_cv=2)
    model.fit(cohort, pd.Series(y, X.index))
    assert model.predict(cohort).shape == (90,)


# Sites by metadata routing


def test_sites_are_routed():
    X, site = simulate()
    y = (X[:, 0] - pd.Series(X[:, 0]).groupby(site).transform("mean") > 0).astype(int)
    harmonizer = SiteHarmonizer()
    with sklearn.config_context(enable_metadata_routing=True):
        harmonizer.set_fit_request(site=True).set_transform_request(site=True)
        pipe = make_pipeline(clone(harmonizer), LogisticRegression())
        pipe.fit(X, y, site=site)
        p = pipe.predict_proba(X, site=site)
    even = SiteHarmonizer().fit_transform(X, site=site)
    np.testing.assert_array_equal(
        p, LogisticRegression().fit(even, y).predict_proba(even)
    )


def test_fit_is_all_or_nothing():
    X, site = simulate()
    harmonizer = SiteHarmonizer().fit(X, site=site)
    with pytest.raises(ValueError, match="one site per row"):
        harmonizer.fit(X, site=site[:2])
    assert not hasattr(harmonizer, "sites_")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        harmonizer.fit(X, site=site).transform(X, site=site)
