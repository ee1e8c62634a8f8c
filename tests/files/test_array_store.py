"""The cache of arrays: what comes back is what was put, or nothing."""

import hashlib
import json
import multiprocessing
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import hypothesis.extra.numpy as npst
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from qtregress.errors import InputError
from qtregress.files import array_store
from qtregress.files.array_store import Arrays, ArrayStore, default_store

pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")

LIMIT = 64 * 2**20
KEY = "ab" * 32
ARRAYS = {"map": np.arange(6.0).reshape(2, 3) * 1j, "weights_s": np.array([1e-9, 2e-9])}

_DTYPES = st.sampled_from(["f4", "f8", "c8", "c16", "intp", ">f8", ">c16"])
_SHAPES = npst.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5)
_NAMED = st.dictionaries(st.text(max_size=20), npst.arrays(_DTYPES, _SHAPES), max_size=4)


def key_of(number: int) -> str:
    """A key as callers make them: a hash."""
    return hashlib.sha256(str(number).encode()).hexdigest()


def path_of(store: ArrayStore, key: str) -> Path:
    """Where the entry lies."""
    return store.folder / key[:2] / f"{key}.arrays"


def ones(count: int) -> dict[str, NDArray[Any]]:
    """An array of so many numbers."""
    return {"ones": np.ones(count)}


def sealed(rest: bytes) -> bytes:
    """A file whose digest is right, whatever else is wrong."""
    return array_store._FORMAT + hashlib.sha256(rest).digest() + rest


def entry(header: object, raw: bytes = b"") -> bytes:
    """A file with this header, well made."""
    text = array_store._filled(json.dumps(header).encode(), b" ")
    return sealed(len(text).to_bytes(8, "little") + text + raw)


def same(found: Arrays | None, put: Arrays) -> bool:
    """Whether every bit came back, in arrays of the same names, types and shapes."""
    return (
        found is not None
        and list(found) == list(put)
        and all(
            found[name].dtype == array.dtype.newbyteorder("=")
            and found[name].shape == array.shape
            and found[name].tobytes() == array.astype(found[name].dtype).tobytes()
            for name, array in put.items()
        )
    )


@pytest.fixture
def store(tmp_path: Path) -> ArrayStore:
    """An empty store that does not exist yet."""
    return ArrayStore(folder=tmp_path / "cache", limit_bytes=LIMIT)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> ArrayStore:
    """A store for the examples of one property after the other."""
    return ArrayStore(folder=tmp_path_factory.mktemp("shared"), limit_bytes=LIMIT)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hundreds of entries are written here and none has to outlive the machine."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


# What comes back.


@given(arrays=_NAMED)
def test_every_bit_comes_back(shared: ArrayStore, arrays: Arrays) -> None:
    """Names, order of names, types, shapes and values, NaN and minus zero among them."""
    shared.put(KEY, arrays)

    assert same(shared.get(KEY), arrays)


def test_what_was_never_put_is_a_miss(store: ArrayStore) -> None:
    """Asking makes nothing on disk."""
    assert store.get(KEY) is None
    assert not store.folder.exists()


def test_the_last_put_counts(store: ArrayStore) -> None:
    """A key can be put again."""
    store.put(KEY, ones(3))
    store.put(KEY, ARRAYS)

    assert same(store.get(KEY), ARRAYS)


def test_products_of_what_comes_back_keep_their_last_digit(store: ArrayStore) -> None:
    """Fortran order stays Fortran order: sums would run another way round."""
    maps = np.random.default_rng(1).normal(size=(40, 40))
    store.put(KEY, {"c": maps, "f": maps.T, "neither": maps[:, ::2]})
    found = store.get(KEY)

    assert found is not None
    assert found["c"].flags.c_contiguous
    assert found["f"].flags.f_contiguous
    assert not found["f"].flags.c_contiguous
    assert np.array_equal(found["neither"], maps[:, ::2])


def test_what_comes_back_is_the_callers_own(store: ArrayStore) -> None:
    """It can be written to like what was simulated, aligned, and the store does not change."""
    store.put(KEY, ARRAYS)
    found = store.get(KEY)
    assert found is not None
    assert all(array.flags.writeable and array.flags.aligned for array in found.values())
    found["map"][:] = 0

    assert same(store.get(KEY), ARRAYS)


