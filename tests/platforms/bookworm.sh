#!/usr/bin/env bash
# A fresh Debian 12, x86-64: what README says, from nothing.
source "$(dirname "$0")/root.bash"
in_root bookworm amd64 << 'COMMANDS'
! make compare # which names the libraries
apt-get update -qq
apt-get install -qq --yes libgomp1 libquadmath0 > /dev/null
make compare | tee printed
grep -E '(0\.4853     0\.837    0\.826.*){3}' printed
.venv/bin/gluon-softmax doctor
COMMANDS
