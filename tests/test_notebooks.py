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
    """Give a function that writes a script of cells."""

    def write(*cells, name="tiny"):
        script = tmp_path / f"{name}.py"
        script.write_text(HEAD + "\n\n".join(f"# %%{cell}" for cell in cells) + "\n")
        return script

    return write


def read(path):
    """Read a notebook, checked against its format; give it and its code cells."""
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
    """Tags stay; ids and kernel are always alike."""
    script = write(
        "\ndef double(x):\n    return 2 * x",
        ' jupyter={"source_hidden": true}\nanswer = 42',
    )
    notebook = notebooks.convert(script, {})
    sources = [cell.source for cell in notebook.cells]
    code = ["def double(x):\n    return 2 * x", "answer = 42"]
    assert sources == ["# A title\n\nSome prose.", *code]
    assert notebook.cells[-1].metadata == {"jupyter": {"source_hidden": True}}
    assert notebook.metadata.kernelspec.name == "python3"
    assert nbformat.writes(notebook) == nbformat.writes(notebooks.convert(script, {}))


def test_parameters_are_set_in_their_cell(write):
    """Those that the script has, as Python writes them; the others are left out."""
    cell = ' tags=["parameters"]\na, name = 1, "x"\nb = a'
    script = write(cell, "\nprint(a)")
    assert notebooks.read_parameters(script) == {"a", "name", "b"}
    found = notebooks.convert(script, {"name": "y", "other": 0, "a": (2, 3)}).cells
    assert [cell.source for cell in found[1:]] == [
        "a, name = 1, \"x\"\nb = a\nname = 'y'\na = (2, 3)",
        "print(a)",
    ]


@pytest.mark.slow
def test_figures_and_prints_are_in_the_notebook(write, tmp_path, monkeypatch):
    """By this Python: Jupyter's "python3" may be any other, or none."""
    kernel = {"argv": ["/bin/false"], "display_name": "other", "language": "python"}
    (tmp_path / "kernels" / "python3").mkdir(parents=True)
    (tmp_path / "kernels" / "python3" / "kernel.json").write_text(json.dumps(kernel))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    script = write(
        "\nimport sys\nimport numpy as np\nfrom gluon_softmax import figures",
        '\nfigure = figures.show_fashion_mnist(np.eye(28)[None], ["a"])\n'
        'figures.present(figure, "drawn/row")',
        "\nprint(sys.executable)",
    )
    path = notebooks.build(script, tmp_path / "new")
    assert path == tmp_path / "new" / "tiny.ipynb"
    notebook, (_, drawn, where) = read(path)
    (output,) = drawn.outputs
    assert output.output_type == "display_data"
    assert output.data["image/png"].startswith("iVBORw0KGgo")  # PNG in base64
    assert [cell.execution_count for cell in (drawn, where)] == [2, 3]
    assert all("execution" not in cell.metadata for cell in notebook.cells)
    files = sorted(file.name for file in (tmp_path / "new" / "drawn").iterdir())
    assert files == ["row.png", "row.svg"]
    assert printed(where).strip() == sys.executable


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
    assert errors == re.findall(r"(\w+Error): ", message)
    assert not last.outputs
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.slow
def test_workers_read_in_a_notebook(write, tmp_path):
    """Two worker processes, started from a kernel, give the same batches."""
    script = write(
        "\nimport gluon_softmax as d2l\nimport numpy as np\n"
        "images = np.random.RandomState(0).randint(0, 256, (40, 28, 28), np.uint8)\n"
        "data = d2l.ImageDataset(images, np.arange(40) % 10)",
        "\nfound = [\n"
        "    [X.asnumpy() for X, _ in d2l.BatchLoader(data, 8, True, None, n, 0)]\n"
        "    for n in (0, 2)\n]\n"
        "print(len(found[1]), np.array_equal(*found))",
    )
    _, (_, cell) = read(notebooks.build(script, tmp_path))
    assert printed(cell) == "5 True\n"


@pytest.mark.slow
def test_command_builds_each(write, tmp_path, capsys):
    """A line per notebook, with its seconds; settings are numbers where they can be."""
    cell = ' tags=["parameters"]\nn, root = 1, None'
    scripts = [write(cell, "\nprint(n + 1, root)", name=name) for name in "ab"]
    out = tmp_path / "out"
    arguments = ["--output", out, "--set", "n=41", "--set", "root=/data"]
    assert run(*scripts, *arguments) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[::2] == [f"running {script}" for script in scripts]
    for line, name in zip(lines[1::2], "ab"):
        assert re.fullmatch(rf"wrote {out}/{name}\.ipynb \(\d+\.\d s\)", line)
        _, cells = read(out / f"{name}.ipynb")
        assert printed(cells[-1]) == "42 /data\n"


@pytest.mark.parametrize(
    ("script", "options", "message"),
    [
        ("a.py", ["--set", "epochs=1"], "name one of num_epochs, found 'epochs'"),
        ("a.py", ["--set", "epochs"], "expected NAME=VALUE, found 'epochs'"),
        ("nowhere.py", [], "there is no script (.py) nowhere.py"),
        ("README.md", [], "there is no script (.py) README.md"),
        ("broken.py", [], "broken.py is no Python script"),
        ("bytes.py", [], "bytes.py is no Python script"),
    ],
)
def test_what_cannot_be_run_gets_one_line(
    script, options, message, write, tmp_path, monkeypatch, capsys
):
    """Before anything is run or written."""
    monkeypatch.chdir(tmp_path)
    write(' tags=["parameters"]\nnum_epochs = 5', name="a")
    write("\n1 +", name="broken")
    (tmp_path / "README.md").touch()
    (tmp_path / "bytes.py").write_bytes(b"\xff\x00")
    try:
        code = run(script, "--output", "out", *options)
    except SystemExit as stop:
        code = stop.code
    error = capsys.readouterr().err
    assert (code, error.count("\n")) == (2, 1)
    assert message in error
    assert not (tmp_path / "out").exists()


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
