"""What the site has beside the pages of this folder.

The figures come from `figures/`, the lessons from the notebooks that `make notebooks`
left in `build/notebooks`, and the reference from the package's public names.
MkDocs calls the functions `on_...` as it builds.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import gluon_softmax
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from nbconvert import MarkdownExporter

ROOT = Path(__file__).parent.parent
NOTEBOOKS = ROOT / "build" / "notebooks"
REFERENCE = """# Reference

The public names, as `import gluon_softmax as d2l` has them, by the module they live in.
"""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add figures, lessons and the reference to the site."""
    for path in sorted((ROOT / "figures").glob("*.png")):
        name = f"figures/{path.name}"
        files.append(File.generated(config, name, abs_src_path=str(path)))
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        for name, content in convert(path):
            files.append(File.generated(config, f"lessons/{name}", content=content))
    files.append(File.generated(config, "reference.md", content=write_reference()))
    return files


def on_page_markdown(markdown: str, **context) -> str:
    """Let links to the figures, right where the repository is browsed, fit the site."""
    return markdown.replace("](../figures/", "](figures/")


def convert(path: Path) -> Iterator[tuple[str, str | bytes]]:
    """Yield name and content of a notebook's page, and of its figures."""
    text, resources = MarkdownExporter().from_filename(str(path))
    for name, figure in resources["outputs"].items():
        yield f"{path.stem}/{name}", figure
        text = text.replace(f"({name})", f"({path.stem}/{name})")
    yield f"{path.stem}.md", text


def write_reference() -> str:
    """Return the page that asks mkdocstrings for the public names, by module."""
    parts = [REFERENCE]
    for module, names in groupby(gluon_softmax.__all__[1:], key=find_module):
        parts.append(f"## {module}\n")
        parts += [f"::: {module}.{name}\n" for name in names]
    return "\n".join(parts)


def find_module(name: str) -> str:
    """Return the module that a public name is imported from."""
    return f"gluon_softmax.{gluon_softmax._HOME_OF[name]}"
