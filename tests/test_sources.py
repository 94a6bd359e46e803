"""Where data sets are looked for, what is accepted there, and how they are fetched."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import socket
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import requests
from gluon_softmax.data import sources
from gluon_softmax.data.idx import encode_idx
from gluon_softmax.errors import ArgumentError, DataError, DownloadError, OutputError

NAME = "fashion-mnist"
TRAIN, TEST = sources.SPLITS[True], sources.SPLITS[False]
ALL_FILES = (*TRAIN, *TEST)
VARIABLES = (
    sources.ENVIRONMENT_VARIABLE,
    "MXNET_HOME",
    "KERAS_HOME",
    "MXNET_GLUON_REPO",
)
OFFICIAL, EARLIER = sources.OFFICIAL, sources.EARLIER
NOBODY = 65534


def small_files(seed: int) -> dict[str, bytes]:
    """Make up the four files of a data set, small and in IDX."""
    files = {}
    for number, file in enumerate(ALL_FILES):
        shape = (20, 28, 28) if "images" in file else (20,)
        files[file] = random_idx(shape, 10 * seed + number)
    return files


def compressed(content: bytes) -> bytes:
    """Compress a file, always to the same bytes."""
    return gzip.compress(content, mtime=0)


def random_idx(shape: tuple[int, ...], seed: int) -> bytes:
    """Draw small numbers from a seed of their own."""
    numbers = np.random.RandomState(seed).randint(0, 10, shape, dtype="uint8")
    return encode_idx(numbers)


FASHION, DIGITS, OLDER = small_files(1), small_files(2), small_files(3)
OLDER_GZ = {file: compressed(content) for file, content in OLDER.items()}


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
def made_up(monkeypatch):
    """Let small made-up files be what is published, and let there be no mirror."""
    facts = {
        NAME: {
            "sha256": digests(FASHION, "sha256"),
            "earlier_sha1": digests(OLDER_GZ, "sha1"),
        },
        "mnist": {"sha256": digests(DIGITS, "sha256")},
    }
    for name, published in facts.items():
        known = replace(sources.DATA_SETS[name], mirrors=(), **published)
        monkeypatch.setitem(sources.DATA_SETS, name, known)


@pytest.fixture
def set_mirrors(monkeypatch) -> Callable[..., None]:
    """Give a function that says which mirrors there are."""

    def set_them(*mirrors: str) -> None:
        known = replace(sources.DATA_SETS[NAME], mirrors=mirrors)
        monkeypatch.setitem(sources.DATA_SETS, NAME, known)

    return set_them


Answer = Callable[[BaseHTTPRequestHandler, str], None]


@pytest.fixture
def serve():
    """Give a function that starts a web server and returns its address.

    The server hands each GET request to the given function, with the file's name.
    """
    servers = []

    def start(answer: Answer) -> str:
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


def send(handler: BaseHTTPRequestHandler, body: bytes, **headers) -> None:
    """Answer a request with a body."""
    handler.send_response(200)
    headers = {"Content_Length": str(len(body)), **headers}
    for key, value in headers.items():
        if value is not None:
            handler.send_header(key.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(body)


def right(handler, file):
    """Send the right file, compressed."""
    send(handler, gzip.compress(FASHION[file[:-3]]))


def compressed_otherwise(handler, file):
    """Send the right file, compressed by another program, under its own time."""
    send(handler, gzip.compress(FASHION[file[:-3]], 1, mtime=86400))


def unpacked_on_the_way(handler, file):
    """Send the right file so that the HTTP client decompresses it."""
    body = gzip.compress(FASHION[file[:-3]])
    send(handler, body, Content_Encoding="gzip")


def missing(handler, file):
    """Say that there is no such file."""
    handler.send_error(404)


def web_page(handler, file):
    """Answer with a page, as portals of hotels do."""
    send(handler, b"<!DOCTYPE html><html>Please log in</html>")


def other_data(handler, file):
    """Send a sound file of another data set."""
    send(handler, gzip.compress(DIGITS[file[:-3]]))


def half(handler, file):
    """Announce the whole file, send half of it, and hang up."""
    body = gzip.compress(FASHION[file[:-3]])
    send(handler, body[: len(body) // 2], Content_Length=str(len(body)))


def half_unannounced(handler, file):
    """Send half of the file without a word about its length, and hang up."""
    body = gzip.compress(FASHION[file[:-3]])
    send(handler, body[: len(body) // 2], Content_Length=None)


def nothing(handler, file):
    """Send an empty file."""
    send(handler, b"")


def hang(handler, file):
    """Begin to answer and never finish."""
    send(handler, b"\x1f\x8b", Content_Length="1000")
    time.sleep(3)


def put(folder: Path, files: dict[str, bytes], form=compressed) -> Path:
    """Write a data set into a folder, compressed under `.gz` or as it is."""
    folder.mkdir(parents=True, exist_ok=True)
    ending = "" if form is bytes else ".gz"
    for file, content in files.items():
        (folder / f"{file}{ending}").write_bytes(form(content))
    return folder


def refusal(kind: type[Exception], call: Callable, *arguments) -> str:
    """Give the message with which a call is refused, which is always one line."""
    with pytest.raises(kind) as info:
        call(*arguments)
    assert info.type is kind
    message = str(info.value)
    assert len(message.splitlines()) == 1
    return message


def unused_port() -> int:
    """Find a port where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


