"""One contender as a process: ``python -m gluon_softmax.bench.work KEY DATA``."""

from __future__ import annotations

import sys

from .catalogue import prepare
from .serving import serve

if __name__ == "__main__":
    serve(prepare(*sys.argv[1:]))
