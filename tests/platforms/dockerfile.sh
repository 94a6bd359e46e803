#!/usr/bin/env bash
# What the Dockerfile runs, in a Debian 12 in place of Docker: dockerfile.sh [arm64]. Arm is
# emulated by qemu, some 30 times slower, and must give the same figures.
source "$(dirname "$0")/root.bash"
architecture="${1:-amd64}"
[ "$architecture" = amd64 ] || command -v qemu-aarch64-static > /dev/null ||
  skip "Arm's programs do not run here (apt-get install qemu-user-static)"
in_root bookworm "$architecture" << 'COMMANDS'
python3 -m venv /usr/local # as the image has it
cp -r . /source
sed ':a; /\\$/{N; s/\\\n//; ta}' Dockerfile | sed --quiet 's/^RUN //p' > steps
bash -eux steps
gluon-softmax doctor
gluon-softmax compare --num-epochs 1 | tee printed
grep -E '(0\.7889     0\.746    0\.787.*){3}' printed
COMMANDS
