"""Sentences of the report: rendered from numbers made by hand, and read.

A branch of a template is *read* if a test expects some of its text. To find those that
no test reads, the branches are marked by characters for private use.
"""

import re
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from itertools import count

import jinja2
from jinja2 import nodes

from skmultimodal.report._figures import Figure
from skmultimodal.report._rendering import make_environment, render_section

FIGURE = Figure("data:,", 30, 20)
SHARED = {"model": "ours", "positive": "responder", "unit": "patient"}
FIRST_MARK = 0xF0000
# No sentence has them: space before punctuation, doubled stops, values that are none.
BLEMISH = re.compile(r" [,.;:)]|[.,;:]{2}|\( |\{|\bnan\b|\bNone\b(?! (of|was|were)\b)")


@dataclass
class Case:
    """Numbers of a section, and what a reader finds on the page.

    Parameters
    ----------
    numbers : dataclass, or str
        Of the section; or the source of a template that uses the macros.
    sentences : list of str
    unit : str
    absent : list of str
        What is not on the page.
    """

    numbers: object
    sentences: list
    unit: str = "patient"
    absent: list = field(default_factory=list)


class TextReader(HTMLParser):
    """Text of a page, with the descriptions of its figures."""

    inline = {"wbr", "code"}

    def __init__(self):
        super().__init__()
        self.parts = []

    def handle_starttag(self, tag, attributes):
        if tag not in self.inline:
            self.parts.append(" ")
        if tag == "img":
            self.parts.append(f"{dict(attributes)['alt']} ")

    def handle_endtag(self, tag):
        if tag not in self.inline:
            self.parts.append(" ")

    def handle_data(self, data):
        self.parts.append(data)


def text_of(page):
    """Words of a page, one space between them."""
    reader = TextReader()
    reader.feed(page)
    reader.close()
    return " ".join("".join(reader.parts).split())


class MarkingEnvironment(jinja2.Environment):
    """Puts marks around the text of each branch of each template.

    Attributes
    ----------
    branches : dict of int to (str, str)
        Template, and line and kind of the branch, by number of its first mark.
    """

    def __init__(self, **options):
        super().__init__(**options)
        self.branches = {}
        self._marks = count(FIRST_MARK, 2)

    def _generate(self, source, name, filename, defer_init=False):
        conditions = list(source.find_all(nodes.If))
        later = {id(part) for condition in conditions for part in condition.elif_}
        for condition in conditions:
            if id(condition) not in later:
                for part in (condition, *condition.elif_):
                    part.body = self._mark(name, part.test.lineno, "if", part.body)
                condition.else_ = self._mark(
                    name, condition.lineno, "else", condition.else_
                )
        for loop in source.find_all(nodes.For):
            if loop.else_:
                loop.else_ = self._mark(name, loop.lineno, "for ... else", loop.else_)
        return super()._generate(source, name, filename, defer_init)

    def _mark(self, name, line, kind, body):
        mark = next(self._marks)
        self.branches[mark] = (str(name), f"line {line:03}: {kind}")
        first, last = (
            nodes.Output([nodes.TemplateData(chr(m))], lineno=line)
            for m in (mark, mark + 1)
        )
        return [first, *body, last]


@cache
def _environment(kind=None):
    return make_environment(kind)


def render(name, case, kind=None):
    """Every block of a section, or a source that uses the macros."""
    environment, shared = _environment(kind), SHARED | {"unit": case.unit}
    if isinstance(case.numbers, str):
        return environment.from_string(case.numbers).render(shared)
    if name.endswith(".md.jinja"):
        return environment.get_template(name).render(case.numbers)
    parts = render_section(environment, name, case.numbers, shared)
    return "\n<p>".join(str(parts[block]) for block in parts if block != "name")


def read(name, case):
    """Assert that each sentence of a case is on the page, which has no blemish."""
    text = text_of(render(name, case))
    for sentence in case.sentences:
        assert sentence in text, text
    for sentence in case.absent:
        assert sentence not in text
    assert not BLEMISH.search(text), text


def unread(name, cases):
    """Branches of a template that no case reaches, or whose text no sentence reads."""
    template = name if "." in name else f"sections/{name}.html.jinja"
    environment = _environment(MarkingEnvironment)
    environment.get_template(template)
    reached, has_text, is_read = set(), set(), set()
    for case in cases:
        page = render(name, case, MarkingEnvironment)
        reached |= {ord(c) for c in page if ord(c) >= FIRST_MARK}
        text, inside = _without_marks(text_of(page))
        has_text |= set().union(*inside)
        for sentence in case.sentences:
            wanted = "".join(sentence.split())
            place = text.find(wanted)
            while wanted and place >= 0:
                is_read |= set().union(*inside[place : place + len(wanted)])
                place = text.find(wanted, place + 1)
    by_problem = defaultdict(list)
    for mark, (where, branch) in sorted(
        environment.branches.items(), key=lambda item: item[1]
    ):
        if where == template and mark not in reached:
            by_problem["reached by no case"].append(branch)
        elif where == template and mark in has_text - is_read:
            by_problem["read by no sentence"].append(branch)
    return dict(by_problem)


def _without_marks(text):
    """Letters of a marked text, and for each the branches that it is in."""
    letters, inside, within = [], [], []
    for letter in "".join(text.split()):
        mark = ord(letter)
        if mark < FIRST_MARK:
            letters.append(letter)
            inside.append(set(within))
        elif mark % 2 == 0:
            within.append(mark)
        elif mark - 1 in within:
            within.remove(mark - 1)
    return "".join(letters), inside
