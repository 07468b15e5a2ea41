"""Predictions and contributions in the table of observations of a container."""

import anndata
import mudata
import numpy as np
import pandas as pd
import pytest
from fusion_tools import make_case
from sklearn.linear_model import LogisticRegression

from skmultimodal import TwinTowerClassifier
from skmultimodal.inspection import modality_contributions
from skmultimodal.report import prediction_table, predictions_to_obs

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*:Warning:(mudata|anndata)"),
    pytest.mark.filterwarnings("ignore:The 'future.infer_string' option"),
    pytest.mark.filterwarnings("ignore:(Variable|Observation) names are not unique"),
]


@pytest.fixture
def case():
    """A MuData of two modalities, whose patients are in another order than X."""
    X, y = make_case({"gene": 23, "image": 17, "image+gene": 20})
    towers = [(name, LogisticRegression()) for name in X.modalities]
    model = TwinTowerClassifier(towers, tower_cv=2, random_state=0).fit(X, y)
    with pd.option_context("future.infer_string", False):
        mdata = X[::-1].to_mudata()
    assert mdata.obs_names.tolist() != X.index.tolist()
    return mdata, model, X


def test_each_patient_has_their_own_values(case):
    mdata, model, X = case
    before = mdata.obs.columns.tolist()
    table = predictions_to_obs(mdata, model, X, scale="log_odds")
    assert mdata.obs.columns.tolist() == [*before, *table.columns]
    assert table.index.tolist() == mdata.obs_names.tolist()
    wanted = prediction_table(model, X).loc[mdata.obs_names]
    for name, column in wanted.items():
        assert mdata.obs[name].tolist() == column.tolist()
    of = modality_contributions(model, X, scale="log_odds").contributions
    np.testing.assert_array_equal(
        mdata.obs[["contribution_image", "contribution_gene"]],
        of.loc[mdata.obs_names, ["image", "gene"]],
    )
    has = pd.Series(X.has("image"), X.index).loc[mdata.obs_names]
    assert (mdata.obs["contribution_image"].notna() == has).all()


def test_a_file_has_them(case, tmp_path):
    mdata, model, X = case
    predictions_to_obs(mdata, model, X)
    with pd.option_context("future.infer_string", False):
        mdata.write(tmp_path / "cohort.h5mu")
    obs = mudata.read_h5mu(tmp_path / "cohort.h5mu").obs
    route = pd.Series(model.predict_route(X), X.index).loc[obs.index]
    assert obs["route"].tolist() == route.tolist()
    p = pd.Series(model.predict_proba(X)[:, 1], X.index).loc[obs.index]
    np.testing.assert_array_equal(obs["proba_1"], p)


def test_an_anndata_of_more_patients(case):
    """Those of whom X has no row are blank, and counted."""
    mdata, model, X = case
    rna = mdata.mod["gene"].copy()
    some = X[X.index.isin(rna.obs_names[7:]), ["gene"]]
    with pytest.warns(UserWarning, match="7 of 43 observations are not in X"):
        predictions_to_obs(rna, model, some, contributions=False, prefix="rna_")
    assert "rna_contribution_gene" not in rna.obs
    assert rna.obs["rna_proba_1"].isna().tolist() == [True] * 7 + [False] * 36
    assert rna.obs["rna_route"].isna().sum() == 7
    p = pd.Series(model.predict_proba(some)[:, 1], some.index)
    np.testing.assert_array_equal(
        rna.obs["rna_proba_1"].iloc[7:], p.loc[rna.obs_names[7:]]
    )


def test_nothing_is_overwritten_unasked(case):
    mdata, model, X = case
    mdata.obs["route"] = "scanner"
    with pytest.raises(ValueError, match=r"obs has 'route' already: overwrite=True"):
        predictions_to_obs(mdata, model, X)
    assert set(mdata.obs["route"]) == {"scanner"}
    predictions_to_obs(mdata, model, X, prefix="tower_")
    assert set(mdata.obs["route"]) == {"scanner"}
    predictions_to_obs(mdata, model, X, overwrite=True)
    assert set(mdata.obs["route"]) == set(model.predict_route(X))


def test_what_is_refused(case, tmp_path):
    mdata, model, X = case
    with pytest.raises(TypeError, match=r"a MuData or an AnnData, got str: read"):
        predictions_to_obs("cohort.h5mu", model, X)
    stranger = X.index[0]
    fewer = mdata[mdata.obs_names != stranger].copy()
    with pytest.raises(ValueError, match=f"1 of 60 patients .* such as '{stranger}'"):
        predictions_to_obs(fewer, model, X)
    with pytest.raises(ValueError, match="is in X twice: leave one row out"):
        predictions_to_obs(mdata, model, X[[0, 0, 1]])
    rows = anndata.AnnData(np.ones((2, 1)), pd.DataFrame(index=["a", "a"]))
    with pytest.raises(ValueError, match="'a' is in obs twice"):
        predictions_to_obs(rows, model, X)
    assert "predicted" not in mdata.obs
