"""The command `gluon-softmax train`: parses, trains, prints, writes."""

from __future__ import annotations

import argparse
from dataclasses import asdict, fields
from pathlib import Path

from ..errors import ArgumentError, OutputError
from ..history import Callback, StopTraining
from ..trainer.settings import KINDS, NETWORKS, Settings, add_settings, check_shares
from .interruption import Interruption, hinting

__all__ = ["add_arguments"]

PIXELS = {"softmax": "scaled"}
"""What pixels are brought to, as in the chapter; for other networks normalised."""
FREE = ("num_epochs", "print_every")
"""Settings that may change when a training goes on."""


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
    parser.add_argument(
        "--data",
        default="fashion-mnist",
        metavar="{fashion-mnist,mnist,DIR}",
        help="a published data set, or a folder of pictures (DIR/CLASS/*.png, or "
        "DIR/train/CLASS and DIR/test/CLASS)",
    )
    add_settings(parser, [setting.name for setting in fields(Settings)])
    parser.add_argument("--ctx", choices=("cpu", "gpu"), default="cpu", help="device")
    parser.add_argument("--root", metavar="DIR", help="folder with the data set")
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

    from ..data.splits import load_splits
    from ..trainer.distributed import Group, is_worker, join_group
    from ..trainer.network_training import NetworkTraining, choose_context

    network = options.network
    ctx = choose_context(options.ctx)
    asked = options.kvstore or options.compress
    is_alone = not asked and not is_worker()
    group = Group() if is_alone else join_group(options.kvstore, options.compress)
    pixels = PIXELS.get(network, "normalised")
    train_set, _, test_set = load_splits(options.data, pixels, root=options.root)
    training = NetworkTraining(network, train_set, test_set, settings, ctx, group)
    record = _Record(options, network, training, train_set)
    keeper = _Keeper(options, record.describe(), training, group)
    with hinting(keeper.hint), Interruption() as interruption:
        _run(training, record, keeper, interruption, group)
    if training.is_finished:
        record.name_files()
        return 0
    hint = "the job ends" if training.is_follower else keeper.hint
    raise interruption.make_error(hint)


def _check(options: argparse.Namespace, num_workers: int = 1) -> Settings:
    """Check the options before anything is read or started."""
    settings = Settings(**{f.name: getattr(options, f.name) for f in fields(Settings)})
    check_shares(settings.batch_size, num_workers)
    _check_together(options)
    return settings


def _check_together(options: argparse.Namespace) -> None:
    """Check that the options go together."""
    from ..errors import check_positive, check_whole_number

    if options.every is not None:
        check_whole_number("every", options.every, least=1)
    if options.compress is not None:
        check_positive("compress", options.compress)
    for name in ("every", "resume"):
        if getattr(options, name) and not options.checkpoint:
            raise ArgumentError(
                f"expected --checkpoint together with --{name}, found --{name} alone"
            )


def _run(training, record, keeper, interruption, group) -> None:
    """Begin or go on; train to the end, or until it is interrupted."""
    from ..cluster import heartbeat
    from ..figures.live import Bar

    keeper.begin()
    if training.is_finished:
        record.write()
    heartbeat.announce(group.rank)
    if not group.rank:
        record.bar = Bar(total=training.count_samples_left())
    bars = [record.bar] if record.bar else []
    training.run([_Watch(interruption, group), *bars, record, keeper])
    if not training.is_finished and group.size == 1:
        keeper.save()
        record.write()


class _Watch(Callback):
    """Stops at a signal, and lets the job know that this process goes on."""

    def __init__(self, interruption, group):
        self._interruption, self._group = interruption, group

    def on_train_begin(self, progress) -> None:
        """Stop before anything is done."""
        if self._interruption():
            progress.stop()

    def on_batch_end(self, progress) -> None:
        """Stop after a batch; in a group at once, for nothing adds up any more."""
        from ..cluster import heartbeat

        heartbeat.beat()
        self.on_train_begin(progress)
        if progress.is_stopped and self._group.size > 1:
            raise StopTraining

    def on_epoch_end(self, progress) -> None:
        """Stop after an epoch."""
        self.on_train_begin(progress)


