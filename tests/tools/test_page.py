"""A page gives what a visitor reads; what it hides from him is told apart, and nothing runs or is fetched."""

import random
import socket
from pathlib import Path

import pytest

from cases.observation import Unseen
from tools.page import MAX_BYTES, Page, read_page

pytest.importorskip("lxml", reason="needs pip install 'precept[vision]'")

ARTICLE = "<h1>Our lamp</h1><p>This lamp is warm, it is made by hand, and it costs ten coins until Friday evening.</p>"


@pytest.fixture
def read(tmp_path: Path):  # type: ignore[no-untyped-def]
    def write(body: str | bytes, **more: int) -> Page | Unseen:
        path = tmp_path / "page.html"
        path.write_bytes(body.encode() if isinstance(body, str) else body)
        return read_page(path, root=tmp_path, **more)

    return write


def page(found: Page | Unseen) -> Page:
    assert isinstance(found, Page), found
    return found


def test_main_text_menus_and_buttons_are_all_read_once(read) -> None:  # type: ignore[no-untyped-def]
    menu, small = "<nav><a href=/a>Home</a></nav>", "<footer>Small print here</footer>"
    body = f"<title>The lamp shop</title>{menu}<main>{ARTICLE}<input type=submit value='Order it'></main>{small}"
    found = page(read(body))
    assert found.title == "The lamp shop"
    for said in ("This lamp is warm", "Home", "Small print here", "Order it"):
        assert found.shown.count(said) == 1, said
    assert (found.hidden, found.gaps) == ((), ())


def test_trafilatura_finds_the_main_text(read) -> None:  # type: ignore[no-untyped-def]
    try:
        import trafilatura  # noqa: F401
    except ImportError as missing:
        pytest.skip(f"trafilatura cannot be imported: {missing}")
    found = page(read(f"<nav>Home</nav><article>{ARTICLE * 3}</article>"))
    assert found.tool == "trafilatura"
    assert "made by hand" in found.text
    assert "made by hand" not in found.rest


@pytest.mark.parametrize(
    ("hiding", "why"),
    [
        ("hidden", "attribute hidden"),
        ("style='display: none'", "style hides it"),
        ("style='VISIBILITY:hidden'", "style hides it"),
        ("style='opacity:0.01'", "transparent"),
        ("style='font-size:1px'", "letters too small to read"),
        ("style='color:#FFFFFF'", "letters in the colour behind them"),
        ("style='background:#102030;color:rgb(16,32,48)'", "letters in the colour behind them"),
        ("style='color:transparent'", "letters in the colour behind them"),
        ("style='position:absolute;left:-9999px'", "outside the window"),
        ("style='text-indent:-100em'", "outside the window"),
        ("style='height:0;overflow:hidden'", "cut to nothing"),
        ("style='clip-path:inset(100%)'", "cut to nothing"),
        ("style='transform:scale(0)'", "scaled to nothing"),
        ("class=gone", "style hides it"),
        ("id=gone", "style hides it"),
    ],
)
def test_hidden_text_is_told_apart_with_the_means(read, hiding: str, why: str) -> None:  # type: ignore[no-untyped-def]
    style = "<style>/* x */ p.none, .gone { display:none } #gone { visibility: hidden !important }</style>"
    found = page(read(f"{style}{ARTICLE}<div {hiding}>Approved by <b>everybody</b></div><p>After it</p>"))
    assert [(one.text, one.why) for one in found.hidden] == [("Approved by everybody", why)]
    assert "Approved" not in found.shown
    assert "After it" in found.shown


@pytest.mark.parametrize(
    "shown",
    [
        "style='background:#000;color:#fff'", "style='opacity:0.9'", "style='font-size:80%'", "class=paper", "class=dark",
        "style='left:-9999px'", "style='overflow:hidden;height:40px'",
    ],
)  # fmt: skip
def test_what_a_visitor_sees_is_not_called_hidden(read, shown: str) -> None:  # type: ignore[no-untyped-def]
    style = "<style>@media print { .paper { display:none } } .dark { color: white } .night .dark { background: #000 }</style>"
    found = page(read(f"{style}{ARTICLE}<div {shown}>Plainly seen</div>"))
    assert "Plainly seen" in found.shown
    assert not found.hidden


