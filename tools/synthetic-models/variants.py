"""Other forms of a graph: quantised, in half precision, with weights outside, with other integers."""
import tempfile
from pathlib import Path

import onnx
from onnx import TensorProto, external_data_helper
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer
from onnxruntime.transformers.float16 import convert_float_to_float16


def q8(model):
    """As transformers.js's converter makes `model_quantized.onnx`."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "in.onnx"), Path(folder, "out.onnx")
        onnx.save(model, source)
        quantize_dynamic(source, target, weight_type=QuantType.QInt8, per_channel=False, reduce_range=False)
        return onnx.load(target)


def q4(model):
    """As transformers.js's converter makes `model_q4.onnx`: weights in blocks of 32, activations as they are."""
    quantizer = MatMulNBitsQuantizer(onnx.load_model_from_string(model.SerializeToString()), block_size=32,
                                     is_symmetric=True, bits=4)
    quantizer.process()
    return quantizer.model.model


def fp16(model):
    """All of it, inputs and outputs too."""
    return convert_float_to_float16(onnx.load_model_from_string(model.SerializeToString()), keep_io_types=False)


def outside(model, name, parts):
    """The graph, and its large weights in so many files, dealt out in turn."""
    model = onnx.load_model_from_string(model.SerializeToString())
    files = {f"{name}_data{'' if part == 0 else f'_{part}'}": b"" for part in range(parts)}
    large = [tensor for tensor in model.graph.initializer if len(tensor.raw_data) >= 1024]
    for index, tensor in enumerate(large):
        location = list(files)[index % parts]
        external_data_helper.set_external_data(tensor, location, offset=len(files[location]),
                                               length=len(tensor.raw_data))
        files[location] += tensor.raw_data
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
    return {name: model.SerializeToString(), **files}
