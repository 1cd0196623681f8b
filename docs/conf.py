"""How `make docs` builds the site from the pages of this folder."""

import re
import sys
from pathlib import Path
from types import MappingProxyType

from docutils import nodes

import archrank

sys.path.insert(0, str(Path(__file__).parent))

project = "archrank"
author = "The archrank authors"
copyright = "The archrank authors, Apache-2.0"
version = release = archrank.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_copybutton", "frames"]
# The list of pages for readers of the repository; the site has its sidebar.
exclude_patterns = ["README.md", "_build"]
myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence"]

autodoc_default_options = {"members": True, "show-inheritance": False}
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True
add_module_names = False
maximum_signature_line_length = 80
default_role = "code"
napoleon_use_ivar = True

# `make docs` makes a search first, whose report the gallery offers.
REPORT = Path(__file__).parents[1] / "build" / "report" / "report.html"
html_extra_path = [str(REPORT)] if REPORT.exists() else []

html_theme = "furo"
html_title = f"archrank {version}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
html_theme_options = {"top_of_page_buttons": []}
pygments_style = "friendly"
pygments_dark_style = "monokai"


def orphan_tables(app, doctree):
    """Tables beside a result page are reached from that page, not from the sidebar or the search."""
    name = app.env.docname
    if name.startswith("results/") and name.count("/") > 1:
        app.env.metadata[name] |= {"orphan": True, "nosearch": True}


def unbroken_numbers(app, doctree):
    """A mean and its deviation stay on one line of a cell; a table that becomes too wide scrolls."""
    for entry in doctree.findall(nodes.entry):
        for text in list(entry.findall(nodes.Text)):
            if " ± " in text:
                text.parent.replace(
                    text, nodes.Text(text.replace(" ± ", "\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}"))
                )


def without_mappings(app, what, name, obj, skip, options):
    """A mapping in a class would be documented by the docstring of its type."""
    return True if isinstance(obj, MappingProxyType) else None


def with_report(app, name, source):
    """A link to the report, where there is one; readers of the repository see its picture."""
    if REPORT.exists():
        link = '<a class="reference external" href="report.html">Open this report and explore it.</a>'
        source[0] = source[0].replace("<!-- link to the report -->", link)


def with_narrow_report(app, name, source):
    """A phone shows the report as a phone does. Readers of the repository see the wide picture."""

    def both(found):
        return "\n".join(
            f":::{{image}} {found['address']}{width}.png\n:alt: {found['text']}\n:class: {kind}\n:::\n"
            for width, kind in (("", "on-wide-pages"), ("-narrow", "on-phones"))
        )

    source[0] = re.sub(r"!\[(?P<text>[^]]*)\]\((?P<address>\S*images/report)\.png\)", both, source[0])


def setup(app):
    app.connect("source-read", with_report)
    app.connect("source-read", with_narrow_report)
    app.connect("doctree-read", orphan_tables)
    app.connect("doctree-read", unbroken_numbers)
    app.connect("autodoc-skip-member", without_mappings)
