"""Turns a sentence-transformers repository into the model folder that the library serves; see README.md."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from calibrate import channel_magnitudes
from evaluate import measure, read_benchmark, read_reference, table
from graph import FloatDialect, build_encoder
from manifest import DIMENSIONS, WASM_FILE, WEBGPU_FILE, write_manifest
from readme import write_readme
from source import read_source
from wasm_variant import build_wasm_variant
from webgpu_variant import build_webgpu_variant

HERE = Path(__file__).parent
COPIED = ["config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "modules.json",
          "sentence_bert_config.json", "config_sentence_transformers.json", "1_Pooling/config.json"]


def copy_unchanged(source: Path, out: Path) -> None:
    """Copies the small files byte for byte, and the licence text."""
    for path in COPIED:
        (out / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / path, out / path)
    shutil.copyfile(HERE / "LICENSE-APACHE-2.0.txt", out / "LICENSE")


def main() -> None:
    parser = argparse.ArgumentParser(prog="prepare-model", description=__doc__)
    parser.add_argument("source", type=Path, help="folder of the fp32 model in hub layout")
    parser.add_argument("out", type=Path, help="folder to write")
    parser.add_argument("--reference", type=Path, required=True, help="token ids and fp32 vectors (JSON)")
    parser.add_argument("--benchmark", type=Path, required=True, help="STS-B split, tab-separated")
    arguments = parser.parse_args()

    source = read_source(arguments.source)
    out: Path = arguments.out
    (out / "onnx").mkdir(parents=True, exist_ok=True)
    copy_unchanged(arguments.source, out)

    float_model = build_encoder(source, FloatDialect(source)).SerializeToString()
    magnitudes = channel_magnitudes(source, HERE / "calibration.txt")
    variants = {
        WASM_FILE: build_wasm_variant(source, magnitudes).SerializeToString(deterministic=True),
        WEBGPU_FILE: build_webgpu_variant(source).SerializeToString(deterministic=True),
    }
    for file, content in variants.items():
        (out / file).write_bytes(content)
    write_manifest(source, float_model, out)

    reference = read_reference(arguments.reference)
    benchmark = read_benchmark(arguments.benchmark, source.tokenizer())
    rows = [measure(name, content, reference, benchmark, DIMENSIONS)
            for name, content in {"fp32": float_model, **variants}.items()]
    figures = table(rows)
    write_readme(source, out, figures)
    print(figures)


if __name__ == "__main__":
    main()
