"""``.. markdown-file::`` shows a Markdown file of the repository.

It reads what these files use: headings, lists, paragraphs, inline code, links, bold,
tables and fenced code.
"""

import re
from pathlib import Path

from docutils.parsers.rst import directives
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective
from sphinx.util.nodes import nested_parse_with_titles

MARKS = {1: "=", 2: "-", 3: "~", 4: "."}
CODE = re.compile(r"(`[^`]+`)")
LINK = re.compile(r"\[([^\]]+)\]\(([^)\s]+)\)")


def inline(text):
    """Inline code, and links to other places, as reStructuredText."""
    parts = []
    for part in CODE.split(text):
        if part.startswith("`"):
            parts.append(part)
            continue
        part = LINK.sub(lambda link: f"`{link[1]} <{link[2]}>`__", part)
        parts.append(part)
    return "".join(parts)


def table(rows):
    """A pipe table as a ``csv-table``."""
    cells = [
        [cell.strip() for cell in row.strip().strip("|").split("|")] for row in rows
    ]
    lines = [".. csv-table::", "   :header-rows: 1", "   :delim: |", "   :quote: ^", ""]
    for row in [cells[0], *cells[2:]]:
        words = [re.sub(r"^-(?= |$)", r"\\-", inline(cell)) for cell in row]
        lines.append("   " + " | ".join(words))
    return [*lines, ""]


def to_rst(text):
    """Translate Markdown to reStructuredText."""
    lines, out, i = text.splitlines(), [], 0
    while i < len(lines):
        line = lines[i]
        if line.startswith("```"):
            end = next(
                j for j in range(i + 1, len(lines)) if lines[j].startswith("```")
            )
            out += [f".. code-block:: {line[3:] or 'text'}", ""]
            out += [f"   {code}" for code in lines[i + 1 : end]] + [""]
            i = end + 1
            continue
        if line.startswith("|"):
            rows = []
            while i < len(lines) and lines[i].startswith("|"):
                rows.append(lines[i])
                i += 1
            out += table(rows)
            continue
        if title := re.match(r"(#+) (.*)", line):
            out += [title[2], MARKS[len(title[1])] * len(title[2]), ""]
        else:
            out.append(inline(line))
        i += 1
    return "\n".join(out)


class MarkdownFile(SphinxDirective):
    """The file, from the heading ``start-at`` and without its own title."""

    required_arguments = 1
    option_spec = {"start-at": directives.unchanged, "end-before": directives.unchanged}

    def run(self):
        relative, path = self.env.relfn2path(self.arguments[0])
        self.env.note_dependency(relative)
        text = Path(path).read_text(encoding="utf-8")
        text = re.sub(r"\A# .*\n", "", text)
        for option, keep in (("start-at", 1), ("end-before", 0)):
            if mark := self.options.get(option):
                before, found, after = text.partition(mark)
                if not found:
                    raise self.error(f"{path} has no line {mark!r}.")
                text = found + after if keep else before
        lines = to_rst(text).splitlines()
        node = self._parse(StringList(lines, source=path))
        return node.children

    def _parse(self, content):
        from docutils import nodes

        node = nodes.section()
        node.document = self.state.document
        nested_parse_with_titles(self.state, content, node, self.content_offset)
        return node


def setup(app):
    """Register the directive."""
    app.add_directive("markdown-file", MarkdownFile)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
