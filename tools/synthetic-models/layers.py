"""The pieces of which transformers are made, in the operators that exports have."""
import numpy as np

LOWEST = np.finfo(np.float32).min


def linear(graph, x, inputs, outputs, bias=True, gain=1.0):
    product = graph.op("MatMul", x, graph.weight(inputs, outputs, gain=gain))
    return graph.op("Add", graph.weight(outputs, gain=0.2), product) if bias else product


def layer_norm(graph, x, width, bias=True):
    """As PyTorch exports it: one node from operator set 17 on, its parts before."""
    gamma = graph.const(np.round((1 + graph.random.normal(0, 0.2, width)) * 128) / 128)
    beta = graph.weight(width, gain=0.2) if bias else graph.const(np.zeros(width))
    if graph.opset >= 17:
        return graph.op("LayerNormalization", x, gamma, beta, axis=-1, epsilon=1e-5)
    centred = graph.op("Sub", x, graph.op("ReduceMean", x, axes=[-1]))
    variance = graph.op("ReduceMean", graph.op("Pow", centred, graph.const(2.0)), axes=[-1])
    deviation = graph.op("Sqrt", graph.op("Add", variance, graph.const(1e-12)))
    return graph.op("Add", graph.op("Mul", graph.op("Div", centred, deviation), gamma), beta)


def rms_norm(graph, x, width):
    gamma = graph.const(np.round((1 + graph.random.normal(0, 0.2, width)) * 128) / 128)
    squares = graph.op("ReduceMean", graph.op("Pow", x, graph.const(2.0)), axes=[-1])
    root = graph.op("Sqrt", graph.op("Add", squares, graph.const(1e-6)))
    return graph.op("Mul", gamma, graph.op("Mul", x, graph.op("Div", graph.const(1.0), root)))


def gelu(graph, x):
    erf = graph.op("Erf", graph.op("Div", x, graph.const(np.sqrt(2))))
    return graph.op("Mul", graph.op("Mul", x, graph.op("Add", erf, graph.const(1.0))), graph.const(0.5))


def silu(graph, x):
    return graph.op("Mul", x, graph.op("Sigmoid", x))


def feed_forward(graph, x, width, kind, bias=True):
    if kind == "gelu":
        return linear(graph, gelu(graph, linear(graph, x, width, 4 * width, bias)), 4 * width, width, bias)
    activation = gelu if kind == "geglu" else silu
    gate = activation(graph, linear(graph, x, width, 2 * width, bias))
    return linear(graph, graph.op("Mul", gate, linear(graph, x, width, 2 * width, bias)), 2 * width, width, bias)


def split_heads(graph, x, heads, head_width):
    return graph.op("Transpose", graph.op("Reshape", x, graph.ints(0, 0, heads, head_width)), perm=[0, 2, 1, 3])


def join_heads(graph, x, width):
    return graph.op("Reshape", graph.op("Transpose", x, perm=[0, 2, 1, 3]), graph.ints(0, 0, width))


def attend(graph, query, key, value, head_width, bias):
    scores = graph.op("MatMul", query, graph.op("Transpose", key, perm=[0, 1, 3, 2]))
    scores = graph.op("Div", scores, graph.const(np.sqrt(head_width)))
    return graph.op("MatMul", graph.op("Softmax", graph.op("Add", scores, bias), axis=-1), value)


def padding_bias(graph, mask):
    """`[rows, 1, 1, tokens]`: 0 where the mask is 1, else the lowest number."""
    wide = graph.op("Unsqueeze", graph.op("Unsqueeze", mask, graph.ints(1)), graph.ints(2))
    hidden = graph.op("Sub", graph.const(1.0), graph.op("Cast", wide, to=1))
    return graph.op("Mul", hidden, graph.const(LOWEST))


def length_of(graph, value, axis=1):
    """Size of an axis, a scalar."""
    return graph.op("Gather", graph.op("Shape", value), graph.const(axis, np.int64), axis=0)


def count_up(graph, end, start=None):
    zero = graph.const(0, np.int64)
    return graph.op("Range", start or zero, end, graph.const(1, np.int64))


def distances(graph, ids):
    """`[tokens, tokens]` int64: position of the key minus that of the query."""
    positions = count_up(graph, length_of(graph, ids))
    return graph.op("Sub", graph.op("Unsqueeze", positions, graph.ints(0)),
                    graph.op("Unsqueeze", positions, graph.ints(1)))


def rotary_table(graph, positions, head_width, theta=10_000.0):
    """Cosines and sines of the positions' angles, `[…, tokens, head width]`."""
    steps = graph.const(theta ** (-np.arange(0, head_width, 2) / head_width))
    angles = graph.op("Mul", graph.op("Unsqueeze", graph.op("Cast", positions, to=1), graph.ints(-1)), steps)
    both = graph.op("Concat", angles, angles, axis=-1)
    return graph.op("Cos", both), graph.op("Sin", both)


def rotate(graph, x, table, head_width):
    cosines, sines = table
    half = head_width // 2
    axis = graph.ints(-1)
    first = graph.op("Slice", x, graph.ints(0), graph.ints(half), axis)
    second = graph.op("Slice", x, graph.ints(half), graph.ints(2**62), axis)
    turned = graph.op("Concat", graph.op("Neg", second), first, axis=-1)
    return graph.op("Add", graph.op("Mul", x, cosines), graph.op("Mul", turned, sines))
