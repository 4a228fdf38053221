"""What a task's results depend on of its row in tasks.tsv: images of one part of it, the recipe of another."""

import pytest

from mergecast.tasks import rows

ROW = {
    "task": "shapes",
    "source": "procedural",
    "path": "",
    "options": "",
    "classes": "",
    "prompts": "",
    "epochs": "",
    "steps": "",
}
RECIPE = {"steps": 20, "optimizer": "AdamW", "batch_size": 32}


@pytest.mark.parametrize(
    "common, cells, recipe",
    [
        (RECIPE, {}, {"batch_size": 32, "optimizer": "AdamW", "steps": 20}),
        (RECIPE, {"steps": "50"}, {"batch_size": 32, "optimizer": "AdamW", "steps": 50}),
        (RECIPE, {"epochs": "3"}, {"batch_size": 32, "epochs": 3, "optimizer": "AdamW"}),
        ({"epochs": 5, "optimizer": "SGD"}, {"steps": "50"}, {"optimizer": "SGD", "steps": 50}),
    ],
)
def test_a_row_that_gives_a_length_replaces_that_of_the_recipe_and_nothing_else(common, cells, recipe):
    before = dict(common)
    assert list(rows.recipe(common, ROW | cells).items()) == list(recipe.items())
    assert common == before


def test_images_depend_on_everything_in_a_row_but_how_long_is_trained():
    changed = [key for key in ROW if rows.image_row(ROW | {key: "7"}) != rows.image_row(ROW)]
    assert changed == [key for key in ROW if key not in ("epochs", "steps")]


def test_only_a_path_that_is_a_file_is_an_input(tmp_path):
    file = tmp_path / "birds.npz"
    file.write_bytes(b"")
    assert rows.image_files(ROW | {"path": str(file)}) == [str(file)]
    assert [rows.image_files(ROW | {"path": path}) for path in (str(tmp_path), "owner/pets", "")] == [[], [], []]
