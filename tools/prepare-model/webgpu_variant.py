"""The variant for WebGPU: 8-bit weights in blocks of 32, float activations, nothing on the CPU behind the input.

`MatMulInteger` has no WebGPU kernel in onnxruntime, so a dynamically quantised file reads back from the GPU 25 times a
pass. `MatMulNBits` and `GatherBlockQuantized` have one.
"""

from __future__ import annotations

import logging

import numpy as np
import onnx
from onnx import numpy_helper
from onnxruntime.quantization.matmul_nbits_quantizer import DefaultWeightOnlyQuantConfig, MatMulNBitsQuantizer

from graph import MICROSOFT, FloatDialect, GraphBuilder, build_encoder, hidden_keys
from quantize import symmetric_int8
from source import FloatArray, Source

WEIGHT_BLOCK = 32
WORD_BLOCK = 128  # three scales a word: 32 would cost 1.1 MB more and take the file over 25 MB


class BlockInt8Dialect(FloatDialect):
    """Word embeddings in 8-bit blocks; the linear layers stay float32 for onnxruntime's own quantiser to replace."""

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        self.weights = dict(source.weights)
        self.projection_biases: dict[str, FloatArray] = {}
        for index in range(source.layers):
            query = f"encoder.layer.{index}.attention.self.query"
            for part in ("weight", "bias"):  # the division of the scores, done once here
                self.weights[f"{query}.{part}"] = self.weights[f"{query}.{part}"] / np.float32(source.head_width**0.5)

    def embed(self, g: GraphBuilder, ids: str) -> str:
        table = self.weights["embeddings.word_embeddings.weight"]
        words, width = table.shape
        rows, scales = symmetric_int8(table.reshape(words, width // WORD_BLOCK, WORD_BLOCK), axis=2)
        # The operator takes 8-bit values as uint8 around 128. onnxruntime's quantiser writes it with 4 bits only.
        stored = (rows.astype(np.int16) + 128).astype(np.uint8).reshape(words, width)
        return g.add("GatherBlockQuantized", "embeddings.word", [
            g.constant("embeddings.words", stored), ids, g.constant("embeddings.word_scales", scales[..., 0])],
            domain=MICROSOFT, bits=8, block_size=WORD_BLOCK, gather_axis=0, quantize_axis=1)


    def hide(self, g: GraphBuilder, mask: str) -> str:
        return hidden_keys(g, mask)

    def attend(self, g: GraphBuilder, layer: str, projections: list[str], hidden: str) -> str:
        """Attention in plain operators.

        From 32 tokens on, the MultiHeadAttention of onnxruntime-web 1.30.0 runs a flash attention shader that steps
        through the keys by the size of a subgroup but takes at least 8 a step. Where a subgroup has 4 lanes, as on
        SwiftShader, keys count twice: cosine to the truth 0.92, and no error. These operators ask nothing of subgroups
        and cost 11 dispatches more a pass.
        """
        query, key, value = projections
        self.projection_biases.update({name: self.bias(name) for name in projections})
        split = g.constant("heads_shape", [0, 0, self.source.heads, self.source.head_width], np.int64)

        def by_head(x: str, order: list[int]) -> str:
            heads = g.add("Reshape", f"{x}.heads", [x, split])
            return g.add("Transpose", f"{x}.by_head", [heads], perm=order)

        part = f"{layer}.attention"
        scores = g.add("MatMul", f"{part}.scores", [by_head(query, [0, 2, 1, 3]), by_head(key, [0, 2, 3, 1])])
        weights = g.add("Softmax", f"{part}.weights", [g.add("Add", f"{part}.masked", [scores, hidden])], axis=-1)
        mixed = g.add("MatMul", f"{part}.mixed", [weights, by_head(value, [0, 2, 1, 3])])
        together = g.add("Transpose", f"{part}.by_token", [mixed], perm=[0, 2, 1, 3])
        width = g.constant("width_shape", [0, 0, self.source.width], np.int64)
        return g.add("Reshape", f"{part}.context", [together, width])


def add_projection_biases(model: onnx.ModelProto, biases: dict[str, FloatArray]) -> None:
    """Gives the MatMulNBits that write the named values their bias: an input that the quantiser never fills."""
    for node in model.graph.node:
        if node.op_type == "MatMulNBits" and node.output[0] in biases:
            bias = f"{node.output[0]}.bias"
            model.graph.initializer.append(numpy_helper.from_array(biases[node.output[0]], bias))
            node.input.extend(["", "", bias])  # no zero points, no group index


def build_webgpu_variant(source: Source) -> onnx.ModelProto:
    logging.getLogger("onnxruntime.quantization.matmul_nbits_quantizer").setLevel(logging.WARNING)
    # No accuracy_level: 4 would let the runtime round activations to 8 bits as well (cosine to fp32 0.9995 for 0.9998),
    # and its shader depends on subgroups.
    config = DefaultWeightOnlyQuantConfig(block_size=WEIGHT_BLOCK, is_symmetric=True, bits=8)
    dialect = BlockInt8Dialect(source)
    quantizer = MatMulNBitsQuantizer(build_encoder(source, dialect), algo_config=config)
    quantizer.process()
    model = quantizer.model.model
    add_projection_biases(model, dialect.projection_biases)
    onnx.checker.check_model(model)
    return model
