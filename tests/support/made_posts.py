"""Made-up posts of both layouts that the website's repositories have."""

from docs_hub import posts
from docs_hub.posts import Post

NEWER = "src/data/post/2024-05-07-april-recap.md"
OLDER = "src/pages/blog/mage-os-update-2022-week-9.md"


def newer(body: str = "Words.", **values: str) -> str:
    """Give a file of the newer layout; values are YAML."""
    return _file({"title": "A title", "publishDate": '"2024-05-07T00:00:00.000Z"'} | values, body)


def older(body: str = "Words.", **values: str) -> str:
    """Give a file of the older layout; values are YAML."""
    return _file({"layout": "'@/layouts/post.astro'", "date": "2022-03-04", "title": "A title"} | values, body)


def post(path: str = NEWER, content: str = "") -> Post:
    """Read a file that is right."""
    found = posts.read(path, (content or newer()).encode())
    assert isinstance(found, Post), found
    return found


def _file(values: dict[str, str], body: str) -> str:
    lines = (f"{key}: {value}" for key, value in values.items())
    return "---\n" + "\n".join(lines) + "\n---\n\n" + body
