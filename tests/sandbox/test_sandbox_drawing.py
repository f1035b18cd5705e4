"""The drawings: always the same for the same words, their words legible, edits true to their input."""

import pytest
from PIL import Image, ImageChops, ImageDraw, ImageStat

from gallery.sandbox import caption, drawing, editing
from gallery.sandbox.abstracts import ABSTRACTS
from gallery.sandbox.canvas import Canvas
from gallery.sandbox.palettes import PALETTES, named_colours
from gallery.sandbox.subjects import SUBJECTS, named_subjects

SIZE = (256, 256)
PAPER_FOOT = round(256 * (1 - drawing.FOOT))


def draw(prompt="a fox", seed="0", size=SIZE, transparent=False):
    return drawing.draw(prompt, seed, size, transparent)


def edit(prompt, picture, mask=None, others=(), transparent=False):
    return editing.edit(prompt, "0", picture.size, (picture, *others), mask, transparent)


def difference(one, other):
    """Mean difference of two pictures, 0 to 255."""
    return sum(ImageStat.Stat(ImageChops.difference(one.convert("RGB"), other.convert("RGB"))).mean) / 3


@pytest.mark.parametrize("prompt", ["a fox", "一只猫", "the sea", "nothing in particular"])
def test_the_same_words_and_seed_are_the_same_picture(prompt):
    assert draw(prompt).tobytes() == draw(prompt).tobytes()


def test_another_seed_or_another_word_is_another_picture():
    assert len({draw(seed="0").tobytes(), draw(seed="1").tobytes(), draw("a cat").tobytes()}) == 3


@pytest.mark.parametrize("size", [(256, 256), (1536, 256), (256, 1536), (40, 30), (1, 1)])
def test_any_size_is_drawn(size):
    assert draw(size=size).size == size


@pytest.mark.parametrize("words", [subject.words[0] for subject in SUBJECTS] + [SUBJECTS[0].words[1]])
def test_every_named_thing_can_be_drawn_in_its_place_and_alone(words):
    assert [words in subject.words for subject in named_subjects(f"one {words}, please")] == [True]
    assert len(draw(words).getcolors(256 * 256)) > 500
    assert draw(words, transparent=True).getchannel("A").getextrema()[0] == 0


@pytest.mark.parametrize("seed", range(12))
def test_any_words_and_any_shape_are_drawn_and_edited(seed):
    chance = drawing.random.Random(seed)
    words = [word for subject in SUBJECTS for word in subject.words] + ["red", "blue", "蓝", "night", "\U0001f98a"]
    prompt = " ".join(chance.choices(words, k=chance.randint(1, 6)))
    size = chance.choice([(64, 512), (512, 64), (7, 9), (300, 200)])
    picture = draw(prompt, str(seed), size, transparent=chance.random() < 0.4)
    assert picture.size == edit(prompt, picture, others=[picture] * seed).size == size


@pytest.mark.parametrize("abstract", ABSTRACTS)
def test_every_abstract_covers_its_ground(abstract):
    canvas = Canvas(SIZE, "#ff00ff")
    abstract(canvas, PALETTES[0], drawing.random.Random(1))
    assert (255, 0, 255) not in {colour for _, colour in canvas.finished().getcolors(256 * 256)}


def test_a_word_inside_another_names_nothing():
    assert named_subjects("a category of caterpillars") == []
    assert named_colours("a bored, tired man") == []


def test_colour_words_are_heard_in_both_languages_in_their_order():
    assert named_colours("a blue cat on a red chair") == ["#2f62a8", "#c8373f"]
    assert named_colours("把苹果改成绿色") == named_colours("a green apple")


def test_a_colour_word_decides_the_colour_of_the_thing():
    def redness(prompt):
        red, green, _ = ImageStat.Stat(draw(prompt).crop((96, 100, 160, 190))).mean
        return red - green

    assert redness("a red apple") > 60 > 0 > redness("a green apple")


@pytest.mark.parametrize("words", ["a quiet fox", "静谧的狐狸", "把苹果改成绿色,其他保持不变"])
def test_the_words_are_legible_on_the_paper_below_the_drawing(words):
    blank = ImageStat.Stat(draw("\U0001f98a").crop((0, PAPER_FOOT, *SIZE)))
    written = ImageStat.Stat(draw(words).crop((0, PAPER_FOOT, *SIZE)))
    assert max(written.stddev) > 3 * max(blank.stddev)


def test_chinese_is_drawn_as_itself_and_not_as_empty_boxes():
    def shapes(text):
        return {bytes(caption.font(32).getmask(character)) for character in text}

    assert len(shapes("苹果狐狸谧\uffff")) == 6


def test_what_the_font_lacks_is_left_out():
    assert caption.legible("a fox \U0001f98a\n  狐狸") == "a fox 狐狸"


def test_a_long_prompt_is_two_lines_that_fit_and_end_in_an_ellipsis():
    face = caption.font(20)
    rows = caption.lines("a very long wish, " * 50, face, 400)
    assert len(rows) == 2
    assert rows[1].endswith("…")
    assert all(face.getlength(row) <= 400 for row in rows)


def test_a_chinese_line_never_begins_with_a_comma():
    face = caption.font(20)
    for width in range(100, 400, 10):
        rows = caption.lines("静谧的湖面上，有一条小船，远处是连绵的群山，天空泛着淡淡的粉色。", face, width)
        assert not any(row.startswith(("，", "。")) for row in rows)


def test_the_red_apple_turns_green_and_everything_else_stays():
    apple = draw("a red apple on a white table")
    green = edit("把苹果改成绿色,其他保持不变", apple)
    fruit, wall = (96, 110, 160, 170), (20, 20, 40, 120)
    red, other, _ = ImageStat.Stat(green.crop(fruit)).mean
    assert other > red
    assert difference(apple.crop(wall), green.crop(wall)) < 2


@pytest.mark.parametrize("prompt", ["turn it blue", "make it warmer", "in winter", "something else", "black and white"])
def test_an_edit_is_seen_and_its_input_is_still_recognisable(prompt):
    fox = draw()
    assert 0.5 < difference(fox, edit(prompt, fox)) < 60


def test_only_what_the_mask_opens_changes():
    fox = draw()
    mask = Image.new("L", SIZE, 255)
    ImageDraw.Draw(mask).rectangle((60, 60, 180, 180), fill=0)
    changed = ImageChops.difference(fox, edit("something else", fox, mask)).getbbox()
    assert changed
    assert changed[0] >= 60 and changed[1] >= 60 and changed[2] <= 181 and changed[3] <= 181


def test_the_other_inputs_are_seen_on_the_edit():
    fox, blue = draw(), Image.new("RGB", SIZE, "#0000ff")
    alone, together = edit("turn it red", fox), edit("turn it red", fox, others=[blue, blue])
    assert (0, 0, 255) in {colour for _, colour in together.getcolors(256 * 256)}
    assert difference(alone, together) > 1


def test_an_edit_without_background_keeps_the_thing_and_clears_the_rest():
    white = Image.new("RGB", SIZE, "white")
    ImageDraw.Draw(white).ellipse((80, 80, 170, 170), fill="#aa2222")
    alpha = edit("remove the background", white, transparent=True).getchannel("A")
    assert (alpha.getpixel((5, 5)), alpha.getpixel((125, 125))) == (0, 255)


@pytest.mark.parametrize("mode", ["L", "P", "CMYK", "RGBA", "I;16", "1", "LA"])
def test_an_input_of_any_mode_can_be_edited(mode):
    assert edit("make it green", Image.new(mode, (64, 48))).size == (64, 48)
