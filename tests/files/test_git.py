"""Documents as they were at a revision."""

import subprocess
from pathlib import Path

import pytest

from qtregress.errors import InputError
from qtregress.files import git
from qtregress.files.documents import dump, load
from qtregress.files.git import read_revision
from qtregress.files.ibm_backend import ImportedBackend
from qtregress.pulses.profile import Profile


@pytest.fixture
def repository(lima: ImportedBackend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder: a repository with lima's profile committed, changed since."""
    monkeypatch.chdir(tmp_path)
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", "/dev/null")
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "p.yaml").write_text(dump(lima.profile), encoding="utf-8")
    author = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    for arguments in (("init", "-q"), ("add", "a"), (*author, "commit", "-qm", "one")):
        subprocess.run(["git", *arguments], check=True)
    (tmp_path / "a" / "p.yaml").write_text("changed: 1", encoding="utf-8")
    return tmp_path


@pytest.mark.usefixtures("repository")
def test_the_committed_profile_is_read(lima: ImportedBackend) -> None:
    """REV:PATH is the file as committed, whatever the working tree holds."""
    loaded = load("HEAD:a/p.yaml", Profile)

    assert lima.profile == loaded.value
    assert loaded.path == "HEAD:a/p.yaml"
    assert loaded.line_of(("device",)) == 2


@pytest.mark.usefixtures("repository")
def test_a_path_can_be_relative_to_the_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """REV:./PATH starts at the current folder, as git means it."""
    monkeypatch.chdir("a")

    assert read_revision("HEAD:./p.yaml").startswith(b"format:")


def test_a_folder_named_like_a_revision_is_no_revision(
    lima: ImportedBackend, repository: Path
) -> None:
    """Git wins over a decoy folder; as a path it is written with ./ before it."""
    (repository / "HEAD:a").mkdir()
    (repository / "HEAD:a" / "p.yaml").write_text(
        dump(lima.profile).replace('"1.0.5"', "local"), encoding="utf-8"
    )

    assert load("HEAD:a/p.yaml", Profile).value.firmware == "1.0.5"
    assert load("./HEAD:a/p.yaml", Profile).value.firmware == "local"


@pytest.mark.usefixtures("repository")
@pytest.mark.parametrize(
    ("spec", "sentence"),
    [
        ("-x:a/p.yaml", "the revision before the colon must be a commit's name"),
        ("--output=a:a/p.yaml", "the revision before the colon must be a commit's name"),
        (":a/p.yaml", "the revision before the colon must be a commit's name"),
        ("HEAD:", "the path after the colon must stay inside the repository"),
        ("HEAD:/etc/passwd", "the path after the colon must stay inside the repository"),
        ("HEAD:../p.yaml", "the path after the colon must stay inside the repository"),
        ("HEAD:a/../../p.yaml", "the path after the colon must stay inside the repository"),
        ("v9:a/p.yaml", "git knows no revision 'v9' here; a shallow clone lacks older ones"),
        ("HEAD:b.yaml", "revision HEAD has no file b.yaml"),
        ("HEAD:a", "must be a file, but is a folder at HEAD"),
    ],
)
def test_what_git_cannot_give_is_a_sentence(spec: str, sentence: str) -> None:
    """Options, escapes, unknown revisions and paths are refused with advice."""
    with pytest.raises(InputError, match=sentence):
        load(spec, Profile)


def test_outside_a_repository_there_are_no_revisions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mistyped path with a colon outside git says both things it could have been."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))

    with pytest.raises(InputError, match=r"does not exist as a file, and .* no git repository"):
        read_revision("HEAD:a")


@pytest.mark.usefixtures("repository")
def test_a_missing_git_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without git, a revision cannot be read, and the message says so."""
    monkeypatch.setenv("PATH", "")

    with pytest.raises(InputError, match="git, which reads revisions, is missing"):
        read_revision("HEAD:a/p.yaml")


@pytest.mark.usefixtures("repository")
def test_a_large_file_is_refused_before_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """The size limit of files holds for revisions."""
    monkeypatch.setattr(git, "MAX_BYTES", 10)

    with pytest.raises(InputError, match="must be at most 10 bytes long"):
        read_revision("HEAD:a/p.yaml")


def committed(*paths: str) -> str:
    """The commit that has just taken the files as they are."""
    author = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", "add", *paths], check=True)
    subprocess.run(["git", *author, "commit", "-qm", "two"], check=True)
    head = git.head_commit()
    assert head is not None
    return head


def test_a_commit_holds_what_is_in_it_unchanged(repository: Path) -> None:
    """A verdict is about a commit only if that has the very table that was judged."""
    first = git.head_commit()
    (repository / "b.yaml").write_text("policy", encoding="utf-8")

    assert git.commit_of("HEAD:a/p.yaml") == first
    assert git.commit_of("a/p.yaml") is None
    assert git.commit_of("HEAD:a/p.yaml", ["b.yaml"]) is None
    second = committed("a/p.yaml", "b.yaml")
    assert git.commit_of("a/p.yaml", ["b.yaml", f"{first}:a/p.yaml"]) == second
    assert git.commit_of(f"{first}:a/p.yaml", ["b.yaml"]) is None
    assert git.commit_of(f"{first}:a/p.yaml") == first
    assert git.commit_of(str(repository / "a" / "p.yaml")) == second
    assert git.commit_of("/dev/null") is None


@pytest.mark.usefixtures("repository")
def test_a_later_commit_is_not_known_to_an_earlier_one() -> None:
    """What a change commits was not there before it."""
    first = git.head_commit()
    second = committed("a/p.yaml")

    assert git.is_known_to(f"{first}:a/p.yaml", f"{second}:a/p.yaml")
    assert git.is_known_to(f"{first}:a/p.yaml", f"{first}:a/p.yaml")
    assert not git.is_known_to(f"{second}:a/p.yaml", f"{first}:a/p.yaml")


@pytest.mark.usefixtures("repository")
def test_a_file_whose_content_is_missing_is_there() -> None:
    """A partial clone that lacks the keys' content must not read as one without keys."""
    head = git.head_commit()
    blob = subprocess.run(
        ["git", "rev-parse", f"{head}:a/p.yaml"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    Path(".git", "objects", blob[:2], blob[2:]).unlink()

    assert git.has_file(f"{head}:a/p.yaml")
    assert not git.has_file(f"{head}:a/q.yaml")
    with pytest.raises(InputError, match=r"a/p\.yaml"):
        read_revision(f"{head}:a/p.yaml")
