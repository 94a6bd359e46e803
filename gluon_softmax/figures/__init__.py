"""Data in, a Matplotlib figure out; live curves, animation, Chinese texts."""
