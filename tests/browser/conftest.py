"""A real Chromium before the real console: a server in a thread, and one signed-in page for each person of a test.

Screenshots are kept in build/screenshots, where people (and CI) can look at them.
"""

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

    from cases.decision import Decision
    from web.office import Office
    from web.store.accounts import Role

SHOTS = Path(__file__).parents[2] / "build" / "screenshots"
WIDE, NARROW = {"width": 1400, "height": 900}, {"width": 360, "height": 740}


class Site(NamedTuple):
    """The running console."""

    base: str
    office: "Office"

    def decide(self, text: str, id: str) -> "Decision":
        """Decide a text as it would come in."""
        from cases.intake import case_from_text

        made = self.office.desks.live.decide(case_from_text(text, id=id))
        self.office.catch_up()
        return made


@contextmanager
def serving(home: Path) -> "Iterator[Site]":
    """Serve a home on loopback, with the example cases decided."""
    pytest.importorskip("fastapi", reason="the console needs pip install 'precept[web]'")
    import uvicorn

    from graphs.settings import Settings
    from web.application import create_app
    from web.guard import Limits
    from web.office import open_office
    from web.serving import decide_examples

    with open_office(Settings(home=home, audit_rate=0)) as office:
        decide_examples(office, lambda told: None)
        limits = Limits(requests=1_000_000, sign_ins=1_000_000)
        config = uvicorn.Config(create_app(nullcontext(office), limits), host="127.0.0.1", port=0, log_level="warning")
        server = uvicorn.Server(config)
        sock = config.bind_socket()
        thread = threading.Thread(target=server.run, args=([sock],), daemon=True)
        thread.start()
        while not server.started:
            assert thread.is_alive(), "the server did not start"
            time.sleep(0.05)
        yield Site(f"http://127.0.0.1:{sock.getsockname()[1]}", office)
        server.should_exit = True
        thread.join(20)


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Site]":
    """Serve a fresh home for all tests that leave the policy as it is."""
    with serving(tmp_path_factory.mktemp("home")) as found:
        yield found


def serious(page: "Page") -> list[tuple[str, str]]:
    """Return the serious faults of accessibility of a page."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs pip install 'precept[browser]'")
    found = axe.Axe().run(page).response["violations"]
    return [(v["id"], v["nodes"][0]["html"]) for v in found if v["impact"] in ("serious", "critical")]


def ready(page: "Page", url: str | None = None) -> None:
    """Wait until a page (of an address, where one is given) is there and listens to keys."""
    if url is not None:
        page.wait_for_url(url)
    page.wait_for_load_state("domcontentloaded")
    page.wait_for_selector("[aria-keyshortcuts]")


def press(page: "Page", *keys: str) -> None:
    """Press keys one after the other, as a quick person does: no two within a twentieth of a second."""
    for key in keys:
        page.keyboard.press(key)
        page.wait_for_timeout(50)


@pytest.fixture(scope="session")
def chromium() -> "Iterator[Browser]":
    """The browser: Debian's Chromium, or the one that Playwright installed."""
    playwright = pytest.importorskip("playwright.sync_api", reason="needs pip install 'precept[browser]'")
    with playwright.sync_playwright() as running:
        found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
        if found is None and not Path(running.chromium.executable_path).exists():
            pytest.skip("NO BROWSER: the console was not tested in one; apt-get install chromium")
        yield running.chromium.launch(executable_path=found, args=["--no-sandbox"])


@pytest.fixture
def person(site: Site, chromium: "Browser") -> "Iterator[Callable[..., Page]]":
    """Return a page on which a new person with these roles is signed in; errors of its scripts fail the test."""
    from urllib.parse import urlsplit

    from web.identity import COOKIE
    from web.store import accounts, sessions

    opened: list[BrowserContext] = []
    faults: list[str] = []

    def sign_in(*roles: "Role", narrow: bool = False, dark: bool = False, name: str | None = None) -> "Page":
        name = name or f"{'-'.join(roles)} {len(accounts.everybody(site.office.store))}"
        made = accounts.named(site.office.store, name) or accounts.add(site.office.store, name, roles)
        context = chromium.new_context(
            base_url=site.base, viewport=NARROW if narrow else WIDE, color_scheme="dark" if dark else "light"
        )
        secret = sessions.begin(site.office.store, made.id)
        host = urlsplit(site.base).hostname
        context.add_cookies([{"name": COOKIE, "value": secret, "domain": host or "", "path": "/"}])
        context.set_default_timeout(90_000)  # machines are busy at times
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        # What the policy of the page forbids shows up as an error on its console.
        page.on("console", lambda m: faults.append(m.text) if "Content Security Policy" in m.text else None)
        opened.append(context)
        return page

    yield sign_in
    for context in opened:
        context.close()
    assert not faults


@pytest.fixture
def shot() -> "Callable[[Page, str], None]":
    """Return how to keep a screenshot."""

    def keep(page: "Page", name: str) -> None:
        SHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SHOTS / f"{name}.png", full_page=True)

    return keep
