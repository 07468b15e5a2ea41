"""Files that are cut, flipped, mixed up or hostile: an error that names them, or data.

A change of a digit in plain text cannot be seen. Compressed files carry check sums:
what is read of them after a flip is what was there before, or nothing.
"""

import gzip
import io
import json
import os
import resource
import signal
import struct
import subprocess
import sys
import tarfile
import textwrap
import zlib
from pathlib import Path

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
from robustness_tools import COUNTS, N_MUTATIONS

from skmultimodal.datasets import load_cohort
from skmultimodal.datasets.tcga import read_clinical, read_expression
from skmultimodal.datasets.tcga._sheets import (
    read_metadata,
    read_name_mapping,
    read_sample_sheet,
)
from skmultimodal.io import (
    read_gtf,
    read_patient_features,
    read_patient_matrix,
    read_patient_table,
    read_slices,
)

SECONDS = 60

STAR = "# gene-model: GENCODE v36\n" + "".join(
    "\t".join(map(str, row)) + "\n"
    for row in [
        [
            "gene_id",
            "gene_name",
            "gene_type",
            "unstranded",
            "stranded_first",
            "stranded_second",
            "tpm_unstranded",
            "fpkm_unstranded",
            "fpkm_uq_unstranded",
        ],
        *[
            (f"N_{name}", "", "", 9, 9, 9, "", "", "")
            for name in ("unmapped", "noFeature")
        ],
        *[
            (
                f"ENSG{i:011d}.{i}",
                f"G{i}",
                "protein_coding",
                i,
                i,
                0,
                i / 4,
                i / 8,
                i / 2,
            )
            for i in range(1, 30)
        ],
    ]
)
HTSEQ = (
    "".join(f"ENSG{i:011d}.{i}\t{i * 7}\n" for i in range(1, 30)) + "__no_feature\t9\n"
)
XENA = "sample\t" + "\t".join(f"TCGA-AA-{i:04d}-01" for i in range(5)) + "\n"
XENA += "".join(
    f"GENE{g}\t" + "\t".join(f"{g + i / 8}" for i in range(5)) + "\n" for g in range(20)
)
SHEET = (
    "File ID\tFile Name\tData Category\tData Type\tProject ID\tCase ID\tSample ID\t"
    "Sample Type\n"
) + "".join(
    f"f{i}\ta{i}.tsv\tx\ty\tTCGA-GBM\tTCGA-AA-{i:04d}\tTCGA-AA-{i:04d}-01A\t"
    "Primary Tumor\n"
    for i in range(9)
)
BIOTAB = (
    "bcr_patient_uuid\tbcr_patient_barcode\ttumor_status\n"
    "bcr_patient_uuid\tbcr_patient_barcode\tperson_neoplasm_cancer_status\n"
    "CDE_ID:\tCDE_ID:2003301\tCDE_ID:2759550\n"
) + "".join(f"u{i}\tTCGA-AA-{i:04d}\tWITH TUMOR\n" for i in range(9))
GDC = "case_submitter_id\tproject_id\tage_at_index\tvital_status\n" + "".join(
    f"TCGA-AA-{i:04d}\tTCGA-GBM\t{i + 40}\tAlive\n" for i in range(9)
)
GTF = "##description: evidence-based annotation\n" + "".join(
    f'chr1\tHAVANA\tgene\t{i}00\t{i}90\t.\t+\t.\tgene_id "ENSG{i:011d}.1"; '
    f'gene_type "protein_coding"; gene_name "G{i}";\n'
    for i in range(1, 12)
)
METADATA = json.dumps(
    [
        {
            "file_id": f"f{i}",
            "file_name": f"a{i}.tsv",
            "data_type": "Gene Expression Quantification",
            "associated_entities": [
                {"entity_submitter_id": f"TCGA-AA-{i:04d}-01A-11R-A-07"}
            ],
        }
        for i in range(6)
    ]
)
MAPPING = "Grade,BraTS_2019_subject_ID,TCGA_TCIA_subject_ID\n" + "".join(
    f"HGG,BraTS19_TCIA_{i},TCGA-AA-{i:04d}\n" for i in range(9)
)
# An old annotation has no lines of genes: they are the spans of their transcripts.
TRANSCRIPTS = "".join(
    f'chr1\tHAVANA\ttranscript\t{i}00\t{i}90\t.\t+\t.\tgene_id "ENSG{i:011d}.1"; '
    f'transcript_id "ENST{i:011d}.1"; gene_name "G{i}";\n'
    for i in range(1, 12)
)
PATIENTS = "patient,label,age\n" + "".join(f"P{i},{i % 2},{i + 40}\n" for i in range(9))
MATRIX = "patient,G1,G2\n" + "".join(f"P{i},{i / 4},{-i}\n" for i in range(9))
FILES = {
    "star": ("a.rna_seq.augmented_star_gene_counts.tsv", STAR, read_expression),
    "htseq": ("a.htseq.counts.gz", HTSEQ, read_expression),
    "fpkm": ("a.FPKM.txt.gz", HTSEQ.rsplit("__", 1)[0], read_expression),
    "xena": ("xena.tsv", XENA, read_expression),
    "xena, compressed": ("xena.tsv.gz", XENA, read_expression),
    "sample sheet": ("gdc_sample_sheet.tsv", SHEET, read_sample_sheet),
    "biotab": ("clinical_patient_gbm.txt", BIOTAB, read_clinical),
    "gdc": ("clinical.tsv.gz", GDC, read_clinical),
    "xena clinical": ("phenotype.tsv", GDC.replace("case_", "", 1), read_clinical),
    "metadata": ("metadata.cart.json", METADATA, read_metadata),
    "name mapping": ("name_mapping.csv", MAPPING, read_name_mapping),
    "transcripts": ("transcripts.gtf.gz", TRANSCRIPTS, read_gtf),
    "patients": ("clinical.csv", PATIENTS, read_patient_table),
    "matrix": ("expression.csv.gz", MATRIX, read_patient_matrix),
    "parquet": ("expression.parquet", MATRIX, read_patient_matrix),
    "features": ("slides.csv.gz", MATRIX, read_patient_features),
    "features in parquet": ("slides.parquet", MATRIX, read_patient_features),
    "archive": ("clinical.cohort.tar.gz", GDC, read_clinical),
    "gtf": ("genes.gtf", GTF, read_gtf),
    "gtf, compressed": ("genes.gtf.gz", GTF, read_gtf),
}


