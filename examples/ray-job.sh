#!/usr/bin/env bash
# A sweep, and parts of data, on a Ray cluster whose machines have condvae[cluster,remote].
#
#     RAY_ADDRESS=http://head:8265 examples/ray-job.sh
#
# RUNS is a folder that all machines see; parts and their outputs may lie in a store.
set -euo pipefail

runs=${RUNS:-/data/runs}

ray job submit --address "$RAY_ADDRESS" -- \
  condvae sweep mnist --preset plane --seeds 4 --beta 0.5,1,2 --out "$runs/sweep" --ray auto

ray job submit --address "$RAY_ADDRESS" -- \
  condvae generate "$runs/sweep/seed-0-beta-1-rate-0.012" 's3://bucket/conditions/*.parquet' \
  --out s3://bucket/generated --ray auto
