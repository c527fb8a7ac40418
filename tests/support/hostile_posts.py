"""Files that somebody made to break the import of posts, and what must hold for each of them."""

from html.parser import HTMLParser

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from docs_hub import linking, merging, posts, rendering
from docs_hub.front_matter import json_of
from docs_hub.html_tree import parse

MARKS = (
    *("<script>alert(1)</script>", "<ScRiPt src=//evil.example/x>", "</script>", "<script", "<style>", "</style>"),
    *("<img src=x onerror=alert(1)>", "<svg onload=alert(1)>", "<math><mi//xlink:href='data:x,<script>'>", "<iframe>"),
    *(
        "<a href='javascript:alert(1)'>x</a>",
        "[x](javascript:alert(1))",
        "[x](&#106;avascript:alert(1))",
        "<base href=x>",
    ),
    *(
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "![x](data:image/svg+xml,<svg/onload=alert(1)>)",
        "[x](  java\tscript:1)",
    ),
    *(
        "<div class='not-prose' style='x:expression(1)' onclick=1>",
        "<div>",
        "</div>",
        "<p title='\"><script>'>",
        "<table>",
    ),
    *(
        "<h1>",
        "</h1>",
        "# a\n",
        "### b\n",
        "<h5 id=x>c</h5>",
        "a\n===\n",
        "<td>",
        "<plaintext>",
        "<textarea>",
        "<title>",
    ),
    *(
        "<!--",
        "-->",
        "<![CDATA[",
        "]]>",
        "<?php",
        "<noscript><p title='</noscript><img src=x onerror=1>'>",
        "<template>",
    ),
    *(
        "| a | b |\n|--:|---|\n| c | d |\n",
        "```js\nx\n```\n",
        "~~~\n",
        "    code\n",
        "`",
        "``",
        "**",
        "_",
        "~~",
        "\\",
        "\\_",
    ),
    *(
        "> ",
        "- ",
        "1. ",
        "\n",
        "\n\n",
        " ",
        "\t",
        "---\n",
        "[",
        "]",
        "(",
        ")",
        "![",
        "](",
        "](~/assets/x.png)",
        "<",
        ">",
    ),
    *(
        "https://youtu.be/abcdefghijk",
        "http://chat.mage-os.org",
        "https://mage-os.org/blog/a",
        "<https://[::1>",
        "www.a.b",
    ),
    *(
        "[a]: javascript:alert(1)\n",
        "[a]",
        "[](https://example.org)",
        "[![](x.png)](y)",
        "&#0;",
        "&#xD800;",
        "&nbsp;",
        "&lt;",
    ),
    *("\u00a0", "\u200b", "\u202e", "\ufeff", "\x00", "\x1b[0m", "\ud800", "itâ€™s", "🧨", "\r", "\u2028", "é", "word"),
)
BODIES = st.lists(st.sampled_from(MARKS) | st.text(max_size=8), max_size=40).map("".join)
VALUES = st.sampled_from(
    (
        *("2026-01-01", "2026-13-45", "2026-01-19T20:55:00", "'2026-02-01T00:00:00.000Z'", "0001-01-01T00:00:00+14:00"),
        *(
            "9999-12-31T23:59:59-12:00",
            "A title",
            "'A &amp; B'",
            "''",
            "null",
            "true",
            "'yes'",
            "1",
            "1.0e+999",
            ".nan",
        ),
        *("0x" + "f" * 6_000, "1" * 5_000, "[1, {a: b}]", "{a: [b]}", "!!binary aGk=", "!!binary %", "!!set {a, b}"),
        *("!!python/object/apply:os.system [id]", "&a [x]", "*a", "<<", '"\\uD800 \\0"', "'<script>'", "[", "? x", "|"),
        *("[" * 100, "{" * 100, "!!omap [a: 1]", "!!timestamp x", "=", "javascript:alert(1)", "~/assets/../../x.png"),
    )
)
KEYS = st.sampled_from(
    (
        *(
            "title",
            "title",
            "title",
            "date",
            "publishDate",
            "publishDate",
            "draft",
            "tags",
            "category",
            "author",
            "excerpt",
        ),
        *("image", "imageAlt", "description", "layout", "groupId", "metadata", "other", "<<", "? [a]", "1", "'\\0'"),
    )
)
LINES = st.tuples(KEYS, VALUES | st.text(max_size=12)).map(lambda pair: f"{pair[0]}: {pair[1]}")
BLOCKS = st.lists(LINES | st.text(max_size=12), max_size=6).map("\n".join)
USUAL = st.just("title: A title\npublishDate: 2026-01-01")
FILES = st.binary(max_size=60) | st.builds(
    lambda block, body: f"---\n{block}\n---\n{body}".encode("utf-8", "surrogatepass"), USUAL | BLOCKS, BODIES
)
PATHS = st.sampled_from(("src/data/post/2026-01-01-a.md", "src/pages/blog/a.md", "20269999-x.md", "é?.md", ""))
SAFE_SCHEMES = ("http://", "https://", "mailto:", "/", "#")


class _Elements(HTMLParser):
    """What a browser would find in HTML."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))


def faults(html: str) -> list[str]:
    """Name what must not be in rendered HTML."""
    elements = _Elements()
    elements.feed(html)
    elements.close()
    found = [f"<{tag}>" for tag, _ in elements.found if tag not in rendering.TAGS or tag == "h1"]
    for tag, attributes in elements.found:
        found += [f"<{tag} {name}>" for name in attributes if name.startswith("on") or name in {"style", "srcdoc"}]
        addresses = (attributes[name] for name in ("href", "src") if name in attributes)
        found += [f"<{tag}> leads to {address}" for address in addresses if not address.startswith(SAFE_SCHEMES)]
    last = 1
    for level in (int(tag[1]) for tag, _ in elements.found if tag in {"h1", "h2", "h3", "h4", "h5", "h6"}):
        found += [f"h{level} after h{last}"] if level > last + 1 else []
        last = level
    return found


def check(path: str, content: bytes) -> None:
    """Hold what must hold for every file: a post or errors, and HTML that does nothing."""
    read = posts.read(path, content)
    if not isinstance(read, posts.Post):
        assert read, "neither a post nor an error"
        assert {finding.level for finding in read} == {"error"}, read
        assert all(str(path) in finding.message for finding in read), read
        return
    known = linking.index([read])
    rendered = rendering.render(
        read.body, lambda link: linking.resolve(link, known), lambda address: f"/media/{len(address)}.png"
    )
    assert not faults(rendered.html), faults(rendered.html)
    assert rendered.html == rendering.LAST.clean(rendered.html), "cleaning it again changes it"
    assert len(parse(rendered.html).named("h2", "h3", "h4", "h5", "h6")) == len(rendered.headings)
    assert merging.merge([read])[0].address.startswith("/updates/")
    assert json_of(dict(read.extra)) == read.extra
    f"{read}{rendered}".encode()  # nothing that cannot be stored


def fuzz(cases: int) -> None:
    """Check so many made-up files. Raises: AssertionError, or what reading or rendering raised."""
    examples = settings(max_examples=cases, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    examples(given(PATHS, FILES)(check))()
