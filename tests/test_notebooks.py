"""Scripts as notebooks: what is in them, and what is said when one fails."""

from __future__ import annotations

import json
import re
import sys
from functools import partial

import pytest
from gluon_softmax.commands import notebooks
from gluon_softmax.commands.main import main
from test_scripts import SCRIPTS

nbformat = pytest.importorskip("nbformat")
pytest.importorskip("jupytext")
pytest.importorskip("nbclient")

HEAD = "# %% [markdown]\n# # A title\n#\n# Some prose.\n\n"
DRAW = "import numpy as np\nfrom gluon_softmax import figures, show_fashion_mnist\n"
DRAW += 'figures.present(show_fashion_mnist(np.eye(28)[None], ["a"]), "drawn/row")'
SMALL = "num_epochs=1 num_images=600 num_workers=(0,2) batch_sizes=(16,256) seeds=(0,)"
NAMES = sorted(script.stem for script in SCRIPTS.glob("*.py"))


def write(folder, *cells):
    """Write a script of cells."""
    script = folder / "tiny.py"
    script.write_text(HEAD + "\n\n".join(f"# %%{cell}" for cell in cells) + "\n")
    return script


def run(folder, script, *settings):
    """Run the command; return its exit code, the notebook and its code cells."""
    settings = [word for setting in settings for word in ("--set", setting)]
    code = main(["notebooks", str(script), "--output", str(folder), *settings])
    notebook = nbformat.read(folder / f"{script.stem}.ipynb", as_version=4)
    nbformat.validate(notebook)
    return code, notebook, [c for c in notebook.cells if c.cell_type == "code"]


def printed(cell):
    """Join what a cell printed."""
    return "".join(output.text for output in cell.outputs if "text" in output)


@pytest.mark.slow
def test_a_script_is_run_and_written(tmp_path, monkeypatch, capsys):
    """By this Python, whatever Jupyter's is; its parameters are set in their cell."""
    kernel = {"argv": ["/bin/false"], "display_name": "other", "language": "python"}
    (tmp_path / "kernels" / "python3").mkdir(parents=True)
    (tmp_path / "kernels" / "python3" / "kernel.json").write_text(json.dumps(kernel))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    hidden = ' jupyter={"source_hidden": true}'
    script = write(
        tmp_path,
        ' tags=["parameters"]\na, name = 1, "x"\nb = a',
        f"{hidden}\nimport sys\nprint(a, name, b, sys.executable)",
        f"\n{DRAW}",
    )
    out = tmp_path / "new"
    code, notebook, (first, second, drawn) = run(out, script, "name=/data", "a=(2,3)")
    assert code == 0
    running, wrote = capsys.readouterr().out.splitlines()
    assert running == f"running {script}"
    assert re.fullmatch(rf"wrote {out}/tiny\.ipynb \(\d+\.\d s\)", wrote)
    assert notebook.cells[0].source == "# A title\n\nSome prose."
    assert first.source == "a, name = 1, \"x\"\nb = a\na = (2, 3)\nname = '/data'"
    assert second.metadata == {"jupyter": {"source_hidden": True}}
    assert printed(second) == f"(2, 3) /data 1 {sys.executable}\n"
    (output,) = drawn.outputs
    assert output.data["image/png"].startswith("iVBORw0KGgo")  # PNG in base64
    assert {file.name for file in (out / "drawn").iterdir()} == {"row.png", "row.svg"}
    again = run(out, script, "name=/data", "a=(2,3)")[1]
    assert [cell.id for cell in again.cells] == [cell.id for cell in notebook.cells]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ('\nraise ValueError("1\\n2")', "ValueError: 1"),
        ("\nimport os\nos._exit(1)", "Kernel died"),
        ("\nwhile True:\n    pass", "A cell timed out .* after 5 seconds."),
    ],
)
def test_a_failing_cell_is_named_and_written(
    cell, message, tmp_path, monkeypatch, capsys
):
    """One line says which notebook, cell and error, where the old one was."""
    quick = partial(notebooks.run_cells, timeout=5)
    monkeypatch.setattr(notebooks, "run_cells", quick)
    script, path = write(tmp_path, "\nprint(6 * 7)", cell, "\nprint(1)"), tmp_path / "o"
    path.mkdir()
    (path / "tiny.ipynb").write_text("before")
    code, _, (first, failed, last) = run(path, script)
    assert code == 2
    expected = rf"gluon-softmax: {path}/tiny.ipynb, cell In \[2\]: {message}\n"
    assert re.fullmatch(expected, capsys.readouterr().err)
    assert printed(first) == "42\n"
    errors = [output.ename for output in failed.outputs if "ename" in output]
    assert ("ValueError" in errors) == ("ValueError" in message)
    assert not last.outputs
    assert [file.name for file in path.iterdir()] == ["tiny.ipynb"]


def test_what_is_not_installed_is_named(tmp_path, monkeypatch, capsys):
    """Without jupytext one line says how to get it."""
    monkeypatch.setitem(sys.modules, "jupytext", None)
    assert main(["notebooks", str(write(tmp_path, "\n1"))]) == 2
    assert "pip install '.[notebooks]'" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.usefixtures("fashion", "digits")
@pytest.mark.parametrize("name", NAMES)
def test_every_script_is_a_notebook(name, tmp_path):
    """Each runs small from end to end, with its results and figures inline."""
    script = SCRIPTS / f"{name}.py"
    has = [
        setting
        for setting in SMALL.split()
        if f"\n{setting.split('=')[0]} = " in script.read_text()
    ]
    code, notebook, cells = run(tmp_path, script, *has)
    assert code == 0
    outputs = [output for cell in cells for output in cell.outputs]
    assert any("image/png" in output.get("data", ()) for output in outputs)
    assert not [output for output in outputs if output.get("name") == "stderr"]
    assert "wrote" not in "".join(printed(cell) for cell in cells[:-4])
    prose = "\n".join(c.source for c in notebook.cells if c.cell_type == "markdown")
    folded = re.findall(r"<details><summary>Answers?.*</summary>\n\n", prose)
    assert len(folded) == prose.count("\n\n</details>") >= 2
