"""Augmentation: what each change may and may not do to an image."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from archrank.errors import DataError
from archrank.images import Augmentation

EVERYTHING = Augmentation(resized_crop=(0.3, 1), crop=2, flip=True, jitter=(0.4, 0.4, 0.4, 0.2), cutout=3)


def drawn(seed=0):
    return torch.Generator().manual_seed(seed)


def pictures(count=64, colours=3, height=8, width=10):
    return torch.rand(count, colours, height, width, generator=drawn(7)) * 0.9 + 0.1


def test_nothing_is_asked_nothing_happens_and_nothing_is_drawn():
    generator = drawn()
    before = generator.get_state()
    images = pictures()
    assert torch.equal(Augmentation()(images, generator), images)
    assert torch.equal(generator.get_state(), before)


@given(st.integers(0, 2**31), st.sampled_from([1, 3]))
def test_the_generator_decides_all_and_the_given_images_stay_as_they_are(seed, colours):
    images = pictures(5, colours)
    before = images.clone()
    first, again = (EVERYTHING(images, drawn(seed)) for _ in range(2))
    assert torch.equal(first, again)
    assert torch.equal(images, before)
    assert first.shape == images.shape
    assert 0 <= first.min() <= first.max() <= 1


def test_a_crop_is_a_window_of_the_padded_image():
    images = pictures(200)
    padded = torch.nn.functional.pad(images, [2] * 4)
    windows = torch.stack([padded[:, :, y : y + 8, x : x + 10] for y in range(5) for x in range(5)])
    found = (windows == Augmentation(crop=2)(images, drawn())).flatten(2).all(2)
    assert found.any(0).all()
    assert found.any(1).all()  # and every window comes


def test_a_flip_mirrors_about_half_of_the_images():
    images = pictures(400)
    flipped = Augmentation(flip=True)(images, drawn())
    same = (flipped == images).flatten(1).all(1)
    mirrored = (flipped == images.flip(-1)).flatten(1).all(1)
    assert (same ^ mirrored).all()
    assert 150 < mirrored.sum() < 250


def test_cutout_paints_one_square_that_may_reach_over_the_edge():
    colour = torch.tensor([0.01, 0.02, 0.03])
    images = pictures(500)
    cut = Augmentation(cutout=4)(images, drawn(), fill=colour)
    painted = (cut == colour.view(3, 1, 1)).all(1)
    assert torch.equal(cut.movedim(1, -1)[~painted], images.movedim(1, -1)[~painted])
    heights, widths = painted.any(2).sum(1), painted.any(1).sum(1)
    assert torch.equal(painted.flatten(1).sum(1), heights * widths)  # rectangles, so squares cut by the edges
    assert heights.unique().tolist() == widths.unique().tolist() == [2, 3, 4]
    # Every pixel is the centre equally often: 5 of 8 rows keep the whole square.
    assert 0.5 < (heights == 4).float().mean() < 0.75


def test_cutout_leaves_the_mean_colour_zero_after_normalisation():
    images = pictures(4)
    mean = torch.tensor([0.2, 0.3, 0.4])
    cut = Augmentation(cutout=100)(images, drawn(), fill=mean)
    assert torch.equal(cut, mean.view(1, 3, 1, 1).expand_as(cut))


def test_a_resized_crop_of_the_whole_square_shrinks_only_its_longer_side():
    ramp = torch.linspace(0, 1, 16).expand(100, 1, 16, 16)
    found = Augmentation(resized_crop=(0.25, 0.25))(ramp, drawn())
    spans = found[:, 0, 0, -1] - found[:, 0, 0, 0]
    # A quarter of the area at 3:4 to 4:3 is 0.43 to 0.58 of the width, of which a ramp shows that part.
    assert 0.42 < spans.min() < 0.47
    assert 0.53 < spans.max() < 0.60
    starts = found[:, 0, 0, 0]
    assert starts.min() < 0.05
    assert starts.max() > 0.4


def test_jitter_by_brightness_alone_scales_each_image_by_one_factor():
    images = pictures() * 0.5
    ratio = (Augmentation(jitter=(0.4, 0, 0, 0))(images, drawn()) / images).flatten(1)
    torch.testing.assert_close(ratio, ratio[:, :1].expand_as(ratio))
    assert 0.6 <= ratio.min() < 0.7
    assert 1.3 < ratio.max() <= 1.4


@pytest.mark.parametrize("jitter", [(0, 0, 0.9, 0), (0, 0, 0, 0.5)])
def test_grey_has_no_saturation_and_no_hue(jitter):
    grey = pictures(colours=1).expand(-1, 3, -1, -1)
    torch.testing.assert_close(Augmentation(jitter=jitter)(grey, drawn()), grey, atol=1e-3, rtol=0)


def test_a_third_of_a_turn_of_hue_keeps_the_brightness_but_not_the_colour():
    muted = pictures() * 0.1 + 0.45  # far from 0 and 1, where colours are cut off
    turned = Augmentation(jitter=(0, 0, 0, 0.3))(muted, drawn())
    luma = torch.tensor([0.299, 0.587, 0.114]).view(3, 1, 1)
    torch.testing.assert_close((turned * luma).sum(1), (muted * luma).sum(1), atol=1e-4, rtol=0)
    assert (turned - muted).abs().max() > 0.02


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"crop": -1}, "crop=-1, expected 0 or more"),
        ({"cutout": -2}, "cutout=-2"),
        ({"jitter": (0, 0, 0, 0.7)}, "hue to 0.5"),
        ({"resized_crop": (0.5, 0.1)}, "the smaller first"),
    ],
)
def test_impossible_changes_are_refused(options, says):
    with pytest.raises(DataError, match=says):
        Augmentation(**options)


def test_jitter_of_two_colours_is_refused():
    with pytest.raises(DataError, match="2 channels, expected 1 or 3"):
        EVERYTHING(pictures(colours=2), drawn())
