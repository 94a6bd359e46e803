#!/bin/bash
#SBATCH --job-name=gluon-softmax
#SBATCH --ntasks=%tasks
#SBATCH --time=01:00:00
# A job of gluon-softmax %version, which all nodes have: sbatch THIS_FILE
# Later, to go on from the last checkpoint: add --resume at the end.

export DMLC_NUM_SERVER=%servers
export DMLC_NUM_WORKER=%workers
# This script runs on the first node, and so does process 0, the scheduler.
export DMLC_PS_ROOT_URI=$(hostname -I | cut -d' ' -f1)
export DMLC_PS_ROOT_PORT=$(python -c \
  'import socket; s = socket.socket(); s.bind(("", 0)); print(s.getsockname()[1])')

# After the scheduler come the servers, then the workers.
srun --ntasks=%tasks --kill-on-bad-exit=1 --label bash -c '
  export DMLC_NODE_HOST=$(hostname -I | cut -d" " -f1)
  export DMLC_ROLE=worker
  if ((SLURM_PROCID <= DMLC_NUM_SERVER)); then DMLC_ROLE=server; fi
  if ((SLURM_PROCID == 0)); then DMLC_ROLE=scheduler; fi
  exec "$0" "$@"' \
  %command