@pytest.mark.parametrize("key", ["", "ab", "AB" * 32, "../" + "a" * 61, "a" * 64 + "\n", "g" * 64])
def test_a_key_is_a_hash_and_no_path(store: ArrayStore, key: str) -> None:
    """Nothing that could lead out of the folder is a key."""
    with pytest.raises(ValueError, match="key must be 64 lower-case hexadecimal digits, but is"):
        store.get(key)
    with pytest.raises(ValueError, match="key must be 64 lower-case hexadecimal digits, but is"):
        store.put(key, ARRAYS)


@pytest.mark.parametrize("array", [np.array([{}]), np.array(["a"]), np.array([1], np.longdouble)])
def test_what_would_need_a_pickle_or_a_platform_is_refused(
    store: ArrayStore, array: NDArray[Any]
) -> None:
    """Objects, texts and extended floats do not reach the disk."""
    with pytest.raises(TypeError, match=r"array a must be one of <f4, .*, but is"):
        store.put(KEY, {"a": array})

    assert not store.folder.exists()


# What is refused.


def assert_refused(store: ArrayStore, data: bytes) -> None:
    """The file is a miss and gone, and the next put is a hit again."""
    path = path_of(store, KEY)
    path.write_bytes(data)
    assert store.get(KEY) is None
    assert not path.exists()
    store.put(KEY, ARRAYS)
    assert store.get(KEY) is not None


@given(arrays=_NAMED, data=st.data())
def test_no_byte_can_change(shared: ArrayStore, arrays: Arrays, data: st.DataObject) -> None:
    """Flip some bits of any byte of any entry: it is refused."""
    shared.put(KEY, arrays)
    raw = bytearray(path_of(shared, KEY).read_bytes())
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))

    assert_refused(shared, bytes(raw))


def test_no_byte_of_one_entry_can_change(store: ArrayStore) -> None:
    """The same for every byte: no corner of the format is uncovered, padding included."""
    store.put(KEY, ARRAYS)
    raw = path_of(store, KEY).read_bytes()
    for place in range(len(raw)):
        changed = bytearray(raw)
        changed[place] ^= 0x20  # also the difference between a and A
        assert array_store._decoded(changed, KEY) is None


def test_no_length_but_the_whole_is_believed(store: ArrayStore) -> None:
    """Cut anywhere, or longer by a byte or a block: refused."""
    store.put(KEY, ARRAYS)
    raw = path_of(store, KEY).read_bytes()
    for length in range(len(raw)):
        assert array_store._decoded(bytearray(raw[:length]), KEY) is None
    for wrong in (raw[:-1], b"", raw + b"\0", raw + bytes(64)):
        assert_refused(store, wrong)


def test_an_entry_under_another_key_is_refused(store: ArrayStore) -> None:
    """Renaming a file makes no gate another gate."""
    other = KEY[:2] + "0" * 62
    store.put(KEY, ARRAYS)
    path_of(store, KEY).rename(path_of(store, other))

    assert store.get(other) is None
    assert not path_of(store, other).exists()


_GOOD = {"name": "a", "dtype": "<f8", "shape": [8], "order": "C"}
_EMPTY = {"key": KEY, "arrays": [{**_GOOD, "shape": [0]}]}


@pytest.mark.parametrize(
    "lie",
    [
        {"dtype": "|O"},
        {"dtype": "<U4"},
        {"shape": [9]},
        {"shape": [0]},
        {"shape": [-8]},
        {"shape": [-2, -4]},
        {"shape": [2**62, 4]},
        {"shape": [0, 2**62, 2**62]},
        {"shape": [0, 2**80]},
        {"shape": [1] * 63 + [8, 1]},
        {"shape": [8.0]},
        {"shape": "8"},
        {"order": "K"},
        {"offset": 0},
    ],
)
def test_a_lying_header_is_refused(store: ArrayStore, lie: dict[str, Any]) -> None:
    """A right digest proves nothing about shapes and types."""
    store.put(KEY, ARRAYS)
    honest = entry({"key": KEY, "arrays": [_GOOD]}, bytes(64))
    assert array_store._decoded(bytearray(honest), KEY) is not None

    assert_refused(store, entry({"key": KEY, "arrays": [{**_GOOD, **lie}]}, bytes(64)))