def write_volumes(folder):
    """A patient with two sequences and a mask, one file of them not compressed."""
    rng = np.random.default_rng(0)
    folder.mkdir()
    affine = np.diag([-1.0, -1.0, 1.0, 1.0])
    for alias, suffix in {"t1": ".nii.gz", "flair": ".nii", "seg": ".nii.gz"}.items():
        data = rng.integers(1, 90, (8, 9, 7)).astype(np.int16)
        if alias == "seg":
            data = np.zeros((8, 9, 7), np.uint8)
            data[2:5, 2:6, 3] = 4
        image = nib.Nifti1Image(data, affine)
        nib.save(image, folder / f"{folder.name}_{alias}{suffix}")
    return folder


def write_table(path, text):
    """The text in the format that the name of the file says."""
    if path.suffix == ".parquet":
        table = pd.read_csv(io.StringIO(text)).set_index("patient")
        table.to_parquet(path)
    elif path.name.endswith(".tar.gz"):
        with tarfile.open(path, "w:gz") as archive:
            member = tarfile.TarInfo("clinical.tsv")
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    elif path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_bytes(text.encode())
    return path.read_bytes()


def mutate(raw, rng):
    """Raw bytes, changed in one of the ways in which files go wrong."""
    way = rng.integers(7)
    place = int(rng.integers(len(raw)))
    other = bytes(rng.integers(256, size=int(rng.integers(1, 40)), dtype=np.uint8))
    if way == 0:
        return raw[:place]
    if way == 1:
        flipped = bytearray(raw)
        for where in rng.integers(len(raw), size=int(rng.integers(1, 6))):
            flipped[where] ^= 1 << int(rng.integers(8))
        return bytes(flipped)
    if way == 2:
        return raw[:place] + other + raw[place:]
    if way == 3:
        return raw[:place] + bytes(len(raw) - place)
    if way == 4:
        return raw[place:]
    if way == 5:
        texts = [STAR, HTSEQ, XENA, SHEET, BIOTAB, GDC, GTF]
        text = texts[int(rng.integers(len(texts)))].encode()
        return gzip.compress(text) if rng.integers(2) else text
    lines = raw.split(b"\n")
    line = int(rng.integers(len(lines)))
    return b"\n".join([*lines[:line], *lines[line : line + 1] * 2, *lines[line + 1 :]])


class Clock:
    """Raises after some seconds of this process: nothing that is broken may hang.

    They are seconds of the processor, which do not pass while other programs run.
    """

    def __enter__(self):
        def ring(number, frame):
            raise AssertionError(f"not done after {SECONDS} s of the processor")

        self.before = signal.signal(signal.SIGPROF, ring)
        signal.setitimer(signal.ITIMER_PROF, SECONDS)

    def __exit__(self, *error):
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, self.before)


def read_or_refuse(reader, argument, names, what):
    """What a reader gives, or None where it refused and named one of `names`."""
    COUNTS[f"mutated files: {what}"] += 1
    try:
        with Clock():
            return reader(argument)
    except (ValueError, OSError) as error:
        refusal = str(error)
    assert any(name in refusal for name in names), refusal
    return None


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("what", FILES)
def test_tables(what, tmp_path):
    name, text, reader = FILES[what]
    path = tmp_path / name
    raw = write_table(path, text)
    wanted = reader(path)
    rng = np.random.default_rng(zlib.crc32(what.encode()))
    for _ in range(N_MUTATIONS):
        content = mutate(raw, rng)
        path.write_bytes(content)
        found = read_or_refuse(reader, path, [name], what)
        if found is None:
            continue
        assert isinstance(found, type(wanted))
        flipped = len(content) == len(raw) and content[:2] == raw[:2] == b"\x1f\x8b"
        if flipped and content != raw:
            # Flags and times in the head of a gzip file mean nothing to the data.
            assert found.equals(wanted)


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("alias", ["t1.nii.gz", "flair.nii", "seg.nii.gz"])
def test_volumes(alias, tmp_path):
    folder = write_volumes(tmp_path / "P1")
    path = folder / f"P1_{alias}"
    raw = path.read_bytes()
    wanted = read_slices(folder).image
    rng = np.random.default_rng(zlib.crc32(alias.encode()))
    for _ in range(N_MUTATIONS):
        content = mutate(raw, rng)
        path.write_bytes(content)
        names = [path.name, folder.name]
        found = read_or_refuse(read_slices, folder, names, f"NIfTI {alias}")
        if found is not None:
            assert found.image.shape[1] == wanted.shape[1]
            assert np.isfinite(found.image).all()


# Found by mutation, and mended


@pytest.mark.parametrize("what", ["star", "gtf"])
def test_bytes_that_are_no_utf8(what, tmp_path):
    name, text, reader = FILES[what]
    path = tmp_path / name
    old, new = {"star": ("gene_type", b"gene\xd2type"), "gtf": ("chr1\t", b"c\xech\t")}[
        what
    ]
    path.write_bytes(text.encode().replace(old.encode(), new))
    assert read_or_refuse(reader, path, [name], what) is not None


@pytest.mark.parametrize("offset", [-400.0, np.nan, 1e30])
def test_voxels_that_begin_nowhere(offset, tmp_path):
    folder = write_volumes(tmp_path / "P1")
    path = folder / "P1_flair.nii"
    raw = bytearray(path.read_bytes())
    raw[108:112] = struct.pack("<f", offset)
    path.write_bytes(raw)
    with pytest.raises(ValueError, match=r"P1_flair\.nii: damaged NIfTI header"):
        read_slices(folder, sequences=["flair"])


def test_comments_and_nothing_else(tmp_path):
    path = tmp_path / "a.htseq.counts"
    path.write_text("0" * 50)
    with pytest.raises(ValueError, match=r"a\.htseq\.counts"):
        read_expression(path)


# Hostile files


