"""Static files for production: hashed names, and one stylesheet instead of one request a file."""

import re
from pathlib import Path

from whitenoise.storage import CompressedManifestStaticFilesStorage

# Exactly the form css/studio.css uses: @import url("components/button.css") layer(components);
IMPORT = re.compile(r'@import url\("([\w/.-]+)"\) layer\(([\w.-]+)\);')
COMMENT = re.compile(r"\s*/\*.*?\*/", re.DOTALL)  # an eighth of what goes over the wire
BUNDLE = "css/studio.css"


class BundledStaticFilesStorage(CompressedManifestStaticFilesStorage):
    """Writes the sheets that css/studio.css imports into it, before names are hashed.

    A `url()` inside them is then read from css/, so only sheets directly in css/ may have one.
    """

    def post_process(self, paths, dry_run=False, **options):
        if BUNDLE in paths and not dry_run:
            storage, name = paths[BUNDLE]
            source = Path(storage.path(name))  # not the collected copy: its imports may be inlined already
            Path(self.path(BUNDLE)).write_text(inlined(source), encoding="utf-8")
            paths = paths | {BUNDLE: (self, BUNDLE)}  # what is hashed is read from here, not from the source
        yield from super().post_process(paths, dry_run, **options)


def inlined(sheet):
    """The text of a stylesheet with each imported one in its place, without comments."""

    def imported(match):
        return f"@layer {match[2]} {{\n{(sheet.parent / match[1]).read_text(encoding='utf-8')}\n}}"

    return COMMENT.sub("", IMPORT.sub(imported, sheet.read_text(encoding="utf-8")))
