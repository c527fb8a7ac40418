"""Git repositories are read without trust: what is missing, damaged or odd is named and stops nothing else."""

import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mageos_portal.git_fetching import FetchError, GitError, check_url, environment, fetch, hide_login
from mirror.candidates import Tag
from mirror.git import (
    BATCH,
    DIRECTORY,
    FILE,
    SUBMODULE,
    SYMLINK,
    NotARepositoryError,
    Objects,
    ObjectUnreadableError,
    Repository,
    TreeEntry,
)
from tests.support.repositories import (
    FIRST_TIME,
    HOUR,
    NO_COMMIT,
    Submodule,
    Symlink,
    add_tags,
    blob,
    commit,
    corrupt,
    git,
    make_loose,
    make_repository,
    object_id,
    point,
    raw_tree,
    remove,
    tag_object,
    truncate,
)

TIMEOUT = 60


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return make_repository(tmp_path / "library.git", {"1.0.0": {"a": "one"}, "1.1.0": {"a": "two", "b/c": "three"}})


@pytest.fixture
def silent_server() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def tags_of(path: Path) -> dict[str, Tag]:
    return {tag.name: tag for tag in Repository(path).tags}


def test_a_directory_without_git_is_no_repository(tmp_path: Path) -> None:
    with pytest.raises(NotARepositoryError, match="is not a git repository"):
        Repository(tmp_path)


def test_a_directory_that_is_gone_is_no_repository(tmp_path: Path) -> None:
    with pytest.raises(NotARepositoryError, match="library is not a git repository"):
        Repository(tmp_path / "library")


def test_a_file_is_no_repository(tmp_path: Path) -> None:
    (tmp_path / "library").write_text("gitdir: elsewhere")
    with pytest.raises(NotARepositoryError):
        Repository(tmp_path / "library")


def test_a_directory_inside_a_repository_is_none_itself(tmp_path: Path) -> None:
    make_repository(tmp_path / "clone/.git", {"1.0.0": {"a": "one"}})
    (tmp_path / "clone/sub").mkdir()
    with pytest.raises(NotARepositoryError):
        Repository(tmp_path / "clone/sub")


def test_a_clone_with_a_work_tree_is_read_as_well(tmp_path: Path) -> None:
    make_repository(tmp_path / "clone/.git", {"1.0.0": {"a": "one"}})
    assert Repository(tmp_path / "clone").directory == tmp_path / "clone/.git"
    assert list(tags_of(tmp_path / "clone")) == ["1.0.0"]


def test_a_repository_without_tags_has_none(tmp_path: Path) -> None:
    assert tags_of(make_repository(tmp_path / "empty", {})) == {}


def test_a_tag_gives_its_commit_tree_and_the_date_of_the_commit(path: Path) -> None:
    tag = tags_of(path)["1.1.0"]
    assert tag.commit == object_id(path, "refs/tags/1.1.0")
    assert tag.tree == object_id(path, "1.1.0^{tree}")
    assert tag.time == FIRST_TIME + 2 * HOUR


def test_an_annotated_tag_leads_to_its_commit(path: Path) -> None:
    add_tags(path, {"1.2.0": "1.1.0"}, annotated=["1.2.0"])
    assert object_id(path, "refs/tags/1.2.0") != object_id(path, "refs/tags/1.1.0")
    assert tags_of(path)["1.2.0"] == replace(tags_of(path)["1.1.0"], name="1.2.0")


def test_a_tag_of_a_tag_leads_to_the_commit_in_the_end(path: Path) -> None:
    wanted = tags_of(path)["1.0.0"]
    inner = tag_object(path, "inner", wanted.commit)
    point(path, "outer", tag_object(path, "outer", inner, "tag"))
    found = tags_of(path)["outer"]
    assert (found.commit, found.tree, found.time) == (wanted.commit, wanted.tree, wanted.time)


