"""Folders of `load_cohort` whose files write the ids of patients in any way.

Each folder is joined by hand too. It is read as it is joined so, refused in a sentence,
or read with a warning that names the ids that make the difference.
"""

import gzip
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import nibabel as nib
import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st
from join_tools import STYLES, key, sources, text_of
from robustness_tools import COUNTS, FUZZ, names_one_of, recorded

from skmultimodal.datasets import load_cohort

GENES = ["TP53", "EGFR", "PTEN", "MYC", "IDH1"]
DAMAGES = [""] * 12 + ["some otherwise", "all otherwise", "written again"]
MISSING = ["", "NA", "unknown", "n/a", " "]
CLINICAL = ["age", "site", "response"]


def case_of(barcode):
    """A barcode of a sample is one of the patient."""
    return "-".join(barcode.split("-")[:3]) if barcode.startswith("TCGA") else barcode


@st.composite
def worlds(draw):
    """Patients, and all that is true of them."""
    rng = np.random.default_rng(draw(st.integers(0, 2**20)))
    n = draw(st.integers(6, 14))
    numbers = draw(st.sampled_from([range(n), range(1, 999), range(0, 99, 2)]))
    numbers = rng.choice(numbers, n, replace=False).tolist()
    styles = {**STYLES, "barcode": lambda k: f"TCGA-06-{k:04d}"}
    style = styles[draw(st.sampled_from([name for name in styles if name != "floats"]))]
    classes = draw(st.sampled_from([["0", "1"], ["no", "yes"], ["1", "2", "3"]]))
    words = np.array(classes)[rng.permutation(n) % len(classes)].tolist()
    genes = rng.integers(-40, 40, size=(n, len(GENES))) / 8  # exact, also in 32 bits
    genes[rng.random(genes.shape) < draw(st.sampled_from([0, 0.1]))] = np.nan
    genes[rng.random(n) < draw(st.sampled_from([0, 0.1]))] = np.nan
    for row in np.flatnonzero(rng.random(n) < draw(st.sampled_from([0, 0.2]))):
        words[row] = MISSING[row % len(MISSING)]
    return SimpleNamespace(
        rng=rng,
        n=n,
        id_of=lambda patient: style(numbers[patient]),
        genes=genes.tolist(),
        clinical=[[20 + i, f"site {i % 3}", word] for i, word in enumerate(words)],
        image=[[i + 1] for i in range(n)],
    )


@st.composite
def tables(draw, world):
    """The clinical table, the expression and, of some folders, scans."""
    made = {}
    for name in ["clinical", "genes", "image"][: draw(st.sampled_from([2, 2, 2, 3]))]:
        lacking = draw(st.sampled_from([0, 0, 2]))
        patients = world.rng.permutation(world.n)[lacking:]
        values = getattr(world, name)
        drawn = draw(sources(patients, world.id_of, values.__getitem__, DAMAGES))
        # Blanks around the ids of a table are none of them.
        ids = [key(i) if name == "image" else key(i).strip() for i in drawn.ids]
        made[name] = replace(drawn, ids=[case_of(i) for i in ids]), drawn.ids
    return made


def join_tables(made, identity):
    """Cells of the rows by patient, or id; None if one is in a table twice.

    Whoever has neither scan nor a value of expression is left out.
    """
    places = {name: table.by(identity) for name, (table, _) in made.items()}
    if any(found is None for found in places.values()):
        return None
    cells = {
        name: {who: made[name][0].values[place] for who, place in found.items()}
        for name, found in places.items()
    }
    genes = {w: v for w, v in cells["genes"].items() if not np.isnan(v).all()}
    images = cells.get("image", {})
    order = [who for who in cells["clinical"] if who in genes or who in images]
    order = list(dict.fromkeys([*order, *images, *genes]))
    unknown, absent = [np.nan, None, ""], [np.nan] * len(GENES)
    return order, [
        [*cells["clinical"].get(who, unknown), *genes.get(who, absent)]
        + ([images.get(who, [np.nan])[0]] if "image" in cells else [])
        for who in order
    ]


def read(folder, label):
    """What `load_cohort` finds, with the ids and cells of its rows."""
    bunch = load_cohort(folder, label=label, image_size=(6, 5), spacing=None)
    X = bunch.data
    target = ["" if pd.isna(known) else key(known) for known in bunch.target]
    columns = [X.metadata["age"], X.metadata["site"], target]
    for name, n_columns in (("gene", len(GENES)), ("image", 1)):
        if name in X.modalities:
            found = np.full((len(X), n_columns), np.nan)
            rows = np.asarray(X.block(name), dtype=float)
            shown = rows if name == "gene" else rows.reshape(len(rows), -1)
            found[X.has(name)] = shown if name == "gene" else shown.max(axis=1)[:, None]
            columns += list(found.T)
    return bunch, X.index.tolist(), list(zip(*columns, strict=True))


