"""Reads the model to prepare: a sentence-transformers repository of BERT shape, in Hugging Face hub layout."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from safetensors.numpy import load_file
from tokenizers import Tokenizer

FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Source:
    """The source model: where it lies, its settings and its weights."""

    folder: Path
    layers: int
    heads: int
    width: int
    epsilon: float
    vocabulary: int
    padding_id: int
    max_tokens: int
    weights: dict[str, FloatArray]
    weights_sha256: str

    @property
    def head_width(self) -> int:
        return self.width // self.heads

    @property
    def revision(self) -> str:
        return self.weights_sha256[:12]

    def tokenizer(self) -> Tokenizer:
        """The Rust tokenizer without the padding and the truncation to 128 that tokenizer.json may carry."""
        tokenizer = Tokenizer.from_file(str(self.folder / "tokenizer.json"))
        tokenizer.no_padding()
        tokenizer.enable_truncation(self.max_tokens)
        return tokenizer


def read_source(folder: Path) -> Source:
    """Reads `folder`; refuses a model that the graphs of this tool would compute wrongly."""
    config = json.loads((folder / "config.json").read_text("utf8"))
    pooling = json.loads((folder / "1_Pooling" / "config.json").read_text("utf8"))
    sentence = json.loads((folder / "sentence_bert_config.json").read_text("utf8"))
    expected = {"model_type": "bert", "hidden_act": "gelu", "position_embedding_type": "absolute"}
    for key, value in expected.items():
        if config[key] != value:
            raise ValueError(f"{key} is {config[key]!r}; this tool knows only {value!r}")
    if not pooling["pooling_mode_mean_tokens"]:
        raise ValueError("this tool builds mean pooling only")
    file = folder / "model.safetensors"
    return Source(
        folder=folder,
        layers=config["num_hidden_layers"],
        heads=config["num_attention_heads"],
        width=config["hidden_size"],
        epsilon=config["layer_norm_eps"],
        vocabulary=config["vocab_size"],
        padding_id=config["pad_token_id"],
        max_tokens=sentence["max_seq_length"],
        weights={name: np.asarray(w) for name, w in load_file(str(file)).items()},
        weights_sha256=hashlib.sha256(file.read_bytes()).hexdigest(),
    )