class _Keeper(Callback):
    """Writes checkpoints, where they are asked for; in a group, the first process."""

    def __init__(self, options: argparse.Namespace, run: dict, training, group):
        self._training, self._group = training, group
        self._resume, self._path = options.resume, options.checkpoint
        self._every = options.every
        self._run, self._folder = run, None
        self.hint = "nothing was kept to go on from: give --checkpoint DIR next time"
        if self._path is not None:
            self.hint = "go on with the same command and --resume"

    def begin(self) -> None:
        """Go on from a checkpoint, if asked to and if there is one."""
        if self._path is not None and not self._group.rank:
            self._open()
        self._training.share_state()

    def _open(self) -> None:
        """Keep the folder, and what is in it."""
        from ..trainer.checkpoint import CheckpointFolder

        self._folder = CheckpointFolder(self._path, self._run)
        if not self._folder.exists():
            return
        if not self._resume:
            raise ArgumentError(
                f"{self._path} holds checkpoints already: go on from them with "
                "--resume, or name another folder"
            )
        self._training.set_state(self._folder.load())
        place = f"epoch {self._training.epoch + 1}, batch {self._training.batch}"
        if self._training.is_finished:
            place = f"all {self._training.epoch} epochs are done"
        print(f"going on from {self._path}: {place}", flush=True)

    def on_batch_end(self, progress) -> None:
        """Write a checkpoint after so many batches."""
        if self._every and self._training.num_batches % self._every == 0:
            self.save()

    def on_epoch_end(self, progress) -> None:
        """Write a checkpoint after each epoch."""
        self.save()

    def save(self) -> None:
        """Write a checkpoint; where that fails, say so and train on."""
        if self._path is None:
            return
        state = self._training.get_state()
        if self._folder is None:
            return
        import warnings

        try:
            self._folder.save(state, self._training.num_batches)
        except OutputError as error:
            warnings.warn(f"{error}; training goes on", stacklevel=2)


class _Record(Callback):
    """What is printed and written while a network trains."""

    def __init__(self, options: argparse.Namespace, network: str, training, train_set):
        data = Path(options.data).resolve().name
        self._parameters, self._model, self._numbers = (
            options.output / f"{network}-{data}.{kind}"
            for kind in ("params", "npz", "json")
        )
        self._training = training
        self._source = getattr(train_set, "source", train_set)
        self._transforms = getattr(train_set, "transforms", ())
        self._head = {
            "network": network,
            "data": options.data,
            "ctx": options.ctx,
            "settings": asdict(training.settings),
        }
        self.bar = None  # in a group, the first process has one

    def describe(self) -> dict:
        """Return what the training is, for its checkpoints."""
        source = self._source
        settings = self._head["settings"].items()
        return {
            "network": self._head["network"],
            "data": source.title,
            "revision": source.revision,
            "images": len(source),
            **{name: value for name, value in settings if name not in FREE},
        }

    def on_batch_end(self, progress) -> None:
        """Print the running loss, where it was added up."""
        if progress.batch % self._head["settings"]["print_every"] == 0:
            told = self._training.running[-1]
            place = f"epoch {told['epoch']}, batch {told['batch']}"
            self._say(f"{place}, running loss {told['loss']:.4f}")

    def on_epoch_end(self, progress) -> None:
        """Write the parameters and the history so far."""
        self.write()

    def write(self) -> None:
        """Write the parameters, for Gluon and as plain arrays, and the history."""
        from ..data.transforms import read_scaling
        from ..models.conversion import from_gluon
        from ..models.model import save_model
        from ..models.symbol_files import write_parameters
        from ..storage.atomic import write_json

        if self._training.is_follower:
            return
        net, network = self._training.net, self._head["network"]
        classes, title = self._source.classes, self._source.title
        write_parameters(net, self._parameters)
        scaling = read_scaling(self._transforms)
        model = from_gluon(net, network, classes, title, *scaling)
        save_model(model, self._model)
        epochs = self._training.history.to_list()
        running = {"running_loss": self._training.running, "epochs": epochs}
        write_json({**self._head, **running}, self._numbers)

    def name_files(self) -> None:
        """Print what was written."""
        for path in (self._parameters, self._model, self._numbers):
            self._say(f"wrote {path}")

    def _say(self, text: str) -> None:
        """Print a line, in a group the first process only."""
        if self.bar is not None:
            self.bar.say(text)
