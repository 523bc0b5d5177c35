"""The page in a real Chromium, as its users meet it."""

import io
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest
from PIL import Image

from segnet.datasets.classes import ClassSet
from segnet.inference.drawing_colors import drawing_colors
from tests.web.conftest import COLORS, NAMES, image_file

WAIT = 120_000
"""Milliseconds: only a failure takes so long, or a machine with much else to do."""


@pytest.fixture
def page(browser: Any, server: str) -> Iterator[Any]:
    """The page with its first sample scene segmented; it must log nothing and ask nobody else."""
    with opened(browser, server, "status of 4|willReadFrequently") as page:
        yield page


@pytest.fixture
def page_of_many(browser: Any, server: str) -> Iterator[Any]:
    """The same where others ask as well, so that it may be told that the server is busy."""
    with opened(browser, server, "status of (4|503)|willReadFrequently") as page:
        yield page


@contextmanager
def opened(browser: Any, server: str, expected: str) -> Iterator[Any]:
    """The page, with a check of what it logged: only messages of the pattern ``expected``."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, permissions=["camera"])
    page = context.new_page()
    page.set_default_timeout(WAIT)
    messages, requests = [], []
    page.on("console", lambda message: messages.append(message.text))
    page.on("pageerror", lambda error: messages.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))
    page.goto(server)
    page.locator("#image-facts", has_text="through the network").wait_for()
    yield page
    context.close()
    assert [message for message in messages if not re.search(expected, message)] == []
    assert [url for url in requests if not url.startswith((server, "data:", "blob:"))] == []


def give(page: Any, field: str, name: str, content: bytes) -> None:
    page.locator(field).set_input_files({"name": name, "mimeType": "application/octet-stream", "buffer": content})


def pixels(page: Any, canvas: str = "#view-a canvas") -> Any:
    """What a canvas shows, (H, W, 3)."""
    values = page.locator(canvas).evaluate(
        "c => [c.height, c.width, ...c.getContext('2d').getImageData(0, 0, c.width, c.height).data]"
    )
    return np.array(values[2:], np.uint8).reshape(values[0], values[1], 4)[..., :3]


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + WAIT / 1000
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


def upload(page: Any) -> Any:
    """Segments the small test image; its pixels."""
    give(page, "#image-file", "a.png", image_file())
    page.locator("#view-a canvas[width='64']").wait_for()
    page.locator("body:not(.waiting)").wait_for()
    return np.asarray(Image.open(io.BytesIO(image_file())))


def test_an_image_with_sliders_toggles_and_downloads(page: Any) -> None:
    image = upload(page)
    page.locator("#opacity").focus()
    page.keyboard.press("Home")
    assert page.locator("#opacity-value").inner_text() == "0 %"
    assert np.array_equal(pixels(page), image)
    page.keyboard.press("End")
    classes = ClassSet(NAMES, COLORS, 255)
    drawn = dict(zip(COLORS, drawing_colors(classes), strict=True))
    assert {tuple(color) for color in pixels(page).reshape(-1, 3).tolist()} <= set(drawn.values())
    with page.expect_download() as saved:
        page.locator("#save-mask").click()
    mask = np.asarray(Image.open(saved.value.path()).convert("RGB"))
    assert saved.value.suggested_filename == "mask.png"
    shown = np.zeros_like(mask)
    for color, bright in drawn.items():
        shown[(mask == color).all(2)] = bright
    assert np.array_equal(shown, pixels(page))
    # Names come out of files: one with markup in it stays text.
    assert "<b>sky</b>" in page.locator("#legend").inner_text()
    page.locator("#no-classes").click()
    assert np.array_equal(pixels(page), image)
    page.locator("#legend label", has_text="road").click()
    is_road = (mask == (128, 64, 128)).all(2)
    assert np.array_equal(pixels(page), np.where(is_road[..., None], shown, image))
    share = page.locator("#legend tr", has_text="road").locator("td").inner_text()
    assert abs(int(re.sub(r"\D", "", share) or 0) / 100 - is_road.mean()) < 0.011
    page.locator("#contours").check()
    with page.expect_download() as saved:
        page.locator("#save-overlay").click()
    assert np.array_equal(np.asarray(Image.open(saved.value.path()).convert("RGB")), pixels(page))


def test_pointing_names_the_class_by_mouse_and_by_keyboard(page: Any) -> None:
    upload(page)
    canvas = page.locator("#view-a canvas")
    canvas.hover(position={"x": 40, "y": 40})
    by_mouse = page.locator("#readout").inner_text()
    assert re.fullmatch(r"(road|<b>sky</b>|car), \d+ %", by_mouse)
    canvas.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowLeft")
    assert re.fullmatch(r"(road|<b>sky</b>|car), \d+ %", page.locator("#readout").inner_text())


def test_two_models_side_by_side_and_how_unsure_one_is(page: Any) -> None:
    page.locator("#view-a canvas").hover(position={"x": 40, "y": 40})
    page.locator("#compare").select_option("other")
    page.locator("#view-b").wait_for()
    # The pixel that was pointed at is named for both, without pointing again.
    assert page.locator("#readout").inner_text().count("%") == 2
    assert "Both agree on" in page.locator("#image-facts").inner_text()
    assert page.locator("#legend tr").first.locator("td").count() == 2
    page.locator("#compare").select_option("")
    page.locator("#view-b").wait_for(state="hidden")
    assert page.locator("input[value=uncertainty]").is_disabled()
    give(page, "#image-file", "a.png", image_file())
    page.locator("#model").select_option("bayesian")
    page.locator("#samples").fill("3")
    page.keyboard.press("Tab")
    page.locator("#uncertainty-hint", has_text="Mean uncertainty").wait_for()
    page.locator("#layers label", has_text="uncertainty").click()
    assert page.locator("input[value=uncertainty]").is_checked()
    page.locator("#opacity").focus()
    page.keyboard.press("End")
    # However small the uncertainty is, the map goes from dark to light.
    assert pixels(page).max() > 200
    assert pixels(page).min() < 50


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("bad.png", b"no image at all", "no image that this browser can show"),
        ("huge.jpg", bytes(2_100_000), "at most 2 MB are accepted"),
        ("wide.png", image_file(1100, 1000), "1000×1100 pixels, more than are accepted"),
    ],
)
def test_a_wrong_file_is_told_and_the_page_goes_on(page: Any, name: str, content: bytes, words: str) -> None:
    give(page, "#image-file", name, content)
    page.locator("#message", has_text=words).wait_for()
    upload(page)
    assert page.locator("#message").is_hidden()


def test_a_clip_is_segmented_played_and_saved(page: Any, clip_file: Callable[[int], Path]) -> None:
    page.locator("#tab-clip").click()
    assert "up to 3 MB, 3 s" in page.locator("#clip-limits").inner_text()
    page.locator("#clip-file").set_input_files(clip_file(8))
    page.locator("#clip-state", has_text="Done: 8 frames").wait_for()
    # Playwright's own waiting evaluates text in the page, which the policy forbids.
    until(lambda: page.locator("#clip-result").evaluate("v => v.videoWidth") > 0)
    with page.expect_download() as saved:
        page.locator("#clip-save").click()
    assert saved.value.suggested_filename == "clip8_segmented.mp4"
    page.locator("#clip-file").set_input_files(clip_file(50))
    page.locator("#message", has_text="5 s long; at most 3 s").wait_for()
    give(page, "#clip-file", "bad.mp4", b"no clip")
    page.locator("#message", has_text="not a video in a format that is read here").wait_for()


def test_the_camera_drops_frames_and_stops(page: Any) -> None:
    page.locator("#tab-camera").click()
    page.locator("#camera-toggle").click()
    page.locator("#camera-facts", has_text=re.compile(r"[2-9] segmented, [1-9]\d* dropped")).wait_for()
    assert pixels(page, "#camera-canvas").std() > 1
    assert page.locator("#camera-legend li").all_inner_texts() == ["road", "<b>sky</b>", "car"]
    page.locator("#tab-image").click()
    assert page.locator("#camera-video").evaluate("v => v.srcObject") is None


def test_looking_inside_shows_what_the_indices_do(page: Any) -> None:
    page.locator("#tab-stages").click()
    page.locator("#stages-facts", has_text="get another class").wait_for()
    assert page.locator(".stage").count() == 3
    canvas = ".stage:last-child figure:nth-of-type(3) canvas"
    before = pixels(page, canvas)
    page.locator("#without").click()
    after = pixels(page, canvas)
    assert not np.array_equal(before, after)
    # Every value stands at the upper left now, so every second row is black: 0, 0, 3 in the colour map.
    scale = before.shape[0] // 6 if before.shape[0] % 6 == 0 else 1
    assert (after[scale - 1 :: 2 * scale].max() > 10) or scale > 1
    page.locator("#zoom").focus()
    page.keyboard.press("End")
    assert page.locator("#zoom-value").inner_text() == "32×"
    page.locator("#stages-image").focus()
    page.keyboard.press("ArrowLeft")


def test_latents_are_drawn_moved_and_walked(page: Any) -> None:
    page.locator("#tab-latents").click()
    page.locator("#latents-facts", has_text="Mean squared error").wait_for()
    assert page.locator("#sliders input").count() == 6
    image = page.locator("#reconstruction")
    before = image.get_attribute("src")
    page.locator("#sliders input").first.focus()
    page.keyboard.press("End")
    page.locator("#latents-facts", has_text="Decoded").wait_for()
    assert image.get_attribute("src") != before
    box = page.locator("#drawing").bounding_box()
    page.locator("#clear").click()
    page.mouse.move(box["x"] + 140, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + 140, box["y"] + 240, steps=4)
    page.mouse.up()
    page.locator("#latents-facts", has_text="Mean squared error").wait_for()
    assert 0.02 < (pixels(page, "#drawing") > 128).mean() < 0.3
    page.locator("#autoencoder").select_option("variational_autoencoder")
    page.locator("#plane-box").wait_for()
    page.locator("#latents-facts", has_text="Mean squared error").wait_for()
    page.locator("#plane").focus()
    page.keyboard.press("ArrowUp")
    page.locator("#latents-facts", has_text="Decoded").wait_for()


def test_tabs_work_from_the_keyboard(page: Any) -> None:
    page.locator("#tab-image").focus()
    for name in ("clip", "camera", "stages", "latents", "programs", "image"):
        page.keyboard.press("ArrowRight")
        assert page.locator(f"#{name}").is_visible()
        assert page.evaluate("() => document.activeElement.id") == f"tab-{name}"


@pytest.mark.parametrize("width", [1280, 390])
def test_every_tab_passes_axe_and_fits(browser: Any, server: str, width: int) -> None:
    from axe_playwright_python.sync_playwright import Axe

    # axe runs inside the page, where the page's own policy would stop it.
    context = browser.new_context(viewport={"width": width, "height": 844}, bypass_csp=True)
    page = context.new_page()
    page.set_default_timeout(WAIT)
    page.goto(server)
    page.locator("#image-facts", has_text="through the network").wait_for()
    for name in ("image", "clip", "camera", "stages", "latents", "programs"):
        page.locator(f"#tab-{name}").click()
        for facts in ("stages", "latents"):
            if name == facts:
                page.locator(f"#{facts}-facts", has_text=re.compile(r"\d")).wait_for()
        violations = Axe().run(page).response["violations"]
        assert [(v["id"], [node["html"] for node in v["nodes"]]) for v in violations] == []
        assert page.evaluate("() => document.documentElement.scrollWidth") == width
    context.close()


def test_twenty_clients_at_once_are_served_or_told_that_it_is_busy(page_of_many: Any, server: str) -> None:
    def ask(_: int) -> Any:
        return httpx2.post(f"{server}/api/segment", files={"image": ("a.png", image_file(480, 640))}, timeout=240)

    with ThreadPoolExecutor(20) as clients:
        answers = [clients.submit(ask, index) for index in range(20)]
        # The page among them asks again until there is room.
        upload(page_of_many)
        statuses = [answer.result().status_code for answer in answers]
    assert set(statuses) <= {200, 503}
    # Four may wait at once where none is done before the last has come, and the page may be one of them.
    assert statuses.count(200) >= 3
    busy = next((answer.result() for answer in answers if answer.result().status_code == 503), None)
    if busy is not None:
        assert busy.headers["Retry-After"] == "1"
        assert "busy" in busy.json()["error"]
    assert page_of_many.locator("#message").is_hidden()
