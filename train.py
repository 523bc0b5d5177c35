"""Train from a config: ``python train.py --config configs/quickstart.yaml optimizer.lr=3e-4``."""

import sys

from segnet.cli import main

if __name__ == "__main__":
    sys.exit(main(["train", *sys.argv[1:]]))