# Where files are looked for


@pytest.fixture
def searched(monkeypatch, tmp_path, home) -> list[Path]:
    """Set all that can be set, and give the folders to search in the promised order."""
    (tmp_path / "own").mkdir()
    monkeypatch.setenv(sources.ENVIRONMENT_VARIABLE, str(tmp_path / "own"))
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


def test_order_of_places(searched, tmp_path):
    """The folder given, the variable's, MXNet's, Keras's, then torchvision's."""
    found = sources.places(NAME, tmp_path / "given")
    assert [place.folder.resolve() for place in found] == searched
    assert [place.chosen for place in found] == [True, True] + [False] * 5
    assert [place.origin for place in found[:3]] == [
        "the folder given",
        "$GLUON_SOFTMAX_DATA",
        "MXNet's folder",
    ]


@pytest.mark.parametrize("first", range(7))
def test_first_place_that_has_the_files_is_read(searched, tmp_path, first):
    """Places before it may be missing or hold other files; those after it wait."""
    for place in searched[:first]:
        put(place, {TRAIN[0]: FASHION[TRAIN[0]]})  # images alone do not make a split
    for place in searched[first:]:
        put(place, FASHION)
    files = sources.read(NAME, True, tmp_path / "given")
    assert files.folder.resolve() == searched[first]


def test_places_without_variables(home):
    """By default the caches in the user's home are searched."""
    folders = [place.folder for place in sources.places("mnist", "~/given")]
    assert folders[:3] == [
        home / "given",
        home / ".mxnet" / "datasets" / "mnist",
        home / ".keras" / "datasets" / "mnist",
    ]
    assert folders[-1] == home / ".cache" / "torch" / "MNIST" / "raw"


@pytest.mark.parametrize("call", [sources.published, sources.places])
def test_unknown_data_set(call):
    """A misspelt name is answered with the names there are."""
    message = refusal(ArgumentError, call, "fashion_mnist")
    assert "'fashion_mnist'" in message
    assert "fashion-mnist, mnist" in message


# What is accepted


@pytest.mark.parametrize("train", [True, False])
@pytest.mark.parametrize("form", [compressed, bytes, lambda c: gzip.compress(c, 1)])
def test_reads_each_split_compressed_or_not(tmp_path, train, form):
    """The bytes of images and labels come back decompressed, whatever the packing."""
    folder = put(tmp_path / "given", FASHION, form)
    files = sources.read(NAME, train, str(folder))
    images, labels = sources.SPLITS[train]
    assert (files.images, files.labels) == (FASHION[images], FASHION[labels])
    assert (files.folder, files.revision) == (folder, OFFICIAL)


def test_earlier_revision_is_recognised(tmp_path):
    """MXNet's old files are accepted by their own checksums, and named."""
    folder = put(tmp_path / "given", OLDER)
    files = sources.read(NAME, True, folder)
    assert (files.images, files.revision) == (OLDER[TRAIN[0]], EARLIER)


