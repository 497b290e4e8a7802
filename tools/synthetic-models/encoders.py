"""Encoders, each with the inputs, outputs and operators of the exports on the hub that are named beside it."""
from dataclasses import dataclass

import numpy as np

from graph import INT64, Graph
from layers import (attend, distances, feed_forward, join_heads, layer_norm, linear, length_of, count_up, padding_bias,
                    rotary_table, rotate, split_heads)

WIDTH, HEADS, LAYERS = 32, 2, 2
HEAD_WIDTH = WIDTH // HEADS
TOKEN_VECTORS = ["batch_size", "sequence_length", WIDTH]


@dataclass
class Encoder:
    seed: int
    vocabulary: int
    # How a token's place is told: a table, a table with rows from the padding's id on, rotary, ALiBi, or T5's buckets
    # beside such a table.
    positions: str = "table"
    rows: int = 64
    padding: int = 0
    token_types: bool = True
    activation: str = "gelu"
    bias: bool = True
    # Normalisation before each block, as ModernBERT has it, with a window of so many tokens in every second layer.
    pre_norm: bool = False
    window: int = 0
    opset: int = 14
    input_type: int = INT64
    # `pooler`: BERT's pooler stands first. `dense`: pooled vectors that only a Dense makes right, beside the tokens'.
    extra: str = ""


def offset_positions(graph, ids, padding):
    """`create_position_ids_from_input_ids` of transformers: counted over tokens, from the padding's id plus one on."""
    tokens = graph.op("Cast", graph.op("Not", graph.op("Equal", ids, graph.const(padding, np.int64))), to=INT64)
    counted = graph.op("Mul", graph.op("CumSum", tokens, graph.const(1, np.int64)), tokens)
    return graph.op("Add", counted, graph.const(padding, np.int64))


def relative_buckets(graph, ids):
    """MPNet's `relative_position_bucket`, 32 buckets up to a distance of 128: `[1, heads, tokens, tokens]`."""
    distance = graph.op("Neg", distances(graph, ids))
    behind = graph.op("Mul", graph.op("Cast", graph.op("Less", distance, graph.const(0, np.int64)), to=INT64),
                      graph.const(16, np.int64))
    distance = graph.op("Abs", distance)
    at_least_one = graph.op("Max", graph.op("Cast", distance, to=1), graph.const(1.0))
    logarithm = graph.op("Log", graph.op("Div", at_least_one, graph.const(8.0)))
    steps = graph.op("Mul", graph.op("Div", logarithm, graph.const(np.log(16))), graph.const(8.0))
    far = graph.op("Min", graph.op("Add", graph.op("Cast", steps, to=INT64), graph.const(8, np.int64)),
                   graph.const(15, np.int64))
    near = graph.op("Less", distance, graph.const(8, np.int64))
    bucket = graph.op("Add", behind, graph.op("Where", near, distance, far))
    bias = graph.op("Gather", graph.weight(32, HEADS, gain=4), bucket)
    return graph.op("Unsqueeze", graph.op("Transpose", bias, perm=[2, 0, 1]), graph.ints(0))


def alibi(graph, ids):
    """ALiBi for both directions (arXiv 2108.12409): slopes 2^(-8/heads), … times the distance."""
    slopes = graph.const(-(2.0 ** (-8 / HEADS * np.arange(1, HEADS + 1))).reshape(1, HEADS, 1, 1))
    return graph.op("Mul", graph.op("Cast", graph.op("Abs", distances(graph, ids)), to=1), slopes)


