#!/usr/bin/env bash
# Debian sid, whose Python and NumPy are newer than MXNet: 3.14 and 2.5 in November 2026.
source "$(dirname "$0")/root.bash"
in_root sid amd64 << 'COMMANDS'
apt-get update -qq -o Acquire::Check-Valid-Until=false
apt-get install -qq --yes libgomp1 libquadmath0 > /dev/null
python3 -m venv .venv
.venv/bin/python -m pip install --quiet .
! .venv/bin/gluon-softmax compare
.venv/bin/gluon-softmax setup
.venv/bin/gluon-softmax doctor
.venv/bin/gluon-softmax compare --num-epochs 1 | tee printed
grep -E '(0\.7889     0\.746    0\.787.*){3}' printed
cat > loader.py << 'SCRIPT' # without a guard, which forkserver would need
import gluon_softmax as d2l
from mxnet import gluon

data = d2l.FashionMNIST(train=False)
data = data.transform_first(gluon.data.vision.transforms.ToTensor())
loader = gluon.data.DataLoader(data, batch_size=256, num_workers=2)
assert sum(len(y) for X, y in loader) == 10000
SCRIPT
.venv/bin/python loader.py
COMMANDS
