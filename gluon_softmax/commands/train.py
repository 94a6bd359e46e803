"""The command `gluon-softmax train`: parses, trains, prints, writes."""

from __future__ import annotations

import argparse
import sys
from contextlib import closing
from dataclasses import fields
from pathlib import Path

from ..errors import ArgumentError, check_positive, check_whole_number
from ..trainer.settings import KINDS, NETWORKS, Settings, add_settings, check_shares
from .interruption import Interruption, hinting
from .parser import add_data
from .train_callbacks import Checkpoints, Results, Watch

__all__ = ["add_arguments"]


def add_arguments(commands) -> None:
    """Describe `train`."""
    parser = commands.add_parser(
        "train",
        help="train a network: softmax regression, a perceptron, a convolutional one",
        description="Train one network; print a line per epoch, and write parameters, "
        "model and history after each. Without options, with the chapter's settings.",
        epilog="example: gluon-softmax train convolutional --num-epochs 10 --lr 0.05",
    )
    parser.set_defaults(command=_train, check=_check)
    parser.add_argument("network", choices=NETWORKS, help="what is trained")
    add_data(parser)
    add_settings(parser, [setting.name for setting in fields(Settings)])
    parser.add_argument("--ctx", choices=("cpu", "gpu"), default="cpu", help="device")
    parser.add_argument(
        "--output", type=Path, default=Path("networks"), help="folder for the results"
    )
    _add_checkpoints(parser)
    _add_group(parser)


def _add_checkpoints(parser: argparse.ArgumentParser) -> None:
    """Describe what makes a training restartable."""
    parser.add_argument(
        "--checkpoint",
        type=Path,
        metavar="DIR",
        help="folder for what is needed to go on if the training is broken off",
    )
    parser.add_argument(
        "--every",
        type=int,
        metavar="K",
        help="write a checkpoint after K batches too, not only after each epoch",
    )
    parser.add_argument(
        "--resume",
        action="store_true",
        help="go on from the newest checkpoint; begin where there is none",
    )


def _add_group(parser: argparse.ArgumentParser) -> None:
    """Describe what makes several processes train one net."""
    parser.add_argument(
        "--kvstore",
        choices=KINDS,
        help="how processes share gradients, in a job of gluon-softmax launch; there, "
        "dist_sync if not given",
    )
    parser.add_argument(
        "--compress",
        type=float,
        metavar="THRESHOLD",
        help="push gradients as two bits each: plus or minus the threshold, or nothing",
    )


def _train(options: argparse.Namespace) -> int:
    """Train; print lines; write parameters and history after each epoch."""
    settings = _check(options)

    from ..cluster import heartbeat
    from ..data.splits import load_splits
    from ..trainer.distributed import Group, is_worker, join_group
    from ..trainer.network_training import NetworkTraining, choose_context

    network, ctx = options.network, choose_context(options.ctx)
    asked = options.kvstore or options.compress
    is_alone = not asked and not is_worker()
    group = Group() if is_alone else join_group(options.kvstore, options.compress)
    heartbeat.announce(group.rank)
    pixels = "scaled" if network == "softmax" else "normalised"  # softmax: the book's
    train_set, _, test_set = load_splits(options.data, pixels, root=options.root)
    if not group.rank:
        _describe(train_set, test_set)
    training = NetworkTraining(network, train_set, test_set, settings, ctx, group)
    results = Results(options, training, train_set, test_set)
    checkpoints = Checkpoints(options, results, training, group)
    going_on = hinting(checkpoints.hint)
    with closing(checkpoints), going_on, Interruption() as interruption:
        _run(training, results, checkpoints, Watch(interruption, group))
    if training.is_finished:
        results.name_files()
        return 0
    hint = "the job ends" if training.is_follower else checkpoints.hint
    raise interruption.make_error(hint)


def _describe(train_set, test_set) -> None:
    """Print what was found, so that a wrong order of classes, say, is seen at once."""
    for name, part in (("training", train_set), ("test", test_set)):
        print(f"{name} set: {part.source.describe()}", file=sys.stderr)


def _check(options: argparse.Namespace, num_workers: int = 1) -> Settings:
    """Check the options before anything is read or started."""
    settings = Settings(**{f.name: getattr(options, f.name) for f in fields(Settings)})
    check_shares(settings.batch_size, num_workers)
    if options.every is not None:
        check_whole_number("every", options.every, least=1)
    if options.compress is not None:
        check_positive("compress", options.compress)
    for name in ("every", "resume"):
        if getattr(options, name) and not options.checkpoint:
            raise ArgumentError(
                f"expected --checkpoint together with --{name}, found --{name} alone"
            )
    return settings


def _run(training, results: Results, checkpoints: Checkpoints, watch: Watch) -> None:
    """Begin or go on; train to the end, or until it is interrupted."""
    from ..figures.live import Bar

    group = watch.group
    checkpoints.begin()
    if training.is_finished:
        results.write()
    if not training.is_follower:
        results.bar = Bar(total=training.count_samples_left())
    bars = [results.bar] if results.bar else []
    training.run([watch, *bars, results, checkpoints])
    if not training.is_finished and group.size == 1:
        checkpoints.save()
        results.write()
