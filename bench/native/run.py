"""Times native onnxruntime: reads JSON from standard input, writes JSON to standard output; see ../benchmarks/native.mjs.

In: `model` (ONNX file), `threads`, `texts` (token ids), `query` (token ids), `rounds`.
Out: seconds of each round over the texts, one text at a time; milliseconds of each run of the query.
"""

import json
import sys
import time

import numpy as np
import onnxruntime as ort


def main() -> None:
    asked = json.load(sys.stdin)
    options = ort.SessionOptions()
    options.intra_op_num_threads = asked["threads"]
    options.log_severity_level = 3
    session = ort.InferenceSession(asked["model"], options, providers=["CPUExecutionProvider"])
    names = [value.name for value in session.get_inputs()]

    def run(ids: list[int]) -> None:
        row = np.array([ids], np.int64)
        values = {"input_ids": row, "attention_mask": np.ones_like(row), "token_type_ids": np.zeros_like(row)}
        session.run(None, {name: values[name] for name in names})

    for ids in asked["texts"][:32]:
        run(ids)
    seconds = []
    for _ in range(asked["rounds"]):
        start = time.perf_counter()
        for ids in asked["texts"]:
            run(ids)
        seconds.append(time.perf_counter() - start)
    query = []
    for _ in range(200):
        start = time.perf_counter()
        run(asked["query"])
        query.append((time.perf_counter() - start) * 1000)
    print(json.dumps({"version": ort.__version__, "seconds": seconds, "query": query}))


if __name__ == "__main__":
    main()
