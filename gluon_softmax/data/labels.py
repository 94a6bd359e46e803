"""Section 3.5: the names of Fashion-MNIST's ten classes."""

from __future__ import annotations

from mxnet import nd

from ..errors import ArgumentError, check_choice

__all__ = ["TEXT_LABELS", "TEXT_LABELS_ZH", "get_fashion_mnist_labels"]

TEXT_LABELS = (
    "t-shirt",
    "trouser",
    "pullover",
    "dress",
    "coat",
    "sandal",
    "shirt",
    "sneaker",
    "bag",
    "ankle boot",
)
TEXT_LABELS_ZH = (
    "T恤",
    "裤子",
    "套衫",
    "连衣裙",
    "外套",
    "凉鞋",
    "衬衫",
    "运动鞋",
    "包",
    "短靴",
)
NAMES = {"en": TEXT_LABELS, "zh": TEXT_LABELS_ZH}


def get_fashion_mnist_labels(labels, language: str = "en") -> list[str]:
    """Turn numeric labels of Fashion-MNIST into text.

    Parameters
    ----------
    labels : iterable of numbers
        Labels from 0 to 9, of any numeric type; an NDArray does too.
    language : {'en', 'zh'}
        English or Chinese.

    Returns
    -------
    list of str

    Raises
    ------
    ArgumentError
        If a label is out of range, or there are no names in the language.

    Notes
    -----
    Section 3.5 of the book.

    Examples
    --------
    >>> get_fashion_mnist_labels([0, 9])
    ['t-shirt', 'ankle boot']
    >>> get_fashion_mnist_labels([0, 9], "zh")
    ['T恤', '短靴']
    """
    check_choice("language", language, NAMES)
    labels = labels.asnumpy() if isinstance(labels, nd.NDArray) else list(labels)
    for label in labels:
        if label not in range(len(TEXT_LABELS)):
            raise ArgumentError(f"expected labels from 0 to 9, found {label}")
    return [NAMES[language][int(label)] for label in labels]
