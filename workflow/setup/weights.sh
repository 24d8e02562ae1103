#!/bin/sh
# Learn the checkpoint of the default detector and its table of labels, and put both where the package has them.
set -eu
made=results/default_detector
flock .kinesics.lock snakemake --nolock --cores all -- $made/ranked.safetensors $made/ranked.labels.csv
cp $made/ranked.safetensors $made/ranked.labels.csv src/kinesics/detectors/
python -m kinesics_paper.model_card
