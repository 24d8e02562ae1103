"""The heads: losses by hand, soft-NMS against a loop, windows that change nothing, the same bytes, a toy that is learned."""

import subprocess
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest
import yaml
from flax import nnx
from safetensors.numpy import save, save_file
from support.toy import LABELS, RATE, toy_clip, untrained

from kinesics.cli.main import main
from kinesics.detectors import actionformer, attentive, budgeted, hmm, linear, mstcn, sliding_window
from kinesics.detectors.runner import detect_files
from kinesics.errors import KinesicsError
from kinesics.io.checkpoints import detector_of
from kinesics.metrics.average_precision import average_precision
from kinesics.metrics.calibration import ece
from kinesics.models import calibration, framewise, inference, losses, method
from kinesics.models.decoding import apply_calibration, best_threshold, fit_platt, soft_nms
from kinesics.models.optimization import initial_weights
from kinesics.models.pyramid import Network, grid, targets
from kinesics.models.sequences import CROPS, SLOT, PersonSequence, fit_scaling, person_sequences, time_warp
from kinesics.signals.descriptor import AUDIO_COLUMNS, COLUMNS
from kinesics.signals.recording import Recording
from kinesics.structures.boxes import temporal_iou
from kinesics.structures.events import BOX, check_events, read_tubes, write_events_csv
from kinesics.structures.features import CropFeatures, Features, write_features
from kinesics.structures.timegrid import rasterise
from kinesics.structures.tracks import TracksWriter, read_tracks

METHODS = (budgeted, actionformer, attentive, linear, mstcn, sliding_window)


