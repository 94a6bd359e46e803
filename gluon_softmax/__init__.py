"""Softmax regression of *Dive into Deep Learning* (sections 3.5-3.7) on MXNet/Gluon.

``import gluon_softmax as d2l`` serves these sections as the book prints them. Each name
is loaded when it is first used, and what this package does not define is d2lzh's.
"""

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from . import compat

__version__ = "0.1.0"

_HOMES = {
    "data.datasets": ("ImageDataset",),
    "data.labels": ("get_fashion_mnist_labels",),
    "data.mnist": ("MNIST", "FashionMNIST"),
    "data.synthetic": ("SyntheticFashion",),
    "data.loader": ("BatchLoader", "load_data", "load_data_fashion_mnist"),
    "chapter.scratch": (
        "MomentumTrainer",
        "cross_entropy",
        "init_params",
        "naive_softmax",
        "net",
        "sgd",
        "sgd_momentum",
        "softmax",
    ),
    "figures.chinese": ("chinese_figures",),
    "chapter.concise": ("make_net", "make_trainer"),
    "chapter.evaluation": ("accuracy", "evaluate", "evaluate_accuracy"),
    "chapter.training": ("train", "train_ch3", "train_epoch"),
    "chapter.second_edition": ("predict_ch3", "train_epoch_ch3"),
    "chapter.networks": ("make_convolutional", "make_perceptron"),
    "chapter.progress": ("Progress",),
    "engine": ("ENGINE", "Engine", "hybridize"),
    "history": ("Accumulator", "Batch", "Callback", "Epoch", "History"),
    "figures.live": ("Bar", "Lines", "LiveCurves"),
    "chapter.compare": ("Comparison", "run_comparison"),
    "figures.images": ("show_fashion_mnist", "show_predictions"),
    "figures.curves": ("show_curves",),
    "figures.predicted": ("show_calibration", "show_errors", "show_learning_rates"),
    "figures.templates": ("show_templates",),
    "figures.confusion": ("show_confusion_matrix",),
    "predictions": ("classification_report", "predict", "predict_proba"),
    "errors": ("GluonSoftmaxError",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = ["__version__", *_HOME_OF]

compat.install()


def __getattr__(name: str) -> Any:
    """Load a name of this package, or of d2lzh, when it is first used (PEP 562)."""
    if name in _HOME_OF:
        return getattr(import_module(f".{_HOME_OF[name]}", __name__), name)
    if name.startswith("_"):  # asked for by tools; never worth loading d2lzh
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    for module in (f"{__name__}.{name}", f"{__name__}.chapter.{name}"):
        if find_spec(module):  # `from . import name` asks here first
            return import_module(module)
    return getattr(import_module("d2lzh"), name)


def __dir__() -> list[str]:
    """List this package's names."""
    return sorted({*globals(), *__all__})
