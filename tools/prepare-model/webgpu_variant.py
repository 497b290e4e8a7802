"""The variant for WebGPU: 8-bit weights in blocks of 32, float activations, nothing on the CPU behind the input.

`MatMulInteger` has no WebGPU kernel in onnxruntime, so a dynamically quantised file reads back from the GPU 25 times a
pass. `MatMulNBits` and `GatherBlockQuantized` have one.
"""

from __future__ import annotations

import logging

import numpy as np
import onnx
from onnxruntime.quantization.matmul_nbits_quantizer import DefaultWeightOnlyQuantConfig, MatMulNBitsQuantizer

from graph import MICROSOFT, FloatDialect, GraphBuilder, build_encoder
from quantize import symmetric_int8
from source import Source

WEIGHT_BLOCK = 32
WORD_BLOCK = 128  # three scales a word: 32 would cost 1.1 MB more and take the file over 25 MB


class BlockInt8Dialect(FloatDialect):
    """Word embeddings in 8-bit blocks; the linear layers stay float32 for onnxruntime's own quantiser to replace."""

    def embed(self, g: GraphBuilder, ids: str) -> str:
        table = self.weights["embeddings.word_embeddings.weight"]
        words, width = table.shape
        rows, scales = symmetric_int8(table.reshape(words, width // WORD_BLOCK, WORD_BLOCK), axis=2)
        # The operator takes 8-bit values as uint8 around 128. onnxruntime's quantiser writes it with 4 bits only.
        stored = (rows.astype(np.int16) + 128).astype(np.uint8).reshape(words, width)
        return g.add("GatherBlockQuantized", "embeddings.word", [
            g.constant("embeddings.words", stored), ids, g.constant("embeddings.word_scales", scales[..., 0])],
            domain=MICROSOFT, bits=8, block_size=WORD_BLOCK, gather_axis=0, quantize_axis=1)


def build_webgpu_variant(source: Source) -> onnx.ModelProto:
    logging.getLogger("onnxruntime.quantization.matmul_nbits_quantizer").setLevel(logging.WARNING)
    # No accuracy_level: 4 would let the runtime round activations to 8 bits as well (cosine to fp32 0.9995 for 0.9998).
    config = DefaultWeightOnlyQuantConfig(block_size=WEIGHT_BLOCK, is_symmetric=True, bits=8)
    quantizer = MatMulNBitsQuantizer(build_encoder(source, BlockInt8Dialect(source)), algo_config=config)
    quantizer.process()
    model = quantizer.model.model
    onnx.checker.check_model(model)
    return model
