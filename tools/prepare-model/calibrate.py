"""Observes the activations of the float32 model on ordinary text."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime as ort

from graph import FloatDialect, build_encoder
from source import Source

QUANTILE = 0.999  # one outlying token must not decide the scale of a channel


def channel_magnitudes(source: Source, text: Path) -> dict[str, npt.NDArray[np.float32]]:
    """Per site (the input of a linear layer), the magnitude that each channel reaches on the lines of `text`."""
    dialect = FloatDialect(source)
    build_encoder(source, dialect)
    values = tuple(dict.fromkeys(dialect.sites.values()))
    options = ort.SessionOptions()
    # Fusions would rename or remove the values to observe, and one thread makes every run add in the same order.
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    model = build_encoder(source, FloatDialect(source), values).SerializeToString()
    session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    tokenizer = source.tokenizer()
    seen: dict[str, list[npt.NDArray[np.float32]]] = {value: [] for value in values}
    for line in text.read_text("utf8").splitlines():
        ids = np.array([tokenizer.encode(line).ids], np.int64)
        found = session.run(list(values), {"input_ids": ids, "attention_mask": np.ones_like(ids)})
        for value, activation in zip(values, found, strict=True):
            seen[value].append(np.abs(activation[0]))
    reached = {value: np.quantile(np.concatenate(rows), QUANTILE, axis=0) for value, rows in seen.items()}
    return {site: reached[value].astype(np.float32) for site, value in dialect.sites.items()}
