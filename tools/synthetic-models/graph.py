"""Writes ONNX graphs node by node, with weights from a seeded generator."""
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

FLOAT, INT64, INT32, FLOAT16 = TensorProto.FLOAT, TensorProto.INT64, TensorProto.INT32, TensorProto.FLOAT16

# onnxruntime's own, though exports have it in ONNX's domain; the checker does not know it.
UNREGISTERED = ("SimplifiedLayerNormalization",)


class Graph:
    """A graph under construction. Values are their names; `op` adds a node and returns its output's name."""

    def __init__(self, opset, seed):
        self.opset = opset
        self.random = np.random.default_rng(seed)
        self.nodes, self.inputs, self.outputs = [], [], []
        self.constants = {}
        self.domains = set()

    def input(self, name, shape, type=INT64):
        self.inputs.append(helper.make_tensor_value_info(name, type, shape))
        return name

    def output(self, name, value, shape, type=FLOAT):
        self.nodes.append(helper.make_node("Identity", [value], [name]))
        self.outputs.append(helper.make_tensor_value_info(name, type, shape))

    def const(self, value, type=np.float32):
        array = np.asarray(value, type)
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self.constants:
            self.constants[key] = (f"constant_{len(self.constants)}", array)
        return self.constants[key][0]

    def ints(self, *values):
        return self.const(values, np.int64)

    def weight(self, *shape, gain=1.0):
        """Random, in steps of 1/128: fewer distinct numbers make the repository smaller."""
        scale = gain / np.sqrt(shape[0]) if len(shape) > 1 else gain
        return self.const(np.round(self.random.normal(0, scale, shape) * 128) / 128)

    def op(self, kind, *inputs, count=1, domain="", **attributes):
        outputs = [f"{kind}_{len(self.nodes)}_{index}" for index in range(count)]
        self.domains.add(domain)
        self.nodes.append(helper.make_node(kind, list(inputs), outputs, domain=domain, **attributes))
        return outputs[0] if count == 1 else outputs

    def build(self):
        opsets = [helper.make_opsetid("", self.opset)]
        if "com.microsoft" in self.domains:
            opsets.append(helper.make_opsetid("com.microsoft", 1))
        graph = helper.make_graph(self.nodes, "synthetic", self.inputs, self.outputs,
                                  [numpy_helper.from_array(array, name) for name, array in self.constants.values()])
        model = helper.make_model(graph, opset_imports=opsets, ir_version=8 if self.opset < 18 else 10)
        if not any(node.op_type in UNREGISTERED for node in self.nodes):
            onnx.checker.check_model(model)
        return model
