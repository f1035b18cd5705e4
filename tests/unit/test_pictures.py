import struct
import zlib
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageFile, PngImagePlugin

from gallery.pictures import LARGE, MAX_PIXELS, SMALL, NotAPicture, Target, measure, prepare, study

RED, BLUE = (200, 30, 30), (20, 40, 220)
TAKES_PNG_AND_JPEG = Target(formats=frozenset({"png", "jpeg"}))


def picture(size=(40, 30), mode="RGB", colour=RED):
    return Image.new(mode, size, colour)


def half_and_half(size=(40, 20)):
    image = picture(size)
    image.paste(BLUE, (size[0] // 2, 0, *size))
    return image


def noise(size=(400, 400)):
    return Image.merge("RGB", [Image.effect_noise(size, 90) for _ in range(3)])


def encoded(image, name="PNG", **options):
    buffer = BytesIO()
    image.save(buffer, name, **options)
    return buffer.getvalue()


def rotated(image, orientation, name="JPEG"):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encoded(image, name, exif=exif)


def animated(name="GIF"):
    return encoded(picture(), name, save_all=True, append_images=[picture(colour=BLUE)], duration=80)


def opened(data):
    return Image.open(BytesIO(data))


def near(one, other, tolerance=12):
    return all(abs(a - b) <= tolerance for a, b in zip(one, other, strict=True))


def png(width, height, depth, rows):
    """A colour PNG written by hand, for what Pillow would not write."""
    header = struct.pack(">IIBBBBB", width, height, depth, 2, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n"
    for kind, body in ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")):
        data += struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    return data


def profile(swapped=False):
    """sRGB as an ICC profile, or a stranger's with red and green the other way round."""
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    if not swapped:
        return srgb
    named = srgb.replace("sRGB".encode("utf-16-be"), "odd!".encode("utf-16-be"))
    return named.replace(b"rXYZ", b"temp", 1).replace(b"gXYZ", b"rXYZ", 1).replace(b"temp", b"gXYZ", 1)


def refusal(source):
    with pytest.raises(NotAPicture) as caught:
        study(source)
    return caught.value.code


# What is measured


@pytest.mark.parametrize(
    ("name", "media_type", "extension"),
    [
        ("PNG", "image/png", "png"),
        ("JPEG", "image/jpeg", "jpg"),
        ("WEBP", "image/webp", "webp"),
        ("GIF", "image/gif", "gif"),
    ],
)
def test_every_format_is_measured(name, media_type, extension):
    measured = study(encoded(picture(), name)).measured
    assert (measured.width, measured.height) == (measured.shown_width, measured.shown_height) == (40, 30)
    assert (measured.media_type, measured.extension) == (media_type, extension)
    assert not (measured.has_alpha or measured.animated or measured.oriented)


def test_a_file_is_measured_like_its_bytes_and_left_alone(tmp_path):
    data = encoded(half_and_half())
    (tmp_path / "a.png").write_bytes(data)
    assert study(tmp_path / "a.png") == study(data)
    assert (tmp_path / "a.png").read_bytes() == data


def test_a_missing_file_is_not_called_a_bad_picture(tmp_path):
    with pytest.raises(FileNotFoundError):
        study(tmp_path / "gone.png")


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_rotated_photo_is_measured_as_stored_and_shown_upright(orientation):
    studied = study(rotated(half_and_half(), orientation))
    shown = (40, 20) if orientation < 5 else (20, 40)
    assert (studied.measured.width, studied.measured.height) == (40, 20)
    assert (studied.measured.shown_width, studied.measured.shown_height) == shown == opened(studied.small).size
    assert studied.measured.oriented == (orientation != 1)


def test_a_photo_taken_with_the_camera_turned_right_has_its_left_on_top():
    preview = opened(study(rotated(half_and_half(), 6)).small).convert("RGB")
    assert near(preview.getpixel((10, 4)), RED, 25)
    assert near(preview.getpixel((10, 35)), BLUE, 25)


def test_an_orientation_in_a_png_counts_too():
    assert study(rotated(half_and_half(), 8, "PNG")).measured.oriented


@pytest.mark.parametrize("orientation", [0, 9, 300])
def test_an_orientation_that_does_not_exist_is_ignored(orientation):
    assert not study(rotated(half_and_half(), orientation)).measured.oriented


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_broken_exif_does_not_spoil_the_picture():
    assert study(encoded(picture(), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff")).measured.width == 40


@pytest.mark.parametrize("name", ["PNG", "WEBP"])
def test_alpha_counts_only_when_something_shows_through(name):
    glass = picture(mode="RGBA", colour=(*RED, 255))
    assert not study(encoded(glass, name)).measured.has_alpha
    glass.putpixel((3, 3), (*RED, 100))
    studied = study(encoded(glass, name))
    assert studied.measured.has_alpha
    assert opened(studied.small).getchannel("A").getextrema()[0] < 255


def test_a_palette_with_a_transparent_entry_has_alpha_only_where_it_is_used():
    indexed = Image.new("P", (8, 8), 0)
    indexed.putpalette([*RED, *BLUE])
    assert not study(encoded(indexed, transparency=1)).measured.has_alpha
    indexed.putpixel((0, 0), 1)
    assert study(encoded(indexed, transparency=1)).measured.has_alpha


def test_a_colour_declared_transparent_is_alpha():
    assert study(encoded(picture(), transparency=RED)).measured.has_alpha
    assert not study(encoded(picture(), transparency=BLUE)).measured.has_alpha


def test_the_average_colour_ignores_what_is_transparent():
    clear = picture(mode="RGBA", colour=(*BLUE, 0))
    assert study(encoded(clear)).measured.average_colour == "#808080"
    clear.paste((*RED, 255), (0, 0, 20, 30))
    assert near(bytes.fromhex(study(encoded(clear)).measured.average_colour[1:]), RED, 2)
    assert study(encoded(half_and_half())).measured.average_colour == "#6e237d"


@pytest.mark.parametrize("name", ["GIF", "WEBP", "PNG"])
def test_an_animation_is_told_and_previewed_by_its_first_frame(name):
    studied = study(animated(name))
    assert studied.measured.animated
    assert near(opened(studied.small).convert("RGB").getpixel((20, 15)), RED)


@pytest.mark.parametrize("name", ["GIF", "WEBP", "PNG"])
def test_an_animation_can_be_forbidden(name):
    assert measure(animated(name)).animated
    assert not measure(encoded(picture(), name), animation=False).animated
    with pytest.raises(NotAPicture, match="animated"):
        measure(animated(name), animation=False)


def test_measuring_tells_what_studying_tells():
    photo = rotated(half_and_half((3000, 2000)), 6)
    assert measure(photo) == study(photo).measured
    with pytest.raises(NotAPicture, match="truncated"):
        measure(photo[:-900])


def test_a_phones_jpeg_with_a_second_picture_inside_is_a_plain_jpeg():
    measured = study(encoded(picture(), "MPO", save_all=True, append_images=[picture()])).measured
    assert (measured.format, measured.animated) == ("jpeg", False)


# Previews


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 2600), st.integers(1, 2600))
def test_previews_keep_the_shape_and_never_grow(width, height):
    studied = study(encoded(Image.new("L", (width, height), 90)))
    for preview, edge in ((opened(studied.small), SMALL), (opened(studied.large), LARGE)):
        scale = min(1, edge / max(width, height))
        assert max(preview.size) == min(edge, max(width, height))
        assert near(preview.size, (width * scale, height * scale), 1.5)


def test_a_large_preview_keeps_transparency_and_else_the_resolution_of_its_colours():
    see_through = Image.new("RGBA", (40, 40), (200, 0, 0, 90))
    assert opened(study(encoded(see_through)).large).format == "WEBP"
    opaque = opened(study(encoded(see_through.convert("RGB"))).large)
    assert (opaque.format, {component[1:3] for component in opaque.layer}) == ("JPEG", {(1, 1)})


def test_a_big_jpeg_is_measured_at_full_size():
    studied = study(encoded(half_and_half((4000, 3000)), "JPEG"))
    assert (studied.measured.width, studied.measured.height) == (4000, 3000)
    assert opened(studied.large).size == (1536, 1152)


def test_previews_carry_no_metadata():
    exif = Image.Exif()
    exif[0x010F] = "A camera with a serial number"
    data = encoded(picture(), "JPEG", exif=exif, comment=b"private", icc_profile=profile(swapped=True))
    for preview in (study(data).small, study(data).large):
        assert not {"exif", "icc_profile", "comment", "xmp"} & opened(preview).info.keys()


def test_colours_of_another_profile_are_brought_to_srgb():
    colour = tuple(
        bytes.fromhex(study(encoded(picture(), icc_profile=profile(swapped=True))).measured.average_colour[1:])
    )
    assert near(colour, (30, 200, 30))
    assert study(encoded(picture(), icc_profile=profile())).measured.average_colour == "#c81e1e"


def test_a_profile_keeps_the_transparency():
    glass = picture(mode="RGBA", colour=(*RED, 100))
    small = opened(study(encoded(glass, icc_profile=profile(swapped=True))).small)
    assert small.getchannel("A").getextrema() == (100, 100)


@pytest.mark.parametrize("profile", [b"not a profile", profile(swapped=True)])
def test_an_unusable_profile_is_ignored(profile):
    grey = encoded(Image.new("L", (8, 8), 90), icc_profile=profile)
    assert study(grey).measured.average_colour == "#5a5a5a"


def test_cmyk_and_sixteen_bit_pictures_look_right():
    cmyk = Image.new("CMYK", (16, 16), (0, 255, 255, 0))
    deep = Image.new("I;16", (16, 16), 0x8000)
    red, green, blue = opened(study(encoded(cmyk, "JPEG", quality=95)).small).convert("RGB").getpixel((5, 5))
    assert red > 200 and green < 50 and blue < 50
    assert study(encoded(deep)).measured.average_colour in {"#7f7f7f", "#808080"}


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA"])
def test_every_pixel_mode_of_a_png_has_previews(mode):
    assert opened(study(encoded(half_and_half().convert(mode))).large).size == (40, 20)


# What is no picture


@pytest.mark.parametrize(
    "data",
    [
        b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj",
        b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>',
        b"<!doctype html><title>502 Bad Gateway</title>",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        b"just words",
        b"\0",
        encoded(picture(), "TIFF"),
        encoded(picture(), "BMP"),
        encoded(picture(), "ICO"),
    ],
)
def test_other_files_are_no_pictures_whatever_their_name(data, tmp_path):
    (tmp_path / "fox.png").write_bytes(data)
    assert refusal(tmp_path / "fox.png") == "not_a_picture"


def test_zero_bytes_have_a_word_of_their_own():
    assert refusal(b"") == "empty"


@pytest.mark.parametrize("name", ["PNG", "JPEG", "WEBP", "GIF"])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.9])
def test_a_cut_file_is_truncated(name, share):
    data = encoded(noise((120, 120)), name)
    assert refusal(data[: max(16, int(len(data) * share))]) == "truncated"


@pytest.mark.parametrize("size", [(40_000, 40_000), (10_001, 10_000), (2_000_000, 60)])
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_too_many_declared_pixels_are_refused_before_decoding(size):
    assert size[0] * size[1] > MAX_PIXELS
    assert refusal(png(*size, 8, b"")) == "too_many_pixels"


def test_a_text_chunk_that_inflates_to_megabytes_is_refused():
    words = PngImagePlugin.PngInfo()
    words.add_text("bomb", "a" * 5_000_000, zip=True)
    assert refusal(encoded(picture(), pnginfo=words)) == "truncated"


def test_cut_files_are_never_completed_in_silence():
    assert ImageFile.LOAD_TRUNCATED_IMAGES is False


SAMPLES = [
    encoded(noise((24, 24))),
    encoded(noise((24, 24)), "JPEG"),
    encoded(noise((24, 24)), "WEBP"),
    rotated(noise((24, 24)), 6, "PNG"),
    animated("GIF"),
    animated("PNG"),
]


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(SAMPLES),
    st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 255)), max_size=6),
    st.integers(0, 60),
)
@pytest.mark.filterwarnings("ignore")
def test_damaged_bytes_are_a_picture_or_not_but_never_a_crash(sample, changes, cut):
    data = bytearray(sample[: len(sample) - cut])
    for position, value in changes:
        data[position % len(data)] = value
    try:
        assert study(bytes(data)).small
    except NotAPicture as refused:
        assert refused.code in {"truncated", "not_a_picture", "too_many_pixels"}


