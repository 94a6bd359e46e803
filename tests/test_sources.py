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

NAME = "fashion-mnist"
TRAIN, TEST = FILE_NAMES[True], FILE_NAMES[False]
VARIABLES = "GLUON_SOFTMAX_DATA", "MXNET_HOME", "KERAS_HOME", "MXNET_GLUON_REPO"

compressed = partial(gzip.compress, mtime=0)


def draw_files(seed: int) -> dict[str, bytes]:
    """Make up the four files of a data set, small and in IDX."""
    draw = np.random.RandomState(seed).randint
    shapes = dict(zip((*TRAIN, *TEST), [(20, 28, 28), (20,)] * 2))
    return {f: pack_idx(draw(0, 10, shape, "uint8")) for f, shape in shapes.items()}


FASHION, DIGITS, OLDER = draw_files(10), draw_files(20), draw_files(30)
FASHION_GZ = {f"{file}.gz": compressed(content) for file, content in FASHION.items()}


def digests(files: dict[str, bytes], algorithm: str) -> dict[str, str]:
    """Take the checksum of each file."""
    return {f: hashlib.new(algorithm, data).hexdigest() for f, data in files.items()}


@pytest.fixture(autouse=True)
def home(monkeypatch, tmp_path) -> Path:
    """Give an empty home, where no variable points to a data set or a proxy."""
    for variable in VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    folder = tmp_path / "home" / "work"
    folder.mkdir(parents=True)
    monkeypatch.setenv("HOME", str(folder.parent))
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.chdir(folder)
    return folder.parent


@pytest.fixture(autouse=True)
def set_mirrors(monkeypatch) -> Callable[..., None]:
    """Let small made-up files be the published ones, and be told which mirrors have."""
    older = digests({file: compressed(data) for file, data in OLDER.items()}, "sha1")

    def change(name: str, **entries: object) -> None:
        monkeypatch.setitem(PUBLISHED, name, replace(PUBLISHED[name], **entries))

    change(NAME, sha256=digests(FASHION, "sha256"), earlier_sha1=older, mirrors=[])
    change("mnist", sha256=digests(DIGITS, "sha256"), mirrors=[])
    return lambda *mirrors: change(NAME, mirrors=list(mirrors))


