"""The ten garments of Fashion-MNIST as polygons.

A garment is a list of parts, each one polygon per picture; its function makes those of
all pictures of its class at once.
"""

from __future__ import annotations

import numpy as np

from .outlines import Part, Vary, band, mirrored, pair, part, rounded, sometimes

__all__ = ["GARMENTS"]


def _upper_body(vary: Vary, sleeve, spread, hem, bottom) -> list[Part]:
    """Draw sleeves of a length and an angle, and a body down to `bottom`."""
    shoulder, chest, cuff = vary(6.3, 7.6), vary(5.6, 6.8), vary(2.8, 3.8)
    out, down = np.sin(spread), np.cos(spread)
    x, y = shoulder + sleeve * out, sleeve * down - 11
    hand = [(x, y), (x - cuff * down, y + cuff * out)]
    wrist = [(u - 1.3 * out, v - 1.3 * down) for u, v in reversed(hand)]
    arm, body = vary(0.75, 0.95), [(2.5, -13), (shoulder - 0.7, -11.5), (chest, -4)]
    return [
        *pair([(shoulder - 2, -12), (shoulder, -11), *hand, (chest - 2, -3)], arm),
        *pair(hand + wrist, vary(0.6, 0.95)),
        # The shadow that the body casts on the sleeves.
        mirrored([(u + 0.7, v) for u, v in body] + [(hem + 0.7, bottom)], 0.3),
        mirrored([*body, (hem, bottom)], 0.95),
    ]


def _neckline(width, depth, border) -> list[Part]:
    """Cut a round neck with a border into an upper body."""
    outer = [(width + 1.2, -13), (width * 0.8, depth - 11.8)]
    inner = [(width, -15), (width, -13), (width * 0.8, depth * 0.6 - 13)]
    inner += [(width * 0.4, depth - 13)]
    return [mirrored(outer, border), mirrored(inner, 0)]


def _collar(width, meeting, tip, shade) -> list[Part]:
    """Lay two flaps, with a dark rim, from the neck down to where they meet."""
    flap = [(0.1, meeting), (1.7, -13.6), (3.2, -13.3), (width, tip)]
    rim = [(x + 0.1, y + 0.9) for x, y in flap]
    return [*pair(rim, 0.3), *pair(flap, shade), mirrored([(1.5, -14), flap[0]], 0)]


def _t_shirt(vary: Vary) -> list[Part]:
    """Draw short sleeves, a round neck and, on some, a print."""
    hem, bottom = vary(5.4, 7.2), vary(9.5, 13)
    return [
        *_upper_body(vary, vary(4.5, 10), vary(0.4, 0.95), hem, bottom),
        *_neckline(vary(2.4, 3.8), vary(1.2, 4), vary(0.6, 1)),
        band((0, -4), (0, vary(-1, 4)), vary(3, 8), sometimes(vary, 0.35, 0.6)),
    ]


def _trouser(vary: Vary) -> list[Part]:
    """Draw a waistband, a fly and two legs with a gap between them."""
    waist, hip, ankle = vary(3.6, 5), vary(4.6, 6), vary(4.2, 7)
    crotch, gap, leg = vary(-6, -3), vary(0.3, 0.9), vary(2.5, 3.8)
    inner = [(ankle - leg, 13), (gap, crotch), (0, crotch - 1), (0, -13)]
    return [
        *pair([(waist, -13), (hip, -7), (ankle, 13), *inner], 0.95),
        mirrored([(waist, -13), (waist + 0.2, -11.6)], vary(0.5, 0.8)),
        band((0, -11.6), (0, crotch), 0.6, vary(0.4, 0.8)),
    ]


def _pullover(vary: Vary) -> list[Part]:
    """Draw long sleeves, a small neck and a ribbed hem."""
    hem, bottom, rib = vary(5.6, 7.4), vary(9.5, 13), vary(0.6, 0.9)
    return [
        *_upper_body(vary, vary(16, 22), vary(0.1, 0.3), hem, bottom),
        mirrored([(hem, bottom - 1.8), (hem, bottom)], rib),
        *_neckline(vary(1.8, 3.2), vary(0.6, 2.4), rib),
    ]


