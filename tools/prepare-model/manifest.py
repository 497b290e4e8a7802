"""Writes manifest.json: what the TypeScript library knows about the model before it loads it."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

from evaluate import embed, open_session
from source import Source

ID = "all-MiniLM-L6-v2"
ORIGIN = f"sentence-transformers/{ID}"
LICENSE = "Apache-2.0"
WASM_FILE = "onnx/model_q8_wasm.onnx"
WEBGPU_FILE = "onnx/model_q8_webgpu.onnx"
DIMENSIONS = [384, 256, 128, 64]
# Over 32 tokens: onnxruntime-web 1.30's WebGPU attention takes another kernel from there on, and that one can be wrong
# without an error (cosine 0.92 on an adapter with four-lane subgroups); a short text would not see it.
KNOWN_TEXT = (
    "The lighthouse keeper wrote one letter every week, and on Friday the supply boat carried it to the harbour "
    "together with his list of flour, lamp oil, tobacco and whatever news of the weather he thought worth sharing."
)
# What the library may fetch; the rest of the folder is for people and for Python.
LIBRARY_FILES = ["config.json", "tokenizer.json", "tokenizer_config.json", WASM_FILE, WEBGPU_FILE]


def file_entry(folder: Path, path: str) -> dict[str, Any]:
    content = (folder / path).read_bytes()
    return {"path": path, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def known_answer(source: Source, float_model: bytes) -> dict[str, Any]:
    """A text with the vector of the float32 model, by which a runtime shows that it computes rightly."""
    tokens = source.tokenizer().encode(KNOWN_TEXT).ids
    # One thread, so that the sums are added in the same order in every run.
    vector = embed(open_session(float_model, threads=1), [tokens])[0]
    return {"text": KNOWN_TEXT, "tokens": tokens,
            "embedding": base64.b64encode(vector.astype("<f4").tobytes()).decode()}


def write_manifest(source: Source, float_model: bytes, folder: Path) -> None:
    def variant(device: str, file: str) -> dict[str, Any]:
        return {"device": device, "dtype": "q8", "file": file, "output": "sentence_embedding", "pooled": True,
                "disabledOptimizers": []}

    manifest = {
        "format": 1,
        "id": ID,
        "revision": source.revision,
        "origin": ORIGIN,
        "license": LICENSE,
        "recipe": {
            "dimensions": DIMENSIONS,
            "dimensionsNote": "not Matryoshka-trained; measured STS-B test Spearman 0.8195, 0.8181, 0.8056, 0.7895",
            "maxTokens": source.max_tokens,
            "pooling": "mean",
            "normalize": True,
            "prompts": {},
            "vocabSize": source.vocabulary,
            "padTokenId": source.padding_id,
        },
        "variants": [variant("wasm", WASM_FILE), variant("webgpu", WEBGPU_FILE)],
        "knownAnswer": known_answer(source, float_model),
        "files": [file_entry(folder, path) for path in LIBRARY_FILES],
    }
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", "utf8")
