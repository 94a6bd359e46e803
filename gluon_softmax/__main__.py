"""`python -m gluon_softmax` is the command `gluon-softmax`."""

from .commands.main import main

if __name__ == "__main__":
    raise SystemExit(main())
