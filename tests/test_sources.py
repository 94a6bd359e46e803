"""Where data sets are looked for, what is accepted there, and how they are fetched."""

from __future__ import annotations

import gzip
import hashlib
import socket
import threading
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import requests
from gluon_softmax.data import download, sources
from gluon_softmax.data.published import EARLIER, FILE_NAMES, OFFICIAL, PUBLISHED
from gluon_softmax.errors import ArgumentError, DataError, DownloadError, OutputError
from idx_files import pack_idx
from refusals import refusal

NAME = "fashion-mnist"
TRAIN, TEST = FILE_NAMES[True], FILE_NAMES[False]

compressed = partial(gzip.compress, mtime=0)


def draw_files(seed: int) -> dict[str, bytes]:
    """Make up the four files of a data set, small and in IDX."""
    draw = np.random.RandomState(seed).randint
    shapes = dict(zip((*TRAIN, *TEST), [(20, 28, 28), (20,)] * 2))
    return {f: pack_idx(draw(0, 10, shape, "uint8")) for f, shape in shapes.items()}


FASHION, DIGITS, OLDER = draw_files(10), draw_files(20), draw_files(30)
FASHION_GZ, DIGITS_GZ, OLDER_GZ = (
    {f"{file}.gz": compressed(content) for file, content in files.items()}
    for files in (FASHION, DIGITS, OLDER)
)


def digests(files: dict[str, bytes], algorithm: str) -> dict[str, str]:
    """Take the checksum of each file."""
    return {
        file.removesuffix(".gz"): hashlib.new(algorithm, content).hexdigest()
        for file, content in files.items()
    }


@pytest.fixture(autouse=True)
def home(no_data, monkeypatch) -> Path:
    """Give an empty home, work in a folder of it, and have no proxy."""
    monkeypatch.delenv("MXNET_GLUON_REPO", raising=False)
    monkeypatch.setenv("no_proxy", "*")
    (no_data / "work").mkdir()
    monkeypatch.chdir(no_data / "work")
    return no_data


@pytest.fixture(autouse=True)
def set_mirrors(monkeypatch, home) -> Callable[..., None]:
    """Let small made-up files be the published ones, and be told which mirrors have."""

    def change(name: str, **entries: object) -> None:
        monkeypatch.setitem(PUBLISHED, name, replace(PUBLISHED[name], **entries))

    older = digests(OLDER_GZ, "sha1")
    change(NAME, sha256=digests(FASHION, "sha256"), earlier_sha1=older)
    change("mnist", sha256=digests(DIGITS, "sha256"))
    return lambda *mirrors: change(NAME, mirrors=list(mirrors))


