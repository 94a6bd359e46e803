"""Arrays that stay in their files."""

import pickle
import subprocess
import sys

import numpy as np
import pytest
from gluon_softmax import BatchLoader, ImageDataset
from gluon_softmax.data.filearray import FileArray
from gluon_softmax.data.idx import open_idx
from gluon_softmax.errors import DataError
from idx_files import pack_header, pack_idx


@pytest.fixture
def images():
    """Give 20 random images."""
    return np.random.randint(0, 256, (20, 28, 28), dtype=np.uint8)


@pytest.fixture
def file(images, tmp_path):
    """Write the images to an uncompressed IDX file."""
    path = tmp_path / "images"
    path.write_bytes(pack_idx(images))
    return path


@pytest.mark.parametrize("idx", [0, -1, slice(3, 9), slice(None, None, 7), slice(0, 0)])
def test_rows_are_those_of_the_array(file, images, idx):
    """Numbers and slices give what they give of a NumPy array, in any process."""
    array = open_idx(file)
    assert isinstance(array, FileArray)
    assert (array.shape, array.ndim, array.size) == ((20, 28, 28), 3, images.size)
    for rows in (array, pickle.loads(pickle.dumps(array))):
        np.testing.assert_array_equal(rows[idx], images[idx])
    with pytest.raises(IndexError):
        array[20]


@pytest.mark.parametrize("shuffle", [False, True])
def test_batches_are_those_from_memory(file, images, tmp_path, shuffle):
    """A loader gives the same batches, to the bit."""
    labels = np.arange(20, dtype="uint8") % 10
    (tmp_path / "labels").write_bytes(pack_idx(labels))
    on_disk = ImageDataset.from_idx(file, tmp_path / "labels")
    in_memory = ImageDataset(images, labels)
    loaders = [BatchLoader(data, 8, shuffle, seed=1) for data in (on_disk, in_memory)]
    for (X, y), (X_in_memory, y_in_memory) in zip(*loaders):
        np.testing.assert_array_equal(X.asnumpy(), X_in_memory.asnumpy())
        np.testing.assert_array_equal(y.asnumpy(), y_in_memory.asnumpy())
    np.testing.assert_array_equal(on_disk[3][0].asnumpy(), in_memory[3][0].asnumpy())


def test_changed_file_is_refused_at_the_next_epoch(file, images):
    """A data set that changes on disk between epochs is noticed."""
    loader = BatchLoader(ImageDataset(open_idx(file), np.zeros(20, int)), 10)
    list(loader)
    file.write_bytes(pack_idx(images[::-1]))
    with pytest.raises(DataError, match="changed on disk"):
        list(loader)


@pytest.mark.parametrize("idx", [slice(0, 20), slice(0, 20, 2), 19])
def test_file_cut_off_while_it_is_read_is_refused(file, idx):
    """Rows that are gone are an error, not garbage."""
    array = open_idx(file)
    file.write_bytes(file.read_bytes()[:1000])
    with pytest.raises(DataError, match="changed on disk"):
        array[idx]


@pytest.mark.parametrize("wrong", [lambda data: data[:-1], lambda data: data + b"x"])
def test_length_must_be_what_the_header_promises(file, wrong):
    """A file that is too long or too short is not opened, nor is a missing one."""
    file.write_bytes(wrong(file.read_bytes()))
    with pytest.raises(DataError, match="the header promises"):
        open_idx(file)
    with pytest.raises(DataError, match="cannot be read"):
        open_idx(file.with_name("nothing"))


READ_MANY_ROWS = """
import numpy as np, resource, sys
from gluon_softmax.data.idx import open_idx
array = open_idx(sys.argv[1])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for _ in range(500):
    array.take(np.random.randint(0, len(array), 256))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_memory_stays_small(tmp_path):
    """Reading from a file of 400 MB, shuffled, takes a few megabytes."""
    pytest.importorskip("resource", reason="the system does not say how much")
    with open(tmp_path / "large", "wb") as large:  # a sparse file: no disk is needed
        large.write(pack_header(500_000, 28, 28))
        large.truncate(16 + 500_000 * 784)
    command = [sys.executable, "-c", READ_MANY_ROWS, large.name]
    grown = subprocess.run(command, capture_output=True, text=True)
    assert int(grown.stdout) < 20_000, grown.stderr  # KiB