def test_mixed_revisions_are_refused(tmp_path):
    """Images of one revision with labels of the other would be silently wrong."""
    folder = put(tmp_path / "given", {**FASHION, TRAIN[1]: OLDER[TRAIN[1]]})
    message = refusal(DataError, sources.read, NAME, True, folder)
    assert str(folder) in message
    assert f"images {OFFICIAL}, labels {EARLIER}" in message
    assert sources.read(NAME, False, folder).revision == OFFICIAL


def test_other_data_set_is_refused_by_name(tmp_path):
    """MNIST under Fashion-MNIST's name is not taken for it, and the other way round."""
    digits = put(tmp_path / "digits", DIGITS)
    message = refusal(DataError, sources.read, NAME, True, digits)
    assert "is not Fashion-MNIST's train-images" in message
    assert "it is MNIST's train-images-idx3-ubyte" in message
    fashion = put(tmp_path / "fashion", FASHION)
    message = refusal(DataError, sources.read, "mnist", False, fashion)
    assert "it is Fashion-MNIST's t10k-images-idx3-ubyte" in message


def test_swapped_splits_are_refused_by_name(tmp_path):
    """Test images under the name of the training images are recognised, too."""
    folder = put(tmp_path / "given", {**FASHION, TRAIN[0]: FASHION[TEST[0]]})
    message = refusal(DataError, sources.read, NAME, True, folder)
    assert "it is Fashion-MNIST's t10k-images-idx3-ubyte" in message


def test_unknown_content_is_refused(tmp_path):
    """A sound IDX file that is no published one is named with its checksum."""
    content = random_idx((20, 28, 28), 99)
    folder = put(tmp_path / "given", {**FASHION, TRAIN[0]: content})
    message = refusal(DataError, sources.read, NAME, True, folder)
    assert str(folder / f"{TRAIN[0]}.gz") in message
    assert f"unknown SHA-256 {hashlib.sha256(content).hexdigest()[:12]}" in message


def cut(content: bytes) -> bytes:
    """Compress a file and lose its end."""
    return gzip.compress(content)[:-20]


@pytest.mark.parametrize("place", [0, 1])
def test_damage_in_a_chosen_place_is_an_error(searched, tmp_path, place):
    """Where the user pointed, damage is never passed over for another place."""
    put(searched[place], FASHION, cut)
    for later in searched[2:]:
        put(later, FASHION)
    message = refusal(DataError, sources.read, NAME, True, tmp_path / "given")
    assert message.startswith(str(searched[place]))


@pytest.mark.parametrize("damaged", range(2, 6))
def test_damage_in_a_cache_is_passed_over(searched, damaged):
    """What another program left damaged is named in one warning, and the next read."""
    put(searched[damaged], FASHION, cut)
    put(searched[-1], FASHION)
    with pytest.warns(UserWarning, match="passed over: ") as caught:
        files = sources.read(NAME, True)
    assert files.folder.resolve() == searched[-1]
    assert [str(searched[damaged].name) in str(w.message) for w in caught] == [True]


def test_damage_in_mxnets_folder_is_mended(home, serve, set_mirrors):
    """Where no other place has the file, it is fetched over the damaged one."""
    folder = put(home / ".mxnet" / "datasets" / NAME, FASHION, cut)
    set_mirrors(serve(right))
    with pytest.warns(UserWarning, match="passed over: "):
        files = sources.read(NAME, True)
    assert (files.folder, files.images) == (folder, FASHION[TRAIN[0]])
    assert sources.inspect(NAME, True, folder).labels == FASHION[TRAIN[1]]


@pytest.mark.parametrize("damaged", [TRAIN[0], TRAIN[1]])
def test_inspect_checks_both_files(tmp_path, damaged):
    """Damage to either file of a split is found."""
    folder = put(tmp_path, FASHION)
    (folder / f"{damaged}.gz").write_bytes(cut(FASHION[damaged]))
    assert damaged in refusal(DataError, sources.inspect, NAME, True, folder)
    assert sources.inspect(NAME, False, folder).images == FASHION[TEST[0]]