def local_bias(graph, ids, window):
    near = graph.op("LessOrEqual", graph.op("Abs", distances(graph, ids)), graph.const(window // 2, np.int64))
    return graph.op("Where", near, graph.const(0.0), graph.const(np.finfo(np.float32).min))


def attention(graph, x, bias, table, with_bias):
    def project(head_table):
        heads = split_heads(graph, linear(graph, x, WIDTH, WIDTH, with_bias, gain=1.5), HEADS, HEAD_WIDTH)
        return rotate(graph, heads, head_table, HEAD_WIDTH) if head_table else heads
    context = attend(graph, project(table), project(table), project(None), HEAD_WIDTH, bias)
    return linear(graph, join_heads(graph, context, WIDTH), WIDTH, WIDTH, with_bias)


def embed(graph, spec, ids):
    x = graph.op("Gather", graph.weight(spec.vocabulary, WIDTH, gain=np.sqrt(spec.vocabulary)), ids)
    if spec.token_types:
        types = graph.input("token_type_ids", ["batch_size", "sequence_length"], spec.input_type)
        x = graph.op("Add", x, graph.op("Gather", graph.weight(2, WIDTH), types))
    if spec.positions == "table":
        # As PyTorch exports BERT: a slice of all positions, which the model keeps beside its weights.
        end = graph.op("Unsqueeze", length_of(graph, ids), graph.ints(0))
        every = graph.const(np.arange(spec.rows)[None], np.int64)
        places = graph.op("Slice", every, graph.ints(0), end, graph.ints(1))
    elif spec.positions in ("offset", "buckets"):
        places = offset_positions(graph, ids, spec.padding)
    else:
        return layer_norm(graph, x, WIDTH, spec.bias)
    table = graph.weight(spec.rows + (spec.padding + 1 if spec.positions != "table" else 0), WIDTH, gain=8)
    return layer_norm(graph, graph.op("Add", x, graph.op("Gather", table, places)), WIDTH, spec.bias)


def build_encoder(spec):
    graph = Graph(spec.opset, spec.seed)
    shape = ["batch_size", "sequence_length"]
    ids = graph.input("input_ids", shape, spec.input_type)
    mask = graph.input("attention_mask", shape, spec.input_type)
    x = embed(graph, spec, ids)
    bias = padding_bias(graph, mask)
    if spec.positions in ("buckets", "alibi"):
        bias = graph.op("Add", bias, (relative_buckets if spec.positions == "buckets" else alibi)(graph, ids))
    table = None
    if spec.positions == "rotary":
        table = rotary_table(graph, count_up(graph, length_of(graph, ids)), HEAD_WIDTH)
    for layer in range(LAYERS):
        local = spec.window and layer % 2 == 1
        layer_bias = graph.op("Add", bias, local_bias(graph, ids, spec.window)) if local else bias
        if spec.pre_norm:
            x = graph.op("Add", x, attention(graph, layer_norm(graph, x, WIDTH, False), layer_bias, table, spec.bias))
            inner = feed_forward(graph, layer_norm(graph, x, WIDTH, False), WIDTH, spec.activation, spec.bias)
            x = graph.op("Add", x, inner)
        else:
            x = layer_norm(graph, graph.op("Add", attention(graph, x, layer_bias, table, spec.bias), x), WIDTH)
            x = layer_norm(graph, graph.op("Add", feed_forward(graph, x, WIDTH, spec.activation, spec.bias), x), WIDTH)
    if spec.pre_norm:
        x = layer_norm(graph, x, WIDTH, False)
    add_outputs(graph, spec, x, mask)
    return graph.build()


def add_outputs(graph, spec, x, mask):
    if spec.extra == "pooler":
        first = graph.op("Gather", x, graph.const(0, np.int64), axis=1)
        graph.output("pooler_output", graph.op("Tanh", linear(graph, first, WIDTH, WIDTH)), ["batch_size", WIDTH])
    if spec.extra != "dense":
        graph.output("last_hidden_state", x, TOKEN_VECTORS)
        return
    weights = graph.op("Unsqueeze", graph.op("Cast", mask, to=1), graph.ints(-1))
    total = graph.op("ReduceSum", graph.op("Mul", x, weights), graph.ints(1), keepdims=0)
    mean = graph.op("Div", total, graph.op("ReduceSum", weights, graph.ints(1), keepdims=0))
    graph.output("token_embeddings", x, TOKEN_VECTORS)
    # Not normalised: sentence-transformers does that in a module of its own, which an export may leave out.
    graph.output("sentence_embedding", linear(graph, mean, WIDTH, WIDTH, bias=False, gain=3), ["batch_size", WIDTH])