def send(handler, body: bytes, length: int | None = None, **headers: str) -> None:
    """Answer a request with a body, of which more may be announced."""
    handler.send_response(200)
    handler.send_header("Content-Length", str(length or len(body)))
    for key, value in headers.items():
        handler.send_header(key.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(body)


def dawdle(handler, pause: float) -> None:
    """Send a byte at a time."""
    send(handler, b"\x1f\x8b", length=1000)
    for _ in range(int(6 / pause)):
        time.sleep(pause)
        handler.wfile.write(b"x")


GOOD_ANSWERS = {
    "right": lambda to, file: send(to, FASHION_GZ[file]),
    "unpacked": lambda to, file: send(to, FASHION_GZ[file], Content_Encoding="gzip"),
    f"repo/gluon/dataset/{NAME}": lambda to, file: send(to, OLDER_GZ[file]),
}
BAD_ANSWERS = {
    "trickle": lambda to, file: dawdle(to, 0.1),
    "hang": lambda to, file: dawdle(to, 3),
    "endless": lambda to, file: send(to, bytes(3 * 10**6)),
    "missing": lambda to, file: to.send_error(404),
    "page": lambda to, file: send(to, b"<html>sign in</html>"),
    "other": lambda to, file: send(to, DIGITS_GZ[file]),
    "half": lambda to, file: send(to, FASHION_GZ[file][:100], len(FASHION_GZ[file])),
    "cut": lambda to, file: send(to, FASHION_GZ[file][:100]),
}


class Answering(BaseHTTPRequestHandler):
    """Answers as the folder of the address says, whatever number is before."""

    def do_HEAD(self):
        self.send_error(403)  # as S3 answers for a folder

    def do_GET(self):
        folder, _, file = self.path.lstrip("/0123456789").rpartition("/")
        with suppress(OSError):  # who asked has gone
            (GOOD_ANSWERS | BAD_ANSWERS)[folder](self, file)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def server():
    """Start a web server; give its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as serving:
        threading.Thread(target=serving.serve_forever, args=(0.01,)).start()
        yield f"http://127.0.0.1:{serving.server_port}/"
        serving.shutdown()


def put(folder: Path, files: dict[str, bytes], form=compressed) -> Path:
    """Write a data set into a folder, compressed under `.gz` or as it is."""
    folder.mkdir(parents=True, exist_ok=True)
    ending = "" if form is bytes else ".gz"
    for file, content in files.items():
        (folder / f"{file}{ending}").write_bytes(form(content))
    return folder


def cut(content: bytes) -> bytes:
    return compressed(content)[:-20]


# Where files are looked for


@pytest.fixture
def searched(monkeypatch, tmp_path, home) -> list[Path]:
    """Set all that can be set, and give the folders to search in the promised order."""
    (tmp_path / "own").mkdir()
    monkeypatch.setenv("GLUON_SOFTMAX_DATA", str(tmp_path / "own"))
    monkeypatch.setenv("MXNET_HOME", str(tmp_path / "mxnet"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    return [
        tmp_path / "given",
        tmp_path / "own" / NAME,
        tmp_path / "mxnet" / "datasets" / NAME,
        tmp_path / "keras" / "datasets" / NAME,
        home / "work" / "data" / "FashionMNIST" / "raw",
        home / "data" / "FashionMNIST" / "raw",
        home / ".cache" / "torch" / "FashionMNIST" / "raw",
    ]


@pytest.mark.parametrize("first", range(7))
def test_first_place_that_has_the_files_is_read(searched, tmp_path, first):
    """Places before it may be missing or hold other files; those after it wait."""
    for place in searched[:first]:
        put(place, {TRAIN[0]: FASHION[TRAIN[0]]})  # images alone do not make a split
    for place in searched[first:]:
        put(place, FASHION)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        files = sources.read(NAME, True, tmp_path / "given")
    assert files.folder.resolve() == searched[first]


def test_what_is_no_place(tmp_path, monkeypatch):
    """No such set, user or folder, a file, and a name that no file system takes."""
    message = refusal(ArgumentError, sources.places, "fashion_mnist")
    assert "'fashion_mnist': choose one of fashion-mnist, mnist" in message
    (tmp_path / "file").touch()
    message = refusal(DataError, sources.read, NAME, True, tmp_path / "file")
    assert f"{tmp_path / 'file'} is a file" in message
    folder = tmp_path / ("x" * 300)
    assert "too long" in refusal(DataError, sources.inspect, NAME, True, folder)
    monkeypatch.setenv("MXNET_HOME", "~nobody-of-that-name")
    assert sources.places(NAME, "~nobody-of-that-name")[0].folder.name[0] == "~"
    # What is found elsewhere is not what the user asked for.
    monkeypatch.setenv("GLUON_SOFTMAX_DATA", str(tmp_path / "missing"))
    message = refusal(DataError, sources.read, NAME, True, put(tmp_path, FASHION))
    assert message.startswith(f"$GLUON_SOFTMAX_DATA names {tmp_path / 'missing'}, whic")


# What is accepted


@pytest.mark.parametrize(
    ("content", "form", "revision"),
    [
        (FASHION, compressed, OFFICIAL),
        (FASHION, lambda content: gzip.compress(content, 1), OFFICIAL),
        (FASHION, bytes, OFFICIAL),
        (OLDER, compressed, EARLIER),
    ],
)
def test_reads_each_split(tmp_path, content, form, revision):
    """Decompressed, whatever the packing; MXNet's old files are known by their own."""
    folder = put(tmp_path / "given", content, form)
    for train, (images, labels) in FILE_NAMES.items():
        files = sources.read(NAME, train, str(folder))
        assert (files.images, files.labels) == (content[images], content[labels])
        assert (files.folder, files.revision) == (folder, revision)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (DIGITS[TRAIN[0]], "it is MNIST's train-images-idx3-ubyte"),
        (FASHION[TEST[0]], "it is Fashion-MNIST's t10k-images-idx3-ubyte"),
        (pack_idx(np.arange(20, dtype="uint8")), "the unknown SHA-256 53b413c9db90"),
        (OLDER[TRAIN[0]], f"mixes two revisions of Fashion-MNIST: images {EARLIER}"),
    ],
    ids=["other data set", "other split", "unknown", "earlier revision"],
)
def test_other_images_are_refused_by_name(tmp_path, content, reason):
    """What would be silently wrong is recognised; the other split is not touched."""
    folder = put(tmp_path / "given", {**FASHION, TRAIN[0]: content})
    message = refusal(DataError, sources.read, NAME, True, folder)
    assert message.startswith(str(folder))
    assert reason in message
    assert sources.read(NAME, False, folder).revision == OFFICIAL


