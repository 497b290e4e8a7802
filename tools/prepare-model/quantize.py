"""Rounding of weights, and the channel scales that make activations easier to round."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from source import FloatArray


def symmetric_int8(values: FloatArray, axis: int) -> tuple[npt.NDArray[np.int8], FloatArray]:
    """Rounds to [-127, 127] with one scale for each slice along `axis`, which stays as a dimension of 1."""
    scale = (np.abs(values).max(axis=axis, keepdims=True) / 127).astype(np.float32)
    return np.clip(np.rint(values / scale), -127, 127).astype(np.int8), scale


def smoothing(magnitude: FloatArray, weight: FloatArray) -> FloatArray:
    """Factors per input channel that move the difficulty of rounding from the activations into the weights.

    Activations are divided by them, the columns of `weight` [outputs, inputs] multiplied. Xiao et al., "SmoothQuant",
    arXiv 2211.10438, equation 4 with alpha = 1/2. Their geometric mean is 1. They are rounded to float16, so that what
    another processor computes in the last bits does not change the file.
    """
    factors = np.sqrt((magnitude + 1e-4) / (np.abs(weight).max(axis=0) + 1e-6))
    return (factors / np.exp(np.log(factors).mean())).astype(np.float16).astype(np.float32)
