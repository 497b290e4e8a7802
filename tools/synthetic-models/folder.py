"""A model's folder in hub layout, its recipe with hashes, and the vectors that native onnxruntime gives."""
import base64
import hashlib
import json
import re
import shutil
import tempfile
from pathlib import Path

import numpy as np
import onnxruntime as ort
from tokenizers import Tokenizer

from models import LIMIT, WIDTH

TEXTS = [
    "Red",
    "A bird on a stone.",
    "the old house by the river, in the cold light of the night",
    "rain",
    "bread and milk for 2 days; 40 cups!",
    "Snow 雪 falls",
    "the garden is green and the sun is warm on the road to the sea",
    "blue fish (the quick and the slow) swim up the river to the old hill, day for day and year for year; a bird, a "
    "stone, a tree, the book of the night",
]


def encode(data):
    """JSON, with lists of numbers on one line."""
    text = json.dumps(data, indent=1, ensure_ascii=False)
    text = re.sub(r"\[\s+(\d+(?:,\s+\d+)*)\s+\]", lambda match: "[" + re.sub(r",\s+", ", ", match[1]) + "]", text)
    return text.encode() + b"\n"


def own_files(model):
    """What transformers and sentence-transformers write beside the weights."""
    ids, tokenizer = model.tokenizer
    config = {"model_type": model.model_type, "hidden_size": WIDTH, "vocab_size": len(ids),
              "max_position_embeddings": LIMIT, "pad_token_id": ids[model.pad], **model.config}
    modules = [{"idx": index, "name": str(index), "path": path, "type": f"sentence_transformers.models.{kind}"}
               for index, (path, kind) in enumerate([("", "Transformer"), ("1_Pooling", "Pooling"),
                                                     ("2_Normalize", "Normalize")])]
    flags = {"cls": "cls_token", "mean": "mean_tokens", "last": "lasttoken"}
    pooling = {"word_embedding_dimension": WIDTH,
               **{f"pooling_mode_{flag}": kind == model.pooling for kind, flag in flags.items()}}
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": LIMIT, "pad_token": model.pad}
    if model.model_type == "qwen3":
        # As Qwen3-Embedding says it, whatever its graphs want.
        settings["padding_side"] = "left"
    return {"config.json": encode(config), "tokenizer.json": json.dumps(tokenizer, ensure_ascii=False).encode(),
            "tokenizer_config.json": encode(settings), "modules.json": encode(modules),
            "1_Pooling/config.json": encode(pooling), "sentence_bert_config.json": encode({"max_seq_length": LIMIT})}


def write(model, target):
    files = {**own_files(model), **model.files}
    shutil.rmtree(target / model.name, ignore_errors=True)
    for path, data in files.items():
        (target / model.name / path).parent.mkdir(parents=True, exist_ok=True)
        (target / model.name / path).write_bytes(data)
    return files


def feeds_of(session, ids):
    """One text without padding, with an empty cache."""
    kinds = {"tensor(int64)": np.int64, "tensor(int32)": np.int32, "tensor(float)": np.float32,
             "tensor(float16)": np.float16}
    by_name = {"input_ids": ids, "attention_mask": np.ones(len(ids)), "token_type_ids": np.zeros(len(ids)),
               "position_ids": np.arange(len(ids))}
    return {value.name: np.array([by_name[value.name]], kinds[value.type]) if value.name in by_name
            else np.zeros((1, value.shape[1], 0, value.shape[3]), kinds[value.type]) for value in session.get_inputs()}


def vectors(model, rows):
    """Native onnxruntime and numpy; nothing of the library takes part."""
    with tempfile.TemporaryDirectory() as folder:
        for path, data in model.files.items():
            Path(folder, Path(path).name).write_bytes(data)
        session = ort.InferenceSession(Path(folder, Path(model.graph).name), providers=["CPUExecutionProvider"])
        output = "sentence_embedding" if model.pooled else "last_hidden_state"
        for ids in rows:
            out = session.run([output], feeds_of(session, ids))[0][0].astype(np.float64)
            if not model.pooled:
                out = {"mean": out.mean(0), "cls": out[0], "last": out[-1]}[model.pooling]
            yield out / np.linalg.norm(out)


def describe(model, files):
    """The recipe as a page may pass it, and what the library must give."""
    ids, _ = model.tokenizer
    tokenizer = Tokenizer.from_str(files["tokenizer.json"].decode())
    tokenizer.enable_truncation(LIMIT)
    rows = [tokenizer.encode(text).ids for text in TEXTS]
    made = [base64.b64encode(vector.astype("<f4").tobytes()).decode() for vector in vectors(model, rows)]
    data = sorted(path for path in model.files if path != model.graph)
    variant = {"dtype": model.dtype, "file": model.graph, "externalData": data, "disabledOptimizers": []}
    used = ["tokenizer.json", "tokenizer_config.json", *model.files]
    recipe = {
        "format": 1, "id": model.name, "revision": "1",
        "recipe": {"dimensions": [WIDTH], "maxTokens": LIMIT, "pooling": model.pooling, "vocabSize": len(ids),
                   "padTokenId": ids[model.pad], "paddingSide": model.padding_side},
        "variants": [{"device": device, **variant} for device in ("wasm", "webgpu")],
        # The longest text: some operators go wrong only on long ones.
        "knownAnswer": {"text": TEXTS[-1], "tokens": rows[-1], "embedding": made[-1]},
        "files": [{"path": path, "bytes": len(files[path]), "sha256": hashlib.sha256(files[path]).hexdigest()}
                  for path in used],
    }
    return {"tokens": rows, "embeddings": made, "recipe": recipe}
