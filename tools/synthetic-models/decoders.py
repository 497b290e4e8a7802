"""Decoders in the manner of Qwen3-Embedding, whose exports take positions and an empty key-value cache."""
from dataclasses import dataclass

import numpy as np

from graph import FLOAT, INT32, Graph
from layers import (attend, count_up, feed_forward, join_heads, length_of, linear, padding_bias, rms_norm, rotary_table,
                    rotate, split_heads)

WIDTH, HEADS, LAYERS = 32, 2, 2
HEAD_WIDTH = WIDTH // HEADS
POSITIONS = 128


@dataclass
class Decoder:
    seed: int
    vocabulary: int
    cache: bool = False
    # Attention and rotary positions as one operator each (`com.microsoft`), as onnxruntime's builder and optimiser leave
    # them; one key-value head for two heads.
    fused: bool = False
    # The vector of the last column: right only where shorter texts are filled up on the left.
    pooled: bool = False


def causal_bias(graph, ids, mask):
    """0 where a key is a token and not after the query, else the lowest number."""
    total = length_of(graph, mask)
    keys = graph.op("Unsqueeze", count_up(graph, total), graph.ints(0))
    start = graph.op("Sub", total, length_of(graph, ids))
    queries = graph.op("Unsqueeze", count_up(graph, total, start), graph.ints(1))
    lowest = graph.const(np.finfo(np.float32).min)
    later = graph.op("Where", graph.op("LessOrEqual", keys, queries), graph.const(0.0), lowest)
    return graph.op("Max", graph.op("Add", padding_bias(graph, mask), later), lowest)


def past(graph, layer, heads):
    shape = ["batch_size", heads, "past_sequence_length", HEAD_WIDTH]
    return [graph.input(f"past_key_values.{layer}.{part}", shape, FLOAT) for part in ("key", "value")]


def keep(graph, layer, heads, key, value):
    shape = ["batch_size", heads, "total_sequence_length", HEAD_WIDTH]
    graph.output(f"present.{layer}.key", key, shape)
    graph.output(f"present.{layer}.value", value, shape)


def plain_attention(graph, spec, layer, x, table, bias):
    query, key, value = (split_heads(graph, linear(graph, x, WIDTH, WIDTH, False, gain=1.5), HEADS, HEAD_WIDTH)
                         for _ in range(3))
    query, key = (rotate(graph, heads, table, HEAD_WIDTH) for heads in (query, key))
    if spec.cache:
        past_key, past_value = past(graph, layer, HEADS)
        key = graph.op("Concat", past_key, key, axis=2)
        value = graph.op("Concat", past_value, value, axis=2)
        keep(graph, layer, HEADS, key, value)
    return join_heads(graph, attend(graph, query, key, value, HEAD_WIDTH, bias), WIDTH)


def fused_attention(graph, layer, x, positions, caches, lengths):
    def project(heads):
        return linear(graph, x, WIDTH, heads * HEAD_WIDTH, False, gain=1.5)

    def normed(values, heads):
        """Qwen3 normalises every head of queries and keys."""
        split = graph.op("Reshape", values, graph.ints(0, -1, heads, HEAD_WIDTH))
        gamma = graph.const(np.round((1 + graph.random.normal(0, 0.2, HEAD_WIDTH)) * 128) / 128)
        norm = graph.op("SimplifiedLayerNormalization", split, gamma, axis=-1, epsilon=1e-6, stash_type=1)
        return graph.op("RotaryEmbedding", graph.op("Reshape", norm, graph.ints(0, -1, heads * HEAD_WIDTH)), positions,
                        *caches, domain="com.microsoft", num_heads=heads, rotary_embedding_dim=HEAD_WIDTH)

    past_key, past_value = past(graph, layer, 1)
    out, key, value = graph.op("GroupQueryAttention", normed(project(HEADS), HEADS), normed(project(1), 1), project(1),
                               past_key, past_value, *lengths, domain="com.microsoft", count=3, num_heads=HEADS,
                               kv_num_heads=1, scale=float(1 / np.sqrt(HEAD_WIDTH)))
    keep(graph, layer, 1, key, value)
    return out


def rotary_caches(graph):
    angles = np.outer(np.arange(POSITIONS), 10_000.0 ** (-np.arange(0, HEAD_WIDTH, 2) / HEAD_WIDTH))
    return graph.const(np.cos(angles)), graph.const(np.sin(angles))


def mask_lengths(graph, mask):
    """What `GroupQueryAttention` wants of a mask: the last token's place in each row, and the columns."""
    ones = graph.op("ReduceSum", mask, graph.ints(1), keepdims=0)
    last = graph.op("Cast", graph.op("Sub", ones, graph.const(1, np.int64)), to=INT32)
    return last, graph.op("Cast", length_of(graph, mask), to=INT32)


def build_decoder(spec):
    graph = Graph(17, spec.seed)
    shape = ["batch_size", "sequence_length"]
    ids = graph.input("input_ids", shape)
    mask = graph.input("attention_mask", ["batch_size", "total_sequence_length"])
    positions = graph.input("position_ids", shape)
    x = graph.op("Gather", graph.weight(spec.vocabulary, WIDTH, gain=np.sqrt(spec.vocabulary)), ids)
    if spec.fused:
        caches, lengths = rotary_caches(graph), mask_lengths(graph, mask)
    else:
        table = rotary_table(graph, graph.op("Unsqueeze", positions, graph.ints(1)), HEAD_WIDTH)
        bias = causal_bias(graph, ids, mask)
    for layer in range(LAYERS):
        normed = rms_norm(graph, x, WIDTH)
        if spec.fused:
            context = fused_attention(graph, layer, normed, positions, caches, lengths)
        else:
            context = plain_attention(graph, spec, layer, normed, table, bias)
        x = graph.op("Add", x, linear(graph, context, WIDTH, WIDTH, False))
        x = graph.op("Add", x, feed_forward(graph, rms_norm(graph, x, WIDTH), WIDTH, "swiglu", False))
    x = rms_norm(graph, x, WIDTH)
    if spec.pooled:
        graph.output("sentence_embedding", graph.op("Gather", x, graph.const(-1, np.int64), axis=1),
                     ["batch_size", WIDTH])
    else:
        graph.output("last_hidden_state", x, ["batch_size", "sequence_length", WIDTH])
    return graph.build()
