"""`make screenshots`: pictures of the pages about money, of a studio that docs/demo.py has filled."""

import io
import tempfile
from pathlib import Path

import PIL.Image
from playwright.sync_api import sync_playwright

from benchmarks.studio import PASSWORD, USERNAME, Studio
from gallery.sandbox.server import SandboxServer
from tests.conftest import find_chromium

FOLDER = Path(__file__).parent / "screenshots"
VIEW = {"width": 1440, "height": 900}
MOST_BYTES = 120_000
PAGES = {
    "dashboard": ("light", "/admin/usage/?period=30&by=project"),
    "dashboard-dark": ("dark", "/admin/usage/?period=30&by=project"),
    "budgets": ("light", "/admin/gallery/budget/"),
    "month-close": ("light", "/admin/usage/close/{month}/"),
    "statement": ("light", "/usage/statement/?project={project}&month={month}"),
}


def main():
    FOLDER.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        SandboxServer() as sandbox,
        Studio(Path(folder) / "studio", sandbox.url) as studio,
        sync_playwright() as playwright,
    ):
        project, last_month = studio.shell("from docs import demo; print(*demo.fill())").split()
        chromium = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        page = chromium.new_page(base_url=studio.url, viewport=VIEW)
        sign_in(page)
        for name, (scheme, address) in PAGES.items():
            page.emulate_media(color_scheme=scheme)
            shoot(page, name, address.format(project=project, month=last_month))
        chromium.close()


def sign_in(page):
    page.goto("/")
    page.get_by_label("Username").fill(USERNAME)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("navigation", name="Studio").wait_for()


def shoot(page, name, address):
    answer = page.goto(address, wait_until="networkidle")
    assert answer.ok, f"{address}: {answer.status}"
    file = FOLDER / f"{name}.webp"
    with PIL.Image.open(io.BytesIO(page.screenshot())) as picture:
        picture.save(file, quality=80, method=6)
    assert file.stat().st_size < MOST_BYTES, f"{file.name} is {file.stat().st_size:,} bytes"
    print(f"{file.name}: {file.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
