"""The variant for the CPU (WebAssembly): int8 weights, uint8 activations with one scale per token.

`DynamicQuantizeLinear` takes one scale for the whole padded batch, so a text gets another vector in other company.
Here each token has its own, as in Yao et al., "ZeroQuant" (arXiv 2206.01861), token-wise quantisation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import onnx
from onnx import TensorProto

from graph import MICROSOFT, FusedAttention, GraphBuilder, build_encoder
from quantize import smoothing, symmetric_int8
from source import FloatArray, Source

GELU_FLOOR = 0.17  # gelu never goes below -0.16998


@dataclass(frozen=True)
class Range:
    """How an activation fills uint8: the value that stands for zero, and the steps from there to the largest."""

    zero_point: int
    top: int


# LayerNormalization and attention give values on both sides of zero. uint8 around 128, since onnxruntime-web runs int8
# activations ten times slower.
SIGNED = Range(zero_point=128, top=127)
# After gelu nearly all of the range lies above zero, so most steps go there (cosine to fp32 0.9985 with 128, 0.9989
# with anything from 16 to 32).
GELU = Range(zero_point=24, top=231)


@dataclass(frozen=True)
class TokenInt8:
    """An activation rounded to uint8, and the factor per token that takes its products back to float."""

    values: str
    zero_point: str
    token_scale: str


class TokenInt8Dialect(FusedAttention):
    """Weights as int8 per output channel, with smoothing folded in."""

    SMOOTHED: ClassVar[dict[str, tuple[str, ...]]] = {
        "attention.self": ("attention.self.query", "attention.self.key", "attention.self.value"),
        "intermediate.dense": ("intermediate.dense",),
    }

    def __init__(self, source: Source, magnitudes: dict[str, FloatArray]) -> None:
        self.source = source
        self.weights = dict(source.weights)
        self.divisors: dict[str, FloatArray] = {}
        self.gelu_sites = {f"encoder.layer.{index}.output.dense" for index in range(source.layers)}
        for index in range(source.layers):
            layer = f"encoder.layer.{index}"
            self._smooth_context(layer, magnitudes)
            # The input of the second feed-forward matrix is left as it is: behind gelu the factors could not be folded
            # away, and they widen the range below zero, which costs more (0.9946) than they give.
            for site, matrices in self.SMOOTHED.items():
                names = [f"{layer}.{matrix}.weight" for matrix in matrices]
                together = np.concatenate([self.weights[name] for name in names])
                factors = smoothing(magnitudes[f"{layer}.{site}"], together)
                self.divisors[f"{layer}.{site}"] = factors
                for name in names:
                    self.weights[name] = self.weights[name] * factors

    def _smooth_context(self, layer: str, magnitudes: dict[str, FloatArray]) -> None:
        """Attention mixes tokens, never channels, so the values' own matrix can divide: nothing at run time."""
        value, output = f"{layer}.attention.self.value", f"{layer}.attention.output.dense"
        factors = smoothing(magnitudes[output], self.weights[f"{output}.weight"])
        self.weights[f"{output}.weight"] = self.weights[f"{output}.weight"] * factors
        self.weights[f"{value}.weight"] = self.weights[f"{value}.weight"] / factors[:, None]
        self.weights[f"{value}.bias"] = self.weights[f"{value}.bias"] / factors

    def embed(self, g: GraphBuilder, ids: str) -> str:
        rows, scales = symmetric_int8(self.weights["embeddings.word_embeddings.weight"], axis=1)
        row = g.add("Gather", "embeddings.word.int8", [g.constant("embeddings.words", rows), ids])
        scale = g.add("Gather", "embeddings.word.scale", [g.constant("embeddings.word_scales", scales), ids])
        return g.add("Mul", "embeddings.word", [
            g.add("Cast", "embeddings.word.float", [row], to=TensorProto.FLOAT), scale])

    def prepare(self, g: GraphBuilder, x: str, site: str) -> TokenInt8:
        name = f"{site}.input"
        last = g.constant("axis_last", [-1], np.int64)
        if site in self.divisors:
            # LayerNormalization in front could do this for nothing if the residual did not read the same value.
            x = g.add("Mul", f"{name}.smooth", [x, g.constant(f"{name}.smoothing", 1 / self.divisors[site])])
        if site in self.gelu_sites:
            span = GELU
            largest = g.add("ReduceMax", f"{name}.max", [x, last], keepdims=1)
            # No token may take a step so small that gelu's minimum falls below 0.
            smallest = g.scalar("gelu_floor", GELU_FLOOR * span.top / (span.zero_point + 0.49))
        else:
            span = SIGNED
            magnitude = g.add("Abs", f"{name}.abs", [x])
            largest = g.add("ReduceMax", f"{name}.max", [magnitude, last], keepdims=1)
            smallest = g.scalar("signed_floor", 1e-6)
        largest = g.add("Clip", f"{name}.range", [largest, smallest])
        top = g.scalar(f"top_{span.top}", span.top)
        steps = g.add("Mul", f"{name}.steps", [x, g.add("Div", f"{name}.steps_per_unit", [top, largest])])
        # Cast cuts off the fraction; the half makes that a rounding, one node less than Round.
        shifted = g.add("Add", f"{name}.shifted", [steps, g.scalar(f"offset_{span.zero_point}", span.zero_point + 0.5)])
        return TokenInt8(
            values=g.add("Cast", f"{name}.uint8", [shifted], to=TensorProto.UINT8),
            zero_point=g.scalar(f"zero_point_{span.zero_point}", span.zero_point, np.uint8),
            token_scale=g.add("Div", f"{name}.token_scale", [largest, top]),
        )

    def project(self, g: GraphBuilder, prepared: TokenInt8, weight: str) -> str:
        matrix, scales = symmetric_int8(self.weights[f"{weight}.weight"].T, axis=0)
        # The operator that onnxruntime fuses MatMulInteger, Cast and Mul into, written out: it applies the weights'
        # scales inside the matrix product. Its scale for the activations is one number, so that is 1, and the tokens'
        # scales follow. A graph of MatMulInteger, Cast and Mul instead risks MatMulIntegerToFloatFusion, which takes
        # the tokens' scales for such a number and silently gives wrong vectors; here it finds nothing to match.
        product = g.add("MatMulIntegerToFloat", f"{weight}.product", [
            prepared.values, g.constant(f"{weight}.int8", matrix), g.scalar("one", 1),
            g.constant(f"{weight}.scales", scales[0]), prepared.zero_point], domain=MICROSOFT)
        return g.add("Mul", weight, [product, prepared.token_scale])

    def bias(self, name: str) -> FloatArray:
        return self.weights[f"{name}.bias"]


def build_wasm_variant(source: Source, magnitudes: dict[str, FloatArray]) -> onnx.ModelProto:
    return build_encoder(source, TokenInt8Dialect(source, magnitudes))
