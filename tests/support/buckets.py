"""A server that speaks the protocol of S3, on loopback and in the memory of the test's own process."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
from moto.server import ThreadedMotoServer

from tests.support.server import free_port

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}


@dataclass(frozen=True, slots=True)
class BucketServer:
    """A server with buckets."""

    url: str
    client: "S3Client"

    def make(self, name: str) -> None:
        self.client.create_bucket(Bucket=name)

    def environment(self, name: str, **more: str) -> dict[str, str]:
        """Give what a portal needs to keep its dists in a bucket."""
        return {**KEYS, "PORTAL_S3_BUCKET": name, "PORTAL_S3_ENDPOINT": self.url, **more}

    def storages(self, name: str, *, streams: bool = True, public_url: str = "") -> dict[str, Any]:
        """Give the settings of a portal in this process that keeps its dists in a bucket."""
        options = {
            "bucket_name": name,
            "endpoint_url": self.url,
            "streams": streams,
            "public_url": public_url,
            "access_key": "test",
            "secret_key": "test",
        }
        return {"BACKEND": "mirror.bucket.Bucket", "OPTIONS": options}

    def keys(self, name: str) -> set[str]:
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=name)
        return {found["Key"] for page in pages for found in page.get("Contents", ())}

    def read(self, name: str, key: str) -> bytes:
        return self.client.get_object(Bucket=name, Key=key)["Body"].read()

    def overwrite(self, name: str, key: str, content: bytes, **metadata: str) -> None:
        """Put an object as another program does, whatever is there."""
        self.client.put_object(Bucket=name, Key=key, Body=content, Metadata=metadata)


@contextmanager
def running_buckets(port: int | None = None) -> Iterator[BucketServer]:
    """Start a server and stop it at the end; what it held is there when the same process starts another."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    port = port or free_port()
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=port, verbose=False)
    server.start()
    try:
        client = boto3.client("s3", endpoint_url=f"http://127.0.0.1:{port}", region_name="us-east-1", **_KEY)
        yield BucketServer(f"http://127.0.0.1:{port}", client)
    finally:
        server.stop()


_KEY: Any = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
