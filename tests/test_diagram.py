"""The diagram of a net."""

from __future__ import annotations

from itertools import product

from gluon_softmax.figures.diagram import DOTS, show_network

LAYERS = {"inputs": ["a", "b", DOTS, "c"], "scores": ["o1", "o2"], "out": ["y"]}


def test_every_unit_is_linked_to_all_of_the_next_layer():
    """3 x 2 and 2 x 1 lines, none to what is left out; each layer is named below."""
    figure = show_network(LAYERS, "A net")
    (ax,) = figure.axes
    places = {text.get_text(): text.get_position() for text in ax.texts}
    found = {tuple(zip(*line.get_data())) for line in ax.lines}
    pairs = [*product(("a", "b", "c"), ("o1", "o2")), ("o1", "y"), ("o2", "y")]
    assert found == {(places[left], places[right]) for left, right in pairs}
    assert len(ax.collections) == 6  # circles: all units but the dots
    for name, units in LAYERS.items():
        x, y = places[name]
        assert {places[unit][0] for unit in units} == {x}
        assert all(places[unit][1] > y for unit in units)
    assert figure.get_suptitle() == "A net"
