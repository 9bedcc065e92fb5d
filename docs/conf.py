"""Sphinx configuration.  Build: ``python -m sphinx -W -b html docs docs/_build``."""

import re
import sys
from pathlib import Path

from ntksym import __version__

project = "ntksym"
author = "The ntksym authors"
copyright = "The ntksym authors, Apache-2.0"
version = release = __version__

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

extensions = [
    "families",
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.mathjax",
    "sphinx.ext.viewcode",
    "sphinx_copybutton",
]
exclude_patterns = ["_build", "jupyter_execute", "LICENSE"]
source_suffix = {".md": "myst-nb"}
nitpicky = False

myst_enable_extensions = ["amsmath", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 300
nb_merge_streams = True
nb_render_markdown_format = "myst"

autodoc_typehints = "signature"
autodoc_member_order = "bysource"

# The formulas are shown by the copy of Temml that the HTML reports carry: no network.
html_static_path = ["_static", "../ntksym/report/assets/temml.min.js"]
html_js_files = ["temml.min.js"]
html_css_files = ["math.css"]
mathjax_path = "math.js"
mathjax_options = {"defer": "defer"}

html_theme = "furo"
html_title = f"ntksym {release}"
html_show_sphinx = False
copybutton_prompt_text = r"\$ |>>> "
copybutton_prompt_is_regexp = True


def _mathematics(app, what, name, obj, options, lines):
    """Docstrings write formulas between dollars; reStructuredText wants a role."""
    text = re.sub(r"(?<!\$)\$([^$]+)\$(?!\$)", lambda match: f":math:`{' '.join(match[1].split())}`", "\n".join(lines))
    lines[:] = text.splitlines()


def setup(app):
    app.connect("autodoc-process-docstring", _mathematics)
