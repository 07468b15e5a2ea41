"""What the paper prints (Lyu & Costen 2025, vbaf041), and what is known of it."""

# Accuracy, precision, recall, F1 as printed, and where they come from.
TABLE_2 = {
    "twin tower": (
        (0.85, 0.933, 0.875, 0.903),
        "the only confusion matrix with these values has 20 patients: 14 true and 1 "
        "false positives, 2 false and 3 true negatives",
    ),
    "InceptionResNet [6]": (
        (0.825, 0.87, 0.765, 0.814),
        "no matrix of up to 150 patients has this precision and recall; as "
        "sensitivities of 20/23 and 13/17 they are those of 40 patients. [6] is on "
        "brain metastases",
    ),
    "MRF [17]": ((0.801, 0.8, 0.85, 0.824), "no matrix of up to 135 patients fits"),
    "mpMRI [5]": (
        (0.765, 0.889, 0.727, 0.80),
        "fits 17 patients; the model needs diffusion and perfusion imaging",
    ),
    "RF [20]": (
        (0.728, 0.613, 0.784, 0.688),
        "the abstract of [20], on 77 other patients, has accuracy 72.78 %, sensitivity "
        "78.36 % and specificity 61.33 %: the precision printed is that specificity",
    ),
}
TABLE_3 = {
    "twin tower": TABLE_2["twin tower"],
    "gene only": (
        (0.723, 0.630, 0.725, 0.674),
        "fits 101 patients, a fifth of all 502 with genes, of whom 40 are positive",
    ),
    "mixture of experts": (
        (0.75, 0.9, 0.692, 0.783),
        "fits 20 patients of whom 13 are positive; of the twin tower's 20, 16 were",
    ),
}
PRINTED = {"2": TABLE_2, "3": TABLE_3, "4": {}}

HONESTY = """\
**About the printed values.** The paper's 85 % is 17 of 20 test patients (Wilson's 95 %
interval: 0.64 to 0.95). Sixteen of the 20 were positive, so always answering "positive"
scores 0.80 on them, one patient fewer, with an F1 of 0.889. No other row of its Table 2
is the result of 20 patients; that of [20] repeats the abstract of [20], which studied
other patients. The rows of its Table 3 have test sets of different sizes, and its
Table 4 mixes averages weighted by class with those of the positive class. They stand
here for reference, not as targets; "-" is a row whose printed values were not at hand.
"""


def printed_row(table, name):
    """Printed values and remark of a row, whatever its name has been qualified by."""
    return PRINTED[table].get(name.split(",")[0], (None, ""))
