"""Measures a variant against the float32 truth with native onnxruntime on the CPU."""

from __future__ import annotations

import base64
import csv
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime as ort
from tokenizers import Tokenizer

from graph import OUTPUT
from source import FloatArray

BATCH = 8


@dataclass(frozen=True)
class Reference:
    """Texts as token ids, and the vectors that an independent float32 run gave for them (see make_reference.py)."""

    tokens: list[list[int]]
    vectors: FloatArray


@dataclass(frozen=True)
class Benchmark:
    """STS-B: pairs as token ids, and the scores people gave."""

    first: list[list[int]]
    second: list[list[int]]
    scores: npt.NDArray[np.float64]


@dataclass(frozen=True)
class Figures:
    """One row of the table."""

    name: str
    bytes: int
    cosine_mean: float
    cosine_min: float
    batch_mean: float
    batch_min: float
    spearman: dict[int, float]


def read_reference(file: Path) -> Reference:
    rows = json.loads(file.read_text("utf8"))["rows"]
    vectors = np.stack([np.frombuffer(base64.b64decode(row["embedding"]), "<f4") for row in rows])
    return Reference([row["tokens"] for row in rows], vectors)


def read_benchmark(file: Path, tokenizer: Tokenizer) -> Benchmark:
    with file.open(encoding="utf8", newline="") as lines:
        rows = [row for row in csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE) if len(row) >= 7]

    def ids(column: int) -> list[list[int]]:
        return [e.ids for e in tokenizer.encode_batch([row[column] for row in rows])]

    return Benchmark(ids(5), ids(6), np.array([float(row[4]) for row in rows]))


def open_session(model: bytes, threads: int = 0) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    return ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def embed(session: ort.InferenceSession, texts: list[list[int]]) -> FloatArray:
    """Embeds `texts` as one batch, padded on the right."""
    longest = max(map(len, texts))
    ids = np.zeros((len(texts), longest), np.int64)
    mask = np.zeros_like(ids)
    for row, text in enumerate(texts):
        ids[row, : len(text)], mask[row, : len(text)] = text, 1
    return session.run([OUTPUT], {"input_ids": ids, "attention_mask": mask})[0]


def alone(session: ort.InferenceSession, texts: list[list[int]]) -> FloatArray:
    return np.concatenate([embed(session, [text]) for text in texts])


def in_company(session: ort.InferenceSession, texts: list[list[int]]) -> FloatArray:
    """Embeds `texts` in batches of 8 whose members lie far apart in the list, so that their lengths differ."""
    stride = -(-len(texts) // BATCH)
    out = np.empty((len(texts), session.get_outputs()[0].shape[-1]), np.float32)
    for start in range(stride):
        members = list(range(start, len(texts), stride))
        out[members] = embed(session, [texts[i] for i in members])
    return out


def cosines(a: FloatArray, b: FloatArray) -> npt.NDArray[np.float64]:
    x, y = a.astype(np.float64), b.astype(np.float64)
    return (x * y).sum(-1) / (np.linalg.norm(x, axis=-1) * np.linalg.norm(y, axis=-1))


def ranks(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Ranks in which ties share their mean, as Spearman's correlation needs them."""
    _, group, count = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(count) - (count - 1) / 2)[group]


def spearman(a: npt.NDArray[np.float64], b: npt.NDArray[np.float64]) -> float:
    return float(np.corrcoef(ranks(a), ranks(b))[0, 1])


def measure(name: str, model: bytes, reference: Reference, benchmark: Benchmark, dimensions: list[int]) -> Figures:
    session = open_session(model)
    single = alone(session, reference.tokens)
    truth = cosines(single, reference.vectors)
    company = cosines(single, in_company(session, reference.tokens))
    first, second = alone(session, benchmark.first), alone(session, benchmark.second)
    correlation = {d: spearman(cosines(first[:, :d], second[:, :d]), benchmark.scores) for d in dimensions}
    return Figures(name, len(model), float(truth.mean()), float(truth.min()),
                   float(company.mean()), float(company.min()), correlation)


def table(rows: list[Figures]) -> str:
    """The figures as a Markdown table."""
    dimensions = list(rows[0].spearman)
    head = ["variant", "MB", "cosine to fp32 mean", "min", "alone or in a batch of 8 mean", "min",
            *(f"STS-B dev at {d}" for d in dimensions)]
    lines = [head, ["---"] * len(head)]
    for r in rows:
        lines.append([r.name, f"{r.bytes / 1e6:.2f}", f"{r.cosine_mean:.5f}", f"{r.cosine_min:.5f}",
                      f"{r.batch_mean:.6f}", f"{r.batch_min:.5f}", *(f"{r.spearman[d]:.4f}" for d in dimensions)])
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
