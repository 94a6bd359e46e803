"""The command `gluon-softmax train`: parses, trains, prints, writes."""

from __future__ import annotations

import argparse
from dataclasses import asdict, fields
from pathlib import Path

from .atomic import write_json
from .settings import Settings

__all__ = ["add_arguments"]

HELP = {
    "num_epochs": "passes over the data",
    "batch_size": "samples per step",
    "lr": "learning rate",
    "momentum": "what part of a step the next one keeps",
    "seed": "of start and batches",
    "print_every": "batches from one line with the running loss to the next",
}
"""What each setting is."""


def add_arguments(commands) -> None:
    """Describe `train`.

    Parameters
    ----------
    commands
        What `argparse.ArgumentParser.add_subparsers` gave.
    """
    parser = commands.add_parser(
        "train",
        help="train a network: a perceptron, a convolutional one, softmax regression",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.set_defaults(command=_train)
    parser.add_argument(
        "network", metavar="NETWORK", help="perceptron, convolutional or softmax"
    )
    parser.add_argument("--data", default="mnist", help="mnist or fashion-mnist")
    for setting in fields(Settings):
        parser.add_argument(
            "--" + setting.name.replace("_", "-"),
            type=type(setting.default),
            default=setting.default,
            help=HELP[setting.name],
        )
    parser.add_argument("--ctx", default="cpu", help="device: cpu or gpu")
    parser.add_argument("--root", help="folder with the data set's files")
    parser.add_argument(
        "--output", type=Path, default=Path("networks"), help="folder for the results"
    )


def _train(options: argparse.Namespace) -> int:
    """Train; print a line per epoch; write parameters and history after each."""
    settings = Settings(**{f.name: getattr(options, f.name) for f in fields(Settings)})

    from .checks import check_choice
    from .data.splits import load_splits
    from .network_training import MAKERS, choose_context, train_network

    check_choice("network", options.network, MAKERS)
    ctx = choose_context(options.ctx)
    splits = load_splits(options.data, "normalised", root=options.root)
    record = _Record(options, settings, splits.train)
    train_network(
        options.network,
        splits.train,
        splits.test,
        settings,
        ctx,
        record.add_loss,
        record.add_epoch,
    )
    for path in (record.parameters, record.model, record.numbers):
        print(f"wrote {path}")
    return 0


class _Record:
    """What is printed and written while a network trains."""

    def __init__(self, options: argparse.Namespace, settings: Settings, train_set):
        from .history import History

        path = options.output / f"{options.network}-{options.data}"
        self.parameters = path.with_suffix(".params")
        self.model = path.with_suffix(".npz")
        self.numbers = path.with_suffix(".json")
        self._train_set = train_set
        self._head = {
            "network": options.network,
            "data": options.data,
            "ctx": options.ctx,
            "settings": asdict(settings),
        }
        self._running: list[dict] = []
        self._history = History()

    def add_loss(self, epoch: int, batch: int, loss: float) -> None:
        """Print the running loss, and keep it."""
        print(f"epoch {epoch}, batch {batch}, running loss {loss:.4f}", flush=True)
        self._running.append({"epoch": epoch, "batch": batch, "loss": loss})

    def add_epoch(self, epoch, net) -> None:
        """Print the epoch's line; write the parameters and the history so far."""
        print(epoch, flush=True)
        self._history.append(epoch)
        self._write_net(net)
        epochs = self._history.to_list()
        content = {**self._head, "running_loss": self._running, "epochs": epochs}
        write_json(content, self.numbers)

    def _write_net(self, net) -> None:
        """Write the parameters, for Gluon and as plain arrays."""
        from .conversion import from_gluon
        from .data.transforms import read_scaling
        from .models import save_model
        from .symbol_files import write_parameters

        source, scaling = (
            self._train_set.source,
            read_scaling(self._train_set.transforms),
        )
        network, classes = self._head["network"], source.classes
        write_parameters(net, self.parameters)
        model = from_gluon(net, network, classes, source.title, *scaling)
        save_model(model, self.model)
