"""Code and wide tables, shown where the lesson speaks of them."""

from __future__ import annotations

import ast
import html
import inspect
import textwrap
from collections.abc import Callable, Sequence

from .live import in_notebook

__all__ = ["read_code", "show_code", "show_wide"]


def show_code(function: Callable) -> None:
    """Show the code of a function or a method, without its docstring.

    Parameters
    ----------
    function : callable
        Written in Python; in a notebook its code is coloured, elsewhere printed.
    """
    code = read_code(function)
    _show(code, "text/markdown", f"```python\n{code}\n```")


def show_wide(lines: Sequence[str]) -> None:
    """Show lines that are too wide for a notebook's cell, which would break them.

    Parameters
    ----------
    lines : sequence of str
        In a notebook they are small, and can be moved sideways; elsewhere printed.
    """
    text = "\n".join(lines)
    style = "white-space: pre; overflow-x: auto; font-size: 75%"
    _show(text, "text/html", f'<pre style="{style}">{html.escape(text)}</pre>')


def read_code(function: Callable) -> str:
    """Give the code of a function or a method, without its docstring.

    Parameters
    ----------
    function : callable

    Returns
    -------
    str

    Examples
    --------
    >>> from gluon_softmax import cross_entropy
    >>> print(read_code(cross_entropy))
    def cross_entropy(y_hat: nd.NDArray, y: nd.NDArray) -> nd.NDArray:
        return -nd.pick(y_hat, y).log()
    """
    code = textwrap.dedent(inspect.getsource(function))
    lines, first = code.splitlines(), ast.parse(code).body[0].body[0]
    if ast.get_docstring(ast.parse(code).body[0]) is not None:
        del lines[first.lineno - 1 : first.end_lineno]
    return "\n".join(lines)


def _show(text: str, kind: str, rich: str) -> None:
    """Print a text, or display what a notebook shows instead."""
    if not in_notebook():
        print(text)
        return
    from IPython.display import display

    display({"text/plain": text, kind: rich}, raw=True)