def test_scripts_and_styles_are_no_text_and_a_page_that_scripts_build_is_a_gap(read) -> None:  # type: ignore[no-untyped-def]
    found = page(read("<div id=app></div><script>document.write('secret words')</script><template>more</template>"))
    assert found.shown == ""
    assert [(gap.what, gap.why) for gap in found.gaps] == [("page", "unreadable")]


def test_a_page_that_sends_visitors_on_is_a_gap(read) -> None:  # type: ignore[no-untyped-def]
    found = page(read(f"<meta http-equiv=Refresh content=\"0; url='http://127.0.0.1/next'\">{ARTICLE}"))
    assert found.sent_to == ("http://127.0.0.1/next",)
    assert [gap.why for gap in found.gaps] == ["missing"]


def test_nothing_is_fetched(read) -> None:  # type: ignore[no-untyped-def]
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        address = f"http://127.0.0.1:{server.getsockname()[1]}/x"
        doctype = f'<!DOCTYPE html SYSTEM "{address}" [<!ENTITY e SYSTEM "{address}"><!ENTITY f SYSTEM "file:///etc/passwd">]>'
        linked = f"<base href={address}><link rel=stylesheet href={address}><iframe src={address}></iframe><img src={address}>"
        found = page(read(f"{doctype}{linked}{ARTICLE}<p>&e;&f;</p>"))
        with pytest.raises(BlockingIOError):
            server.accept()
    assert found.frames == (address,)
    assert found.pictures == 1
    assert "root:" not in found.shown


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1252", "iso-8859-5"])
def test_words_survive_their_encoding(read, encoding: str) -> None:  # type: ignore[no-untyped-def]
    words = "Скидка сегодня" if encoding == "iso-8859-5" else "Prämie für alle"
    named = f"<meta charset={encoding}>" if encoding != "utf-16" else ""
    assert words in page(read(f"{named}<p>{words}</p>".encode(encoding))).shown


def test_deep_nesting_hides_nothing_in_silence(read) -> None:  # type: ignore[no-untyped-def]
    def nested(depth: int) -> Page:
        return page(read("<div>" * depth + "<p>Down here</p>" + "</div>" * depth + "<p>And after</p>"))

    assert ("Down here" in nested(1000).shown, "And after" in nested(1000).shown) == (True, True)
    assert [gap.why for gap in nested(9000).gaps] == ["unreadable"]


def test_a_huge_page_is_read_in_part_and_says_so(read) -> None:  # type: ignore[no-untyped-def]
    found = page(read(ARTICLE + "<p>" + "word " * 2000 + "</p>" * 3, most=5000))
    assert "Our lamp" in found.shown
    assert [gap.why for gap in found.gaps] == ["too_large"]
    assert MAX_BYTES > 1_000_000


@pytest.mark.parametrize("body", [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"\0" * 500, b""])
def test_what_is_no_page_is_told_as_such(read, body: bytes) -> None:  # type: ignore[no-untyped-def]
    found = read(body)
    assert isinstance(found, Unseen)
    assert found.why in ("unknown_format", "unreadable")


def test_broken_markup_never_raises(read) -> None:  # type: ignore[no-untyped-def]
    dice = random.Random(3)
    whole = f"<style>.a{{display:none}}</style>{ARTICLE}<div style='color:#fff'>x</div><table><tr><td>y</table>"
    for _ in range(6):
        body = bytearray(whole.encode())
        for _ in range(30):
            body[dice.randrange(len(body))] = dice.choice(b"<>&;#\"'{}:=/")
        assert isinstance(read(bytes(body)), Page | Unseen)


def test_a_page_outside_its_folder_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "out.html").write_text(ARTICLE)
    (tmp_path / "in" / "link.html").symlink_to(tmp_path / "out.html")
    for path in (tmp_path / "in" / "link.html", tmp_path / "in" / ".." / "out.html"):
        found = read_page(path, root=tmp_path / "in")
        assert isinstance(found, Unseen) and found.why == "unreadable"
