"""Dists as objects of an S3-compatible bucket: `<slug>/<public path>`.

Named by `STORAGES["dists"]`, and only then imported: requirements-s3.txt has what this needs.
"""

import contextlib
import shutil
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256 as new_sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast
from urllib.parse import quote

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError
from storages.backends.s3 import S3Storage

from mirror.dists import TAKEN, DistStore, Kept, StoreError, Whole
from mirror.places import work_dir
from mirror.storage import parts_of

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

AT_ONCE = 16  # requests side by side
MOST_REMEMBERED = 100_000  # dists
SIGNED_FOR = 3600  # seconds
SECONDS_TO_SEE = 1.5  # to be connected, and as many to be answered
CHUNK = 1 << 20  # bytes
KEPT_FOR_EVER = "public, max-age=31536000, immutable"
NOT_THERE = frozenset({"404", "NoSuchKey", "NotFound"})
TAKEN_NAME = frozenset({"412", "PreconditionFailed"})
NOT_KNOWN = frozenset({"501", "NotImplemented"})  # by servers to which a condition is new
WHAT_TO_DO = {
    "NoSuchBucket": "make it, or correct PORTAL_S3_BUCKET",
    "AccessDenied": "give the key of AWS_ACCESS_KEY_ID the rights to get, put, delete and list its objects",
    "403": "give the key of AWS_ACCESS_KEY_ID the rights to get, put, delete and list its objects",
    "InvalidAccessKeyId": "correct AWS_ACCESS_KEY_ID",
    "SignatureDoesNotMatch": "correct AWS_SECRET_ACCESS_KEY",
}
_REMOVE = "if no publication ever named it, remove that object and try again"


class Bucket(S3Storage):  # type: ignore[misc]  # django-storages has no types
    """A bucket of S3 or of a server that speaks its protocol."""

    def __init__(self, *, public_url: str, streams: bool, **options: Any) -> None:
        self._public_url, self._streams = public_url, streams
        self._lock = threading.Lock()
        self._client: S3Client | None = None
        self._remembered: OrderedDict[str, Kept] = OrderedDict()
        super().__init__(**options, client_config=_config(has_endpoint="endpoint_url" in options))

    def store_of(self, slug: str) -> DistStore:
        return BucketDists(self, slug)

    @property
    def client(self) -> "S3Client":
        """Give the one client of this process; any thread may use it."""
        with self._lock:
            if self._client is None:
                self._client = cast("S3Client", self.connection.meta.client)
            return self._client

    def see(self) -> None:
        """Ask for the bucket once, and not for long: whoever wants to know waits for it."""
        with self.told("looking for it"):
            quick = Config(
                connect_timeout=SECONDS_TO_SEE, read_timeout=SECONDS_TO_SEE, retries={"total_max_attempts": 1}
            )
            client = self._create_session().client(
                "s3",
                region_name=self.region_name,
                use_ssl=self.use_ssl,
                endpoint_url=self.endpoint_url,
                config=self.client_config.merge(quick),
                verify=self.verify,
            )
            client.head_bucket(Bucket=self.bucket_name)

    def remembered(self, key: str) -> Kept | None:
        with self._lock:
            found = self._remembered.get(key)
            if found:
                self._remembered.move_to_end(key)
            return found

    def remember(self, key: str, kept: Kept) -> None:
        with self._lock:
            self._remembered[key] = kept
            while len(self._remembered) > MOST_REMEMBERED:
                self._remembered.popitem(last=False)

    def forget(self, key: str) -> None:
        with self._lock:
            self._remembered.pop(key, None)

    def address(self, key: str) -> str | None:
        """Give where everybody may fetch an object: for ever where the bucket is public, else for an hour."""
        if self._streams:
            return None
        if self._public_url:
            return f"{self._public_url}/{quote(key, safe='/~+@,=:')}"
        with self.told(f"signing the address of {key}"):
            wanted = {"Bucket": self.bucket_name, "Key": key}
            return self.client.generate_presigned_url("get_object", Params=wanted, ExpiresIn=SIGNED_FOR)

    @contextlib.contextmanager
    def told(self, doing: str) -> Iterator[None]:
        """Say what is wrong with the bucket and what to do about it. Raises: StoreError."""
        try:
            yield
        except ClientError as error:
            raise StoreError(f"{self._named}: {_refusal(error)}, while {doing}; try again then") from error
        except NoCredentialsError as error:
            sentence = f"{self._named} has no key; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY and try again"
            raise StoreError(sentence) from error
        except BotoCoreError as error:
            sentence = f"{self._named} does not answer ({error}), while {doing}; see that it can be reached, try again"
            raise StoreError(sentence) from error

    @property
    def _named(self) -> str:
        return f"the bucket {self.bucket_name}" + (f" at {self.endpoint_url}" if self.endpoint_url else "")


def _config(*, has_endpoint: bool) -> Config:
    """Speak so that servers understand which are not Amazon's; each verifies the sha256 of what it is sent."""
    return Config(
        signature_version="s3v4",
        s3={"addressing_style": "path" if has_endpoint else "auto", "payload_signing_enabled": True},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        connect_timeout=5,
        read_timeout=60,
        retries={"mode": "standard", "total_max_attempts": 4},
        max_pool_connections=2 * AT_ONCE,
    )