def _dress(vary: Vary) -> list[Part]:
    """Draw straps or sleeves, a bodice, a belt on some and a skirt."""
    bust, waist, hem, middle = vary(3.6, 5), vary(2.6, 4.2), vary(4, 9), vary(-4, 0)
    bodice, length = [(bust - 0.8, -13.5), (bust, -7.5), (waist, middle)], vary(3, 16)
    arm = [(bust - 1.2, -13.5), (bust + 1.2, -12)]
    arm += [(bust + 3.2, length - 12), (bust + 0.8, length - 11), (bust - 1, -7)]
    belt = [(waist, middle - 0.6), (waist, middle + 0.6)]
    return [
        *pair(arm, sometimes(vary, 0.4, 0.8)),
        mirrored([*bodice, (hem, vary(10, 13.5))], 0.95),
        mirrored([(vary(1.5, 2.6), -14), (1.5, -12), (0.2, vary(-11, -8))], 0),
        mirrored(belt, sometimes(vary, 0.5, 0.5)),
    ]


def _coat(vary: Vary) -> list[Part]:
    """Draw long sleeves, lapels, pockets and a front that opens all the way down."""
    bottom, lapel, front = vary(10.5, 13.5), vary(-8, -2), vary(0, 0.7)
    pocket = [(2.6, 4), (5, 3.2), (5, 4.2), (2.6, 5)]
    return [
        *_upper_body(vary, vary(17, 23), vary(0.08, 0.25), vary(6, 8), bottom),
        *_collar(vary(3.6, 4.6), lapel, lapel * 0.5 - 6, vary(0.7, 1)),
        band((0, lapel), (0, bottom), vary(0.6, 1.5), front),
        *pair(pocket, sometimes(vary, 0.7, 0.5)),
    ]


def _shirt(vary: Vary) -> list[Part]:
    """Draw sleeves of either length, a pointed collar and a row of buttons."""
    is_short, bottom, button = vary(0, 1) < 0.4, vary(9.5, 13), vary(0.1, 0.4)
    sleeve = np.where(is_short, vary(5, 9), vary(16, 22))
    spread = np.where(is_short, vary(0.4, 0.9), vary(0.1, 0.3))
    return [
        *_upper_body(vary, sleeve, spread, vary(5.4, 7.2), bottom),
        band((0, -9), (0, bottom), 2.4, vary(0.65, 0.9)),
        *[band((0, y), (0, y + 1.4), 1.3, button) for y in (-7, -3, 1, 5)],
        *_collar(vary(3.4, 4.8), vary(-11, -9), vary(-9.5, -8), vary(0.85, 1)),
    ]


def _sandal(vary: Vary) -> list[Part]:
    """Draw a sole, flat or on a heel, and straps that leave the toes bare."""
    heel, ground, thick = vary(-5, 9).clip(0), vary(5.5, 8.5), vary(1.2, 2.4)
    strap, ankle = vary(1.4, 3.6), vary(-10.5, -8)

    def foot(*corners):
        return [(x, ground + y - heel * _lift(x)) for x, y in corners]

    top = foot(*[(x, -thick) for x in (-13, -7, -4, -1, 2, 5, 8, 12.5)])
    sole = [*top, *[(x, y + thick) for x, y in reversed(top)]]
    loop = foot((4, ankle - strap), (13, ankle - 1), (13, ankle + 1), (4, ankle))
    return [
        part([*foot((vary(6, 9.5), -1), (12, -1)), (12, ground), (9.5, ground)], 0.85),
        part(sole, vary(0.7, 1)),
        rounded(part(foot((-10.5, 0), (-8.5, -6), (-4, -6.5), (-3, 0)), 0.95)),
        band(*foot((-7.5, -2), (-6, -6)), 0.9, sometimes(vary, 0.5, 0)),
        part(foot((7.5, -1), (10, -4), (12.8, -6), (12.8, -1)), 0.95),
        band(*foot((6, -1), (4.5, ankle)), strap, 0.95),
        band(*foot((-4.5, -4), (4.5, ankle)), strap, sometimes(vary, 0.5, 0.9)),
        part(loop, 0.95),
        band(*foot((12.2, ankle), (12.2, -5)), 1.4, 0.9),
    ]


