#!/bin/bash
# Proposes architectures and records results; needs a core and no GPU. Start it first: sbatch search.sh
# If the job ends before the budget is used up, submit it again: it continues.
#SBATCH --job-name=archrank-search
#SBATCH --cpus-per-task=2
#SBATCH --mem=8G
#SBATCH --time=2-00:00:00
#SBATCH --output=%x-%j.log
set -euo pipefail
source "$HOME/venv/bin/activate"
: "${ARCHRANK_STORAGE:?set it to postgresql+psycopg://archrank@HOST:5432/archrank; the password belongs into ~/.pgpass}"

# --resume starts the run if there is none.
archrank search darts --metric accuracy --budget 200 --workers 8 --asynchronous \
    --study slurm --out runs/slurm --resume
