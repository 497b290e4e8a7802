"""The fused BERT graph, written once; what differs between the variants is a `Dialect`.

The fused operators (MultiHeadAttention, SkipLayerNormalization, BiasGelu) are those that onnxruntime's own
transformer optimizer produces; see docs/ContribOperators.md in its repository. The graph is written directly, because
the source is a safetensors file and an export through PyTorch would weigh 2 GB to reach the same nodes.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from source import FloatArray, Source

MICROSOFT = "com.microsoft"
OPSET = 18
IR_VERSION = 10  # the newest that every onnxruntime since 1.18 reads
OUTPUT = "sentence_embedding"
MASKED = -10000.0  # exp() of it is 0 in float32, and it stays finite in float16


class GraphBuilder:
    """Collects nodes and constants; names come from the place in the model, so that profiles can be read."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, onnx.TensorProto] = {}

    def constant(self, name: str, value: npt.ArrayLike, dtype: npt.DTypeLike | None = None) -> str:
        """Adds a constant once; a second call with the same name gives the first one."""
        if name not in self.constants:
            self.constants[name] = numpy_helper.from_array(np.ascontiguousarray(np.asarray(value, dtype)), name)
        return name

    def scalar(self, name: str, value: float, dtype: npt.DTypeLike = np.float32) -> str:
        """Adds a constant without dimensions."""
        if name not in self.constants:
            self.constants[name] = numpy_helper.from_array(np.array(value, dtype), name)
        return name

    def add(self, kind: str, name: str, inputs: list[str], domain: str = "", **attributes: Any) -> str:
        """Adds a node with one output, which carries the node's name."""
        self.nodes.append(helper.make_node(kind, inputs, [name], name=name, domain=domain, **attributes))
        return name

    def model(self, outputs: list[onnx.ValueInfoProto]) -> onnx.ModelProto:
        """The finished model with the two inputs that every variant has."""
        inputs = [
            helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "sequence"])
            for name in ("input_ids", "attention_mask")
        ]
        graph = helper.make_graph(self.nodes, "sentence_encoder", inputs, outputs, list(self.constants.values()))
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(MICROSOFT, 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="prepare-model")


class Dialect(Protocol):
    """How one variant stores and multiplies weights."""

    def embed(self, g: GraphBuilder, ids: str) -> str:
        """Word vectors [batch, sequence, width] of `ids`."""

    def prepare(self, g: GraphBuilder, x: str, site: str) -> Any:
        """Makes the activation at `site` ready to be multiplied, once for all the matrices that share it."""

    def project(self, g: GraphBuilder, prepared: Any, weight: str) -> str:
        """Multiplies with the linear layer called `weight`, without its bias."""

    def bias(self, name: str) -> FloatArray:
        """The bias of the linear layer called `name`, as this dialect needs it."""

    def hide(self, g: GraphBuilder, mask: str) -> str:
        """From the mask (float, [batch, sequence]), what `attend` needs to hide padding; called once a graph."""

    def attend(self, g: GraphBuilder, layer: str, projections: list[str], hidden: str) -> str:
        """Attention over query, key and value, whose biases have not been added yet."""


def hidden_keys(g: GraphBuilder, mask: str) -> str:
    """0 for a token and `MASKED` for padding, [batch, 1, 1, sequence]."""
    keys = g.add("Unsqueeze", "mask.keys", [mask, g.constant("axes_1_2", [1, 2], np.int64)])
    return g.add("Mul", "mask.hidden_keys", [
        g.add("Sub", "mask.minus_one", [keys, g.scalar("one", 1)]), g.scalar("masked", -MASKED)])


class FusedAttention:
    """Attention as one MultiHeadAttention node, which adds the biases itself."""

    source: Source

    def hide(self, g: GraphBuilder, mask: str) -> str:
        # The node wants [batch, 1, sequence, sequence], and an outer product gives that. Rows of padding tokens become
        # zero, that is, unmasked: harmless, for nothing reads what padding tokens compute.
        queries = g.add("Unsqueeze", "mask.queries", [mask, g.constant("axes_1_3", [1, 3], np.int64)])
        return g.add("Mul", "attention_bias", [queries, hidden_keys(g, mask)])

    def attend(self: Any, g: GraphBuilder, layer: str, projections: list[str], hidden: str) -> str:
        bias = np.concatenate([self.bias(name) for name in projections])
        return g.add("MultiHeadAttention", f"{layer}.attention",
                     [*projections, g.constant(f"{layer}.attention.self.bias", bias), "", hidden],
                     domain=MICROSOFT, num_heads=self.source.heads)


