"""Writes `reference.json` here: what the unquantised model gives on STS-B dev and Cranfield, with native onnxruntime.

    python bench/quality/reference.py SOURCE DATA

SOURCE: folder of sentence-transformers/all-MiniLM-L6-v2 (fp32) in hub layout; DATA: folder with `stsbenchmark/sts-dev.csv`
and `cranfield/`. Packages: tools/prepare-model/requirements.txt. Texts and figures as in `evaluation.mjs` beside this.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1] / "tools" / "prepare-model"))

from evaluate import alone, cosines, open_session, read_benchmark, spearman  # noqa: E402
from graph import FloatDialect, build_encoder  # noqa: E402
from source import read_source  # noqa: E402


def clean(text: str) -> str:
    return re.sub(r" ([.,;])", r"\1", re.sub(r"\s+", " ", text)).strip()


def documents(file: Path) -> list[str]:
    """Title and abstract; an abstract begins with its title, which stays there once."""
    texts = []
    for part in re.split(r"^\.I \d+\n", file.read_text("utf8"), flags=re.M)[1:]:
        title = clean(re.search(r"^\.T\n(.*?)^\.A$", part, re.M | re.S)[1])
        body = clean(re.search(r"^\.W\n(.*)", part, re.M | re.S)[1])
        texts.append(body if body.startswith(title) else f"{title} {body}".strip())
    return texts


def queries(file: Path) -> list[str]:
    parts = re.split(r"^\.I \d+\n\.W\n", file.read_text("utf8"), flags=re.M)[1:]
    return [clean(part) for part in parts]


def relevant(file: Path) -> dict[int, set[int]]:
    """Documents of a grade above 0, by query; both count from 0."""
    found: dict[int, set[int]] = {}
    for line in file.read_text("utf8").splitlines():
        query, document, grade = map(int, line.split())
        if grade > 0:
            found.setdefault(query - 1, set()).add(document - 1)
    return found


def ndcg(scores: np.ndarray, wanted: set[int], cut: int = 10) -> float:
    discounts = 1 / np.log2(np.arange(cut) + 2)
    ranking = [document for document in np.argsort(-scores, kind="stable") if np.isfinite(scores[document])][:cut]
    gain = discounts[[rank for rank, document in enumerate(ranking) if int(document) in wanted]].sum()
    return float(gain / discounts[: len(wanted)].sum())


def main() -> None:
    source, data = read_source(Path(sys.argv[1])), Path(sys.argv[2])
    tokenizer = source.tokenizer()
    session = open_session(build_encoder(source, FloatDialect(source)).SerializeToString())
    pairs = read_benchmark(data / "stsbenchmark" / "sts-dev.csv", tokenizer)
    sts = spearman(cosines(alone(session, pairs.first), alone(session, pairs.second)), pairs.scores)

    ids = lambda texts: [e.ids for e in tokenizer.encode_batch(texts)]  # noqa: E731
    texts = documents(data / "cranfield" / "cran.all.1400")
    # Two documents have no text at all: they are found by nothing.
    present = [index for index, text in enumerate(texts) if text]
    scores = np.full((len(texts),), -np.inf)
    rows = alone(session, ids([texts[index] for index in present]))
    asked = alone(session, ids(queries(data / "cranfield" / "cran.qry")))
    judged = relevant(data / "cranfield" / "cranqrel")
    values = []
    for query, wanted in sorted(judged.items()):
        scores[present] = rows @ asked[query]
        values.append(ndcg(scores, wanted))
    reference = {"model": "sentence-transformers/all-MiniLM-L6-v2, fp32", "revision": source.revision,
                 "stsDevSpearman": round(sts, 5), "cranfieldNdcg10": round(float(np.mean(values)), 5)}
    (HERE / "reference.json").write_text(json.dumps(reference, indent=2) + "\n", "utf8")
    print(reference)


if __name__ == "__main__":
    main()