@pytest.mark.parametrize("left_out", [TRAIN[0], TRAIN[1], None])
def test_inspect_gives_none_where_files_are_missing(tmp_path, left_out):
    """A folder without both files of a split, or no folder at all, holds none."""
    if left_out:
        put(tmp_path, {f: c for f, c in FASHION.items() if f != left_out})
        assert sources.inspect(NAME, False, tmp_path) is not None
    else:
        tmp_path = tmp_path / "missing"
    assert sources.inspect(NAME, True, tmp_path) is None


def test_root_that_is_a_file(tmp_path):
    """A file where a folder was expected is named."""
    path = tmp_path / "given"
    path.write_bytes(b"")
    assert f"{path} is a file" in refusal(DataError, sources.read, NAME, True, path)


@pytest.fixture
def locked(tmp_path):
    """Give a folder that this process may not look into."""
    folder = tmp_path / "locked"
    (folder / "inside").mkdir(parents=True)
    folder.chmod(0)
    as_root = os.geteuid() == 0
    if as_root:
        os.seteuid(NOBODY)
    yield folder / "inside"
    if as_root:
        os.seteuid(0)
    folder.chmod(0o700)


def test_folder_that_may_not_be_read(locked):
    """A folder that the system keeps shut is an error of the package's own."""
    message = refusal(DataError, sources.inspect, NAME, True, locked)
    assert message.startswith(f"{locked} cannot be read (Permission denied)")


def test_folder_name_that_is_too_long(tmp_path):
    """A name that no file system takes is refused in one line, too."""
    folder = tmp_path / ("x" * 300)
    assert "too long" in refusal(DataError, sources.inspect, NAME, True, folder)


# Fetching


@pytest.mark.parametrize("answer", [right, compressed_otherwise, unpacked_on_the_way])
def test_fetch_accepts_any_packing(tmp_path, serve, set_mirrors, answer):
    """It is the decompressed bytes that count, so any mirror's compression will do."""
    set_mirrors(serve(answer))
    written = sources.fetch(NAME, tmp_path / "new" / "folder")
    assert [path.name for path in written] == [f"{file}.gz" for file in ALL_FILES]
    assert all(path.is_file() for path in written)
    assert sorted((tmp_path / "new" / "folder").iterdir()) == sorted(written)
    for train, (images, labels) in sources.SPLITS.items():
        files = sources.inspect(NAME, train, tmp_path / "new" / "folder")
        assert (files.images, files.labels) == (FASHION[images], FASHION[labels])


@pytest.mark.parametrize("root", [None, "given"])
def test_read_fetches_what_is_nowhere(tmp_path, home, serve, set_mirrors, root):
    """Only the split asked for is fetched: into the folder given, or MXNet's."""
    set_mirrors(serve(right))
    root = root and tmp_path / root
    files = sources.read(NAME, False, root)
    assert files.folder == root or files.folder == home / ".mxnet" / "datasets" / NAME
    assert (files.images, files.revision) == (FASHION[TEST[0]], OFFICIAL)
    names = {path.name for path in files.folder.iterdir()}
    assert names == {f"{file}.gz" for file in TEST}


BAD_ANSWERS = [missing, web_page, other_data, half, half_unannounced, nothing, hang]


@pytest.fixture
def impatient(monkeypatch):
    """Wait for mirrors only a moment."""
    monkeypatch.setattr(sources, "PROBE_SECONDS", 0.5)
    monkeypatch.setattr(sources, "DOWNLOAD_TIMEOUT", (0.5, 0.5))


@pytest.mark.parametrize("bad", BAD_ANSWERS)
def test_next_mirror_is_asked(tmp_path, serve, set_mirrors, impatient, bad):
    """A mirror that fails in any way is left, and nothing of its answer stays."""
    asked = []

    def count(handler, file):
        asked.append(file)
        right(handler, file)

    set_mirrors(serve(bad), serve(count), serve(bad))
    written = sources.fetch(NAME, tmp_path, TRAIN)
    assert asked == [path.name for path in written] == [f"{file}.gz" for file in TRAIN]
    assert sorted(tmp_path.glob("*ubyte*")) == sorted(written)
    assert not list(tmp_path.glob(".*"))
    assert sources.inspect(NAME, True, tmp_path).images == FASHION[TRAIN[0]]