def test_a_tag_of_a_blob_or_a_tree_leads_to_no_commit(path: Path) -> None:
    content = blob(path, "text")
    point(path, "blob", content)
    point(path, "tree", object_id(path, "1.0.0^{tree}"))
    point(path, "tagged-blob", tag_object(path, "tagged-blob", content, "blob"))
    tags = tags_of(path)
    for name in ("blob", "tree", "tagged-blob"):
        assert tags[name] == Tag(name, "", "", 0)
    assert tags["1.0.0"].commit


@pytest.mark.parametrize("name", ["--upload-pack=x", "-v1", "2.4-develop", "a/b", "x@y", "ü", "a\u00a0b", "%00"])
def test_the_names_of_tags_are_data(path: Path, name: str) -> None:
    add_tags(path, {name: {"a": "odd"}})
    assert tags_of(path)[name].tree == object_id(path, f"refs/tags/{name}^{{tree}}")


@pytest.mark.parametrize("name", ["1.0.0\u2028x", "1.0.0\u0085x"])
def test_a_name_with_a_line_break_that_is_none_to_git_is_data_too(path: Path, name: str) -> None:
    add_tags(path, {name: {"a": "odd"}})
    assert sorted(tags_of(path)) == sorted(["1.0.0", "1.1.0", name])


def test_a_name_that_is_not_utf8_is_kept_apart(path: Path) -> None:
    refs = path / "packed-refs"
    refs.write_bytes(f"{object_id(path, '1.0.0')} refs/tags/1.0.0-".encode() + b"\xff\n")
    assert "1.0.0-\udcff" in tags_of(path)


def test_a_ref_that_leaves_the_directory_is_an_error_that_names_it(path: Path) -> None:
    (path / "packed-refs").write_text(f"{object_id(path, '1.0.0')} refs/tags/../../x\n")
    with pytest.raises(GitError, match=r"the refs cannot be read: .*refs/tags/\.\./\.\./x"):
        _ = Repository(path).tags


def test_a_tag_of_an_object_that_is_gone_does_not_hide_the_others(path: Path) -> None:
    (path / "refs/tags/1.2.0").write_text(f"{NO_COMMIT}\n")
    tags = tags_of(path)
    assert tags["1.0.0"].commit
    assert not tags["1.2.0"].commit


def test_a_commit_without_a_committer_does_not_hide_the_others(path: Path) -> None:
    tree = object_id(path, "1.0.0^{tree}")
    odd = git(path, "hash-object", "-t", "commit", "-w", "--stdin", "--literally", data=f"tree {tree}\n\nx\n".encode())
    point(path, "1.2.0", odd.decode().strip())
    assert tags_of(path)["1.0.0"].commit


def test_the_digest_of_refs_changes_with_a_tag_and_with_nothing_else(path: Path) -> None:
    before = Repository(path).refs
    blob(path, "more")
    git(path, "pack-refs", "--all")
    assert Repository(path).refs == before
    add_tags(path, {"1.0.0": {"a": "moved"}})
    assert Repository(path).refs != before


def test_a_commit_can_be_taken_as_if_it_had_a_tag(path: Path) -> None:
    wanted = tags_of(path)["1.0.0"]
    repository = Repository(path)
    assert repository.commit("1.2.0-p1", wanted.commit) == replace(wanted, name="1.2.0-p1")
    assert repository.commit("1.2.0-p1", NO_COMMIT) is None
    assert repository.commit("1.2.0-p1", blob(path, "text")) is None


def test_a_replaced_object_is_not_what_is_read(path: Path) -> None:
    git(path, "replace", object_id(path, "1.0.0:a"), blob(path, "forged"))
    with Objects(path) as objects:
        assert objects.read(object_id(path, "1.0.0:a")) == b"one"