# On the way out


def sent(tmp_path, data, target=TAKES_PNG_AND_JPEG):
    source = tmp_path / "original"
    source.write_bytes(data)
    prepared = prepare(source, target, tmp_path / "copy")
    assert source.read_bytes() == data
    assert (tmp_path / "copy").exists() == (prepared is not None)
    return prepared


@pytest.mark.parametrize(
    "data",
    [
        encoded(picture()),
        encoded(picture(), "JPEG"),
        encoded(picture(mode="RGBA", colour=(1, 2, 3, 4))),
        encoded(picture(mode="L", colour=7)),
    ],
)
def test_what_the_endpoint_takes_is_sent_as_it_is(tmp_path, data):
    assert sent(tmp_path, data) is None


@pytest.mark.parametrize(
    ("data", "media_type", "notes"),
    [
        (encoded(picture(), "WEBP"), "image/png", ("format",)),
        (encoded(picture(), "GIF"), "image/png", ("format", "colour_mode")),
        (animated("PNG"), "image/png", ("animation",)),
        (rotated(picture(), 6), "image/jpeg", ("orientation",)),
        (encoded(Image.new("CMYK", (9, 9)), "JPEG"), "image/jpeg", ("colour_mode",)),
        (encoded(picture().convert("P")), "image/png", ("colour_mode",)),
        (encoded(Image.new("I;16", (9, 9))), "image/png", ("bit_depth",)),
    ],
)
def test_what_the_endpoint_refuses_is_converted_and_told(tmp_path, data, media_type, notes):
    prepared = sent(tmp_path, data)
    assert (prepared.media_type, prepared.notes) == (media_type, notes)
    copy = opened(prepared.path.read_bytes())
    copy.load()
    assert copy.get_format_mimetype() == media_type
    assert copy.mode in {"RGB", "RGBA"}
    assert not getattr(copy, "is_animated", False)


