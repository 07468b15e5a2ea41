"""
RNA and methylation in a file that stays on disk
================================================

Counts of RNA are sparse, an array of methylation is large and has blanks, and both lie in
one ``.h5mu`` file. A cohort can be made of the file: rows are read when a tower asks for
them, and the file is closed in between. Predictions go back into it.
"""

import os
import tempfile
import warnings
from pathlib import Path

import anndata
import mudata
import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix
from sklearn.decomposition import TruncatedSVD
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from skmultimodal import Cohort, GeneAutoencoderTransformer, TwinTowerClassifier
from skmultimodal.model_selection import PairedStratifiedKFold, compare_classifiers
from skmultimodal.report import predictions_to_obs

# mudata 0.3 and anndata 0.12 use what pandas 3 has deprecated.
warnings.filterwarnings("ignore", "The 'future.infer_string' option")
warnings.filterwarnings("ignore", module="mudata|anndata")
rng = np.random.default_rng(0)

# %%
# A file
# ------
#
# Of 240 patients 180 have RNA and 130 methylation, so that 70 have both. The response is
# unknown of every tenth. anndata 0.12 cannot write the strings of pandas 3, so that what
# it writes is made and written without them.

response = rng.integers(0, 2, 240)
folder = tempfile.TemporaryDirectory()
path = Path(folder.name) / "cohort.h5mu"


def make_part(rows, values, prefix):
    """The AnnData of some patients."""
    obs = pd.DataFrame(index=[f"P{i:03d}" for i in np.arange(240)[rows]])
    var = pd.DataFrame(index=[f"{prefix}{i}" for i in range(values.shape[1])])
    return anndata.AnnData(values, obs, var)


counts = rng.poisson(0.1, (180, 1000))
counts[:, :40] += rng.poisson(0.2 * response[:180, None], (180, 40))
beta = rng.beta(2, 5, (130, 300)).astype(np.float32)
beta[:, :30] += 0.03 * response[110:, None]
beta[rng.random(beta.shape) < 0.05] = np.nan

with pd.option_context("future.infer_string", False):
    rna = make_part(slice(0, 180), csr_matrix(counts.astype(np.float32)), "G")
    rna.layers["log1p"] = rna.X.log1p()
    mdata = mudata.MuData({"rna": rna, "meth": make_part(slice(110, 240), beta, "cg")})
    places = mdata.obs_names.str[1:].astype(int)
    known = np.array(["no", "yes"], dtype=object)[response[places]]
    mdata.obs["response"] = pd.Categorical(np.where(places % 10 == 0, None, known))
    mdata.obs["age"] = rng.normal(60, 10, 240)
    mdata.write(path)
print(f"{os.path.getsize(path) / 1e6:.1f} MB on disk")

# %%
# Open
# ----
#
# The path is enough: names of patients and variables, and columns of ``obs``, are read.
# ``mudata.read_h5mu(path, backed=True)``, or an AnnData, would do as well.

X, y = Cohort.from_mudata(path, layers={"rna": "log1p"}, label="response")
print(X)

# %%
# Fit
# ---
#
# A Pipeline that begins with ``TruncatedSVD`` is given the sparse rows. The network of
# the methylation is given dense ones, in which an imputer fills the blanks.

towers = [
    ("rna", make_pipeline(TruncatedSVD(10, random_state=0), LogisticRegression())),
    ("meth", make_pipeline(SimpleImputer(), GeneAutoencoderTransformer(n_steps=60))),
]
model = TwinTowerClassifier(towers, random_state=0)
cv = PairedStratifiedKFold(3, random_state=0)
print(compare_classifiers({"twin tower": model}, X, y, cv=cv, scoring="roc_auc"))

# %%
# Predict, and close
# ------------------
#
# The file is open only while rows are read, so that it can be written in between. As it
# has changed then, the cohort is made of it again before the next patients are predicted.

model.fit(X, y)
with pd.option_context("future.infer_string", False):
    table = predictions_to_obs(mdata, model, X)
    mdata.write(path)
columns = ["route", "proba_yes", "contribution_rna", "contribution_meth"]
print(table[columns].iloc[[0, 120, -1]].round(2).to_string())

again = Cohort.from_mudata(path, layers={"rna": "log1p"}, columns=["age", *columns[1:]])
p = model.predict_proba(again)[:, 1]
print("as in the file:", np.allclose(p, again.metadata["proba_yes"], atol=1e-5))
folder.cleanup()

# %%
# On your own data
# ----------------
#
# ``Cohort.from_mudata("cohort.h5mu", layers={"rna": "log1p"}, label="response")``, or the
# path of an ``.h5ad`` or zarr file. With ``n_jobs`` workers open the file themselves, so
# it must be on a disk that all of them see. Memory: :doc:`../user_guide/omics`.
#
# **Caveat.** A file must stay as it is while a cohort reads it: one that has changed is
# refused. The probabilities of patients that the model was fitted to are no out-of-fold
# predictions; report those of `compare_classifiers`.
