#!/usr/bin/env bash
# Debian 12 on Arm, emulated by qemu, some 30 times slower: the same figures as anywhere.
source "$(dirname "$0")/root.bash"
command -v qemu-aarch64-static > /dev/null ||
  skip "Arm's programs do not run here (apt-get install qemu-user-static)"
in_root bookworm arm64 << 'COMMANDS'
apt-get update -qq
apt-get install -qq --yes libgomp1 libgfortran5 libopenblas0-pthread liblapacke > /dev/null
python3 -m venv .venv
.venv/bin/python -m pip install --quiet .
.venv/bin/gluon-softmax setup
.venv/bin/gluon-softmax doctor
.venv/bin/gluon-softmax compare --num-epochs 1 | tee printed
grep -E '(0\.7889     0\.746    0\.787.*){3}' printed
for script in 3_5_fashion_mnist 3_6_softmax_regression_scratch 3_7_softmax_regression_gluon; do
  .venv/bin/python scripts/section_$script.py
done
COMMANDS