def _lift(x):
    """Return how high a heel lifts the foot at `x`, from 0 at the toes to 1."""
    return 0.5 - 0.5 * np.cos(np.pi * np.clip((x + 7) / 17, 0, 1))


def _sneaker(vary: Vary) -> list[Part]:
    """Draw a low shoe with laces on a thick sole."""
    top, ground, toe = vary(-10, -3), vary(5, 10), vary(-0.5, 2)
    sole, lace, rise = ground - vary(1.8, 3), vary(0.15, 0.6), (top - toe) / 6
    upper = [(-13, ground), (-13.4, toe + 1), (-10, toe), (-5, toe - 1), (1, top)]
    upper += [(4.5, top), (7, top + 2), (11, top + 1), (13, top), (13, ground)]
    instep = [(x, toe + 0.5 + rise * (x + 5)) for x in (-3.6, -1.6, 0.4)]
    return [
        rounded(part(upper, 0.9)),
        *[band((x, y), (x + 2, y + 3.5), 1, lace) for x, y in instep],
        part([(-13.3, sole), (13.3, sole), (13, ground), (-12.6, ground)], 1.0),
        part([(-13, sole - 0.8), (13.3, sole - 0.8), (13.3, sole), (-13, sole)], lace),
    ]


def _bag(vary: Vary) -> list[Part]:
    """Draw a body, a flap with a clasp and a handle above."""
    top, bottom, wide, base = vary(-6, 0), vary(8, 12.5), vary(8, 12), vary(8.5, 13)
    grip, rise, strap = vary(4, 8), vary(-13, -8), vary(1, 2.2)
    outer = [(grip * 0.6, rise), (grip, rise + 3), (grip + 1, top + 1)]
    inner = [(grip * 0.6 - 0.5, rise + strap), (grip - strap, rise + 3 + strap / 2)]
    body = [(wide - 2, top), (wide, top + 2), (base, bottom - 2), (base - 2, bottom)]
    flap = [(wide - 0.5, top + 1), (wide - 1, top + 4), (2, top + vary(5, 8))]
    return [
        mirrored(outer, 0.8),
        mirrored([*inner, (grip + 1 - strap, top + 1)], 0),
        rounded(mirrored(body, 0.95)),
        mirrored([(x, y + 0.8) for x, y in flap], sometimes(vary, 0.7, 0.3)),
        mirrored(flap, vary(0.75, 0.95)),
        band((0, top + 4), (0, top + 6.5), 2.4, vary(0.1, 1)),
    ]


def _ankle_boot(vary: Vary) -> list[Part]:
    """Draw a shoe with a shaft around the ankle and a heel below."""
    ground, shaft, heel = vary(8, 13), vary(-1, 3), vary(4.5, 8)
    top, sole = np.maximum(ground - vary(14.5, 25), -13), ground - vary(1.8, 3.5)
    upper = [(-13, sole), (-13.5, ground - 6), (-10, ground - 8), (-3, ground - 9.5)]
    upper += [(shaft, ground - 13), (shaft, top), (12, top), (11.5, ground - 10)]
    upper += [(13, sole), (12, sole + 1)]
    arch = [(-13, sole), (12.8, sole), (12.5, ground), (heel + 0.5, ground)]
    arch += [(heel, sole + 1.3), (-4, sole + 1.5), (-6, ground), (-12, ground)]
    return [
        rounded(part(upper, 0.93)),
        part(arch, vary(0.4, 0.7)),
        band((7, top + 0.6), (7, top + 1.8), 9, vary(0.5, 0.9)),
        band((6, top + 2), (7, ground - 7), 1, sometimes(vary, 0.6, 0.4)),
    ]


GARMENTS = (  # with how deep the stripes of the class may be, by label
    (_t_shirt, 0.35),
    (_trouser, 0.1),
    (_pullover, 0.35),
    (_dress, 0.3),
    (_coat, 0.15),
    (_sandal, 0.0),
    (_shirt, 0.35),
    (_sneaker, 0.0),
    (_bag, 0.15),
    (_ankle_boot, 0.0),
)
