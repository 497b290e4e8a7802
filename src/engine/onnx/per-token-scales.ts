/**
 * Dynamic quantisation with a scale for each token instead of one for the whole padded batch, by which a text gets
 * another vector in other company. Token-wise as in Yao et al., "ZeroQuant" (arXiv 2206.01861).
 */

import type { GraphFragment } from './graph-fragment.ts'
import type { GraphScan, ScannedNode } from './scan-graph.ts'

/** Operators that round activations by a scale of the whole batch. */
const BATCH_SCALED = [
  'DynamicQuantizeLinear',
  'com.microsoft.DynamicQuantizeMatMul',
  'com.microsoft.DynamicQuantizeLSTM',
]

/** `TensorProto.DataType` of float32 */
const FLOAT = 1

/** Steps from zero to the largest magnitude. */
const STEPS = 127
/** What stands for zero: uint8 around it, for onnxruntime-web runs int8 activations ten times slower. */
const ZERO_POINT = 128
/** Added to a token's largest magnitude, so that nothing is divided by zero; changes no other number. */
const FLOOR = 1e-30

/** `QuantizeLinear` is older; `DynamicQuantizeLinear` came with this one. */
const LEAST_OPSET = 11

/** A product of a quantised activation and a constant matrix. Names of values; an absent one is ''. */
interface QuantizedProduct {
  activation: string
  weight: string
  weightScale: string
  weightZero: string
  bias: string
  output: string
}

/** What the edit is to do. */
export interface PerTokenPlan {
  products: readonly QuantizedProduct[]
  /** Nodes that the new ones stand for. */
  replaced: ReadonlySet<ScannedNode>
}

/** How many nodes quantise by the whole batch. */
export function countBatchScaled({ operators }: GraphScan): number {
  return BATCH_SCALED.reduce((sum, op) => sum + (operators.get(op) ?? 0), 0)
}

/** All nodes that quantise by the batch, and what follows from each; or the first reason why one must stay. */
export function planPerTokenScales(scan: GraphScan): PerTokenPlan | string {
  const opset = scan.opsets.get('') ?? 0
  if (opset < LEAST_OPSET) return `the graph is of operator set ${String(opset)}`
  const matcher = new ProductMatcher(scan)
  let count = 0
  for (const node of scan.nodes) {
    if (!BATCH_SCALED.includes(node.op)) continue
    count++
    const reason = matcher.match(node)
    if (reason !== null) return `${node.op} of ${node.inputs[0] ?? ''}: ${reason}`
  }
  if (count < countBatchScaled(scan)) return 'some of it is inside a branch, a loop or a function'
  return matcher
}

/**
 * Adds what the plan says. Each product becomes onnxruntime's `MatMulIntegerToFloat` with the activation's scale 1,
 * times the tokens' scales. `MatMulInteger`, `Cast` and `Mul` would do as well, but for onnxruntime's
 * `MatMulIntegerToFloatFusion`, which takes any scale for a single number and silently gives wrong vectors; here it
 * finds nothing to match.
 */
export function addPerTokenScales(fragment: GraphFragment, { products }: PerTokenPlan): void {
  const one = fragment.constant('float32', 1)
  const steps = fragment.constant('float32', STEPS)
  const floor = fragment.constant('float32', FLOOR)
  const zeroPoint = fragment.constant('uint8', ZERO_POINT)
  const quantized = new Map<string, { values: string; scale: string }>()

  const quantize = (activation: string): { values: string; scale: string } => {
    const magnitude = fragment.node('Abs', [activation])
    const largest = fragment.node('Add', [
      fragment.alongAxis('ReduceMax', magnitude, -1, { keepdims: 1 }),
      floor,
    ])
    const scaled = fragment.node('Mul', [activation, fragment.node('Div', [steps, largest])])
    return {
      values: fragment.node('QuantizeLinear', [scaled, one, zeroPoint]),
      scale: fragment.node('Div', [largest, steps]),
    }
  }

  for (const { activation, weight, weightScale, weightZero, bias, output } of products) {
    const { values, scale } = quantized.get(activation) ?? quantize(activation)
    quantized.set(activation, { values, scale })
    const inputs = [values, weight, one, weightScale, zeroPoint, ...(weightZero === '' ? [] : [weightZero])]
    const product = fragment.microsoft('MatMulIntegerToFloat', inputs)
    if (bias === '') fragment.node('Mul', [product, scale], {}, output)
    else fragment.node('Add', [fragment.node('Mul', [product, scale]), bias], {}, output)
  }
}

/** Finds what follows from a node that quantises; collects products and the nodes that they replace. */
class ProductMatcher implements PerTokenPlan {
  readonly products: QuantizedProduct[] = []
  readonly replaced = new Set<ScannedNode>()
  readonly #scan: GraphScan
  readonly #readers = new Map<string, ScannedNode[]>()
  readonly #producers = new Map<string, ScannedNode>()
  /** Values that are read from outside the nodes of the main graph. */
  readonly #shown: ReadonlySet<string>

