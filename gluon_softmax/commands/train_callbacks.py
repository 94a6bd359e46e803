"""What `gluon-softmax train` does while a network trains: watch, print, write."""

from __future__ import annotations

import argparse
import warnings
from dataclasses import asdict
from functools import cached_property
from pathlib import Path

from ..errors import ArgumentError, OutputError
from ..history import Callback, StopTraining

__all__ = ["Checkpoints", "Results", "Watch"]

FREE = ("num_epochs", "print_every")
"""Settings that may change when a training goes on."""


class Watch(Callback):
    """Stops at a signal, and lets the job know that this process goes on."""

    def __init__(self, interruption, group):
        self._interruption, self.group = interruption, group

    def on_train_begin(self, progress) -> None:
        """Stop before anything is done."""
        if self._interruption():
            progress.stop()

    def on_batch_end(self, progress) -> None:
        """Stop after a batch; in a group at once, for nothing adds up any more."""
        from ..cluster import heartbeat

        heartbeat.beat()
        self.on_train_begin(progress)
        if progress.is_stopped and self.group.size > 1:
            raise StopTraining

    def on_epoch_end(self, progress) -> None:
        """Stop after an epoch."""
        self.on_train_begin(progress)


class Checkpoints(Callback):
    """Writes checkpoints, where they are asked for; in a group, the first process."""

    def __init__(self, options: argparse.Namespace, results, training, group):
        self._training, self._group = training, group
        self._resume, self._path = options.resume, options.checkpoint
        self._every = options.every
        self._results, self._folder = results, None
        self.hint = "nothing was kept to go on from: give --checkpoint DIR next time"
        if self._path is not None:
            self.hint = "go on with the same command and --resume"

    def begin(self) -> None:
        """Go on from a checkpoint, if asked to and if there is one."""
        from ..trainer.checkpoint import CheckpointFolder

        if self._path is not None and not self._group.rank:
            self._folder = CheckpointFolder(self._path, self._results.describe())
            if self._folder.exists():
                self._go_on()
        self._training.share_state()

    def _go_on(self) -> None:
        """Load the newest checkpoint, and say which it is."""
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

    def close(self) -> None:
        """Release the folder, for others to use."""
        if self._folder is not None:
            self._folder.close()

    def on_batch_end(self, progress) -> None:
        """Write a checkpoint after so many batches."""
        if self._every and self._training.num_batches % self._every == 0:
            self.save()

    def on_epoch_end(self, progress) -> None:
        """Write a checkpoint after each epoch."""
        self.save()

    def save(self) -> None:
        """Write a checkpoint; where that fails, say so and train on."""
        # Of the state every process has a part; the folder is the first one's.
        state = self._training.get_state() if self._path is not None else None
        if self._folder is None:
            return
        try:
            self._folder.save(state, self._training.num_batches)
        except OutputError as error:
            warnings.warn(f"{error}; training goes on", stacklevel=2)


class Results(Callback):
    """What is printed and written while a network trains."""

    def __init__(self, options: argparse.Namespace, training, train_set, test_set):
        stem = f"{options.network}-{Path(options.data).resolve().name}"
        self._parameters, self._model, self._numbers = (
            options.output / f"{stem}.{kind}" for kind in ("params", "npz", "json")
        )
        self._training = training
        self._sets = {"training set": train_set, "test set": test_set}
        self._source, self._transforms = train_set.source, train_set.transforms
        self._head = {
            "network": options.network,
            "data": options.data,
            "ctx": options.ctx,
            "settings": asdict(training.settings),
        }
        self.bar = None  # in a group, the first process has one

    @cached_property
    def _likeness(self):
        """What the images have in common; only who writes the model measures it."""
        from ..data.likeness import measure_likeness

        return measure_likeness(self._source)

    @cached_property
    def _identities(self) -> dict[str, dict]:
        """What the sets are by their content."""
        from ..data.identity import identify

        return {name: identify(dataset) for name, dataset in self._sets.items()}

    def describe(self) -> dict:
        """Return what the training is, for its checkpoints."""
        settings = self._head["settings"].items()
        return {
            "network": self._head["network"],
            "data": self._source.title,
            "revision": self._source.revision,
            "images": len(self._source),
            **{name: value for name, value in settings if name not in FREE},
            **self._identities,
        }

    def on_batch_end(self, progress) -> None:
        """Print the running loss, where it was added up."""
        if progress.batch % self._training.settings.print_every == 0:
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
        write_parameters(net, self._parameters)
        mean, deviation = read_scaling(self._transforms)
        model = from_gluon(
            net,
            network,
            classes=self._source.classes,
            data=self._source.title,
            pixel_mean=mean,
            pixel_deviation=deviation,
            preparation=self._source.preparation,
            likeness=self._likeness,
            test_set=self._identities["test set"]["digest"],
        )
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