def test_a_repository_of_another_owner_is_read_and_its_configuration_runs_nothing(path: Path, tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    with (path / "config").open("a") as config:
        config.write(
            f'[core]\n\tfsmonitor = "touch {mark}"\n\thooksPath = {tmp_path}\n[alias]\n\tshow = "!touch {mark}"\n'
        )
    assert Repository(path).commit("x", object_id(path, "1.0.0"))
    assert not mark.exists()


def test_objects_come_in_the_order_in_which_they_were_asked_for(path: Path) -> None:
    texts = [f"text {number}" * (number % 7) for number in range(3 * BATCH + 1)]
    ids = [blob(path, text) for text in texts[:20]]
    wanted = [number * 7 % 20 for number in range(3 * BATCH + 1)]
    with Objects(path) as objects:
        assert list(objects.read_each(ids[n] for n in wanted)) == [texts[n].encode() for n in wanted]


def test_an_object_larger_than_a_pipe_is_read_whole(path: Path) -> None:
    content = bytes(range(256)) * 40_000
    with Objects(path) as objects:
        assert objects.read(blob(path, content)) == content


def test_nothing_is_read_where_nothing_is_wanted(path: Path) -> None:
    with Objects(path) as objects:
        assert list(objects.read_each([])) == []


def test_the_entries_of_a_tree_are_bytes_in_the_order_of_git(tmp_path: Path) -> None:
    path = make_repository(
        tmp_path / "x",
        {"1": {b"\xff": "", "a.b": "", "a/c": "", "a0": Symlink("a"), ("b", 0o100755): "", "sub": Submodule()}},
    )
    with Objects(path) as objects:
        entries = objects.tree(object_id(path, "1^{tree}"))
    assert [(entry.mode, entry.name) for entry in entries] == [
        (FILE, b"a.b"),
        (DIRECTORY, b"a"),
        (SYMLINK, b"a0"),
        (0o100755, b"b"),
        (SUBMODULE, b"sub"),
        (FILE, b"\xff"),
    ]
    assert entries[4] == TreeEntry(SUBMODULE, b"sub", NO_COMMIT)


def test_a_missing_object_is_named_and_the_next_one_is_read_all_the_same(path: Path) -> None:
    wanted = object_id(path, "1.0.0:a")
    with Objects(path) as objects:
        with pytest.raises(ObjectUnreadableError, match=f"git object {NO_COMMIT} is missing") as caught:
            objects.read(NO_COMMIT)
        assert caught.value.object_id == NO_COMMIT
        assert objects.read(wanted) == b"one"


@pytest.mark.parametrize("damage", [corrupt, truncate, remove])
def test_a_damaged_object_is_named_and_those_before_and_after_are_read(
    path: Path, damage: Callable[[Path, str], None]
) -> None:
    damaged = blob(path, "text that compresses a little " * 100)
    ids = [object_id(path, "1.0.0:a"), damaged, object_id(path, "1.1.0:a")]
    damage(path, damaged)
    with Objects(path) as objects:
        reading = objects.read_each(ids)
        assert next(reading) == b"one"
        with pytest.raises(ObjectUnreadableError, match=damaged):
            next(reading)
        assert objects.read(ids[2]) == b"two"


def test_a_damaged_pack_is_named(path: Path) -> None:
    make_loose(path)
    git(path, "repack", "-adq")
    (pack,) = (path / "objects/pack").glob("*.pack")
    wanted = object_id(path, "1.0.0:a")
    content = bytearray(pack.read_bytes())
    content[12:-20] = bytes(byte ^ 0xFF for byte in content[12:-20])
    pack.chmod(0o644)
    pack.write_bytes(content)
    with Objects(path) as objects, pytest.raises(ObjectUnreadableError, match=wanted):
        objects.read(wanted)


def test_a_reader_that_stops_halfway_does_not_confuse_the_next_one(path: Path) -> None:
    first, second = object_id(path, "1.0.0:a"), object_id(path, "1.1.0:a")
    with Objects(path) as objects:
        for content in objects.read_each([first, first, first]):
            assert content == b"one"
            break
        assert objects.read(second) == b"two"


def test_a_repository_that_vanished_is_an_unreadable_object(path: Path) -> None:
    wanted = object_id(path, "1.0.0:a")
    path.rename(path.with_name("elsewhere"))
    with Objects(path) as objects:
        for _ in range(2):
            with pytest.raises(ObjectUnreadableError, match=wanted):
                objects.read(wanted)


@pytest.mark.parametrize("kind", ["a blob", "a commit", "half a tree", "a tree with a mode that is no number"])
def test_what_is_no_tree_is_an_unreadable_object(path: Path, kind: str) -> None:
    content = blob(path, "text")
    odd = {
        "a blob": content,
        "a commit": object_id(path, "1.0.0^{commit}"),
        "half a tree": _tree(path, b"100644 a\0" + bytes(7)),
        "a tree with a mode that is no number": _tree(path, b"x a\0" + bytes(20)),
    }[kind]
    with Objects(path) as objects, pytest.raises(ObjectUnreadableError, match=odd):
        objects.tree(odd)


def _tree(path: Path, content: bytes) -> str:
    return git(path, "hash-object", "-t", "tree", "-w", "--stdin", "--literally", data=content).decode().strip()


def test_names_that_leave_the_tree_are_given_as_they_are(path: Path) -> None:
    content = blob(path, "text")
    tree = raw_tree(path, [(FILE, b"..", content), (FILE, b"a/b", content)])
    point(path, "odd", commit(path, tree))
    with Objects(path) as objects:
        assert [entry.name for entry in objects.tree(tags_of(path)["odd"].tree)] == [b"..", b"a/b"]


def test_a_fetch_brings_all_tags_and_branches_and_a_second_one_only_what_is_new(path: Path, tmp_path: Path) -> None:
    target = tmp_path / "sources/library.git"
    target.parent.mkdir()
    fetch(path.as_uri(), target, TIMEOUT, "file")
    assert Repository(target).refs == Repository(path).refs
    packs = set((target / "objects").rglob("*"))
    add_tags(path, {"1.2.0": {"a": "new"}, "1.0.0": {"a": "moved"}})
    git(path, "update-ref", "-d", "refs/tags/1.1.0")
    fetch(path.as_uri(), target, TIMEOUT, "file")
    assert Repository(target).refs == Repository(path).refs
    assert packs < set((target / "objects").rglob("*"))
    assert not (target / "hooks").exists()


def test_a_fetch_that_fails_leaves_what_was_there(path: Path, tmp_path: Path) -> None:
    target = tmp_path / "library-here.git"
    fetch(path.as_uri(), target, TIMEOUT, "file")
    before = Repository(target).refs
    path.rename(tmp_path / "gone.git")
    with pytest.raises(FetchError, match="could not be fetched"):
        fetch(path.as_uri(), target, TIMEOUT, "file")
    assert Repository(target).refs == before


def test_an_object_that_git_would_not_make_is_refused_on_the_way_in(path: Path, tmp_path: Path) -> None:
    tree = raw_tree(path, [(FILE, b"..", blob(path, "text"))])
    point(path, "9.9.9", commit(path, tree))
    with pytest.raises(FetchError, match=r"could not be fetched"):
        fetch(path.as_uri(), tmp_path / "here.git", TIMEOUT, "file")


@pytest.mark.parametrize("form", ["file://{}", "{}", "ext::sh -c touch% {}.ran", "git://127.0.0.1/{}"])
def test_only_https_is_fetched(path: Path, tmp_path: Path, form: str) -> None:
    with pytest.raises(FetchError, match="could not be fetched"):
        fetch(form.format(path), tmp_path / "here.git", TIMEOUT)
    assert not path.with_name(path.name + ".ran").exists()
    assert tags_of(tmp_path / "here.git") == {}


def test_a_name_that_looks_like_an_option_is_a_url(tmp_path: Path) -> None:
    with pytest.raises(FetchError, match="could not be fetched"):
        fetch(f"--upload-pack=touch {tmp_path}/ran", tmp_path / "here.git", TIMEOUT, "file")
    assert not (tmp_path / "ran").exists()


def test_a_server_that_says_nothing_is_given_up(silent_server: int, tmp_path: Path) -> None:
    with pytest.raises(FetchError, match="could not be fetched"):
        fetch(f"https://127.0.0.1:{silent_server}/x.git", tmp_path / "here.git", 1)


def test_a_target_that_cannot_be_made_is_a_failed_fetch(path: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(FetchError):
        fetch(path.as_uri(), tmp_path / "file/here.git", TIMEOUT, "file")


def test_a_login_in_a_url_is_hidden_when_the_fetch_fails(tmp_path: Path) -> None:
    with pytest.raises(FetchError) as caught:
        fetch("https://user:secret@127.0.0.1:1/x.git", tmp_path / "here.git", TIMEOUT)
    assert "secret" not in str(caught.value)
    assert "user" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "http://git.example.org/x.git",
        "file:///x.git",
        "ssh://git.example.org/x.git",
        "git.example.org:x.git",
        "/srv/x.git",
        "https://user@git.example.org/x.git",
        "https://user:secret@git.example.org/x.git",
    ],
)
def test_a_url_that_is_not_https_or_has_a_login_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(FetchError, match="is not an https address without login") as caught:
        check_url(url, ["git.example.org"])
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("url", ["https://[::1/x.git", "https://git.example.org:port/x.git", "https://x:99999/x.git"])
def test_a_url_that_makes_no_sense_is_refused(url: str) -> None:
    with pytest.raises(FetchError):
        check_url(url, ["git.example.org", "x"])


