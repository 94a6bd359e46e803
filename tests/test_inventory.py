"""The inventory of the data sets on a machine: what is where, and what is wrong."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from gluon_softmax.data.inventory import take_inventory
from gluon_softmax.data.published import FILE_NAMES
from idx_files import pack_idx


@pytest.fixture
def machine(monkeypatch, tmp_path) -> Path:
    """Give an empty home, where no variable points to a data set."""
    for variable in ("GLUON_SOFTMAX_DATA", "MXNET_HOME", "KERAS_HOME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path


def write_split(folder: Path, train: bool, content: bytes) -> Path:
    """Write the same bytes as images and as labels of a split."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in FILE_NAMES[train]:
        (folder / f"{file}.gz").write_bytes(content)
    return folder


def test_empty_machine(machine):
    """Where nothing is, each split is listed once, with the command that gets it."""
    lines = [str(finding) for finding in take_inventory("mnist", machine / "missing")]
    remedy = "not on this machine: run gluon-softmax data fetch mnist"
    assert lines == [f"mnist train: {remedy}", f"mnist test: {remedy}"]


def test_every_damaged_place_is_listed(machine):
    """One finding per place and split that holds files, in the order of the search."""
    unknown = gzip.compress(pack_idx(np.arange(10, dtype="uint8")))
    given = write_split(machine / "given", True, b"<html></html>")
    mxnet = machine / ".mxnet" / "datasets" / "mnist"
    write_split(mxnet, True, unknown)
    write_split(mxnet, False, unknown[:-4])
    findings = list(take_inventory("mnist", given))
    assert [(f.split, f.place.folder, f.revision) for f in findings] == [
        ("mnist train", given, ""),
        ("mnist train", mxnet, ""),
        ("mnist test", mxnet, ""),
    ]
    for finding, reason in zip(findings, ("web page", "unknown SHA-256", "cut off")):
        assert reason in finding.problem
        assert str(finding) == f"{finding.split}: {finding.problem}"
        assert str(finding.place.folder) in str(finding)


def test_real_data_is_named_with_its_revision(fashion):
    """Each half of the sound data set is listed with its place and edition."""
    folder = fashion[0].folder
    lines = [str(finding) for finding in take_inventory("fashion-mnist", folder)]
    revision = f"{fashion[0].revision} revision in {folder} (the folder given)"
    assert lines[0] == f"fashion-mnist train: {revision}"
    assert f"fashion-mnist test: {revision}" in lines