  constructor(scan: GraphScan) {
    this.#scan = scan
    this.#shown = new Set([...scan.readInside, ...scan.outputs.map(({ name }) => name)])
    for (const node of scan.nodes) {
      for (const name of node.outputs) this.#producers.set(name, node)
      for (const name of new Set(node.inputs)) {
        const readers = this.#readers.get(name)
        if (readers === undefined) this.#readers.set(name, [node])
        else readers.push(node)
      }
    }
  }

  /** Why the node must stay; null where everything that follows from it was understood. */
  match(node: ScannedNode): string | null {
    if (node.op === 'com.microsoft.DynamicQuantizeMatMul') return this.#matchWhole(node)
    if (node.op !== 'DynamicQuantizeLinear') return 'not known'
    const [values = '', scale = '', zeroPoint = ''] = node.outputs
    if (values === '' || scale === '' || zeroPoint === '') return 'it leaves an output out'
    this.replaced.add(node)
    for (const reader of this.#readers.get(values) ?? []) {
      const reason = this.#matchProduct(reader, node)
      if (reason !== null) return reason
    }
    // Whoever reads the scale or the zero point must be gone with the products.
    for (const name of [values, scale, zeroPoint]) {
      if (this.#shown.has(name)) return 'what it gives is read elsewhere'
      const other = this.#readers.get(name)?.find((reader) => !this.replaced.has(reader))
      if (other !== undefined) return `${other.op} reads what it gives`
    }
    return null
  }

  /** `DynamicQuantizeMatMul` of com.microsoft: A, B, B's scale, B's zero point, bias. */
  #matchWhole(node: ScannedNode): string | null {
    const [activation = '', weight = '', weightScale = '', weightZero = '', bias = ''] = node.inputs
    const [output = ''] = node.outputs
    this.replaced.add(node)
    return this.#addProduct({ activation, weight, weightScale, weightZero, bias, output })
  }

  #matchProduct(node: ScannedNode, quantizer: ScannedNode): string | null {
    const [values = '', scale = '', zeroPoint = ''] = quantizer.outputs
    const activation = quantizer.inputs[0] ?? ''
    if (node.op === 'com.microsoft.MatMulIntegerToFloat') {
      const [a, weight = '', aScale, weightScale = '', aZero, weightZero = '', bias = ''] = node.inputs
      if (a !== values || aScale !== scale || aZero !== zeroPoint) return 'another scale or zero point is used'
      const [output = ''] = node.outputs
      this.replaced.add(node)
      return this.#addProduct({ activation, weight, weightScale, weightZero, bias, output })
    }
    if (node.op !== 'MatMulInteger') return `${node.op} reads what it gives`
    const [a, weight = '', aZero, weightZero = ''] = node.inputs
    if (a !== values || aZero !== zeroPoint) return 'another zero point is used'
    const cast = this.#onlyReader(node)
    if (cast?.op !== 'Cast' || cast.integers.get('to') !== FLOAT) return 'the product is not cast to float32'
    const scaling = this.#onlyReader(cast)
    const scales = this.#producers.get(scaling?.inputs.find((name) => name !== cast.outputs[0]) ?? '')
    const weightScale = scales?.inputs.find((name) => name !== scale) ?? ''
    if (scaling?.op !== 'Mul' || scales?.op !== 'Mul' || !scales.inputs.includes(scale)) {
      return 'the product is not multiplied by both scales'
    }
    if (this.#onlyReader(scales) !== scaling) return 'the scales are read elsewhere'
    for (const gone of [node, cast, scaling, scales]) this.replaced.add(gone)
    const [output = ''] = scaling.outputs
    return this.#addProduct({ activation, weight, weightScale, weightZero, bias: '', output })
  }

  /** The one node that reads a node's one output. */
  #onlyReader(node: ScannedNode): ScannedNode | undefined {
    const output = node.outputs[0] ?? ''
    const readers = this.#readers.get(output) ?? []
    return readers.length === 1 && !this.#shown.has(output) ? readers[0] : undefined
  }

  /** Takes a product whose weights are such as `MatMulIntegerToFloat` takes: one scale and zero point, or one a column. */
  #addProduct(product: QuantizedProduct): string | null {
    const { constants } = this.#scan
    const weight = constants.get(product.weight)
    if (weight?.dims.length !== 2) return 'the weights are not a constant matrix'
    const isPerColumn = (name: string): boolean => {
      const dims = constants.get(name)?.dims
      if (dims === undefined || dims.length > 1) return false
      return dims[0] === undefined || dims[0] === 1 || dims[0] === weight.dims[1]
    }
    if (!isPerColumn(product.weightScale)) return "the weights' scales are not one a column"
    if (product.weightZero !== '' && !isPerColumn(product.weightZero))
      return "the weights' zero points are not one a column"
    this.products.push(product)
    return null
  }
}