def test_a_sixteen_bit_colour_png_is_noticed_though_pillow_reads_it_as_eight(tmp_path):
    rows = b"".join(b"\0" + struct.pack(">3H", 0x8000, 0x4000, 0xFFFF) * 4 for _ in range(4))
    prepared = sent(tmp_path, png(4, 4, 16, rows))
    assert prepared.notes == ("bit_depth",)
    assert near(opened(prepared.path.read_bytes()).getpixel((1, 1)), (0x80, 0x40, 0xFF), 1)


def test_sixteen_bit_greys_are_scaled_and_not_clipped(tmp_path):
    deep = Image.new("I;16", (2, 1))
    deep.putpixel((0, 0), 0xFFFF)
    deep.putpixel((1, 0), 0x4000)
    copy = opened(sent(tmp_path, encoded(deep)).path.read_bytes())
    assert copy.getpixel((0, 0)) == (255, 255, 255)
    assert near(copy.getpixel((1, 0)), (64, 64, 64), 1)


def test_a_rotated_photo_is_sent_upright(tmp_path):
    copy = opened(sent(tmp_path, rotated(half_and_half(), 6)).path.read_bytes())
    assert copy.size == (20, 40)
    assert near(copy.getpixel((10, 2)), RED)
    assert not copy.getexif()