@st.composite
def writers(draw):
    """Writes the tables into a folder, in one of the forms that are read."""
    clinical = draw(st.sampled_from(["csv", "tsv", "csv.gz"]))
    genes = draw(st.sampled_from(["csv", "tsv", "csv.gz", "tsv.gz"] + ["parquet"] * 3))
    across = draw(st.booleans())
    name = draw(st.sampled_from(["patient", "Patient ID", "subject_id"]))
    place = draw(st.sampled_from([0, 2]))
    stored = draw(st.sampled_from([str, int, float]))

    def write(folder, made):
        table, ids = made["clinical"]
        frame = pd.DataFrame(table.values, columns=CLINICAL)
        frame.insert(place, name, [key(i) for i in ids])
        write_text(frame, folder / f"clinical.{clinical}")
        table, ids = made["genes"]
        frame = pd.DataFrame(table.values, columns=GENES)
        if genes == "parquet":
            frame.insert(0, name, as_stored(ids, stored))
            frame.to_parquet(folder / f"expression.{genes}", index=False)
        else:
            frame = frame.set_axis([key(i) for i in ids])
            frame = frame.T.rename_axis("gene") if across else frame.rename_axis(name)
            write_text(frame.reset_index(), folder / f"expression.{genes}")
        table, ids = made.get("image", (None, []))
        for row, patient_id in enumerate(ids):
            scan = np.zeros((5, 6, 3), dtype=np.int16)
            scan[1:4, 1:5, 1] = table.values[row][0]
            home = folder / "mri" / key(patient_id)
            home.mkdir(parents=True)
            nib.save(nib.Nifti1Image(scan, np.eye(4)), home / "scan_t1.nii")

    return write


def write_text(frame, path):
    sep = "\t" if ".tsv" in path.name else ","
    text = frame.to_csv(index=False, sep=sep)
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text, encoding="utf-8")


def as_stored(ids, kind):
    """Ids as a parquet file may have them: numbers, where all are plain numbers."""
    texts = [key(i) for i in ids]
    plain = all(text.isdigit() and key(int(text)) == text for text in texts)
    return [kind(text) for text in texts] if plain else texts


@FUZZ
@given(data=st.data())
def join_and_load(data):
    COUNTS["folders tried"] += 1
    world = data.draw(worlds())
    made = data.draw(tables(world))
    folder = Path(tempfile.mkdtemp())
    try:
        data.draw(writers())(folder, made)
        found, said = recorded(read, folder, "response")
    except FileExistsError:  # two folders of one name
        return
    finally:
        shutil.rmtree(folder)
    truth, letter = join_tables(made, "patient"), join_tables(made, "key")
    if found is None:
        sound = not any(table.damage for table, _ in made.values())
        known = truth is not None and any(row[2] not in MISSING for row in truth[1])
        assert not (sound and known), said
        COUNTS["folders refused"] += 1
        return
    COUNTS["folders read"] += 1
    bunch, ids, cells = found
    assert letter is not None
    assert as_text(with_ids(ids, cells)) == as_text(with_ids(*letter))
    check_flow(bunch.flow, made, ids)
    if truth is None or as_text(cells) != as_text(truth[1]):
        COUNTS["folders warned of"] += 1
        assert names_one_of(spellings(made), said), said


def as_text(rows):
    """Rows in order of their text, as neither table is in an order of its own."""
    cells = [[text_of(cell) for cell in row] for row in rows]
    return sorted([["" if c in MISSING else c for c in row] for row in cells])


def with_ids(ids, rows):
    return [[who, *row] for who, row in zip(ids, rows, strict=True)]


def check_flow(flow, made, ids):
    """Whoever is in a file and not in the cohort is in the flow table, dropped."""
    dropped = set(flow.loc[flow["status"] == "dropped", "patient"])
    everyone = {i for table, _ in made.values() for i in table.ids}
    assert everyone - set(ids) <= dropped


def spellings(made):
    """Ids of patients who are written in several ways."""
    ways = {}
    for table, _ in made.values():
        for patient, patient_id in zip(table.patients, table.ids, strict=True):
            ways.setdefault(patient, set()).add(patient_id)
    return [repr(i) for written in ways.values() if len(written) > 1 for i in written]


def test_a_folder_as_by_hand_a_warning_or_a_clear_error():
    before = COUNTS.copy()
    join_and_load()
    tried = COUNTS - before
    assert tried["folders read"] >= tried["folders tried"] / 2, tried