def build_encoder(source: Source, dialect: Dialect, extra_outputs: tuple[str, ...] = ()) -> onnx.ModelProto:
    """Builds input_ids, attention_mask → sentence_embedding. `extra_outputs` names nodes to show as well."""
    g, w = GraphBuilder(), source.weights

    def layer_norm_constants(name: str) -> list[str]:
        return [g.constant(f"{name}.{part}", w[f"{name}.{part}"]) for part in ("weight", "bias")]

    mask = g.add("Cast", "mask", ["attention_mask"], to=TensorProto.FLOAT)
    hidden = dialect.hide(g, mask)

    # Every token has type 0, so that row belongs to the position table.
    positions = w["embeddings.position_embeddings.weight"] + w["embeddings.token_type_embeddings.weight"][0]
    length = g.add("Shape", "sequence_length", ["input_ids"], start=1, end=2)
    position = g.add("Slice", "embeddings.position", [
        g.constant("embeddings.positions", positions), g.constant("zero", [0], np.int64), length,
        g.constant("axis_0", [0], np.int64)])
    x = g.add("Add", "embeddings.sum", [dialect.embed(g, "input_ids"), position])
    x = g.add("LayerNormalization", "embeddings.norm", [x, *layer_norm_constants("embeddings.LayerNorm")],
              axis=-1, epsilon=source.epsilon)

    for index in range(source.layers):
        layer = f"encoder.layer.{index}"
        names = [f"{layer}.attention.self.{part}" for part in ("query", "key", "value")]
        prepared = dialect.prepare(g, x, f"{layer}.attention.self")
        context = dialect.attend(g, layer, [dialect.project(g, prepared, name) for name in names], hidden)

        def add_and_norm(part: str, inner: str, skip: str) -> str:
            """Linear layer, its bias, the residual and LayerNormalization; the last three are one node."""
            dense = f"{part}.dense"
            y = dialect.project(g, dialect.prepare(g, inner, dense), dense)
            return g.add("SkipLayerNormalization", f"{part}.norm",
                         [y, skip, *layer_norm_constants(f"{part}.LayerNorm"),
                          g.constant(f"{dense}.bias", dialect.bias(dense))],
                         domain=MICROSOFT, epsilon=source.epsilon)

        x = add_and_norm(f"{layer}.attention.output", context, x)
        up = f"{layer}.intermediate.dense"
        inner = dialect.project(g, dialect.prepare(g, x, up), up)
        inner = g.add("BiasGelu", f"{layer}.gelu", [inner, g.constant(f"{up}.bias", dialect.bias(up))],
                      domain=MICROSOFT)
        x = add_and_norm(f"{layer}.output", inner, x)

    # A product with the mask sums the rows of real tokens. Dividing by their number would change nothing, because the
    # next step takes the length out again. The floor is torch.nn.functional.normalize's.
    axis = g.constant("axis_1", [1], np.int64)
    total = g.add("MatMul", "pooling.sum", [g.add("Unsqueeze", "pooling.mask", [mask, axis]), x])
    pooled = g.add("Squeeze", "pooling.pooled", [total, axis])
    norm = g.add("ReduceL2", "pooling.norm", [pooled, g.constant("axis_last", [-1], np.int64)], keepdims=1)
    floor = g.add("Clip", "pooling.floor", [norm, g.scalar("tiny", 1e-12)])
    g.add("Div", OUTPUT, [pooled, floor])

    outputs = [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["batch", source.width])]
    shape = ["batch", "sequence", None]
    outputs += [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in extra_outputs]
    model = g.model(outputs)
    onnx.checker.check_model(model)
    return model


class FloatDialect(FusedAttention):
    """Plain float32: the truth to measure against, and what calibration observes."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.weights = source.weights
        self.sites: dict[str, str] = {}

    def embed(self, g: GraphBuilder, ids: str) -> str:
        return g.add("Gather", "embeddings.word", [
            g.constant("embeddings.words", self.weights["embeddings.word_embeddings.weight"]), ids])

    def prepare(self, g: GraphBuilder, x: str, site: str) -> str:
        self.sites[site] = x
        return x

    def project(self, g: GraphBuilder, prepared: str, weight: str) -> str:
        matrix = g.constant(f"{weight}.weight", self.weights[f"{weight}.weight"].T)
        return g.add("MatMul", weight, [prepared, matrix])

    def bias(self, name: str) -> FloatArray:
        return self.weights[f"{name}.bias"]
