"""`run` runs the book's own code, with nothing changed in it."""

from __future__ import annotations

import subprocess
import sys

import pytest
from gluon_softmax.commands.main import main

nbformat = pytest.importorskip("nbformat")

BOOK = """
import d2lzh as d2l
from IPython import display
from mxnet.gluon import data as gdata
display.set_matplotlib_formats("svg")
mnist_test = gdata.vision.FashionMNIST(train=False)
X, y = mnist_test[:2]
d2l.show_fashion_mnist(X, d2l.get_fashion_mnist_labels(y))
print(len(mnist_test))
train_iter = gdata.DataLoader(mnist_test, 256, num_workers=1)
"""


@pytest.fixture
def folder(tmp_path):
    """Give a folder whose name has a space and Chinese characters."""
    folder = tmp_path / "我的 书"
    folder.mkdir()
    return folder


def run(*arguments) -> subprocess.CompletedProcess:
    """Run `gluon-softmax run`."""
    command = [sys.executable, "-m", "gluon_softmax", "run", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.fixture
def write(folder):
    """Give a function that writes a notebook of another machine's kernel."""

    def write(*cells):
        code = map(nbformat.v4.new_code_cell, cells)
        notebook = nbformat.v4.new_notebook(cells=list(code))
        notebook.metadata = {"kernelspec": {"name": "conda_p36", "display_name": "x"}}
        nbformat.write(notebook, folder / "书.ipynb")
        return folder / "书.ipynb"

    return write


def test_a_script_runs_as_python_runs_it(folder):
    """It sees its arguments, its folder and its name, and gives the exit code."""
    (folder / "beside.py").write_text("word = 'found'\n")
    (folder / "script.py").write_text(
        "import sys, beside\n"
        "if __name__ == '__main__':\n"
        "    print(beside.word, *sys.argv[1:], __file__.endswith('script.py'))\n"
        "    def net(X: int): pass\n"
        "    assert net.__annotations__ == {'X': int}\n"
        "    sys.exit(3)\n"
    )
    done = run(folder / "script.py", "--lr", "0.1")
    assert done.stdout == "found --lr 0.1 True\n", done.stderr
    assert done.returncode == 3


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals")
def test_a_signal_gives_the_shells_exit_code(folder):
    """128 and its number."""
    (folder / "script.py").write_text("import os\nos.kill(os.getpid(), 9)\n")
    assert run(folder / "script.py").returncode == 137


@pytest.mark.slow
def test_the_books_script_runs_as_printed(folder, fashion):
    """With d2lzh and the data set of Gluon."""
    (folder / "script.py").write_text(BOOK)
    done = run(folder / "script.py")
    assert done.stdout.endswith("10000\n"), done.stderr
    assert "Exception ignored" not in done.stderr


@pytest.mark.slow
def test_the_books_notebook_runs_as_printed(write, fashion, capsys):
    """The notebook with its output stands beside it, which stays as it is."""
    path = write("%matplotlib inline\n" + BOOK)
    before = path.read_bytes()
    assert main(["run", str(path)]) == 0
    executed = path.with_name("书-executed.ipynb")
    assert capsys.readouterr().out == f"wrote {executed}\n"
    assert path.read_bytes() == before
    outputs = nbformat.read(executed, as_version=4).cells[0].outputs
    assert [output.output_type for output in outputs] == ["stream", "display_data"]
    assert outputs[0].text == "10000\n"
    assert "image/svg+xml" in outputs[1].data


@pytest.mark.slow
def test_a_cell_that_fails_is_named(write, capsys):
    """What ran before it is kept."""
    path = write("1 + 1", "1 / 0", "2 + 2")
    assert main(["run", str(path)]) == 2
    error = capsys.readouterr().err
    assert "cell In [2]: ZeroDivisionError" in error
    cells = nbformat.read(path.with_name("书-executed.ipynb"), as_version=4).cells
    assert [len(cell.outputs) for cell in cells] == [1, 1, 0]


@pytest.mark.parametrize(
    ("name", "content", "arguments", "message"),
    [
        ("missing.py", None, [], "there is no script (.py) or notebook (.ipynb)"),
        ("book.txt", "", [], "there is no script (.py) or notebook (.ipynb)"),
        ("book.ipynb", "no JSON", [], "is no notebook"),
        ("book.ipynb", "[]", [], "is no notebook"),
        ("book.ipynb", '{"nbformat": 9}', [], "is no notebook"),
        ("book.ipynb", "{}", ["--lr"], "expected no arguments behind a notebook"),
    ],
)
def test_what_cannot_be_run_is_said(name, content, arguments, message, folder):
    """In one line, with exit code 2."""
    if content is not None:
        (folder / name).write_text(content)
    done = run(folder / name, *arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