@pytest.mark.parametrize("damaged", range(6))
def test_damage_is_passed_over_in_caches_alone(searched, tmp_path, damaged):
    """It is an error where the user pointed; what others left is warned of, by name."""
    put(searched[damaged], FASHION, cut)
    put(searched[-1], FASHION)
    if damaged < 2:
        message = refusal(DataError, sources.read, NAME, True, tmp_path / "given")
        assert message.startswith(str(searched[damaged]))
        return
    with pytest.warns(UserWarning, match="passed over: ") as caught:
        files = sources.read(NAME, True)
    assert files.folder.resolve() == searched[-1]
    assert [searched[damaged].name in str(w.message) for w in caught] == [True]


@pytest.mark.parametrize("file", TRAIN)
def test_both_files_of_a_split_are_checked(tmp_path, file):
    """Damage to either is found; where either is missing, there is no split."""
    folder = put(tmp_path, FASHION)
    (folder / f"{file}.gz").write_bytes(cut(FASHION[file]))
    assert file in refusal(DataError, sources.inspect, NAME, True, folder)
    (folder / f"{file}.gz").unlink()
    assert sources.inspect(NAME, True, folder) is None
    assert sources.inspect(NAME, False, folder).images == FASHION[TEST[0]]


def test_inventory_lists_every_place(tmp_path, home):
    """One line per place and split that holds files, in the order of the search."""
    given = put(tmp_path / "given", dict.fromkeys(TRAIN, b"<html></html>"), bytes)
    mxnet = put(home / ".mxnet" / "datasets" / NAME, FASHION)
    (mxnet / f"{TEST[1]}.gz").write_bytes(cut(FASHION[TEST[1]]))
    damaged, sound, cut_off = map(str, sources.take_inventory(NAME, given))
    assert damaged.startswith(f"{NAME} train: {given / TRAIN[0]} is not IDX")
    assert sound == f"{NAME} train: official revision in {mxnet} (MXNet's folder)"
    assert cut_off.startswith(f"{NAME} test: {mxnet / TEST[1]}.gz is cut off")
    lines = list(map(str, sources.take_inventory("mnist", tmp_path / "missing")))
    remedy = "not on this machine: run gluon-softmax data fetch mnist"
    assert lines == [f"mnist train: {remedy}", f"mnist test: {remedy}"]


# Fetching


@pytest.mark.parametrize("answer", ["right", "unpacked"])
@pytest.mark.parametrize("root", [None, "new/folder"])
def test_read_fetches_what_is_nowhere(
    tmp_path, home, server, set_mirrors, root, answer
):
    """Only the split asked for, in any packing, into the folder given or MXNet's.

    What is damaged in the latter is mended.
    """
    set_mirrors(f"{server}{answer}/")
    root = root and tmp_path / root
    mxnets = home / ".mxnet" / "datasets" / NAME
    put(mxnets, {file: FASHION[file] for file in TEST}, cut)
    with pytest.warns(UserWarning, match="passed over: "):
        files = sources.read(NAME, False, root)
    assert files.folder == (root or mxnets)
    assert (files.images, files.labels) == (FASHION[TEST[0]], FASHION[TEST[1]])
    names = {path.name for path in files.folder.iterdir()}
    assert names == {f"{file}.gz" for file in TEST}