def _refusal(error: ClientError) -> str:
    code = _code(error)
    message = error.response["Error"].get("Message", "")
    return f"{code} {message}".rstrip(". ") + (f"; {WHAT_TO_DO[code]}" if code in WHAT_TO_DO else "")


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", "an error without a code"))


class BucketDists:
    """The dists of one distribution in a bucket."""

    def __init__(self, bucket: Bucket, slug: str) -> None:
        self._bucket, self._slug = bucket, slug

    def find(self, path: str) -> Kept | None:
        try:
            key = self._key(path)
        except ValueError:
            return None
        known = self._bucket.remembered(key)
        if known is None and (found := self._look(key)):
            known = _kept(found)
            self._bucket.remember(key, known)
        return known

    def open(self, path: str, first: int = 0, last: int | None = None) -> BinaryIO:
        key = self._key(path)
        part: Any = {"Range": f"bytes={first}-{'' if last is None else last}"} if first or last is not None else {}
        doing = f"reading {key}"
        with self._bucket.told(doing):
            try:
                found = self._bucket.client.get_object(Bucket=self._bucket.bucket_name, Key=key, **part)
            except ClientError as error:
                if _code(error) not in NOT_THERE:
                    raise
                self._bucket.forget(key)
                raise FileNotFoundError(key) from None
        return cast("BinaryIO", _Body(self._bucket, found["Body"], doing))

    def address(self, path: str) -> str | None:
        return self._bucket.address(self._key(path))

    def paths(self) -> Iterator[str]:
        start = f"{self._slug}/"
        with self._bucket.told(f"listing {start}"):
            pages = self._bucket.client.get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=self._bucket.bucket_name, Prefix=start):
                yield from (found["Key"].removeprefix(start) for found in page.get("Contents", ()))

    @contextlib.contextmanager
    def workplace(self) -> Iterator[Path]:
        """On this machine: whoever holds its lock may clear away what was there."""
        directory = work_dir() / "making" / self._slug
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
        try:
            yield directory
        finally:
            shutil.rmtree(directory, ignore_errors=True)

    def target(self, path: str, workplace: Path) -> Path:
        return workplace / "whole" / path

    def put(self, files: Mapping[str, Whole]) -> dict[str, str]:
        with ThreadPoolExecutor(AT_ONCE) as hands:
            said = list(hands.map(self._put, files, files.values()))
        return {path: fault for path, fault in zip(files, said, strict=True) if fault}

    def _put(self, path: str, whole: Whole) -> str | None:
        """Upload a file unless it is there; one request more, for servers that ignore the condition."""
        key = self._key(path)
        with self._bucket.told(f"storing {key}"):
            if self._look(key) is None and self._upload(key, whole):
                whole.file.unlink()
                return None
            there = self._sha256(key)
        if there != whole.sha256:
            return TAKEN.format(path=key, there=there, here=whole.sha256, advice=_REMOVE)
        whole.file.unlink()
        return None

    def _upload(self, key: str, whole: Whole) -> bool:
        """Give an object to the bucket; tell whether the key was free."""
        conditions: tuple[Any, ...] = ({"IfNoneMatch": "*"}, {})
        for condition in conditions:
            try:
                with whole.file.open("rb") as file:
                    self._bucket.client.put_object(
                        Bucket=self._bucket.bucket_name,
                        Key=key,
                        Body=file,
                        ContentType="application/zip",
                        CacheControl=KEPT_FOR_EVER,
                        Metadata={"sha256": whole.sha256},
                        **condition,
                    )
            except ClientError as error:
                if _code(error) in TAKEN_NAME:
                    return False
                if _code(error) not in NOT_KNOWN or not condition:
                    raise
            else:
                return True
        return False

    def holds_other(self, path: str, sha256: str) -> bool:
        key = self._key(path)
        return self._look(key) is not None and self._sha256(key) != sha256

    def remove(self, path: str) -> None:
        key = self._key(path)
        self._bucket.forget(key)
        with self._bucket.told(f"removing {key}"):
            self._bucket.client.delete_object(Bucket=self._bucket.bucket_name, Key=key)

    def file(self, path: str) -> None:
        return None

    def _key(self, path: str) -> str:
        return "/".join((self._slug, *parts_of(path)))

    def _look(self, key: str) -> Any:
        """Ask for an object's headers; none if there is no such object."""
        with self._bucket.told(f"looking for {key}"):
            try:
                return self._bucket.client.head_object(Bucket=self._bucket.bucket_name, Key=key)
            except ClientError as error:
                if _code(error) in NOT_THERE:
                    return None
                raise

    def _sha256(self, key: str) -> str:
        """Give the sha256 of an object, reading it if another program put it there."""
        found = self._look(key)
        if found and (noted := found["Metadata"].get("sha256")):
            return str(noted)
        digest = new_sha256()
        with self.open(key.removeprefix(f"{self._slug}/")) as file:
            while chunk := file.read(CHUNK):
                digest.update(chunk)
        return digest.hexdigest()


def _kept(found: Any) -> Kept:
    return Kept(found["ContentLength"], int(found["LastModified"].timestamp()), found["ETag"])


class _Body:
    """The bytes of an object as they arrive."""

    def __init__(self, bucket: Bucket, body: Any, doing: str) -> None:
        self._bucket, self._body, self._doing = bucket, body, doing

    def read(self, size: int = -1) -> bytes:
        with self._bucket.told(self._doing):
            return bytes(self._body.read(None if size < 0 else size))

    def close(self) -> None:
        self._body.close()

    def __enter__(self) -> "_Body":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