@pytest.mark.parametrize("bad", BAD_ANSWERS)
def test_no_mirror_has_the_file(tmp_path, serve, set_mirrors, impatient, bad):
    """One line names the mirrors and the remedy; no half of a file is left."""
    mirrors = [serve(bad), serve(bad)]
    set_mirrors(*mirrors)
    folder = tmp_path / "given"
    message = refusal(DownloadError, sources.read, NAME, True, folder)
    assert message.startswith("Fashion-MNIST is not on this machine and cannot be down")
    assert all(mirror in message for mirror in mirrors)
    assert "put its four .gz files into a folder and name" in message
    assert list(folder.iterdir()) == []


def test_failed_fetch_keeps_the_old_file(tmp_path, serve, set_mirrors):
    """What stood there before, damaged as it may be, is not lost for nothing."""
    folder = put(tmp_path / "given", FASHION, cut)
    before = {path: path.read_bytes() for path in folder.iterdir()}
    set_mirrors(serve(half))
    refusal(DownloadError, sources.fetch, NAME, folder)
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


def test_reason_names_the_status(tmp_path, serve, set_mirrors):
    """That a mirror has no such file is told from other failures."""
    set_mirrors(serve(missing))
    assert "404" in refusal(DownloadError, sources.fetch, NAME, tmp_path)


def test_reason_names_the_file_not_its_temporary_name(tmp_path, serve, set_mirrors):
    """A reader of the message never sees the name a file has while it is written."""
    set_mirrors(serve(web_page))
    message = refusal(DownloadError, sources.fetch, NAME, tmp_path)
    assert "train-images-idx3-ubyte.gz" in message
    assert "a web page" in message
    assert "-train-images" not in message


def test_nothing_is_reachable(tmp_path, set_mirrors):
    """Without a network the answer comes soon, and names every mirror."""
    mirrors = [f"http://127.0.0.1:{unused_port()}/{n}/" for n in range(3)]
    set_mirrors(*mirrors)
    start = time.monotonic()
    message = refusal(DownloadError, sources.fetch, NAME, tmp_path / "new")
    assert time.monotonic() - start < 5
    assert [message.count(f"{mirror}: ConnectionError") for mirror in mirrors] == [
        1
    ] * 3
    assert not (tmp_path / "new").exists()


def test_silent_mirrors_share_one_time_limit(tmp_path, set_mirrors, impatient):
    """Mirrors that take the call and say nothing cost one wait, not one each."""
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(6)]
    set_mirrors(*(f"http://127.0.0.1:{s.getsockname()[1]}/" for s in listeners))
    start = time.monotonic()
    message = refusal(DownloadError, sources.fetch, NAME, tmp_path)
    assert 0.4 < time.monotonic() - start < 2.5
    assert message.count("http://127.0.0.1:") == 6
    for listener in listeners:
        listener.close()


def test_name_server_that_never_answers(tmp_path, monkeypatch, set_mirrors, impatient):
    """Calls that heed no time limit are not waited for beyond the common one."""
    monkeypatch.setattr(requests, "head", lambda *_, **__: time.sleep(4))
    set_mirrors(*(f"http://mirror{number}.invalid/" for number in range(6)))
    start = time.monotonic()
    message = refusal(DownloadError, sources.fetch, NAME, tmp_path)
    assert 0.4 < time.monotonic() - start < 2.5
    assert message.count(".invalid/: no answer in ") == 6


def test_mirror_that_falls_silent_is_left(tmp_path, serve, set_mirrors, impatient):
    """A download that stops half-way is given up, long before the server does."""
    set_mirrors(serve(hang))
    start = time.monotonic()
    refusal(DownloadError, sources.fetch, NAME, tmp_path)
    assert 0.4 < time.monotonic() - start < 2.5


