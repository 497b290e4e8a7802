"""The models by name: graph files, tokenizer, and what the own files of such a model say."""
from dataclasses import dataclass, field

from decoders import Decoder, build_decoder
from encoders import Encoder, build_encoder
from graph import INT32
from tokenizers_json import bert, byte_pairs, mpnet, unigram
import variants

WIDTH = 32
LIMIT = 64


@dataclass
class Model:
    name: str
    tokenizer: tuple
    files: dict
    graph: str
    pooling: str
    model_type: str
    pad: str
    # Whether the graph gives pooled vectors, and on which side it wants the padding.
    pooled: bool = False
    padding_side: str = "right"
    dtype: str = "fp32"
    config: dict = field(default_factory=dict)


def plain(model):
    return {"onnx/model.onnx": model.SerializeToString()}


def encoders():
    wordpiece = bert()
    size = len(wordpiece[0])
    word = {"tokenizer": wordpiece, "graph": "onnx/model.onnx", "pad": "[PAD]"}

    def encoder(seed, **options):
        return plain(build_encoder(Encoder(seed, size, **options)))

    base = build_encoder(Encoder(1, size))
    yield Model("bert-mean", files=plain(base), pooling="mean", model_type="bert", **word)
    yield Model("bert-cls", files=encoder(2, opset=17, extra="pooler"), pooling="cls", model_type="bert", **word)
    yield Model("distilbert", files=encoder(3, token_types=False), pooling="mean", model_type="distilbert", **word)
    yield Model("int32-inputs", files=encoder(4, input_type=INT32), pooling="mean", model_type="bert", **word)
    # Snowflake Arctic 2, EmbeddingGemma: token vectors and, made right by a Dense, one vector.
    yield Model("pooled-inside", files=encoder(5, extra="dense", opset=17, token_types=False), pooling="mean",
                pooled=True, model_type="bert", **word)
    rotary = {"positions": "rotary", "bias": False}
    yield Model("nomic-bert", files=encoder(6, activation="swiglu", **rotary), pooling="mean", model_type="nomic_bert",
                config={"n_positions": LIMIT, "n_embd": WIDTH}, **word)
    yield Model("gte-new", files=encoder(7, activation="geglu", positions="rotary", opset=17), pooling="cls",
                model_type="new", **word)
    yield Model("jina-bert", files=encoder(8, activation="geglu", positions="alibi"), pooling="mean", model_type="bert",
                config={"position_embedding_type": "alibi"}, **word)

    def quantised(name, file, graph, dtype):
        return Model(name, files={file: graph.SerializeToString()}, pooling="mean", model_type="bert", dtype=dtype,
                     tokenizer=wordpiece, graph=file, pad="[PAD]")
    yield quantised("q8", "onnx/model_quantized.onnx", variants.q8(base), "q8")
    yield quantised("q4", "onnx/model_q4.onnx", variants.q4(base), "q4")
    yield quantised("fp16", "onnx/model_fp16.onnx", variants.fp16(base), "fp16")
    parts = variants.outside(base, "model.onnx", 2)
    yield Model("external-data", files={f"onnx/{name}": data for name, data in parts.items()}, pooling="mean",
                model_type="bert", config={"transformers.js_config": {"use_external_data_format": {"model.onnx": 2}}}, **word)

    pieces = mpnet()
    yield Model("mpnet", tokenizer=pieces, graph="onnx/model.onnx", pad="<pad>", pooling="mean", model_type="mpnet",
                files=plain(build_encoder(Encoder(9, len(pieces[0]), "buckets", padding=1, token_types=False))),
                config={"max_position_embeddings": LIMIT + 2})
    pieces = unigram()
    yield Model("xlm-roberta", tokenizer=pieces, graph="onnx/model.onnx", pad="<pad>", pooling="mean",
                model_type="xlm-roberta", config={"max_position_embeddings": LIMIT + 2},
                files=plain(build_encoder(Encoder(10, len(pieces[0]), "offset", padding=1, token_types=False))))
    pieces = byte_pairs(["[CLS]"], ["[SEP]", "[PAD]"])
    # The padding is a token of the vocabulary, not a part of every text.
    pieces[1]["post_processor"]["single"].pop()
    yield Model("modernbert", tokenizer=pieces, graph="onnx/model.onnx", pad="[PAD]", pooling="cls",
                model_type="modernbert",
                files=plain(build_encoder(Encoder(11, len(pieces[0]), "rotary", token_types=False, bias=False,
                                                  activation="geglu", pre_norm=True, window=8, opset=17))))


def decoders():
    pieces = byte_pairs([], ["<|endoftext|>"])
    size = len(pieces[0])

    def decoder(name, seed, change=lambda model: model, file="onnx/model.onnx", **options):
        settings = {key: options.pop(key) for key in ("padding_side", "pooled", "dtype") if key in options}
        graph = change(build_decoder(Decoder(seed, size, pooled=settings.get("pooled", False), **options)))
        return Model(name, tokenizer=pieces, files={file: graph.SerializeToString()}, graph=file, pooling="last",
                     model_type="qwen3", pad="<|endoftext|>", **settings)

    yield decoder("decoder", 12)
    yield decoder("decoder-cache", 13, cache=True)
    yield decoder("decoder-fused", 14, cache=True, fused=True)
    yield decoder("decoder-left", 15, cache=True, pooled=True, padding_side="left")
    # Its cache's inputs are float16 too.
    yield decoder("decoder-fp16", 13, variants.fp16, "onnx/model_fp16.onnx", cache=True, dtype="fp16")


def all_models():
    return [*encoders(), *decoders()]