@pytest.fixture
def serve():
    """Give what starts a web server where a function answers; it returns an address."""
    servers = []

    def start(answer: Callable[[BaseHTTPRequestHandler, str], None]) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_HEAD(self):
                self.send_response(403)  # as S3 answers for a folder
                self.end_headers()

            def do_GET(self):
                answer(self, self.path.rsplit("/", 1)[1])

            def log_message(self, *_):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}/data/"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def send(handler, body: bytes, length: int | None = None, **headers: str) -> None:
    """Answer a request with a body, of which more may be announced."""
    handler.send_response(200)
    handler.send_header("Content-Length", str(length or len(body)))
    for key, value in headers.items():
        handler.send_header(key.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(body)


def right(handler, file):
    send(handler, FASHION_GZ[file])


def unpacked_on_the_way(handler, file):
    send(handler, FASHION_GZ[file], Content_Encoding="gzip")


def hang(handler, file):
    send(handler, b"\x1f\x8b", length=1000)
    time.sleep(3)


def trickle(handler, file):
    """Send a byte at a time, each soon enough not to be given up for it."""
    send(handler, b"\x1f\x8b", length=1000)
    with suppress(OSError):
        for _ in range(60):
            time.sleep(0.1)
            handler.wfile.write(b"x")


def send_without_end(handler, file):
    """Send more than any file of a data set has."""
    with suppress(OSError):
        send(handler, bytes(3 * 10**6))


BAD_ANSWERS = {
    "trickle": (trickle, "train-images-idx3-ubyte.gz: not all in 3 seconds"),
    "without end": (send_without_end, "more than 2,000,000 bytes"),
    "missing": (lambda to, file: to.send_error(404), "-ubyte.gz: HTTPError 404"),
    "web page": (lambda to, file: send(to, b"<html>sign in</html>"), "a web page"),
    "other data": (
        lambda to, file: send(to, compressed(DIGITS[file[:-3]])),
        "it is MNIST's train-images",
    ),
    "half": (
        lambda to, file: send(to, FASHION_GZ[file][:100], len(FASHION_GZ[file])),
        "train-images-idx3-ubyte.gz: ",
    ),
    "half, unannounced": (
        lambda to, file: send(to, FASHION_GZ[file][:100]),
        "train-images-idx3-ubyte.gz is cut off",
    ),
    "hang": (hang, "train-images-idx3-ubyte.gz: ConnectionError"),
}


def put(folder: Path, files: dict[str, bytes], form=compressed) -> Path:
    """Write a data set into a folder, compressed under `.gz` or as it is."""
    folder.mkdir(parents=True, exist_ok=True)
    ending = "" if form is bytes else ".gz"
    for file, content in files.items():
        (folder / f"{file}{ending}").write_bytes(form(content))
    return folder


def cut(content: bytes) -> bytes:
    return compressed(content)[:-20]


def refusal(kind: type[Exception], call: Callable, *arguments) -> str:
    """Give the message with which a call is refused, which is always one line."""
    with pytest.raises(kind) as info:
        call(*arguments)
    assert info.type is kind
    message = str(info.value)
    assert len(message.splitlines()) == 1
    return message


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


def test_unknown_data_set():
    message = refusal(ArgumentError, sources.places, "fashion_mnist")
    assert "'fashion_mnist': choose one of fashion-mnist, mnist" in message


def test_variable_that_names_nothing(monkeypatch, tmp_path):
    """What is found elsewhere is not what the user asked for."""
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


def test_folder_that_is_none(tmp_path):
    """A file where a folder was expected, and a name that no file system takes."""
    path = tmp_path / "given"
    path.write_bytes(b"")
    assert f"{path} is a file" in refusal(DataError, sources.read, NAME, True, path)
    folder = tmp_path / ("x" * 300)
    assert "too long" in refusal(DataError, sources.inspect, NAME, True, folder)


def test_a_home_of_nobody(tmp_path, monkeypatch):
    """Is a folder that is not there."""
    monkeypatch.setenv("MXNET_HOME", "~nobody-of-that-name")
    assert sources.places(NAME, "~nobody-of-that-name")[0].folder.name[0] == "~"


# What there is


def test_inventory_lists_every_place(tmp_path, home):
    """One line per place and split that holds files, in the order of the search."""
    given = put(tmp_path / "given", dict.fromkeys(TRAIN, b"<html></html>"), bytes)
    mxnet = put(home / ".mxnet" / "datasets" / NAME, FASHION)
    (mxnet / f"{TEST[1]}.gz").write_bytes(cut(FASHION[TEST[1]]))
    damaged, sound, cut_off = map(str, sources.take_inventory(NAME, given))
    assert damaged.startswith(f"{NAME} train: {given / TRAIN[0]} is not IDX")
    assert sound == f"{NAME} train: official revision in {mxnet} (MXNet's folder)"
    assert cut_off.startswith(f"{NAME} test: {mxnet / TEST[1]}.gz is cut off")


def test_inventory_of_nothing(tmp_path):
    lines = list(map(str, sources.take_inventory("mnist", tmp_path / "missing")))
    remedy = "not on this machine: run gluon-softmax data fetch mnist"
    assert lines == [f"mnist train: {remedy}", f"mnist test: {remedy}"]


# Fetching


@pytest.mark.parametrize("answer", [right, unpacked_on_the_way])
@pytest.mark.parametrize("root", [None, "new/folder"])
def test_read_fetches_what_is_nowhere(tmp_path, home, serve, set_mirrors, root, answer):
    """Only the split asked for, in any packing, into the folder given or MXNet's.

    What is damaged in the latter is mended.
    """
    set_mirrors(serve(answer))
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


@pytest.mark.parametrize(("bad", "reason"), BAD_ANSWERS.values(), ids=BAD_ANSWERS)
def test_next_mirror_is_asked(tmp_path, serve, set_mirrors, impatient, bad, reason):
    """A mirror that fails in any way is left; if all do, a damaged file is not lost."""
    folder = put(tmp_path / "given", FASHION, cut)
    before = {path: path.read_bytes() for path in folder.iterdir()}
    mirrors = [serve(bad), serve(bad)]
    set_mirrors(*mirrors)
    message = refusal(DownloadError, download.fetch, NAME, folder, TRAIN)
    assert message.startswith("Fashion-MNIST is not on this machine and cannot be down")
    assert all(mirror in message for mirror in mirrors)
    assert reason in message
    assert "-train-images" not in message  # the name of the temporary file
    assert "put its four .gz files into a folder and name" in message
    assert {path: path.read_bytes() for path in folder.iterdir()} == before

    set_mirrors(mirrors[0], serve(right), mirrors[1])
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


def test_calls_that_heed_no_time_limit_are_not_waited_for(
    tmp_path, monkeypatch, serve, set_mirrors, impatient
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
    set_mirrors(*unknown, serve(right))
    assert len(download.fetch(NAME, tmp_path, TEST)) == 2
    released.set()


def test_mxnets_repository_is_asked_first(tmp_path, monkeypatch, serve, set_mirrors):
    """Who set MXNET_GLUON_REPO for Gluon's own data sets gets them from there."""
    asked = []

    def note(handler, file):
        asked.append(handler.path)
        right(handler, file)

    set_mirrors(serve(right))
    monkeypatch.setenv("MXNET_GLUON_REPO", serve(note).replace("/data/", "/repo/"))
    download.fetch(NAME, tmp_path, TRAIN)
    assert asked == [f"/repo/gluon/dataset/{NAME}/{file}.gz" for file in TRAIN]


@pytest.mark.parametrize("address", ["not-an-address", "http://[", "file:///nowhere"])
def test_senseless_repository(tmp_path, monkeypatch, serve, set_mirrors, address):
    """A variable that holds no web address does not stop the other mirrors."""
    monkeypatch.setenv("MXNET_GLUON_REPO", address)
    set_mirrors(serve(right))
    assert len(download.fetch(NAME, tmp_path, TEST)) == 2


def test_unwritable_root(tmp_path, serve, set_mirrors):
    """A root below a regular file is told from a mirror that fails."""
    (tmp_path / "file").write_bytes(b"")
    set_mirrors(serve(right))
    root = tmp_path / "file" / "folder"
    assert str(root) in refusal(OutputError, sources.read, NAME, True, root)