def test_silent_mirror_is_passed_over(tmp_path, serve, set_mirrors, impatient):
    """The mirror that answers is used although one before it never does."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        set_mirrors(f"http://127.0.0.1:{listener.getsockname()[1]}/", serve(right))
        sources.fetch(NAME, tmp_path, TEST)
    assert sources.inspect(NAME, False, tmp_path).labels == FASHION[TEST[1]]


def test_promised_limits():
    """A machine without a network knows within 15 seconds."""
    assert sources.PROBE_SECONDS + sources.DOWNLOAD_TIMEOUT[0] <= 15


@pytest.mark.parametrize("ending", ["", "/"])
def test_mxnets_repository_is_asked_first(
    tmp_path, monkeypatch, serve, set_mirrors, ending
):
    """Who set MXNET_GLUON_REPO for Gluon's own data sets gets them from there."""
    asked = []

    def note(handler, file):
        asked.append(handler.path)
        right(handler, file)

    set_mirrors(serve(right))
    repository = serve(note).rsplit("/data/", 1)[0]
    monkeypatch.setenv("MXNET_GLUON_REPO", f"{repository}/repo{ending}")
    sources.fetch(NAME, tmp_path, TRAIN)
    assert asked == [f"/repo/gluon/dataset/{NAME}/{file}.gz" for file in TRAIN]


@pytest.mark.parametrize("address", ["not-an-address", "http://[", "file:///nowhere"])
def test_senseless_repository_is_passed_over(
    tmp_path, monkeypatch, serve, set_mirrors, address
):
    """A variable that holds no web address does not stop the other mirrors."""
    monkeypatch.setenv("MXNET_GLUON_REPO", address)
    set_mirrors(serve(right))
    assert len(sources.fetch(NAME, tmp_path, TEST)) == 2


def test_unwritable_root(tmp_path, serve, set_mirrors):
    """A root below a regular file is told from a mirror that fails."""
    (tmp_path / "file").write_bytes(b"")
    set_mirrors(serve(right))
    root = tmp_path / "file" / "folder"
    message = refusal(OutputError, sources.read, NAME, True, root)
    assert str(root) in message


def test_full_disk_while_downloading(tmp_path, serve, set_mirrors):
    """A file that does not fit is refused as such, and no part of it is left."""
    resource = pytest.importorskip("resource", reason="needs POSIX's resource limits")
    set_mirrors(serve(right))
    folder = tmp_path / "given"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        message = refusal(OutputError, sources.fetch, NAME, folder)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "File too large" in message
    assert f"{folder / TRAIN[0]}.gz cannot be written" in message
    assert list(folder.iterdir()) == []


FETCH = """
import json, sys
from dataclasses import replace
from gluon_softmax.data import sources

mirror, folder, sha256 = sys.argv[1:]
known = sources.DATA_SETS["fashion-mnist"]
sources.DATA_SETS["fashion-mnist"] = replace(
    known, mirrors=(mirror,), sha256=json.loads(sha256), earlier_sha1={}
)
files = sources.read("fashion-mnist", True, folder)
print(len(files.images), files.revision)
"""


@pytest.mark.parametrize("number", [3])
def test_processes_may_fetch_at_once(tmp_path, serve, number):
    """Each of them succeeds though all write at the same time, and all is whole."""
    meeting = threading.Barrier(number, timeout=30)

    def all_at_once(handler, file):
        body = gzip.compress(FASHION[file[:-3]])
        send(handler, body[:100], Content_Length=str(len(body)))
        handler.wfile.flush()
        meeting.wait()  # until every process has begun to write this file
        handler.wfile.write(body[100:])

    folder = tmp_path / "given"
    sha256 = json.dumps(digests(FASHION, "sha256"))
    script = [sys.executable, "-c", FETCH, serve(all_at_once), str(folder), sha256]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    runs = [subprocess.Popen(script, text=True, **pipes) for _ in range(number)]
    expected = f"{len(FASHION[TRAIN[0]])} {OFFICIAL}\n"
    assert [run.communicate(timeout=60)[0] for run in runs] == [expected] * number
    assert {path.name for path in folder.iterdir()} == {f"{file}.gz" for file in TRAIN}
    assert sources.inspect(NAME, True, folder).images == FASHION[TRAIN[0]]


def test_reading_a_sound_place_is_silent(tmp_path):
    """Nothing is warned of where nothing is wrong."""
    folder = put(tmp_path / "given", FASHION)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sources.read(NAME, True, folder)
