"""Phrases that several sections share."""

import pytest
from report_sentences import Case, read, unread

ITEMS = "[1, 2, 3, 4, 5]"
CASES = {
    "counts": Case(
        "{{ words.count(1, 'patient') }} / {{ words.count(1234, 'patient') }} / "
        "{{ words.count(2, 'class', 'classes') }}",
        ["1 patient / 1,234 patients / 2 classes"],
    ),
    "ranges": Case(
        "{{ words.range((7, 7)) }}; {{ words.range((61, 1062)) }}", ["7; 61 to 1,062"]
    ),
    "lists": Case(
        "{{ words.joined([]) }}[{{ words.joined(['<a>']) }}] {{ words.joined('ab') }}; "
        "{{ words.joined('abc', 'or') }}; {{ words.joined([1, 2, 3, 4], limit=3) }}; "
        f"{{{{ words.joined({ITEMS}, limit=3) }}}}; "
        f"{{% call(x) words.joined({ITEMS}) %}}\n{{{{ 2 * x }}}}\n{{% endcall %}}",
        [
            "[<a>] a and b; a, b or c; 1, 2, 3 and 4; 1, 2, 3 and 2 more; 2, 4, 6, 8 "
            "and "
            "10"
        ],
    ),
    "patterns": Case(
        "{{ words.pattern(['gene'], true) }}; {{ words.pattern(['a', 'b'], false) }}",
        ["gene only; a and b"],
    ),
    "rows": Case(
        "{% set a = {'n': 5, 'names': ['gene'], 'alone': true} %}"
        "{% set b = {'n': 2000, 'names': ['a', 'b'], 'alone': false} %}"
        "{{ words.rows(5, [a], 'patient') }}; {{ words.rows(2005, [a, b], 'row') }}",
        ["5 patients with gene; 2,005 rows (5 with gene only and 2,000 with a and b)"],
    ),
    "classes": Case(
        "{{ words.class_name(none) }}; {{ words.class_name('<yes>') }}",
        ["unknown; <yes>"],
    ),
    "channels": Case(
        "{{ words.channel('t1') }}; {{ words.channel(2) }}", ["t1; channel 2"]
    ),
    "hidden": Case(
        "[{{ words.hidden([], unit) }}]"
        "{{ words.hidden([{'modality': 'gene', 'n': 3}], unit) }}",
        ["[]Hidden after loading, as if it had been missing: gene of 3 patients."],
    ),
    "routes": Case(
        "{{ words.route({'kind': 'estimator', 'names': ['Pipeline']}) }}; "
        "{{ words.route({'kind': 'head', 'names': []}) }}; "
        "{{ words.route({'kind': 'towers', 'names': ['gene']}) }}; "
        "{{ words.route({'kind': 'towers', 'names': ['gene', 'image']}) }}",
        [
            "Pipeline; the final estimator; the tower of gene; the towers of gene and "
            "image"
        ],
    ),
    "p values": Case(
        "{{ words.holm(0.0123) }}; {{ words.holm(0.0001) }}",
        ["Holm p = 0.012; Holm p < 0.001"],
    ),
    "refusals": Case(
        "{% for kind in ['no probabilities', 'other classes', 'one modality',"
        " 'other shape', 'no captum', 'refused'] %}"
        "{{ words.refusal({'kind': kind, 'text': 'A <forest>.'}) }} "
        "{% endfor %}",
        [
            "The model gives no probabilities. The final model was not fitted on every "
            "class of the comparison. There is one modality, which contributes all. "
            "Its "
            "rows are neither images nor vectors. It needs captum: pip install "
            "'skmultimodal[explain]'. A <forest>."
        ],
    ),
    "groups": Case(
        "{% for kind in ['below', 'above', 'value'] %}"
        "{{ words.group({'column': 'age', 'kind': kind, 'value': '55'}) }}; "
        "{% endfor %}",
        ["age: below 55; age: 55 and above; age: 55;"],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_sentences(case):
    read("words.jinja", CASES[case])


def test_every_branch_is_read():
    assert unread("words.jinja", CASES.values()) == {}
