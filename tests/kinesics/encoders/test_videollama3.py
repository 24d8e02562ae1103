"""VideoLLaMA 3 on tiny random weights: packing, pruning and answering, against transformers and plain loops."""

import numpy as np
import pytest
import torch
import transformers
from support.foundation import assert_features_of_transformers, save, save_tokeniser, unfolded

from kinesics.encoders import pretrained, videollama3
from kinesics.encoders.transformers_vision import pack_patches
from kinesics.errors import KinesicsError


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = save("videollama3", tmp_path_factory.mktemp("weights") / "videollama3")
    save_tokeniser(place)
    return place


@pytest.fixture(scope="module")
def answer(folder):
    return videollama3.answerer(folder, max_tokens=12)


def noise(shape: tuple, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def test_features_are_those_of_transformers_for_the_same_frames(tiny, gradient, tmp_path):
    assert_features_of_transformers("videollama3", tiny("videollama3"), gradient, tmp_path)


def test_patches_are_those_of_transformers_image_processor():
    frame = noise((56, 84, 3))
    processor = transformers.VideoLlama3ImageProcessorPil(merge_size=2, do_resize=False)
    theirs = processor(images=[frame], return_tensors="pt")
    ours, grid = pack_patches(
        pretrained.normalise(torch.from_numpy(frame[None]), *map(torch.tensor, pretrained.HALF)), 14, 2, 1
    )
    assert theirs["image_grid_thw"].tolist() == grid.tolist()
    torch.testing.assert_close(ours, theirs["pixel_values"], rtol=0, atol=1e-6)


def test_the_pruner_keeps_what_changed_and_one_token_a_frame():
    still = np.full((5, 56, 84, 3), 120, np.uint8)
    still[2, 30:40, 60:70] = 125  # one token of frame 2, which is over in frame 3
    still[4] += 1  # everything, by a grey level: 2 / 255 of the scale from -1 to 1
    pixels = pretrained.normalise(torch.from_numpy(still), *map(torch.tensor, pretrained.HALF))
    kept = videollama3.pruned_patches(pack_patches(pixels, 14, 2, 1)[0], 5)
    assert kept.shape == (5, 6)
    assert kept[0].all()
    assert kept[1].tolist() == [True] + 5 * [False]
    assert kept[2].nonzero().flatten().tolist() == kept[3].nonzero().flatten().tolist() == [5]
    assert kept[4].all()
    assert videollama3.pruned_patches(pack_patches(pixels[:1], 14, 2, 1)[0], 1).all()


def test_pruning_and_resizing_are_those_of_transformers_where_it_can_be_imported():
    """transformers' own video processor needs a torchvision that was built for this torch."""
    try:
        import torchvision  # noqa: F401
    except (ImportError, RuntimeError):
        pytest.skip("no torchvision of this torch")
    frames = noise((4, 100, 170, 3)) // 8 * 8
    frames[1, 40:] = frames[0, 40:]
    processor = transformers.VideoLlama3VideoProcessor()
    expected = processor(videos=[torch.from_numpy(frames).movedim(-1, 1)], return_tensors="pt")
    ours = videollama3.fit_to_patches(frames)
    patches, grid = pack_patches(
        pretrained.normalise(torch.from_numpy(ours), *map(torch.tensor, pretrained.HALF)), 14, 2, 1
    )
    assert grid.tolist() == expected["video_grid_thw"].tolist()
    kept = videollama3.pruned_patches(expected["pixel_values_videos"], 4)
    assert torch.equal(kept.flatten(), expected["video_compression_mask"])
    torch.testing.assert_close(patches, expected["pixel_values_videos"], rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((1, 100, 170), (252, 420)),  # enlarged: a frame has at least 128 tokens
        ((4, 360, 640), (280, 504)),  # shrunk: all have at most 768
        ((180, 360, 640), (28, 56)),
        ((2, 300, 500), (308, 504)),
    ],
)
def test_frames_are_fitted_to_whole_tokens(shape, expected):
    fitted = videollama3.fit_to_patches(np.zeros((*shape, 3), np.uint8))
    assert fitted.shape == (shape[0], *expected, 3)


def test_the_vision_encoder_s_features_are_those_of_the_whole_model(folder):
    network = pretrained.load_pretrained(
        folder, {"video_llama_3": videollama3.VideoLlama3VisionModel}, "model.vision_model."
    )
    whole = transformers.AutoModel.from_pretrained(folder, dtype=torch.float32).eval()
    pixels = torch.randn(3, 3, 56, 84)
    patches, grid = unfolded(pixels, 14, 1), torch.tensor([[3, 4, 6]])
    with torch.inference_mode():
        ours = videollama3.vision_tokens(network, pixels)
        theirs = whole.get_video_features(patches, grid, torch.tensor([2]))
    assert ours.shape == (18, 16)
    torch.testing.assert_close(ours, theirs.last_hidden_state, rtol=0, atol=1e-5)


def test_an_answer_is_what_the_model_generates_from_the_frames_and_the_question(answer, folder):
    frames, question = np.repeat(noise((2, 280, 504, 3)), 2, axis=0), "What?"
    text = answer(frames, [0.5, 1.5, 2.5, 3.5], question)
    assert answer(frames, [0.5, 1.5, 2.5, 3.5], question) == text
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    network = transformers.AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32).eval()
    pixels = torch.from_numpy(np.moveaxis(frames / 127.5 - 1, -1, 1).astype(np.float32))
    patches, grid = unfolded(pixels, 14, 1), torch.tensor([[4, 20, 36]])
    tokens = patches.reshape(4, 180, -1)
    kept = torch.stack([torch.ones(180, dtype=bool), *((tokens[k] != tokens[k - 1]).any(-1) for k in (1, 2, 3))])
    kept[[1, 3], 0] = True  # the repeated frames keep one token
    counts = kept.sum(1).tolist()
    assert counts == [180, 1, 180, 1]
    prompt = ",".join(f"Time {k + 0.5:.1f}s:" + "<video>" * count for k, count in enumerate(counts))
    ids = tokenizer(f"<start>{prompt}\n{question}<end>", return_tensors="pt").input_ids
    with torch.inference_mode():
        for _ in range(12):
            logits = network(
                input_ids=ids,
                pixel_values_videos=patches,
                video_grid_thw=grid,
                video_merge_sizes=torch.tensor([2]),
                video_compression_mask=kept.flatten(),
            ).logits[0, -1]
            following = logits.argmax().view(1, 1)
            ids = torch.cat([ids, following], 1)
            if following.item() == 2:
                break
    expected = tokenizer.decode(ids[0, ids.shape[1] - 12 :], skip_special_tokens=True).strip()
    assert text == expected


def test_weights_of_another_model_are_named(tmp_path):
    with pytest.raises(KinesicsError, match="holds a network of type 'dinov2', not video_llama_3"):
        videollama3.answerer(save("dinov2", tmp_path / "dinov2"))
    with pytest.raises(KinesicsError, match="no tokeniser"):
        videollama3.answerer(save("videollama3", tmp_path / "silent"))