def test_a_header_that_declares_a_trillion_voxels(tmp_path):
    """Read in a process that may take 2 GB of memory and no more."""
    folder = write_volumes(tmp_path / "P1")
    path = folder / "P1_flair.nii"
    raw = bytearray(path.read_bytes())
    raw[40:56] = struct.pack("<8h", 3, 10000, 10000, 10000, 1, 1, 1, 1)
    path.write_bytes(raw)
    packed = folder / "P1_t1.nii.gz"
    content = bytearray(gzip.decompress(packed.read_bytes()))
    content[40:56] = struct.pack("<8h", 3, 10000, 10000, 10000, 1, 1, 1, 1)
    packed.write_bytes(gzip.compress(bytes(content)))
    script = """
        import resource, sys
        from skmultimodal.io import read_slices

        used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + 2**30,) * 2)
        for sequence in ("flair", "t1"):
            try:
                read_slices(sys.argv[1], sequences=[sequence])
            except ValueError as error:
                print(error)
    """
    command = [sys.executable, "-c", textwrap.dedent(script), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    told = done.stdout.splitlines()
    assert len(told) == 2
    assert "P1_flair.nii" in told[0]
    assert "P1_t1.nii.gz" in told[1]


def test_a_gzip_bomb_in_a_table(tmp_path):
    """Half a gigabyte of zeros in half a megabyte."""
    path = tmp_path / "xena.tsv.gz"
    path.write_bytes(gzip.compress(bytes(2**29), 9))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with Clock(), pytest.raises(ValueError, match=r"xena\.tsv\.gz"):
        read_expression(path)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 2 * 2**20, f"grew by {grown / 2**20:.1f} GB"


def write_cohort(folder, patients):
    (folder / "mri").mkdir(parents=True)
    clinical = pd.DataFrame(
        {"patient": patients, "label": np.arange(len(patients)) % 2}
    )
    clinical.to_csv(folder / "clinical.csv", index=False)
    genes = pd.DataFrame(
        np.random.default_rng(0).normal(size=(len(patients), 3)), index=patients
    )
    genes.rename_axis("patient").to_csv(folder / "expression.csv")


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_patient_id_that_is_a_path_leaves_the_folder_alone(tmp_path):
    """Ids such as ``../secret`` find no images outside the cohort's folder."""
    write_volumes(tmp_path / "secret")
    write_cohort(tmp_path / "cohort", ["../../secret", "P1", "P2", "P3"])
    write_volumes(tmp_path / "cohort" / "mri" / "P1")
    X = load_cohort(tmp_path / "cohort", label="label").data
    assert X.index[X.has("image")].tolist() == ["P1"]


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_link_out_of_the_folder(tmp_path):
    write_volumes(tmp_path / "outside")
    write_cohort(tmp_path / "cohort", ["outside", "P1", "P2", "P3"])
    write_volumes(tmp_path / "cohort" / "mri" / "P1")
    link = tmp_path / "cohort" / "mri" / "outside"
    os.symlink(tmp_path / "outside", link)
    loaded = load_cohort(tmp_path / "cohort", label="label")
    assert loaded.data.has("image").sum() in (1, 2)


@pytest.mark.parametrize(
    ("name", "target"),
    [
        *[
            (n, t)
            for n in ("clinical.csv", "expression.csv")
            for t in ("absent", "pipe")
        ],
        ("expression.csv", "itself"),
        ("mri", "absent"),
        ("mri", "itself"),
    ],
)
def test_a_source_that_cannot_be_read_is_not_left_out(tmp_path, name, target):
    """Such as a link to a disk that is not there: no cohort without its genes."""
    write_cohort(tmp_path, ["P1", "P2", "P3", "P4"])
    write_volumes(tmp_path / "mri" / "P1")
    source = tmp_path / name
    source.rename(tmp_path / "moved")
    if target == "pipe":
        os.mkfifo(source)
    else:
        os.symlink(name if target == "itself" else target, source)
    what = "a pipe" if target == "pipe" else "a link that leads nowhere"
    with pytest.raises((ValueError, FileNotFoundError), match=rf"{name}: {what}"):
        load_cohort(tmp_path, label="label")


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("target", ["absent", "P2"])
def test_images_behind_a_broken_link_are_counted(tmp_path, target):
    write_cohort(tmp_path, ["P1", "P2", "P3", "P4"])
    write_volumes(tmp_path / "mri" / "P1")
    os.symlink(target, tmp_path / "mri" / "P2")
    with pytest.raises(FileNotFoundError, match=r"patient P2: .*no such folder"):
        load_cohort(tmp_path, label="label")
    loaded = load_cohort(tmp_path, label="label", on_error="drop")
    X, flow = loaded.data, loaded.flow
    assert X.index[X.has("image")].tolist() == ["P1"]
    reasons = flow.reason[flow.status == "dropped"]
    assert [r for r in reasons if "no such folder" in r]


def test_a_scan_that_is_a_link_to_itself(tmp_path):
    folder = write_volumes(tmp_path / "P1")
    scan = folder / "P1_flair.nii"
    scan.unlink()
    os.symlink(scan.name, scan)
    assert read_slices(folder, sequences=["t1"]).channels == ("t1",)


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("name", ["=1+1", "=cmd|' /C calc'!A0", "+7", "@SUM(A1)", "-2"])
def test_ids_that_look_like_formulas_stay_text(name, tmp_path):
    write_cohort(tmp_path / "cohort", [name, "P1", "P2", "P3"])
    X = load_cohort(tmp_path / "cohort", label="label").data
    assert name in X.index.tolist()
    assert Path(tmp_path / "cohort").exists()


def test_a_sheet_that_names_a_file_elsewhere_opens_nothing_there(tmp_path):
    suffix = ".rna_seq.augmented_star_gene_counts.tsv"
    folder = tmp_path / "download"
    (folder / "f0").mkdir(parents=True)
    (folder / "f0" / f"a0{suffix}").write_text(STAR)
    (tmp_path / f"secret{suffix}").write_text(STAR)
    sheet = folder / "gdc_sample_sheet.tsv"
    text = SHEET.replace("a0.tsv", f"a0{suffix}").replace(
        "a1.tsv", f"../secret{suffix}"
    )
    sheet.write_text(text)
    found = read_expression(folder, sample_sheet=sheet)
    assert found.index.tolist() == ["TCGA-AA-0000-01A"]