@pytest.fixture
def impatient(monkeypatch):
    """Wait for mirrors only a moment."""
    monkeypatch.setattr(download, "PROBE_SECONDS", 1.5)
    monkeypatch.setattr(download, "DOWNLOAD_TIMEOUT", (1.0, 1.0))
    monkeypatch.setattr(download, "DOWNLOAD_SECONDS", 3.0)
    monkeypatch.setattr(download, "MOST_BYTES", 2 * 10**6)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("trickle", "train-images-idx3-ubyte.gz: not all in 3 seconds"),
        ("hang", "train-images-idx3-ubyte.gz: ConnectionError"),
        ("endless", "more than 2,000,000 bytes"),
        ("missing", "-ubyte.gz: HTTPError 404"),
        ("page", "a web page"),
        ("other", "it is MNIST's train-images"),
        ("half", "train-images-idx3-ubyte.gz: "),
        ("cut", "train-images-idx3-ubyte.gz is cut off"),
    ],
)
def test_next_mirror_is_asked(tmp_path, server, set_mirrors, bad, reason):
    """A mirror that fails in any way is left; if all do, a damaged file is not lost."""
    folder = put(tmp_path / "given", FASHION, cut)
    before = {path: path.read_bytes() for path in folder.iterdir()}
    mirrors = [f"{server}0/{bad}/", f"{server}1/{bad}/"]
    set_mirrors(*mirrors)
    message = refusal(DownloadError, download.fetch, NAME, folder, TRAIN)
    assert message.startswith("Fashion-MNIST is not on this machine and cannot be down")
    assert all(mirror in message for mirror in mirrors)
    assert reason in message
    assert "-train-images" not in message  # the name of the temporary file
    assert "put its four .gz files into a folder and name" in message
    assert {path: path.read_bytes() for path in folder.iterdir()} == before

    set_mirrors(mirrors[0], f"{server}right/", mirrors[1])
    written = download.fetch(NAME, folder, TRAIN)
    assert [path.name for path in written] == [f"{file}.gz" for file in TRAIN]
    assert sources.inspect(NAME, True, folder).images == FASHION[TRAIN[0]]
    assert before.keys() == {*folder.iterdir()}


def test_nothing_is_reachable(tmp_path, set_mirrors):
    """Without a network every mirror is named, and no folder made."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]  # where nobody listens afterwards
    mirrors = [f"http://127.0.0.1:{port}/{n}/" for n in range(3)]
    set_mirrors(*mirrors)
    message = refusal(DownloadError, sources.read, NAME, True, tmp_path / "new")
    assert all(f"{mirror}: ConnectionError" in message for mirror in mirrors)
    assert not (tmp_path / "new").exists()


@pytest.mark.usefixtures("impatient")
def test_calls_that_heed_no_time_limit_are_not_waited_for(
    tmp_path, monkeypatch, server, set_mirrors
):
    """A name server that never answers holds up neither the end nor other mirrors."""
    released = threading.Event()

    def ask(mirror, **options):
        if ".invalid" in mirror:
            released.wait(60)

    monkeypatch.setattr(requests, "head", ask)
    unknown = [f"http://mirror{number}.invalid/" for number in range(6)]
    set_mirrors(*unknown)
    message = refusal(DownloadError, download.fetch, NAME, tmp_path, TRAIN)
    assert all(f"{mirror}: no answer in " in message for mirror in unknown)
    set_mirrors(*unknown, f"{server}right/")
    assert len(download.fetch(NAME, tmp_path, TEST)) == 2
    released.set()


@pytest.mark.parametrize(
    ("address", "revision"),
    [
        ("", OFFICIAL),
        ("{}repo", EARLIER),
        ("not-an-address", OFFICIAL),
        ("http://[", OFFICIAL),
        ("file:///nowhere", OFFICIAL),
    ],
)
def test_mxnets_repository_is_asked_first(
    tmp_path, monkeypatch, server, set_mirrors, address, revision
):
    """Who set MXNET_GLUON_REPO for Gluon's own data sets gets them from there.

    Where it holds no web address, the other mirrors are asked.
    """
    monkeypatch.setenv("MXNET_GLUON_REPO", address.format(server))
    set_mirrors(f"{server}right/")
    download.fetch(NAME, tmp_path, TRAIN)
    assert sources.inspect(NAME, True, tmp_path).revision == revision


def test_unwritable_root(tmp_path, server, set_mirrors):
    """A root below a regular file is told from a mirror that fails."""
    (tmp_path / "file").write_bytes(b"")
    set_mirrors(f"{server}right/")
    root = tmp_path / "file" / "folder"
    assert str(root) in refusal(OutputError, sources.read, NAME, True, root)
