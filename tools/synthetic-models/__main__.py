"""python tools/synthetic-models test/fixtures/synthetic"""
import logging
import sys
from pathlib import Path

from folder import TEXTS, describe, encode, write
from models import all_models


def main():
    # The quantiser tells of every node that it leaves alone.
    logging.disable(logging.INFO)
    target = Path(sys.argv[1])
    models = {}
    for model in all_models():
        files = write(model, target)
        models[model.name] = describe(model, files)
        print(f"{model.name:16} {sum(map(len, files.values())):8,} bytes  tokens {list(map(len, models[model.name]['tokens']))}")
    (target / "expected.json").write_bytes(encode({"texts": TEXTS, "models": models}))


main()