def test_a_host_that_is_not_allowed_is_named_with_the_setting() -> None:
    with pytest.raises(
        FetchError, match=r"git\.example\.org is not among the allowed hosts; add it to PORTAL_GIT_HOSTS"
    ):
        check_url("https://git.example.org/x.git", ["github.com"])


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "10.1.2.3",
        "192.168.0.1",
        "172.16.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",  # noqa: S104 - an address to refuse
        "[::1]",
        "[fd00::1]",
        "[fe80::1]",
        "[::ffff:127.0.0.1]",
    ],
)
def test_an_address_that_is_not_public_is_refused(host: str) -> None:
    with pytest.raises(FetchError, match="leads to a private address"):
        check_url(f"https://{host}/x.git", [host.strip("[]")])


def test_a_public_address_of_an_allowed_host_passes() -> None:
    check_url("https://140.82.121.3/mage-os/x.git", ["140.82.121.3"])


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://user:secret@host/x", "https://host/x"),
        ("fatal: unable to access 'https://token@host/x/': no", "fatal: unable to access 'https://host/x/': no"),
        ("ssh://a@b and https://c:d@e", "ssh://b and https://e"),
        ("https://host/x@1", "https://host/x@1"),
        ("mail a@b.example", "mail a@b.example"),
    ],
)
def test_logins_are_taken_out_of_texts(text: str, shown: str) -> None:
    assert hide_login(text) == shown


