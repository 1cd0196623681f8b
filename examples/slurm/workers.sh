#!/bin/bash
# Eight workers, each with a GPU, which evaluate until the search ends: sbatch workers.sh
# A job that is preempted puts its architecture back into the queue.
#SBATCH --job-name=archrank-worker
#SBATCH --array=1-8
#SBATCH --cpus-per-task=4
#SBATCH --gpus=1
#SBATCH --mem=16G
#SBATCH --time=12:00:00
#SBATCH --requeue
#SBATCH --output=%x-%A-%a.log
set -euo pipefail
source "$HOME/venv/bin/activate"
: "${ARCHRANK_STORAGE:?set it to the same database as in search.sh}"

# exec: Slurm's SIGTERM reaches the worker itself.
exec archrank worker --study slurm --evaluator my_training.py:evaluate --timeout 7200
