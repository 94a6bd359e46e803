"""An accelerator that may be left out: a net and its loss as one graph."""