@pytest.mark.parametrize(
    "data",
    [
        b"PK\x03\x04 an archive",
        b"\x93NUMPY",
        entry({"key": KEY, "arrays": [_GOOD, _GOOD]}, bytes(128)),
        entry({"key": KEY}),
        entry({"key": KEY, "arrays": []}, bytes(64)),
        entry({"key": KEY, "arrays": []}).replace(b"arrays@1", b"arrays@2", 1),
        sealed(b""),
        sealed((2**64 - 1).to_bytes(8, "little") + b"{}"),
        sealed((2**64 - 1).to_bytes(8, "little") + json.dumps(_EMPTY).encode()),
        sealed((100_000).to_bytes(8, "little") + b"[" * 100_000),
        sealed((64).to_bytes(8, "little") + b"\xff" * 64),
    ],
)
def test_a_foreign_file_is_refused(store: ArrayStore, data: bytes) -> None:
    """Other formats, other versions and headers that are none."""
    store.put(KEY, ARRAYS)

    assert_refused(store, data)


def test_a_huge_file_is_not_read(store: ArrayStore) -> None:
    """A terabyte of holes is refused by its size alone."""
    store.put(KEY, ARRAYS)
    os.truncate(path_of(store, KEY), 2**40)

    assert store.get(KEY) is None
    assert not path_of(store, KEY).exists()


def link(store: ArrayStore) -> None:
    """A link to an entry that would be right."""
    path = path_of(store, KEY)
    path.symlink_to(path.rename(store.folder / "elsewhere"))


def pipe(store: ArrayStore) -> None:
    """A pipe, which nobody will ever write to."""
    path_of(store, KEY).unlink()
    os.mkfifo(path_of(store, KEY))


def folder(store: ArrayStore) -> None:
    """A folder where the file should be."""
    path_of(store, KEY).unlink()
    path_of(store, KEY).mkdir()


@pytest.mark.parametrize("plant", [link, pipe, folder])
def test_only_a_real_file_is_read(store: ArrayStore, plant: Callable[[ArrayStore], None]) -> None:
    """Links, pipes and folders are misses, and no put stumbles over them."""
    store.put(KEY, ARRAYS)
    plant(store)

    assert store.get(KEY) is None
    store.put(KEY, ARRAYS)
    assert same(store.get(KEY), ARRAYS) or plant is folder