def test_a_converted_copy_carries_no_metadata(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 3
    photo = encoded(picture(), "JPEG", exif=exif, comment=b"private", icc_profile=profile(swapped=True))
    for formats in ({"jpeg"}, {"png"}):
        copy = opened(sent(tmp_path, photo, Target(formats=frozenset(formats))).path.read_bytes())
        assert not {"exif", "icc_profile", "comment"} & copy.info.keys()


def test_transparency_survives_the_way_out(tmp_path):
    copy = opened(sent(tmp_path, encoded(picture(mode="RGBA", colour=(*RED, 90)), "WEBP")).path.read_bytes())
    assert (copy.format, copy.mode) == ("PNG", "RGBA")
    assert copy.getextrema()[3] == (90, 90)


def test_a_picture_with_too_long_an_edge_is_shrunk(tmp_path):
    prepared = sent(tmp_path, encoded(half_and_half((300, 100))), Target(formats=frozenset({"png"}), max_edge=150))
    assert prepared.notes == ("shrunk",)
    assert opened(prepared.path.read_bytes()).size == (150, 50)


def test_an_opaque_png_that_is_too_heavy_keeps_its_pixels_as_jpeg(tmp_path):
    target = Target(formats=frozenset({"png", "jpeg"}), max_bytes=430_000)
    prepared = sent(tmp_path, encoded(noise()), target)
    assert (prepared.media_type, prepared.notes) == ("image/jpeg", ("format", "shrunk"))
    assert opened(prepared.path.read_bytes()).size == (400, 400)


@pytest.mark.parametrize("name", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("limit", [60_000, 5_000])
def test_a_picture_is_shrunk_until_it_is_light_enough(tmp_path, name, limit):
    target = Target(formats=frozenset({"png", "jpeg"}), max_bytes=limit)
    image = noise()
    if name != "JPEG":
        image.putalpha(120)
    prepared = sent(tmp_path, encoded(image, name, quality=95), target)
    assert limit / 3 < prepared.path.stat().st_size <= limit
    assert prepared.notes[-1] == "shrunk"


def test_only_formats_the_target_names_are_written(tmp_path):
    prepared = sent(tmp_path, rotated(picture(), 3), Target(formats=frozenset({"png"})))
    assert (prepared.media_type, prepared.notes) == ("image/png", ("format", "orientation"))


def test_what_cannot_be_read_is_not_prepared(tmp_path):
    with pytest.raises(NotAPicture):
        sent(tmp_path, b"words")
