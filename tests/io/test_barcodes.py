import pytest

from skmultimodal.io._barcodes import choose_aliquots, parse_barcode


def test_barcode_of_domain_notes():
    b = parse_barcode("TCGA-06-0211-01B-01R-1849-01")
    assert (b.case, b.sample_type, b.vial) == ("TCGA-06-0211", "01", "B")
    assert (b.analyte, b.plate, b.center, b.tss) == ("R", "1849", "01", "06")
    assert b.sample == "TCGA-06-0211-01B"
    assert parse_barcode("TCGA.06.0211.01B").sample == "TCGA-06-0211-01B"
    with pytest.raises(ValueError, match="'P17' is no TCGA barcode"):
        parse_barcode("P17")


@pytest.mark.parametrize(
    ("barcodes", "kept"),
    [
        (["01B-01R-1849-01", "01A-01R-1849-01", "02A-01R-1849-01"], 1),
        (["01A-01T-9999-01", "01A-01R-1849-01", "01A-01H-1111-01"], 2),
        (["01A-01R-1849-01", "01A-01R-2005-01"], 1),
        (["01A-01R-1849-01", "01A-02R-1849-01"], 1),
        (["11A-01R-1849-01", "10A-01R-1849-01"], None),
    ],
)
def test_aliquot_choice(barcodes, kept):
    full = [f"TCGA-06-0156-{rest}" for rest in barcodes]
    choice = choose_aliquots(full)
    expected = [i == kept for i in range(len(full))]
    assert choice["kept"].tolist() == expected
    assert (choice["reason"] == "").tolist() == expected
    turned = choose_aliquots(full[::-1])["kept"].tolist()[::-1]
    assert turned == expected
