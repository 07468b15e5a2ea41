"""That a branch of a template which no test reads is found, and the page itself."""

from pathlib import Path

import jinja2
import pytest
import report_sentences
from markupsafe import Markup
from report_sentences import Case, MarkingEnvironment, text_of, unread

from skmultimodal.report._rendering import make_environment, render_page
from skmultimodal.report._sections.checklist import ITEMS

SECTION = "sections/x.html.jinja"
TEMPLATE = """\
{% block answer %}
{% if n == 1 %}
one{% if odd %} odd{% endif %}

{% elif n == 2 %}
two
{% else %}
many
{% endif %}
{% for x in [] %}
{% else %}
nothing
{% endfor %}
{% endblock %}
"""


class Numbers:
    def __init__(self, n, odd=False):
        self.n, self.odd = n, odd


@pytest.fixture
def unread_in(monkeypatch):
    """`unread` of a template of its own."""

    def environment(kind=None):
        if kind not in found:
            loader = jinja2.DictLoader({SECTION: TEMPLATE})
            found[kind] = (kind or jinja2.Environment)(loader=loader, trim_blocks=True)
        return found[kind]

    found = {}
    monkeypatch.setattr(report_sentences, "_environment", environment)
    return lambda *cases: unread("x", [Case(Numbers(*n), read) for n, read in cases])


def test_branches_that_no_case_reaches(unread_in):
    found = unread_in(((1,), ["one", "nothing"]))
    branches = ["line 002: else", "line 003: if", "line 005: if"]
    assert found == {"reached by no case": branches}


def test_text_that_no_sentence_reads(unread_in):
    rest = [((1, True), ["one odd"]), ((1,), [])]
    found = unread_in(*rest, ((2,), ["one"]), ((3,), ["man"]))
    assert found == {"read by no sentence": ["line 005: if", "line 010: for ... else"]}
    assert unread_in(*rest, ((2,), ["two nothing"]), ((3,), ["man"])) == {}


def test_every_template_has_tests_that_read_it():
    names = make_environment().list_templates(filter_func=lambda n: "jinja" in n)
    assert len(names) == 22 + 5
    for name in names:
        stem = name.split("/")[-1].split(".")[0].removeprefix("model_")
        for whole in ("external", "outcome"):
            stem = whole if stem.startswith(f"{whole}_") else stem
        module = Path(__file__).with_name(f"test_{stem}.py")
        if name not in ("page.html.jinja", "statements.jinja"):
            assert "unread(" in module.read_text(encoding="utf-8"), name
    statements = make_environment().loader.get_source(None, "statements.jinja")[0]
    assert "{% if" not in statements


def page(environment, title, lacking=()):
    blocks = dict.fromkeys(["heading", "answer", "body", "summary"], "")
    sections = [
        {**blocks, "name": name, "heading": f"{name}?", "summary": f"{name}!"}
        for name in ("label", "again", "checklist")
    ]
    for section, markup in zip(sections, lacking, strict=False):
        section["lacking"] = Markup(markup)
    return render_page(
        environment,
        sections,
        title=title,
        model="<ours>",
        verdict="It works.",
        in_summary=["label"],
        items=ITEMS,
        made_by="this_report",
    )


@pytest.mark.parametrize(
    ("title", "wanted"),
    [(None, "Evaluation of <ours>"), ("A <trial>", "A <trial>")],
)
def test_the_page(title, wanted):
    text = text_of(page(make_environment(), title)).split("Skip to the content")[1]
    assert text.startswith(
        f" {wanted} Research software; not a medical device. It works. label? label! "
        "label? again? checklist? label? TRIPOD+AI 8 again? TRIPOD+AI 18 checklist? "
    )


def test_what_is_lacking_is_one_list_at_the_end():
    lists = ["<li>A: not given.</li>", "\n", "<li>B: not given.</li><li>C</li>"]
    text = page(make_environment(), "A", lists)
    assert "again? checklist? What was not given label?" in text_of(text)
    assert text.count("<ul>") == 1
    end = text_of(text.split("<footer>")[0]).split("checklist? ")[-1]
    assert end.endswith("What was not given A: not given. B: not given. C")
    nothing = page(make_environment(), "A", ["\n"])
    assert "not given" not in nothing


def test_every_branch_of_the_page_is_reached():
    environment = make_environment(MarkingEnvironment)
    pages = [page(environment, t, ["<li></li>"] * bool(t)) for t in (None, "A")]
    marks = {m for m, where in environment.branches.items() if "page" in where[0]}
    assert len(marks) == 4 + 4
    assert marks <= {ord(letter) for letter in "".join(pages)}
