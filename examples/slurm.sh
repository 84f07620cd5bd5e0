#!/usr/bin/env bash
# A run trained by several processes of a SLURM cluster, and parts of data scored by it.
#
#     sbatch examples/slurm.sh
#
# RUNS and PARTS lie on a file system that all nodes see, and whose locks work (NFS 4, Lustre with
# flock). A job that is preempted is started again by --requeue and goes on with --resume.
#SBATCH --job-name=condvae
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=1
#SBATCH --gpus-per-task=1
#SBATCH --cpus-per-task=8
#SBATCH --time=04:00:00
#SBATCH --requeue
#SBATCH --signal=TERM@120
set -euo pipefail

runs=${RUNS:-$PWD/runs}
parts=${PARTS:-$PWD/parts}

# --resume goes on with what is there, and there must be something
resume=()
[ -e "$runs/big/run.json" ] && resume=(--resume)
srun --kill-on-bad-exit=1 \
  condvae train mnist --preset plane --run "$runs/big" --distributed --processes "$SLURM_NTASKS" \
  "${resume[@]}"

# once a part is made it stays: this line may be called again after any end
srun --nodes=1 --ntasks=1 --cpus-per-task="$SLURM_CPUS_PER_TASK" \
  condvae score "$runs/big" "$parts/*.npz" --out "$runs/scores" --workers "$SLURM_CPUS_PER_TASK"