def test_a_file_of_somebody_else_is_refused(
    store: ArrayStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even where the folders are ours: it was moved here."""
    store.put(KEY, ARRAYS)
    real = os.fstat

    def of_another(handle: int) -> os.stat_result:
        fields = list(real(handle))
        fields[4] += 1
        return os.stat_result(fields)

    monkeypatch.setattr(os, "fstat", of_another)
    assert store.get(KEY) is None


# Where the store is off.


def assert_off(store: ArrayStore) -> None:
    """Nothing is read and nothing is written; nothing fails."""
    before = sorted(store.folder.rglob("*"))
    other = KEY[:2] + "0" * 62
    assert store.get(KEY) is None
    store.put(other, ARRAYS)
    store.put(key_of(1), ARRAYS)
    assert store.get(other) is None
    assert sorted(store.folder.rglob("*")) == before


def test_folders_are_private(tmp_path: Path, store: ArrayStore) -> None:
    """Whatever the umask, nobody else reads or writes them."""
    old = os.umask(0)
    try:
        store.put(KEY, ARRAYS)
    finally:
        os.umask(old)

    for made in (store.folder, store.folder / KEY[:2]):
        assert made.stat().st_mode & 0o777 == 0o700
    assert list(tmp_path.iterdir()) == [store.folder]


@pytest.mark.parametrize("mode", [0o777, 0o1777, 0o770, 0o702])
@pytest.mark.parametrize("part", ["", KEY[:2]])
def test_a_folder_where_others_write_is_refused(store: ArrayStore, part: str, mode: int) -> None:
    """A poisoned cache would make a gate green for the wrong reason."""
    store.put(KEY, ARRAYS)
    (store.folder / part).chmod(mode)
    assert store.get(KEY) is None
    store.put(KEY[:2] + "0" * 62, ARRAYS)
    assert store.get(KEY[:2] + "0" * 62) is None

    (store.folder / part).chmod(0o755)
    assert same(store.get(KEY), ARRAYS)


def test_a_folder_of_somebody_else_is_refused(
    store: ArrayStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its owner decides what is in it."""
    store.put(KEY, ARRAYS)
    someone = os.geteuid() + 1
    monkeypatch.setattr(os, "geteuid", lambda: someone)

    assert_off(store)


def test_a_linked_folder_is_refused(store: ArrayStore, tmp_path: Path) -> None:
    """Neither the store's folder nor one inside it may lead elsewhere."""
    store.put(KEY, ARRAYS)
    outer = ArrayStore(folder=tmp_path / "link", limit_bytes=LIMIT)
    outer.folder.symlink_to(store.folder)
    assert_off(outer)

    shelf = store.folder / KEY[:2]
    shelf.symlink_to(shelf.rename(tmp_path / "shelf"))
    assert store.get(KEY) is None
    store.put(KEY[:2] + "0" * 62, ARRAYS)
    assert [file.name for file in (tmp_path / "shelf").iterdir()] == [f"{KEY}.arrays"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_folder_that_cannot_be_written_is_refused(store: ArrayStore) -> None:
    """No entry would ever count as used, so none is read."""
    store.put(KEY, ARRAYS)
    store.folder.chmod(0o500)
    try:
        assert_off(store)
    finally:
        store.folder.chmod(0o700)


def test_a_read_only_disk_is_no_failure(store: ArrayStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system says that the folder cannot be written, to root too."""
    store.put(KEY, ARRAYS)
    monkeypatch.setattr(os, "access", lambda *_: False)

    assert_off(store)


def test_a_full_disk_is_no_failure(store: ArrayStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be kept is forgotten; what was there stays."""
    store.put(KEY, ARRAYS)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    store.put(KEY, ones(3))
    store.put(key_of(1), ones(3))

    assert same(store.get(KEY), ARRAYS)
    assert store.get(key_of(1)) is None
    assert [path_of(store, KEY)] == [file for file in store.folder.rglob("*") if file.is_file()]


def test_a_file_in_the_way_is_no_failure(tmp_path: Path) -> None:
    """Where no folder can be made, there is no cache."""
    (tmp_path / "file").write_text("")
    for folder_ in (tmp_path / "file", tmp_path / "file" / "cache"):
        store = ArrayStore(folder=folder_, limit_bytes=LIMIT)
        store.put(KEY, ARRAYS)
        assert store.get(KEY) is None


# How large it gets.


def used_long_ago(store: ArrayStore, key: str, seconds: int) -> None:
    """Make the entry look as if nobody had asked for so long."""
    when = time.time() - seconds
    os.utime(path_of(store, key), (when, when))


def test_what_was_used_longest_ago_goes_first(tmp_path: Path) -> None:
    """A get counts as use, and only as much goes as must."""
    store = ArrayStore(folder=tmp_path / "cache", limit_bytes=5 * 4096)
    for age in (4, 3, 2, 1):
        store.put(key_of(age), ones(400))
        used_long_ago(store, key_of(age), 100 * age)
    assert store.get(key_of(4)) is not None

    store.put(key_of(5), ones(400))

    kept = [number for number in range(1, 6) if path_of(store, key_of(number)).exists()]
    assert kept == [1, 2, 4, 5]


def room(store: ArrayStore) -> int:
    """What the entries take in blocks."""
    sizes = [file.stat().st_size for file in store.folder.rglob("*.arrays")]
    return sum(-(-size // 4096) * 4096 for size in sizes)


def test_it_stays_within_a_few_per_cent_of_its_limit(tmp_path: Path) -> None:
    """Many small entries, swept now and then, and it is not emptied either."""
    store = ArrayStore(folder=tmp_path / "cache", limit_bytes=100 * 4096)
    rooms = []
    for number in range(400):
        store.put(key_of(number), ones(1))
        rooms.append(room(store))

    assert max(rooms) <= 1.1 * store.limit_bytes
    assert min(rooms[200:]) >= 0.9 * store.limit_bytes


def test_few_puts_of_a_large_store_look_at_every_file() -> None:
    """One put of a megabyte in about 32 sweeps two gigabytes."""
    store = ArrayStore(folder=Path("never"), limit_bytes=2**31)
    due = sum(store._sweep_is_due(key_of(number), 2**20) for number in range(3200))

    assert 70 <= due <= 130


def test_what_is_larger_than_the_store_is_not_kept(tmp_path: Path) -> None:
    """It would push out everything else and then itself."""
    store = ArrayStore(folder=tmp_path / "cache", limit_bytes=10 * 4096)
    store.put(KEY, ones(1))
    store.put(key_of(1), ones(10 * 512))

    assert store.get(key_of(1)) is None
    assert store.get(KEY) is not None


def test_what_is_too_large_to_be_read_is_not_written(
    store: ArrayStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The limit of a single file holds both ways."""
    store.put(KEY, ones(200))
    monkeypatch.setattr(array_store, "MAX_ENTRY_BYTES", 1000)
    store.put(key_of(1), ones(200))

    assert not path_of(store, key_of(1)).exists()
    assert store.get(KEY) is None


def test_a_limit_of_nothing_is_no_store(store: ArrayStore) -> None:
    """What lies there is not even read."""
    store.put(KEY, ARRAYS)

    assert_off(replace(store, limit_bytes=0))


def test_only_its_own_files_are_swept(tmp_path: Path) -> None:
    """A store put into a folder with other things in it harms none of them."""
    store = ArrayStore(folder=tmp_path / "cache", limit_bytes=2 * 4096)
    store.put(KEY, ARRAYS)
    used_long_ago(store, KEY, 10**6)
    foreign = [
        store.folder / "thesis.tex",
        store.folder / f"{KEY}.arrays",
        store.folder / KEY[:2] / "notes",
        store.folder / KEY[:2] / KEY,
        store.folder / "abc" / f"{KEY}.arrays",
    ]
    for path in foreign:
        path.parent.mkdir(exist_ok=True)
        path.write_text("precious" * 1000)
        os.utime(path, (0, 0))
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / f"{KEY}.arrays").write_text("precious" * 1000)
    (store.folder / "cc").symlink_to(outside)

    store.put(key_of(1), ARRAYS)

    assert not path_of(store, KEY).exists()
    assert all(path.exists() for path in (*foreign, outside / f"{KEY}.arrays"))


def test_what_killed_puts_left_is_swept_when_old(tmp_path: Path) -> None:
    """A young temporary file belongs to a put that is still going on."""
    store = ArrayStore(folder=tmp_path / "cache", limit_bytes=10 * 4096)
    store.put(KEY, ARRAYS)
    left = [store.folder / KEY[:2] / f".{KEY}.arrays.{end}" for end in ("x1_abcde", "x2_abcde")]
    for path, age in zip(left, (7200, 60), strict=True):
        path.write_bytes(b"half")
        os.utime(path, (time.time() - age, time.time() - age))

    store.put(key_of(1), ARRAYS)

    assert [path.exists() for path in left] == [False, True]


# Several processes.


def test_a_miss_removes_nothing(store: ArrayStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between looking and finding nothing, another process may put the entry."""
    store.put(KEY[:2] + "0" * 62, ARRAYS)
    real = os.open

    def late(path: str | Path, flags: int, *rest: Any, **options: Any) -> int:
        if path != path_of(store, KEY) or path_of(store, KEY).exists():
            return real(path, flags, *rest, **options)
        store.put(KEY, ARRAYS)
        raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr(os, "open", late)
    assert store.get(KEY) is None
    assert same(store.get(KEY), ARRAYS)


def test_a_sweep_goes_on_where_another_one_was_faster(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files and folders that vanish between listing and looking are simply gone."""
    store = ArrayStore(folder=tmp_path / "cache", limit_bytes=10 * 4096)
    for number in range(9):
        store.put(key_of(number), ones(1))
        used_long_ago(store, key_of(number), 100 - number)
    real = array_store._listed
    gone = [path_of(store, key_of(number)) for number in (0, 1)]

    def vanishing(folder: Path) -> list[os.DirEntry[str]]:
        items = real(folder)
        for item in items:
            if item.path == str(gone[0]):
                gone[0].unlink()
            if item.path == str(gone[1].parent):
                shutil.rmtree(gone[1].parent)
        return items

    monkeypatch.setattr(array_store, "_listed", vanishing)
    store.put(key_of(9), ones(7 * 512))

    assert room(store) <= store.limit_bytes
    assert not path_of(store, key_of(2)).exists()
    assert path_of(store, key_of(9)).exists()


def value_of(number: int) -> dict[str, NDArray[Any]]:
    """What the hammers put under a number's key."""
    return {"a": np.full(200 + 50 * (number % 7), number, dtype=np.complex128)}


def hammer(store: ArrayStore, seed: int, seconds: float) -> None:
    """Read and write without end; exit with a failure if anything false comes back."""
    draw = np.random.default_rng(seed)
    hits, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        number = int(draw.integers(24))
        found = store.get(key_of(number))
        if found is None:
            store.put(key_of(number), value_of(number))
            continue
        hits += 1
        if not same(found, value_of(number)):
            sys.exit(3)
    sys.exit(0 if hits else 4)


def sabotage(store: ArrayStore, seed: int, seconds: float) -> None:
    """Damage entries in place and take them away."""
    draw = np.random.default_rng(seed)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        path = path_of(store, key_of(int(draw.integers(24))))
        if path.exists():
            try:
                os.truncate(path, int(draw.integers(3000)))
                path.unlink()
            except FileNotFoundError:
                continue
        time.sleep(0.001)


def test_two_processes_read_write_and_evict_at_once(tmp_path: Path) -> None:
    """While a third one destroys entries: every answer is right or none."""
    store = ArrayStore(folder=tmp_path / "cache", limit_bytes=20 * 4096)
    context = multiprocessing.get_context("fork")
    works = [partial(hammer, store, 1), partial(hammer, store, 2), partial(sabotage, store, 3)]
    processes = [context.Process(target=work, args=(1.5,)) for work in works]
    for process in processes:
        process.start()
    for process in processes:
        process.join(30)

    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert room(store) <= 22 * 4096


def test_a_kill_at_any_moment_leaves_a_store_that_works(tmp_path: Path) -> None:
    """Whatever the process was doing, every answer afterwards is right or none."""
    store = ArrayStore(folder=tmp_path / "cache", limit_bytes=20 * 4096)
    context = multiprocessing.get_context("fork")
    for trial in range(10):
        process = context.Process(target=hammer, args=(store, trial, 30.0))
        process.start()
        assert process.pid is not None
        time.sleep(0.01 + 0.007 * trial)
        os.kill(process.pid, signal.SIGKILL)
        process.join(30)
        assert process.exitcode == -signal.SIGKILL

    found = {number: store.get(key_of(number)) for number in range(24)}
    assert all(arrays is None or same(arrays, value_of(number)) for number, arrays in found.items())
    assert any(arrays is not None for arrays in found.values())


# Where it is.


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An environment with a home folder and nothing else."""
    for name in ("QTREGRESS_CACHE_DIR", "QTREGRESS_CACHE_LIMIT_MB", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(sys, "platform", "linux")
    return tmp_path


def test_it_lies_with_the_users_other_caches(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As each platform has it, two gigabytes at most."""
    assert default_store() == ArrayStore(
        folder=home / ".cache" / "qtregress", limit_bytes=2 * 2**30
    )
    monkeypatch.setattr(sys, "platform", "darwin")
    assert default_store().folder == home / "Library" / "Caches" / "qtregress"


def test_the_environment_moves_and_limits_it(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tool's own variable wins; a relative XDG folder is ignored, as XDG wants."""
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert default_store().folder == home / ".cache" / "qtregress"
    monkeypatch.setenv("XDG_CACHE_HOME", "/var/xdg")
    assert default_store().folder == Path("/var/xdg/qtregress")
    monkeypatch.setenv("QTREGRESS_CACHE_DIR", "~/mine")
    assert default_store().folder == home / "mine"
    monkeypatch.setenv("QTREGRESS_CACHE_LIMIT_MB", "10")
    assert default_store().limit_bytes == 10 * 2**20


@pytest.mark.parametrize("text", ["-1", "1.5", "much", "1_0", "٣", "9" * 5000])
def test_a_limit_that_is_no_number_is_a_sentence(
    home: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    """It is the user's word, so it is not guessed at."""
    del home
    monkeypatch.setenv("QTREGRESS_CACHE_LIMIT_MB", text)
    with pytest.raises(InputError, match=r"LIMIT_MB must be a whole number .*, but is "):
        default_store()


@pytest.mark.parametrize(
    ("name", "value"),
    [("HOME", "relative"), ("QTREGRESS_CACHE_DIR", "~nobody-of-this-name/cache")],
)
def test_without_a_home_there_is_no_store(
    home: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """Nothing is put where the process happens to run."""
    monkeypatch.chdir(home)
    monkeypatch.setenv(name, value)
    store = default_store()
    store.put(KEY, ARRAYS)

    assert store.get(KEY) is None
    assert not list(home.iterdir())
