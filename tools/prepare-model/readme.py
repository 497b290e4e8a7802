"""Writes the README.md of the model folder."""

from __future__ import annotations

from pathlib import Path

from manifest import ID, LIBRARY_FILES, LICENSE, ORIGIN, file_entry
from source import Source
from webgpu_variant import WEIGHT_BLOCK

TEMPLATE = """# {id}, prepared for the browser

- **Origin**: `{origin}` on the Hugging Face hub. It maps English sentences and
  short paragraphs to {width} dimensions: BERT of {layers} layers, mean pooling, at most {tokens} tokens. SHA-256 of its
  fp32 `model.safetensors`: `{sha}`.
- **Licence**: {license}, as the original; the text is in `LICENSE`. Changed by us: the weights were quantised and the
  graph rewritten. The other files are byte-identical copies.
- **Made by** `tools/prepare-model` of this project, from those weights alone; a second run gives the same bytes.

| file | bytes | SHA-256 |
|---|---|---|
{files}

`onnx/model_q8_wasm.onnx` is for the CPU: int8 weights per output channel, uint8 activations with one scale per token.
`onnx/model_q8_webgpu.onnx` is for WebGPU: 8-bit weights in blocks of {block}, float activations. Both take `input_ids`
and `attention_mask` (int64, [batch, sequence]) and give `sentence_embedding` (float32, [batch, {width}]), pooled and of
length 1. Neither needs a session option.

## Measured

Native onnxruntime on the CPU: 40 texts against the fp32 model; each of them alone against itself in a batch of 8 of
mixed lengths; Spearman's correlation on STS-B dev by dimensions kept.

{figures}
"""


def write_readme(source: Source, out: Path, figures: str) -> None:
    entries = [file_entry(out, path) for path in LIBRARY_FILES]
    files = "\n".join(f"| `{e['path']}` | {e['bytes']:,} | `{e['sha256']}` |" for e in entries)
    text = TEMPLATE.format(id=ID, origin=ORIGIN, sha=source.weights_sha256, layers=source.layers,
                           tokens=source.max_tokens, license=LICENSE, files=files, block=WEIGHT_BLOCK,
                           width=source.width, figures=figures)
    (out / "README.md").write_text(text, "utf8")
