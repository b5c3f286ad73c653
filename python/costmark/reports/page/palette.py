"""The colors: one accent on neutral ground, in light and in dark.

Charts are drawn in the light colors, as attributes, so that they are right where no style is
applied. In the dark the style maps each to its dark counterpart; paper stays white.
"""

from __future__ import annotations

# Each is (light, dark).
_GROUND = ("#fcfcfa", "#101413")
COLORS = {
    "ground": _GROUND,
    "raised": ("#ffffff", "#161b1a"),
    "ink": ("#16211f", "#e8eeec"),
    "quiet": ("#566461", "#9daca8"),
    "rule": ("#dfe4e2", "#2a3331"),
    "accent": ("#0e6f64", "#4fd1bf"),
    "wash": ("#e7f2f0", "#14302c"),
    "shade": ("#ccd4d1", "#35413e"),
}
# From the strongest to the weakest.
RAMP = (
    ("#084a43", "#a9f0e4"),
    ("#0f766b", "#4fd1bf"),
    ("#3d9d92", "#2a9d8f"),
    ("#7fc0b8", "#1f7268"),
    ("#b9ddd8", "#1d524b"),
)
GROUND = _GROUND[0]
OTHER = ("#cfd3d1", "#3c4644")
LINE = ("#0e6f65", "#4fd1be")
FAINT_LINE = ("#6fb3aa", "#2b8a7e")
AREA = ("#d6ebe8", "#163a35")
GRID = ("#e4e8e6", "#27302e")
AXIS = ("#566462", "#9daca9")


def variables() -> str:
    """The style sheet's colors: those of the page by name, those of charts by value."""
    light = "".join(f"--{name}:{value};" for name, (value, _) in COLORS.items())
    dark = "".join(f"--{name}:{value};" for name, (_, value) in COLORS.items())
    drawn = (_GROUND, *RAMP, OTHER, LINE, FAINT_LINE, AREA, GRID, AXIS)
    charts = "".join(
        f'svg [{kind}="{value}"]{{{kind}:{other}}}'
        for value, other in drawn
        for kind in ("fill", "stroke")
    )
    in_the_dark = f":root{{{dark}}}{charts}"
    return f":root{{{light}}}@media screen and (prefers-color-scheme:dark){{{in_the_dark}}}\n"
