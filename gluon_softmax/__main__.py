"""`python -m gluon_softmax` is the command `gluon-softmax`."""

from .cli import main

if __name__ == "__main__":
    raise SystemExit(main())
