"""Small tokenizers of the three kinds that embedding models have, as `tokenizer.json`. Written by hand: no training."""
from tokenizers.pre_tokenizers import ByteLevel

LETTERS = "abcdefghijklmnopqrstuvwxyz"
SIGNS = "0123456789.,:;!?'-()"
WORDS = """the a of and to in is for on with red green blue black white rain sun sea river hill stone tree bird fish
bread milk cup book word light night day year city road house garden slow quick old new warm cold""".split()


def special_token(id, content):
    return {"id": id, "content": content, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False,
            "special": True}


def template(before, after, ids):
    """Special tokens around a text; a pair is never asked for, but the format wants it."""
    def parts(names):
        return [{"SpecialToken": {"id": name, "type_id": 0}} for name in names]
    sequence = [{"Sequence": {"id": "A", "type_id": 0}}]
    return {"type": "TemplateProcessing", "single": parts(before) + sequence + parts(after),
            "pair": parts(before) + sequence + parts(after) + [{"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {name: {"id": name, "ids": [ids[name]], "tokens": [name]}
                               for name in dict.fromkeys(before + after)}}


def tokenizer(model, specials, ids, **parts):
    return {"version": "1.0", "truncation": None, "padding": None,
            "added_tokens": [special_token(ids[name], name) for name in specials], "normalizer": None,
            "pre_tokenizer": None, "post_processor": None, "decoder": None, **parts, "model": model}


def word_piece(specials, before, after, unknown):
    pieces = [*LETTERS, *(f"##{letter}" for letter in LETTERS), *SIGNS, *(word for word in WORDS if len(word) > 1)]
    ids = {piece: id for id, piece in enumerate([*specials, *dict.fromkeys(pieces)])}
    return ids, tokenizer(
        {"type": "WordPiece", "vocab": ids, "unk_token": unknown, "continuing_subword_prefix": "##",
         "max_input_chars_per_word": 100}, specials, ids,
        normalizer={"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True, "strip_accents": None,
                    "lowercase": True},
        pre_tokenizer={"type": "BertPreTokenizer"}, post_processor=template([before], [after], ids))


def bert():
    return word_piece(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"], "[CLS]", "[SEP]", "[UNK]")


def mpnet():
    return word_piece(["<s>", "<pad>", "</s>", "[UNK]", "<mask>"], "<s>", "</s>", "[UNK]")


def unigram():
    """SentencePiece as XLM-RoBERTa has it: longer pieces are likelier."""
    specials = ["<s>", "<pad>", "</s>", "<unk>"]
    pieces = ["▁", *(f"▁{word}" for word in WORDS), *LETTERS, *SIGNS]
    vocabulary = [[name, 0.0] for name in specials] + [[piece, -12.0 + len(piece)] for piece in pieces]
    ids = {piece: id for id, (piece, _) in enumerate(vocabulary)}
    metaspace = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}
    return ids, tokenizer({"type": "Unigram", "unk_id": 3, "vocab": vocabulary, "byte_fallback": False}, specials, ids,
                          normalizer={"type": "Lowercase"}, pre_tokenizer=metaspace,
                          post_processor=template(["<s>"], ["</s>"], ids))


def byte_pairs(before, after):
    """Byte-level BPE: every word is merged from left to right."""
    specials = list(dict.fromkeys([*before, *after]))
    vocabulary = sorted(ByteLevel.alphabet())
    merges = []
    for word in WORDS:
        for spaced in ("Ġ" + word, word):
            for end in range(2, len(spaced) + 1):
                pair = (spaced[:end - 1], spaced[end - 1])
                if spaced[:end] not in vocabulary:
                    vocabulary.append(spaced[:end])
                    merges.append(list(pair))
    ids = {piece: id for id, piece in enumerate([*vocabulary, *specials])}
    # transformers keeps special tokens outside the model's own vocabulary.
    own = {piece: id for piece, id in ids.items() if piece not in specials}
    model = {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": "",
             "end_of_word_suffix": "", "fuse_unk": False, "byte_fallback": False, "ignore_merges": False, "vocab": own,
             "merges": merges}
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": True}
    return ids, tokenizer(model, specials, ids, normalizer={"type": "NFC"}, pre_tokenizer=byte_level,
                          decoder=byte_level, post_processor=template(list(before), list(after), ids))
