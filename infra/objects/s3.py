"""Objects in one bucket of anything that speaks S3."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NoConnection

from infra.errors import BadInput, Rejected, Unreachable
from infra.objects import StoredObject
from infra.redaction import redact

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

_ABSENT = {"404", "NoSuchKey", "NotFound"}
_LONGEST_LINK_SECONDS = 604_800  # seven days: the limit of signature version 4


@dataclass(frozen=True)
class S3Objects:
    """One bucket. Every call is safe to repeat: whole objects are written, and deleting twice is deleting once."""

    endpoint: str
    key: str
    secret: str = field(repr=False)
    bucket: str
    region: str = "us-east-1"
    connect_timeout_seconds: float = 3
    read_timeout_seconds: float = 30

    def put(self, key: str, content: bytes, content_type: str = "application/octet-stream") -> None:
        """Write the whole object, replacing what was there."""
        with self._asking(f"put {key!r} ({len(content)} bytes)"):
            self._client.put_object(Bucket=self.bucket, Key=_valid(key), Body=content, ContentType=content_type)

    def get(self, key: str) -> bytes | None:
        """The whole object, or None when there is none."""
        with self._asking(f"get {key!r}"):
            try:
                return self._client.get_object(Bucket=self.bucket, Key=_valid(key))["Body"].read()
            except ClientError as error:
                # A missing bucket is no missing object: that is somebody's mistake.
                if error.response["Error"].get("Code") in _ABSENT:
                    return None
                raise

    def list(self, prefix: str) -> list[StoredObject]:
        """All objects below a prefix, in the order of their keys."""
        with self._asking(f"list {prefix!r}"):
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
            found = [
                StoredObject(item["Key"], item["Size"], item["LastModified"].timestamp())
                for page in pages
                for item in page.get("Contents", [])
            ]
        return sorted(found, key=lambda item: item.key)

    def delete(self, key: str) -> None:
        """Remove it; harmless when it is not there."""
        with self._asking(f"delete {key!r}"):
            self._client.delete_object(Bucket=self.bucket, Key=_valid(key))

    def link(self, key: str, seconds: int = _LONGEST_LINK_SECONDS) -> str:
        """A URL that a browser can open without credentials for `seconds` (at most seven days)."""
        if not 1 <= seconds <= _LONGEST_LINK_SECONDS:
            raise BadInput("seconds", f"is {seconds}", f"give 1 to {_LONGEST_LINK_SECONDS} (seven days)")
        parameters = {"Bucket": self.bucket, "Key": _valid(key)}
        return self._client.generate_presigned_url("get_object", Params=parameters, ExpiresIn=seconds)

    def check(self) -> None:
        """Whether the bucket is there and lets us in."""
        with self._asking("check"):
            self._client.list_objects_v2(Bucket=self.bucket, MaxKeys=1, Delimiter="/")

    @cached_property
    def _client(self) -> S3Client:
        config = Config(
            connect_timeout=self.connect_timeout_seconds,
            read_timeout=self.read_timeout_seconds,
            retries={"mode": "standard", "total_max_attempts": 3},
            signature_version="s3v4",
            s3={"addressing_style": "path"},
        )
        return boto3.session.Session().client(
            "s3",
            endpoint_url=self.endpoint,
            aws_access_key_id=self.key,
            aws_secret_access_key=self.secret,
            region_name=self.region,
            config=config,
        )

    @contextmanager
    def _asking(self, what: str) -> Iterator[None]:
        asked = f"{what} in bucket {self.bucket} at {self.endpoint}"
        try:
            yield
        except ClientError as error:
            raise _answered(asked, error) from error
        except (NoConnection, HTTPClientError) as error:
            raise Unreachable(f"{asked}: {redact(str(error))}", "is the object store up?") from error
        except BotoCoreError as error:
            raise Rejected(f"{asked}: {redact(str(error))}") from error


def _answered(asked: str, error: ClientError) -> Rejected | Unreachable:
    code = str(error.response["Error"].get("Code", "?"))
    status = int(error.response["ResponseMetadata"].get("HTTPStatusCode", 0))
    message = f"{asked}: {status} {code}: {error.response['Error'].get('Message', '')}"
    if status >= 500 or status == 429:
        return Unreachable(message, "the store is unwell after 3 tries; try again later")
    return Rejected(message, "check the key, its secret and the bucket's name")


def _valid(key: str) -> str:
    if not key or key.startswith("/") or len(key.encode()) > 1024 or ".." in key.split("/"):
        raise BadInput(
            "key", f"{key!r} cannot name an object", "give 1 to 1024 bytes without a leading / and without .."
        )
    return key