def test_another_number_of_processors_gives_the_same_digits():
    code = "import numpy as np, kinesics.models, jax; x = jax.random.normal(jax.random.key(0), (40000, 16)); "
    code += "print(np.asarray(jax.jit(lambda x: x.T @ x)(x)).tobytes().hex())"
    one, all_ = (
        subprocess.run([*pin, sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        for pin in (["taskset", "-c", "0"], [])
    )
    assert one == all_ != ""


def test_losses_by_hand():
    # p = 1/2: -log p = log 2; focal: alpha (1 - p)^2 log 2
    assert losses.binary_cross_entropy(jnp.zeros(2), jnp.array([0.0, 1.0])) == pytest.approx(np.log(2))
    assert losses.focal(jnp.zeros(2), jnp.array([1.0, 0.0])) == pytest.approx(np.array([0.25, 0.75]) * 0.25 * np.log(2))
    # [-2, 2] and [-1, 3] about the step: 3 in common of 5, middles 1 apart
    found, true = jnp.array([2.0, 2.0]), jnp.array([1.0, 3.0])
    assert losses.segment_iou(found, true) == pytest.approx(3 / 5)
    assert losses.diou(found, true) == pytest.approx(1 - 3 / 5 + (1 / 5) ** 2)
    assert losses.diou(true, true) == pytest.approx(0)


def test_soft_nms_does_what_its_loop_says():
    random = np.random.default_rng(0)
    start = random.uniform(0, 30, 60)
    segments, scores = np.stack([start, start + random.uniform(1, 6, 60)], 1), random.uniform(0.02, 1, 60)
    rest, expected = dict(enumerate(scores)), np.zeros(60)
    while rest and max(rest.values()) >= 0.05:
        best = max(rest, key=rest.get)
        expected[best] = rest.pop(best)
        for other in rest:
            iou = temporal_iou(segments[[best]], segments[[other]])[0, 0]
            rest[other] *= np.exp(-(iou**2) / 0.3)
    np.testing.assert_allclose(soft_nms(segments, scores, 0.3, 0.05), expected, atol=1e-12)
    assert not len(soft_nms(np.zeros((0, 2)), np.zeros(0), 0.3))


def test_targets_lie_inside_their_events_and_tell_them_back():
    events = np.array([[3.0, 12.0, 0], [50.0, 170.0, 1], [60.0, 66.0, 1], [60.0, 75.0, 0]])
    there, distance = targets(events, 192, 2)
    middle, stride = grid(192)
    ends = np.stack(
        [middle[:, None] - distance[..., 0] * stride[:, None], middle[:, None] + distance[..., 1] * stride[:, None]], -1
    )
    for label in range(2):
        told = {tuple(row.round(3)) for row in ends[there[:, label], label]}
        assert told == {tuple(row[:2]) for row in events[events[:, 2] == label]}
    assert set(stride[there[:, 1] & (ends[:, 1, 1] == 170)]) == {16}


def sequence(frames: int = 700, token: int = 5, seed: int = 0) -> PersonSequence:
    random = np.random.default_rng(seed)
    slots = -(-frames // SLOT)
    observed = (random.random((slots, len(CROPS))) < 0.3).astype(np.float32)
    tokens = random.normal(size=(slots, len(CROPS), token)).astype(np.float32) * observed[..., None]
    descriptor = random.normal(size=(frames, len(COLUMNS))).astype(np.float32)
    return PersonSequence("v", 0, RATE, descriptor, tokens, observed)


SETTINGS = {
    "descriptor": len(COLUMNS),
    "audio": AUDIO_COLUMNS,
    "token": 5,
    "labels": ["a", "b", "c"],
    "width": 16,
    "rate_hz": RATE,
    "smooth_s": 0.5,
    **budgeted.SWITCHES,
}


def loud(network: nnx.Module) -> nnx.Module:
    """Return the network with weights so large that every path counts."""
    structure, weights = nnx.split(network)
    leaves, tree = jax.tree.flatten(weights)
    random = np.random.default_rng(1)
    leaves = [leaf + 0.15 * random.normal(size=leaf.shape).astype(np.float32) for leaf in leaves]
    return nnx.merge(structure, jax.tree.unflatten(tree, leaves))


def test_the_proposal_says_the_same_in_any_window():
    network, one = loud(initial_weights(partial(budgeted.make, SETTINGS), 0)), sequence()
    whole, narrow = (budgeted.outputs(network, one, core) for core in (704, 64))
    np.testing.assert_allclose(narrow[0], whole[0], atol=2e-5)
    order = [np.lexsort(np.round(found[:, :3], 2).T) for _, found in (whole, narrow)]
    np.testing.assert_allclose(narrow[1][order[1]], whole[1][order[0]], atol=2e-3)
    assert len(whole[1]) > 100


@pytest.mark.parametrize("module", METHODS, ids=lambda module: module.__name__.rpartition(".")[2])
def test_what_lies_beyond_the_margin_has_no_influence(module):
    network = loud(initial_weights(partial(module.MODEL.make, SETTINGS), 0))
    one, reach = sequence(800), 352
    other = PersonSequence("v", 0, RATE, one.descriptor.copy(), one.tokens.copy(), one.observed)
    other.descriptor[: 400 - reach] += 1
    other.tokens[: (400 - reach) // SLOT] += 1
    usual = np.zeros((1, len(CROPS), 5), np.float32)
    valid = np.ones((1, 800), np.float32)
    outs = [network(x.descriptor[None], x.tokens[None], x.observed[None], usual, valid) for x in (one, other)]
    outs = [out if isinstance(out, tuple) else (out,) for out in outs]
    middle, _ = grid(800)
    for a, b in zip(*outs, strict=True):
        at = middle if a.shape[1] == len(middle) else np.arange(800)
        np.testing.assert_allclose(a[0][at >= 400], b[0][at >= 400], atol=1e-5)
        assert not np.allclose(a[0][at < 40], b[0][at < 40], atol=1e-3)


def test_platt_makes_scores_honest_and_keeps_their_order():
    random = np.random.default_rng(0)
    chance = random.uniform(0, 1, 4000)
    hits = (random.random(4000) < chance).astype(float)
    bold = 1 / (1 + np.exp(-3 * np.log(chance / (1 - chance)) - 1))
    groups = random.integers(0, 2, 4000)
    learned = fit_platt(bold, hits, groups, 3)
    after = apply_calibration(bold, groups, learned)
    assert ece(bold, hits, calibration.ECE_BINS) > 0.1 > 0.03 > ece(after, hits, calibration.ECE_BINS)
    for label in range(2):
        assert (np.diff(after[groups == label][np.argsort(bold[groups == label])]) >= 0).all()
    assert fit_platt(bold, np.zeros(4000), groups, 3).tolist() == [1, 0, 0, 0]


def test_calibration_error_and_threshold_by_hand():
    # one bin: mean score 0.2, one of two hits
    assert ece(np.array([0.2, 0.2]), np.array([0.0, 1.0]), bins=2) == pytest.approx(0.3)
    # of 3 truths: F1 1/2, 4/5, 2/3 after one, two, three events
    assert best_threshold(np.array([0.9, 0.7, 0.4]), np.array([1, 1, 0]), 3) == 0.7


@pytest.fixture(scope="module")
def clips(tmp_path_factory) -> tuple[list[Recording], pd.DataFrame]:
    folder = tmp_path_factory.mktemp("toy")
    found = [toy_clip(folder, f"v{k}", k, 40, 1 + (k == 1)) for k in range(4)]
    return [clip for clip, _ in found], pd.concat([truth for _, truth in found], ignore_index=True)


#: One number of steps and one width, so that all tests that train the proposal share one compiled program.
#: A short lesson: the toys differ in what they teach, not in what would have to be forgotten, so weights hardly decay.
LESSON = {"steps": 150, "width": 32, "decay": 0.05}


@pytest.fixture(scope="module")
def learned(clips) -> method.Checkpoint:
    found, truth = clips
    return budgeted.DETECTOR.fit(found[:3], [truth], 0, found[2:3], **LESSON)


def test_the_proposal_learns_a_toy_and_needs_its_tokens(clips, learned):
    (found, truth), model = clips, learned
    assert model["curve"][-10:].mean() < 0.3 * model["curve"][:5].mean()
    mine = truth[truth["video"] == found[0].tracks.video]
    events, tubes = inference.predict_events(budgeted.MODEL, model, found[0])
    ap = average_precision(mine, events)[0.5]
    assert ap.mean() > 0.7
    # On a clip that it has not seen: what is in no descriptor of a training clip may still be known by heart.
    seeing, unseen = found[3], truth[truth["video"] == found[3].tracks.video]
    blind = Recording(seeing.tracks, {"fer": seeing.features["fer"]})
    whole, without = (
        average_precision(unseen, inference.predict_events(budgeted.MODEL, model, clip)[0])[0.5]
        for clip in (seeing, blind)
    )
    assert without["disgust"] < whole["disgust"] - 0.3
    assert without["hand_to_face"] > 0.7
    assert set(tubes["event"]) == set(np.flatnonzero(events[BOX].notna().all(axis=1)))
    assert inference.predict_events(budgeted.MODEL, model, found[0])[0].equals(events)


def loud_while(clip: Recording, truth: pd.DataFrame, label: str) -> Recording:
    """Return the clip without tokens, where somebody is heard to speak during the events of a label."""
    times = np.arange(round(clip.tracks.duration_s * RATE)) / RATE
    mine = truth[(truth["video"] == clip.tracks.video) & (truth["label"] == label)]
    on = rasterise(mine[["start_s", "end_s"]].to_numpy(), len(times), RATE)
    sound = np.zeros((len(times), 6), np.float32)
    sound[:, 0] = on
    rows = {"sound": CropFeatures(times, np.full(len(times), -1, np.int32), sound)}
    return Recording(
        clip.tracks,
        {"fer": clip.features["fer"], "hear": Features(clip.tracks.video, "hear", RATE, rows)},
    )


def test_what_is_only_heard_is_learned_and_can_be_switched_off(clips):
    found, truth = clips
    heard = [loud_while(clip, truth, "disgust") for clip in found]
    model = budgeted.DETECTOR.fit(heard[:3], [truth], 0, **LESSON)
    deaf = Recording(heard[3].tracks, {"fer": heard[3].features["fer"]})
    mine = truth[truth["video"] == deaf.tracks.video]
    whole, without = (
        average_precision(mine, inference.predict_events(budgeted.MODEL, model, clip)[0])[0.5]["disgust"]
        for clip in (heard[3], deaf)
    )
    assert whole > without + 0.5
    one, changed = sequence(), []
    for columns in AUDIO_COLUMNS.values():
        changed.append(replace(one, descriptor=one.descriptor.copy()))
        changed[-1].descriptor[:, columns] += 1
    for switch in (0, 1):
        network = loud(initial_weights(partial(budgeted.make, SETTINGS | dict.fromkeys(AUDIO_COLUMNS, switch)), 0))
        said, *others = (budgeted.outputs(network, seen)[0] for seen in (one, *changed))
        assert [np.array_equal(said, other) for other in others] == [not switch] * len(AUDIO_COLUMNS)


def test_the_same_seed_gives_the_same_bytes(clips, learned):
    found, truth = clips
    again, other = (budgeted.DETECTOR.fit(found[:3], [truth], seed, found[2:3], **LESSON) for seed in (0, 1))
    assert save(again) == save(learned) != save(other)
    one, two, other = (save(hmm.DETECTOR.fit(found[:1], [truth], seed, found[1:2], steps=3)) for seed in (0, 0, 1))
    assert one == two != other


@pytest.mark.parametrize("module", METHODS, ids=lambda module: module.__name__.rpartition(".")[2])
def test_people_of_whom_little_is_seen_are_borne(clips, module, tmp_path):
    found, truth = clips
    model = untrained(module.MODEL, found[:1], truth)
    with TracksWriter(tmp_path / "w.parquet", "w", RATE, 200, 100) as writer:
        writer.add({"frame": 3, "time_s": 0.3, "person": 5})
        writer.add({"frame": 4, "time_s": 0.4, "person": 7, "face": np.full((468, 3), np.nan, np.float32)})
        writer.close(2.0)
    with TracksWriter(tmp_path / "empty.parquet", "w", RATE, 200, 100) as writer:
        writer.close(2.0)
    for name in ("w", "empty"):
        clip = Recording(read_tracks(tmp_path / f"{name}.parquet"), {})
        events, _ = inference.predict_events(module.MODEL, model, clip)
        assert set(events["person"]) <= {5, 7}
        assert np.isfinite(events["score"]).all()


def test_what_does_not_fit_is_refused(clips, tmp_path):
    found, truth = clips
    model = untrained(budgeted.MODEL, found[:1], truth)
    none = truth[truth["video"] == "elsewhere"]
    with pytest.raises(KinesicsError, match="no event of the truth lies in a training video"):
        budgeted.DETECTOR.fit(found[:1], [none], 0)
    crops = {"face": CropFeatures(np.zeros(1), np.zeros(1, int), np.ones((1, 7), np.float32))}
    other = Recording(found[0].tracks, {"vit_s_focus": Features("v0", "vit_s_focus", 2.0, crops)})
    with pytest.raises(KinesicsError, match="7 numbers, but the model learned on 12"):
        inference.predict_events(budgeted.MODEL, model, other)
    with TracksWriter(tmp_path / "w.parquet", "w", 25.0, 200, 100) as writer:
        writer.close(2.0)
    with pytest.raises(KinesicsError, match="25 Hz, but the model learned at 10 Hz"):
        inference.predict_events(budgeted.MODEL, model, Recording(read_tracks(tmp_path / "w.parquet"), {}))
    with pytest.raises(KinesicsError, match=r"is \(16,\), not \(32,\): it was learned by another version"):
        method.build_network(
            budgeted.MODEL,
            model
            | {
                "settings": np.frombuffer(model["settings"].tobytes().replace(b'"width": 16', b'"width": 32'), np.uint8)
            },
        )


def test_faster_is_shorter_and_a_mirror_changes_sides():
    one, segments = sequence(80), np.array([[10.0, 30.0, 0]])
    fast, moved = time_warp(one, segments, 2.0, False)
    assert len(fast.descriptor) == 40
    assert moved.tolist() == [[5, 15, 0]]
    assert len(fast.observed) == 10
    twice = time_warp(*time_warp(one, segments, 1.0, True), 1.0, True)[0]
    np.testing.assert_array_equal(twice.descriptor, one.descriptor)


def test_scaling_whitens_and_leaves_what_was_not_asked(clips):
    found = [one for clip in clips[0] for one in person_sequences(clip, "vit_s_focus")]
    scale = fit_scaling(found, 4)
    done = [scale.apply(one) for one in found]
    observed = np.concatenate([one.tokens[one.observed[:, 0] > 0, 0] for one in done])
    assert observed.std(0)[0] == pytest.approx(1, abs=0.05)
    assert all((one.tokens[one.observed == 0] == 0).all() for one in done)
    assert done[0].tokens.shape[2] == 4


def test_hidden_states_by_hand():
    # enter 0.2, leave 0.4, share 0.5; two frames of evidence 3:1 for on, then 1:1
    chances = np.array([[0.2, 0.4, 0.5]])
    on = hmm.posterior(np.array([[0.75], [0.5]]), chances)
    joint = {
        (a, b): 0.5 * (1.5 if a else 0.5) * ((0.6 if b else 0.4) if a else (0.2 if b else 0.8))
        for a in (0, 1)
        for b in (0, 1)
    }
    total = sum(joint.values())
    assert on[:, 0] == pytest.approx([(joint[1, 0] + joint[1, 1]) / total, (joint[0, 1] + joint[1, 1]) / total])


def test_grouping_finds_both_readings():
    rise = np.zeros((40, 1))
    rise[5:30], rise[10:15] = 0.35, 0.95
    found = framewise.group_frames(rise, {"smooth_s": 0, "rate_hz": RATE})
    assert {(a, b) for a, b, _, _ in found} == {(5, 30), (10, 15)}


def test_the_vocabulary_is_the_truth_s(clips):
    found, truth = clips
    renamed = check_events(truth.assign(label=truth["label"].replace({"happy": "grin"}), family=""))
    model = untrained(linear.MODEL, found[:1], renamed)
    assert method.settings_of(model)["labels"] == sorted({"grin", *LABELS} - {"happy"})


def test_network_has_the_shapes_it_says():
    network = Network(len(COLUMNS), 5, 3, 16, nnx.Rngs(0))
    one = sequence(64)
    frame, steps = network(
        one.descriptor[None], one.tokens[None], one.observed[None], np.zeros((1, 2, 5)), np.ones((1, 64))
    )
    assert frame.shape == (1, 64, 3)
    assert steps.shape == (1, 32 + 16 + 8 + 4, 3, 4)
    assert len(grid(64)[0]) == steps.shape[1]
    assert (steps[..., 1:3] >= 0).all()


def files_of(clip: Recording, folder: Path) -> dict[str, list[str]]:
    """Write a toy's features and return the files of its tracks and features."""
    for encoder, features in clip.features.items():
        write_features(features, folder / f"{clip.tracks.video}.{encoder}.safetensors")
    return {
        "tracks": [str(folder / f"{clip.tracks.video}.parquet")],
        "features": [str(folder / f"{clip.tracks.video}.{encoder}.safetensors") for encoder in clip.features],
    }


def test_sure_events_are_those_that_reach_the_threshold(tmp_path):
    clip, truth = toy_clip(tmp_path, "v", 0, 20)
    files, model = files_of(clip, tmp_path), untrained(budgeted.MODEL, [clip], truth, loud=0.5)
    path = tmp_path / "model.safetensors"

    def detect(sure: bool, **more: np.ndarray) -> tuple[pd.DataFrame, pd.DataFrame]:
        save_file(dict(sorted((model | more).items())), path, {"detector": "kinesics.detectors.budgeted"})
        outs = tmp_path / "events.csv", tmp_path / "tubes.parquet"
        events = detect_files("budgeted", files["tracks"][0], files["features"], path, *outs, confident_only=sure)
        return events, read_tubes(outs[1])

    every, _ = detect(False)
    threshold = float(every["score"].median())
    kept, tubes = detect(True, threshold=np.array([threshold]))
    assert 0 < len(kept) < len(every)
    assert kept.equals(every[every["score"] >= threshold].reset_index(drop=True))
    assert set(tubes["event"]) == set(np.flatnonzero(kept[BOX].notna().all(axis=1)))
    with pytest.raises(KinesicsError, match="reads features of 'vit_s_focus', but none of 'v' were given"):
        detect_files("budgeted", files["tracks"][0], files["features"][:3], path, tmp_path / "events.csv")


def test_train_reads_its_lessons(tmp_path, capsys):
    clip, truth = toy_clip(tmp_path, "v", 0, 10)
    write_events_csv(truth, tmp_path / "truth.csv")
    lessons = files_of(clip, tmp_path) | {"detector": "chance", "truth": [str(tmp_path / "truth.csv")]}
    config, out = tmp_path / "lessons.yaml", tmp_path / "model.safetensors"
    copy, same, late = (tmp_path / name for name in ("copy.safetensors", "same.parquet", "late.csv"))
    copy.write_bytes(Path(lessons["features"][0]).read_bytes())
    same.write_bytes(Path(lessons["tracks"][0]).read_bytes())
    write_events_csv(truth.assign(start_s=99.0, end_s=100.0), late)

    def train(**changes: object) -> tuple[int, str]:
        config.write_text(yaml.safe_dump(lessons | changes))
        return main(["train", "--config", str(config), "--out", str(out)]), capsys.readouterr().err

    assert train() == (0, "")
    assert detector_of(out) == "chance"
    for changes, message in [
        ({"detector": "rules"}, "detector 'rules' does not learn"),
        ({"detector": "magic"}, "'magic' is not a detector"),
        ({"tracks": []}, "lessons.yaml: tracks: [] has less than 1 item"),
        ({"epochs": 3}, "'epochs' was unexpected"),
        ({"validation": lessons["tracks"]}, "'v' is a training and a validation video"),
        ({"seed": 2**70}, "is greater than the maximum of 4294967295"),
        ({"truth": [str(tmp_path)]}, "Is a directory"),
        ({"features": [str(tmp_path)]}, f"{tmp_path}: not a features file"),
        ({"features": [lessons["features"][0], str(copy)]}, "copy.safetensors: another file has features of"),
        ({"tracks": [*lessons["tracks"], str(same)]}, "same.parquet: another file has tracks of 'v' too"),
        ({"truth": [str(late)]}, "late.csv: an event of 'v' starts at 99 s, but its tracks last 10 s"),
        ({"truth": [str(out)]}, "model.safetensors would be overwritten"),
        ({"detector": "linear", "features": []}, "reads features of 'fer', but none of 'v' were given"),
        ({"options": {"steps": 9}}, "detector 'chance' is not trained by steps: it has no options"),
        (
            {"detector": "linear", "options": {"width": 64}},
            "'width' is not an option of linear. Its options are steps, rate",
        ),
        (
            {"detector": "linear", "options": {"steps": 0}},
            "lessons.yaml: options.steps: 0 is less than the minimum of 1",
        ),
    ]:
        status, told = train(**changes)
        assert status == 1
        assert message in told
        assert told.count("\n") == 1
    assert train(detector="linear", options={"steps": 3, "decay": 0.5}) == (0, "")
    model = method.read_model_checkpoint(linear.MODEL, out)
    assert (method.settings_of(model)["steps"], method.settings_of(model)["decay"], len(model["curve"])) == (
        3,
        0.5,
        3,
    )
    config.write_text("detector: chance\nseed: 1\nseed: 2\n")
    assert main(["train", "--config", str(config), "--out", str(out)]) == 1
    assert capsys.readouterr().err == f"kinesics: {config}: not YAML: line 3: the key 'seed' stands twice\n"


def test_detect_refuses_before_it_looks_at_the_video(tmp_path, capsys):
    model, other = tmp_path / "model.safetensors", tmp_path / "other.safetensors"
    save_file({"a": np.zeros(1)}, model, {"detector": "kinesics.detectors.budgeted"})
    save_file({"a": np.zeros(1)}, other)
    for arguments, message in [
        (["--model", tmp_path / "none"], "none: no such file; make it with: kinesics train"),
        (["--model", other], "not a model: it does not say which detector learned it"),
        (["--model", model, "--detector", "linear"], "learned by 'budgeted', not by detector 'linear'"),
        (["--model", model], "model.safetensors: damaged, or of another version, train it again: 'settings'"),
        (["--model", model, "--policy", "often"], "'often' is not a policy. The policies are uniform"),
    ]:
        video, out = tmp_path / "no_video.mp4", tmp_path / "events.csv"
        assert main(["detect", *map(str, [video, *arguments, "--out", out])]) == 1
        told = capsys.readouterr().err
        assert message in told
        assert told.count("\n") == 1
