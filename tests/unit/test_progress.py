"""Training that is killed and started again gives the bits of training that was not."""

import json

import pytest
import torch

from mergecast import tasks
from mergecast.errors import MergecastError
from mergecast.models import checkpoints, encoders
from mergecast.tasks import captions
from mergecast.training import pretrain as pretraining
from mergecast.training.finetune import Recipe, finetune
from mergecast.training.pretrain import pretrain
from mergecast.training.progress import UNSAVED, Progress, beside


class Killed(BaseException):
    """What a kill is to the process: nothing catches it."""


class Mortal(Progress):
    """Progress saved after every step, killed after one of them."""

    def __init__(self, path, identity=None, *, after=None):
        super().__init__(path, identity, seconds=0)
        self.after, self.started_at = after, None

    def resume(self, module, trainer):
        self.started_at, curve = super().resume(module, trainer)
        return self.started_at, curve

    def save(self, step, *state):
        self._due = 0
        super().save(step, *state)
        if step == self.after:
            raise Killed


@pytest.fixture(scope="module")
def task():
    return tasks.load({"task": "grounds", "source": "procedural", "options": "train=70 test=40"}, size=32, seed=0)


@pytest.fixture(scope="module")
def head(task):
    return encoders.zero_shot_head(encoders.new_clip("tiny-clip", seed=1), "tiny-clip", task.class_names, task.prompts)


def tuned(head, task, progress=UNSAVED, **recipe):
    encoder = encoders.Encoder("tiny-clip", encoders.new_clip("tiny-clip", seed=1).visual)
    recipe = Recipe(**{"batch_size": 16, "steps": 7, "warmup_steps": 2, "evaluations": 3, "learning_rate": 0.01} | recipe)
    state, curve = finetune(encoder, head, task, recipe, seed=2, progress=progress)
    return checkpoints.content_hash(state), curve


@pytest.mark.parametrize("recipe", [{"optimizer": "AdamW"}, {"optimizer": "SGD"}, {"optimizer": "SGD", "momentum": 0.0}])
def test_fine_tuning_killed_twice_ends_with_the_same_bits_and_the_same_curve(head, task, tmp_path, recipe):
    file, whole = tmp_path / "state.safetensors", tuned(head, task, **recipe)
    for after in (3, 5):
        with pytest.raises(Killed):
            tuned(head, task, progress=Mortal(file, after=after), **recipe)
    last = Mortal(file)
    assert tuned(head, task, progress=last, **recipe) == whole
    assert last.started_at == 5, "five steps were not made again"
    last.done()
    assert not list(tmp_path.iterdir())


def test_pre_training_killed_ends_with_the_same_bits(tmp_path):
    corpus = captions.drawn_corpus(96, size=32, seed=0)
    recipe = pretraining.Recipe(steps=8, batch_size=32, warmup_steps=2)

    def trained(**keys):
        clip, curve = pretrain("tiny-clip", corpus, recipe, seed=0, **keys)
        return checkpoints.content_hash(clip.state_dict()), curve

    whole, file = trained(), tmp_path / "state.safetensors"
    with pytest.raises(Killed):
        trained(progress=Mortal(file, after=5))
    last = Mortal(file)
    assert trained(progress=last) == whole
    assert last.started_at == 5


@pytest.mark.parametrize("damage", ["identity", "truncated", "foreign"])
def test_a_state_that_is_not_this_runs_is_left_alone(head, task, tmp_path, damage, capsys):
    file = tmp_path / "state.safetensors"
    with pytest.raises(Killed):
        tuned(head, task, progress=Mortal(file, "one recipe", after=3))
    if damage == "truncated":
        file.write_bytes(file.read_bytes()[:-100])
    if damage == "foreign":
        checkpoints.save(file, {"weights/visual.proj": torch.zeros(2)})
    fresh = Mortal(file, "another recipe" if damage == "identity" else "one recipe")
    assert tuned(head, task, progress=fresh) == tuned(head, task)
    assert fresh.started_at == 0
    assert "starting anew" in capsys.readouterr().out


def test_saving_keeps_to_its_share_of_the_time(tmp_path, monkeypatch):
    clock = iter([0.0, 5.0, 11.0, 11.0, 12.0, 61.0, 61.9, 62.1, 62.1, 62.1])  # the second save takes a second
    monkeypatch.setattr("mergecast.training.progress.time.monotonic", lambda: next(clock))
    module = torch.nn.Linear(2, 2)
    trainer = torch.optim.SGD(module.parameters(), lr=0.1)
    progress = Progress(tmp_path / "state.safetensors")

    def saved(step):
        progress.save(step, module, trainer, [])
        return progress.path.exists() and int(checkpoints.State(progress.path).metadata["step"])

    assert saved(1) is False, "five seconds are too early"
    assert saved(2) == 2
    assert [saved(3), saved(4)] == [2, 2], "a second of saving buys fifty seconds of training"
    assert saved(5) == 5


@pytest.mark.parametrize("large", [1e9, 1], ids=["read", "too large to read"])
def test_a_jobs_state_is_known_by_its_inputs_parameters_and_threads(tmp_path, monkeypatch, large):
    monkeypatch.setattr("mergecast.training.progress.LARGE", large)
    file = tmp_path / "input"
    file.write_text("one")

    def identity(params=(("rate", 0.1),), threads=1):
        return beside(tmp_path / "x.safetensors", inputs=[str(file)], params=dict(params), threads=threads)._identity

    first = identity()
    assert identity() == first
    assert identity(params=(("rate", 0.2),)) != first != identity(threads=2)
    file.write_text("other")
    assert identity() != first


def test_a_full_disk_stops_training_with_one_line(head, task, tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("mergecast.models.writing.raw", full)
    with pytest.raises(MergecastError, match="state.safetensors: cannot be written .No space left on device"):
        tuned(head, task, progress=Mortal(tmp_path / "state.safetensors"))
    assert not list(tmp_path.iterdir()), "nothing half-written is left"


def test_the_curve_in_a_state_is_strict_json(head, task, tmp_path):
    file = tmp_path / "state.safetensors"
    with pytest.raises(Killed):
        tuned(head, task, progress=Mortal(file, after=4))
    curve = json.loads(checkpoints.State(file).metadata["curve"], parse_constant=pytest.fail)
    assert [row["step"] for row in curve] == [1, 2, 3, 4]
