"""Trainings that differ in a few settings, one after the other or some at a time.

MXNet is loaded where a training begins: the commands that list them start fast.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial

from ..errors import check_whole_number
from ..history import History
from ..storage.processes import end_with_parent
from ..trainer.settings import Settings

__all__ = [
    "Experiment",
    "find_digests",
    "list_experiments",
    "run_all",
    "run_experiment",
]


@dataclass(frozen=True)
class Experiment:
    """What is trained, on what, and how; the chapter's settings if not given.

    `start` is how softmax regression's weights are drawn; networks have their own.
    """

    model: str = "numpy"
    data: str = "fashion-mnist"
    pixels: str = "scaled"
    num_validation: int = 0
    start: str = "normal"
    num_epochs: int = Settings.num_epochs
    batch_size: int = Settings.batch_size
    lr: float = Settings.lr
    momentum: float = Settings.momentum
    seed: int = Settings.seed

    def __post_init__(self):
        own = asdict(self).items()
        Settings(**{name: value for name, value in own if hasattr(Settings, name)})
        check_whole_number("num_validation", self.num_validation, least=0)


def list_experiments(
    options: Mapping[str, Sequence], num_seeds: int
) -> list[Experiment]:
    """List every combination of some settings, each with so many seeds."""
    return [
        Experiment(**dict(zip(options, values)), seed=seed)
        for values in itertools.product(*options.values())
        for seed in range(num_seeds)
    ]


def run_experiment(
    experiment: Experiment,
    root: str | os.PathLike[str] | None = None,
    num_images: int | None = None,
) -> History:
    """Train as an experiment says, on the first `num_images` images or on all."""
    import mxnet as mx

    from ..data.loader import BatchLoader
    from ..data.splits import load_splits

    train_set, valid_set, test_set = load_splits(
        name=experiment.data,
        pixels=experiment.pixels,
        num_validation=experiment.num_validation,
        num_images=num_images,
        root=root,
    )
    size, seed = experiment.batch_size, experiment.seed
    mx.random.seed(seed)
    num_outputs = len(test_set.source.classes)
    train = _choose_training(experiment, test_set[0][0].size, num_outputs)
    return train(
        train_iter=BatchLoader(train_set, size, shuffle=True, seed=seed),
        test_iter=BatchLoader(test_set, size),
        valid_iter=valid_set and BatchLoader(valid_set, size),
        num_epochs=experiment.num_epochs,
        batch_size=size,
    )


def _choose_training(
    experiment: Experiment, num_inputs: int, num_outputs: int
) -> Callable[..., History]:
    """Return what trains the experiment's model on mini-batches."""
    from mxnet.gluon.loss import SoftmaxCrossEntropyLoss

    from ..chapter.concise import make_trainer
    from ..chapter.handmade import draw_start
    from ..chapter.networks import NETWORKS
    from ..chapter.training import train
    from ..chapter.versions import VERSIONS, make_versions

    lr, momentum = experiment.lr, experiment.momentum
    if experiment.model in NETWORKS:
        net, loss = NETWORKS[experiment.model](num_outputs), SoftmaxCrossEntropyLoss()
        updater = make_trainer(net, lr, momentum).step
        return partial(train, net=net, loss=loss, updater=updater, lr=lr)
    W, b = draw_start(num_inputs, num_outputs, experiment.start, experiment.seed)
    return make_versions(W, b, lr, momentum)[VERSIONS[experiment.model]].train


def run_all(
    experiments: Sequence[Experiment],
    run: Callable[[Experiment], History],
    num_processes: int = 1,
) -> Iterator[tuple[Experiment, History]]:
    """Yield each experiment with its history, which `run` finds in so many processes.

    Where there are several, `run` has to be importable.
    """
    if num_processes == 1:
        yield from zip(experiments, map(run, experiments))
        return

    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    context = get_context("spawn")
    processes = ProcessPoolExecutor(num_processes, context, initializer=_begin)
    try:
        yield from zip(experiments, processes.map(run, experiments))
    finally:
        processes.shutdown(cancel_futures=True)


def _begin() -> None:
    """Compute in one thread, set before NumPy is loaded, and end with the parent."""
    os.environ["OMP_NUM_THREADS"] = "1"
    end_with_parent()


def find_digests(data: str, root: str | os.PathLike[str] | None = None) -> list[str]:
    """Return the digests by which `identify` knows a data set's splits."""
    from ..data.identity import identify
    from ..data.splits import load_splits

    return [identify(part)["digest"] for part in load_splits(data, root=root) if part]
