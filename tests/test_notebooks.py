"""Scripts as notebooks: what is in them, and what is said when one fails."""

from __future__ import annotations

import json
import re
import sys

import pytest
from gluon_softmax.commands import notebooks
from gluon_softmax.commands.main import main
from test_scripts import SCRIPTS

nbformat = pytest.importorskip("nbformat")
pytest.importorskip("jupytext")
pytest.importorskip("nbclient")

HEAD = "# %% [markdown]\n# # A title\n#\n# Some prose.\n\n"
SMALL = {
    "num_epochs": 1,
    "num_images": 600,
    "num_workers": (0, 2),
    "batch_sizes": (16, 256),
    "seeds": (0,),
}
NAMES = sorted(script.stem for script in SCRIPTS.glob("*.py"))


@pytest.fixture
def write(tmp_path):
    """Return a function that writes a script of cells."""

    def write(*cells, name="tiny"):
        script = tmp_path / f"{name}.py"
        script.write_text(HEAD + "\n\n".join(f"# %%{cell}" for cell in cells) + "\n")
        return script

    return write


def read(path):
    """Read a notebook, check its format; return it and its code cells."""
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    return notebook, [cell for cell in notebook.cells if cell.cell_type == "code"]


def printed(cell):
    """Join what a cell printed."""
    return "".join(output.text for output in cell.outputs if "text" in output)


def run(*arguments):
    """Run the command."""
    return main(["notebooks", *map(str, arguments)])


def test_cells_become_what_a_reader_sees(write):
    """Parameters that the script has are set in their cell; all else is as it was."""
    script = write(
        ' tags=["parameters"]\na, name = 1, "x"\nb = a',
        ' jupyter={"source_hidden": true}\nprint(a)',
    )
    assert notebooks.read_parameters(script) == {"a", "name", "b"}
    parameters = {"name": "y", "other": 0, "a": (2, 3)}
    notebook = notebooks.convert(script, parameters)
    assert [cell.source for cell in notebook.cells] == [
        "# A title\n\nSome prose.",
        "a, name = 1, \"x\"\nb = a\nname = 'y'\na = (2, 3)",
        "print(a)",
    ]
    assert notebook.cells[-1].metadata == {"jupyter": {"source_hidden": True}}
    assert notebook.metadata.kernelspec.name == "python3"
    again = notebooks.convert(script, parameters)
    assert nbformat.writes(notebook) == nbformat.writes(again)


@pytest.mark.slow
def test_the_command_runs_each_script(write, tmp_path, monkeypatch, capsys):
    """By this Python, whatever Jupyter's is; figures and prints are in the notebook."""
    kernel = {"argv": ["/bin/false"], "display_name": "other", "language": "python"}
    (tmp_path / "kernels" / "python3").mkdir(parents=True)
    (tmp_path / "kernels" / "python3" / "kernel.json").write_text(json.dumps(kernel))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    drawing = write(
        "\nimport numpy as np\nfrom gluon_softmax import figures, show_fashion_mnist",
        '\nfigure = show_fashion_mnist(np.eye(28)[None], ["a"])\n'
        'figures.present(figure, "drawn/row")',
        name="drawing",
    )
    cell = ' tags=["parameters"]\nn, root = 1, None'
    adding = write(
        cell, "\nimport sys\nprint(n + 1, root, sys.executable)", name="adding"
    )
    out = tmp_path / "new"
    settings = ["--set", "n=41", "--set", "root=/data"]
    assert run(drawing, adding, "--output", out, *settings) == 0
    lines = capsys.readouterr().out.splitlines()
    for line, script in zip(lines[::2], (drawing, adding)):
        assert line == f"running {script}"
    for line, name in zip(lines[1::2], ("drawing", "adding")):
        assert re.fullmatch(rf"wrote {out}/{name}\.ipynb \(\d+\.\d s\)", line)
    notebook, (_, drawn) = read(out / "drawing.ipynb")
    (output,) = drawn.outputs
    assert output.output_type == "display_data"
    assert output.data["image/png"].startswith("iVBORw0KGgo")  # PNG in base64
    assert drawn.execution_count == 2
    assert all("execution" not in cell.metadata for cell in notebook.cells)
    assert {file.name for file in (out / "drawn").iterdir()} == {"row.png", "row.svg"}
    _, (_, added) = read(out / "adding.ipynb")
    assert printed(added) == f"42 /data {sys.executable}\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("\nx = 1\n1 / 0", "'x = 1': ZeroDivisionError: division by zero"),
        ('\nraise ValueError("1\\n2")', r"'raise .*': ValueError: 1"),
        ("\nimport os\nos._exit(1)", "'import os': its Python process ended"),
        ("\nwhile True:\n    pass", "'while True:': no end after 5 seconds"),
    ],
)
def test_a_failing_cell_is_named_and_written(
    cell, message, write, tmp_path, monkeypatch
):
    """One line says which notebook, cell and error, where the old one was."""
    monkeypatch.setattr(notebooks, "TIMEOUT", 5)
    path = tmp_path / "out" / "tiny.ipynb"
    path.parent.mkdir()
    path.write_text("before")
    with pytest.raises(notebooks.NotebookError) as caught:
        notebooks.build(write("\nprint(6 * 7)", cell, "\nprint(1)"), path.parent)
    expected = rf"{path}, cell In \[2\], which begins {message}"
    assert re.fullmatch(expected, str(caught.value))
    _, (first, failed, last) = read(path)
    assert printed(first) == "42\n"
    errors = [output.ename for output in failed.outputs if "ename" in output]
    assert [e for e in errors if "Error" in e] == re.findall(r"(\w+Error): ", message)
    assert not last.outputs
    assert list(path.parent.iterdir()) == [path]


def test_what_is_not_installed_is_named(write, monkeypatch, capsys):
    """Without jupytext one line says how to get it."""
    monkeypatch.setitem(sys.modules, "jupytext", None)
    assert run(write("\n1")) == 2
    assert "pip install '.[notebooks]'" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.usefixtures("fashion", "digits")
@pytest.mark.parametrize("name", NAMES)
def test_every_script_is_a_notebook(name, tmp_path):
    """Each runs small from end to end, with its results and figures inline."""
    path = notebooks.build(SCRIPTS / f"{name}.py", tmp_path, SMALL)
    notebook, cells = read(path)
    outputs = [output for cell in cells for output in cell.outputs]
    assert any("image/png" in output.get("data", ()) for output in outputs)
    assert not [output for output in outputs if output.get("name") == "stderr"]
    assert "wrote" not in "".join(printed(cell) for cell in cells[:-4])
    prose = "\n".join(c.source for c in notebook.cells if c.cell_type == "markdown")
    folded = re.findall(r"<details><summary>Answers?.*</summary>\n\n", prose)
    assert len(folded) == prose.count("\n\n</details>") >= 2
