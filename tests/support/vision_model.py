"""A vision-language model made on the spot, whose answer is known: for tests of real servers and of transformers.

It is a LLaVA (CLIP's vision tower, a Llama) of a few kilobytes. Attention and layers add nothing, token embeddings are
one-hot and the head maps each token to the next one, so it answers every request with the same text. Pictures go
through the vision tower and the projector like any model's.
"""

from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    CLIPImageProcessor,
    CLIPVisionConfig,
    LlamaConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaProcessor,
    PreTrainedTokenizerFast,
)

SIZE, PATCH = 28, 14
TEMPLATE = (
    "{% for message in messages %}{% for part in message['content'] %}"
    "{% if part['type'] == 'text' %}{{ part['text'] }}{% else %}<image>{% endif %}"
    "{% endfor %}{% endfor %}{% if add_generation_prompt %}<begin>{% endif %}"
)


def write_model(folder: Path, answer: str) -> Path:
    """Write the model and its processor to a folder; return it."""
    words = ["<unk>", "<pad>", "<end>", "<image>", "<begin>", answer]
    tokenizer = Tokenizer(models.WordLevel({word: number for number, word in enumerate(words)}, "<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.decoder = decoders.Fuse()
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="<unk>", pad_token="<pad>", eos_token="<end>", bos_token="<begin>"
    )
    fast.add_special_tokens({"additional_special_tokens": ["<image>"]})
    pictures = CLIPImageProcessor(size={"shortest_edge": SIZE}, crop_size={"height": SIZE, "width": SIZE})
    processor = LlavaProcessor(
        image_processor=pictures,
        tokenizer=fast,
        patch_size=PATCH,
        vision_feature_select_strategy="default",
        chat_template=TEMPLATE,
        num_additional_image_tokens=1,
    )
    vision = CLIPVisionConfig(
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        image_size=SIZE,
        patch_size=PATCH,
    )
    width = 16
    text = LlamaConfig(
        vocab_size=len(words),
        hidden_size=width,
        intermediate_size=width,
        num_hidden_layers=1,
        num_attention_heads=2,
        max_position_embeddings=4096,
        tie_word_embeddings=False,
        bos_token_id=4,
        eos_token_id=2,
        pad_token_id=1,
    )
    torch.manual_seed(0)
    model = LlavaForConditionalGeneration(LlavaConfig(vision_config=vision, text_config=text, image_token_id=3))
    language = model.model.language_model
    with torch.no_grad():
        language.embed_tokens.weight.copy_(torch.eye(len(words), width))
        language.layers[0].self_attn.o_proj.weight.zero_()
        language.layers[0].mlp.down_proj.weight.zero_()
        model.lm_head.weight.zero_()
        model.lm_head.weight[5, 4] = model.lm_head.weight[2, 5] = 1.0  # begin, then the answer, then the end
    model.generation_config.eos_token_id, model.generation_config.pad_token_id = 2, 1
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder
