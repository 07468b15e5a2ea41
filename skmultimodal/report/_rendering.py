"""Templates: numbers and names become the page.

A section has a Python file and a template of the same name. The file returns a
dataclass of numbers, names and figures; the template has the sentences, in blocks:
``heading``, ``answer``, ``body``, where the summary on top differs from the answer
``summary``, and ``lacking``, what was not given, for the list at the end of the page.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from skmultimodal.report._figures import write_figures
from skmultimodal.report._formats import FILTERS
from skmultimodal.utils._files import whole_file
from skmultimodal.utils._optional import import_optional

__all__ = ["make_environment", "render_page", "render_section", "write_sections"]

PAGE = "page.html.jinja"


def make_environment(base: Any = None) -> Any:
    """The templates, with what all of them use.

    Parameters
    ----------
    base : type, default=None
        Subclass of ``jinja2.Environment``.

    Returns
    -------
    environment : Environment
        Escapes names of users in HTML; the model card is Markdown.
    """
    jinja2 = import_optional("jinja2", "report")
    environment = (base or jinja2.Environment)(
        loader=jinja2.PackageLoader("skmultimodal.report"),
        autoescape=lambda name: name is None or ".md." not in name,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= FILTERS
    for name in ("words", "blocks", "statements"):
        template = environment.get_template(f"{name}.jinja")
        environment.globals[name] = template.module
    return environment


def render_section(
    environment: Any, name: str, numbers: Any, shared: Mapping[str, Any]
) -> dict[str, Any]:
    """Render a section.

    Parameters
    ----------
    environment : Environment
    name : str
        Of the template.
    numbers : dataclass
        Its fields are the variables of the template.
    shared : dict
        What every template may use: ``model``, ``positive``, ``unit``.

    Returns
    -------
    section : dict of str to Markup
        ``name``, and each block of the template.
    """
    markup = import_optional("markupsafe", "report").Markup
    template = environment.get_template(f"sections/{name}.html.jinja")
    context = template.new_context({**shared, **vars(numbers)})
    parts = {
        block: markup("".join(render(context)).strip())
        for block, render in template.blocks.items()
    }
    return {"name": name, "summary": parts["answer"]} | parts


def render_page(
    environment: Any, sections: Sequence[Mapping[str, Any]], **names: Any
) -> str:
    """The page of some sections: str."""
    return environment.get_template(PAGE).render(sections=sections, **names)


def write_sections(
    path: Path,
    numbers: Mapping[str, Any],
    shared: Mapping[str, Any],
    *,
    verdicts: Sequence[str],
    figures: Path | None = None,
    **names: Any,
) -> Path:
    """Write a page of sections, with the verdicts of some on top.

    Parameters
    ----------
    path : Path
    numbers : dict of str to dataclass
        By name of the template.
    shared : dict
        As of `render_section`.
    verdicts : list of str
        Names of the sections.
    figures : Path or None
        Folder of the figures.
    **names
        ``title``, ``items`` and ``made_by`` of the page.

    Returns
    -------
    path : Path
    """
    environment = make_environment()
    sections = [
        render_section(environment, name, made, shared)
        for name, made in numbers.items()
    ]
    markup = import_optional("markupsafe", "report").Markup
    text = render_page(
        environment,
        sections,
        model=shared["model"],
        verdict=markup(" ").join(
            section["verdict"] for section in sections if section["name"] in verdicts
        ),
        in_summary=list(numbers),
        **names,
    )
    with whole_file(path) as part:
        part.write_text(text, encoding="utf-8")
    if figures is not None:
        write_figures(figures, numbers)
    return path