def test_a_login_with_an_at_sign_is_taken_out_whole() -> None:
    assert hide_login("https://us@er:secret@host/x") == "https://host/x"


def test_git_runs_without_configuration_and_may_speak_no_protocol_unless_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_DIR", "/elsewhere")
    monkeypatch.setenv("GIT_SSH_COMMAND", "sh -c evil")
    variables = environment()
    assert variables["GIT_ALLOW_PROTOCOL"] == "none"
    assert environment("https")["GIT_ALLOW_PROTOCOL"] == "https"
    assert (variables["GIT_CONFIG_NOSYSTEM"], variables["GIT_CONFIG_GLOBAL"]) == ("1", "/dev/null")
    assert not {"GIT_DIR", "GIT_SSH_COMMAND"} & set(variables)


def test_a_variable_of_the_shell_leads_nowhere_else(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = make_repository(tmp_path / "other.git", {"9.9.9": {"a": "other"}})
    monkeypatch.setenv("GIT_DIR", str(other))
    monkeypatch.setenv("GIT_OBJECT_DIRECTORY", str(other / "objects"))
    assert sorted(tags_of(path)) == ["1.0.0", "1.1.0"]


def test_refs_that_cannot_be_read_are_an_error_of_git(path: Path) -> None:
    repository = Repository(path)
    (path / "HEAD").unlink()
    with pytest.raises(GitError, match="the refs cannot be read"):
        _ = repository.tags
