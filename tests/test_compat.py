"""Each repair, by what fails without it, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from types import SimpleNamespace

import numpy
import pytest
from gluon_softmax import compat
from gluon_softmax.errors import InstallationError

BOOL_IS_GONE = tuple(map(int, numpy.__version__.split(".")[:2])) >= (1, 24)
SITE_PACKAGES = os.path.dirname(os.path.dirname(numpy.__file__))


def run(code: str, *options: str, **environment: str) -> subprocess.CompletedProcess:
    """Run code in a fresh interpreter."""
    return subprocess.run(
        [sys.executable, "-W", "ignore", *options, "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
    )


@pytest.mark.slow
@pytest.mark.skipif(not BOOL_IS_GONE, reason="this NumPy still has numpy.bool")
def test_numpy_bool_is_what_mxnet_lacks():
    """MXNet's import fails for want of numpy.bool, and works once it is restored."""
    bare = run("import mxnet")
    assert "has no attribute 'bool'" in bare.stderr
    repaired = run("import gluon_softmax, mxnet; print(mxnet.nd.ones(1).asscalar())")
    assert repaired.stdout == "1.0\n", repaired.stderr


@pytest.mark.skipif(not BOOL_IS_GONE, reason="this NumPy still has numpy.bool")
def test_restored_bool_is_numpys_scalar_type(monkeypatch):
    """The alias is a NumPy type, which numpy.ma needs, not the builtin."""
    monkeypatch.delattr(numpy, "bool", raising=False)
    compat.restore_numpy_bool()
    assert numpy.bool is numpy.bool_
    assert numpy.ma.array([True], mask=[False]).filled().dtype == numpy.bool


@pytest.mark.skipif(sys.version_info < (3, 12), reason="this Python has distutils")
def test_distutils_comes_from_setuptools():
    """Where setuptools' start-up hook did not run, importing it brings distutils."""
    # Without `site` no .pth file is read, as with `pip install --target`.
    path = f"import sys; sys.path.append({SITE_PACKAGES!r}); "
    assert run(path + "import distutils", "-S").returncode == 1
    repair = "from gluon_softmax import compat; compat.restore_distutils(); "
    repaired = run(path + repair + "import distutils", "-S")
    assert repaired.returncode == 0, repaired.stderr


def test_missing_setuptools_is_named(monkeypatch):
    """Where neither is there, the error says how to install it."""
    monkeypatch.setattr(compat.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setitem(sys.modules, "setuptools", None)
    with pytest.raises(InstallationError, match="-m pip install setuptools"):
        compat.restore_distutils()


DRAW = """
import matplotlib; matplotlib.use("agg")
import gluon_softmax
from mxnet import nd
from IPython import display
import d2lzh
{undo}
d2lzh.show_fashion_mnist(nd.zeros((3, 28, 28, 1)), list("abc"))
d2lzh.set_figsize()
d2lzh.semilogy([1, 2], [1, 2], "x", "y")
d2lzh.show_trace_2d(lambda x, y: x * x + y * y, [(-5, -2), (-4, -1)])
print("drawn")
"""


@pytest.mark.slow
def test_d2lzh_draws_again():
    """The figure functions of d2lzh work on current IPython."""
    repaired = run(DRAW.format(undo=""))
    assert repaired.stdout.endswith("drawn\n"), repaired.stderr


@pytest.mark.slow
def test_what_d2lzh_lacks_is_set_matplotlib_formats():
    """Without the repaired function they fail."""
    undone = run(DRAW.format(undo="del display.set_matplotlib_formats"))
    assert "has no attribute 'set_matplotlib_formats'" in undone.stderr


@pytest.mark.parametrize("library", compat.LIBRARIES)
def test_missing_library_is_named_with_its_command(library, tmp_path):
    """A library that cannot be loaded gives one line with what installs it."""
    (tmp_path / library).touch()  # found first, and no library
    code = "import gluon_softmax, mxnet"
    broken = run(code, LD_LIBRARY_PATH=str(tmp_path))
    last = broken.stderr.splitlines()[-1]
    assert last.startswith("gluon_softmax.errors.InstallationError: ")
    assert f"MXNet needs {library}" in last
    assert compat.LIBRARIES[library] in last


def test_all_missing_libraries_are_named_at_once(monkeypatch):
    """Who has installed one is not sent for the next."""
    monkeypatch.setattr(compat, "loading_problem", lambda library: f"no {library}")
    with pytest.raises(InstallationError) as info:
        compat.require_libraries()
    for library, remedy in compat.LIBRARIES.items():
        assert f"no {library}" in str(info.value)
        assert remedy in str(info.value)


@pytest.mark.parametrize("version", ["2.0.0", "2.4.1", "10.0"])
def test_numpy_2_is_refused_with_its_command(version, monkeypatch):
    """NumPy 2 gives one line with what installs an older one."""
    monkeypatch.setitem(sys.modules, "numpy", SimpleNamespace(__version__=version))
    with pytest.raises(InstallationError, match=rf"found {version}: .* 'numpy<2'"):
        compat.require_numpy_below_2()


def test_repairs_wait_for_their_package():
    """Importing this package loads neither MXNet nor d2lzh, IPython or pyplot."""
    heavy = ["mxnet", "d2lzh", "IPython", "matplotlib", "numpy"]
    code = f"import gluon_softmax, sys; print([m for m in {heavy} if m in sys.modules])"
    assert run(code).stdout == "[]\n"


def test_mxnet_comes_without_d2lzh_or_pyplot():
    """Training loads no plotting library and no IPython."""
    heavy = ["d2lzh", "IPython", "matplotlib.pyplot"]
    code = (
        "import gluon_softmax, sys; gluon_softmax.train_ch3; "
        f"print([m for m in {heavy} if m in sys.modules])"
    )
    assert run(code).stdout == "[]\n"


def test_repairs_are_installed_once():
    """Importing the package again adds no second finder."""
    before = sum(isinstance(f, compat.RepairFinder) for f in sys.meta_path)
    compat.install()
    after = sum(isinstance(f, compat.RepairFinder) for f in sys.meta_path)
    assert before == after == 1
