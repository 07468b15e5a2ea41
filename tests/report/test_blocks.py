"""Parts of a page: figures, tables, lists of names."""

import pytest
from report_sentences import Case, read, render, unread

TABLE = (
    "{% call blocks.table('t', ['A', 'B'], '<caption>', folded=FOLDED, numeric=NUMERIC,"
    " classes=['<yes>']) %}{{ blocks.row('a_b', [1, '<2>']) }}"
    "{% call(cell) blocks.row('c', [3, 4]) %}\n{{ 2 * cell }}\n{% endcall %}"
    "{% endcall %}"
)


def table(folded, numeric):
    return TABLE.replace("FOLDED", f"'{folded}'").replace("NUMERIC", numeric)


CASES = {
    "a table": Case(
        table("", "true"),
        ["<caption> A B Class <yes> a_b 1 <2> c 6 8"],
    ),
    "a table with a corner": Case(
        table("", "true").replace("['A', 'B']", "['', 'B']"), ["<caption> B Class"]
    ),
    "a folded table": Case(table("All <2> rows", "false"), ["All <2> rows <caption>"]),
    "terms": Case(
        "{% call blocks.terms() %}{{ blocks.term('Ethics', '<approved>') }}"
        "{{ blocks.term('Dates', ' then ') }}{% endcall %}",
        ["Ethics <approved> Dates then"],
    ),
    "missing": Case(
        "{% call blocks.missing('<Covariates>') %}\nGive them.\n{% endcall %}",
        ["<Covariates>: not given. Give them."],
    ),
    "lacking": Case(
        "{% call blocks.lack('<Covariates>') %}\nGive them.\n{% endcall %}",
        ["<Covariates>: not given. Give them."],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_sentences(case):
    read("blocks.jinja", CASES[case])


def test_every_branch_is_read():
    assert unread("blocks.jinja", CASES.values()) == {}


def test_markup_and_quotation_marks_stay_within_attributes():
    source = (
        "{% set alt %}\nof {{ name }}\nand more\n{% endset %}"
        "{{ blocks.figure({'source': name, 'width': 3, 'height': 2}, alt, name) }}"
    )
    page = render("blocks.jinja", Case("{% set name = '\"<b>' %}" + source, []))
    assert 'alt="of &#34;&lt;b&gt; and more"' in page
    assert 'src="&#34;&lt;b&gt;"' in page
    assert "<b>" not in page


def test_an_empty_corner_is_no_header():
    page = render("blocks.jinja", CASES["a table with a corner"])
    assert '<thead><tr><td></td><th scope="col">B</th>' in page


def test_cells_of_numbers_are_aligned():
    assert 'class="numeric"' in render("blocks.jinja", CASES["a table"])
    assert 'class="numeric"' not in render("blocks.jinja", CASES["a folded table"])
    assert "a_<wbr>b</th>" in render("blocks.jinja", CASES["a table"])
