"""Many threads, one endpoint that issues credentials: how often it is asked, and who fails."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from botocore_verifier import Keys, send, verdict
from costmark import _core
from harness import Received, Recorder, answer_json

THREADS = 64
HOST = b"bedrock-mantle.us-east-1.api.aws"
URL = f"https://{HOST.decode()}/v1/chat/completions"


class Endpoint:
    """Answers as a container's endpoint does, with another set of keys each time."""

    def __init__(self, life_s: int) -> None:
        self.life_s = life_s
        self.issued: dict[str, Keys] = {}

    def __call__(self, handler: Any, _: Received) -> None:
        time.sleep(0.05)  # so that others come while one asks
        end = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(int(time.time()) + self.life_s))
        number = len(self.issued)
        keys = Keys(f"ASIA{number:06}", f"secret {number}", f"token-{number}")
        self.issued[keys.access_key_id] = keys
        parts = {"AccessKeyId": keys.access_key_id, "SecretAccessKey": keys.secret}
        answer_json(handler, {**parts, "Token": keys.token, "Expiration": end})


def client_of(recorder: Recorder) -> _core.Client:
    variables = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{recorder.url}/credentials"}
    return _core.Client({}, environment={"HOME": "/nonexistent", **variables})


def key_id_signed_with(client: _core.Client, endpoint: Endpoint) -> str:
    """Prepare a request, have it verified, and tell whose signature it bears."""
    sent = send(client, "POST", URL, [(b"Host", HOST)], b'{"model":"m","messages":[]}')
    key_id = sent.value(b"authorization").split(b"Credential=")[1].split(b"/")[0].decode()
    assert verdict(sent, endpoint.issued[key_id]) == ""
    return key_id


def test_threads_that_wait_share_one_refresh(recorder: Recorder) -> None:
    endpoint = recorder.answer = Endpoint(life_s=3600)
    client = client_of(recorder)
    together = threading.Barrier(THREADS)

    def first_call(_: int) -> str:
        together.wait()
        return key_id_signed_with(client, endpoint)

    with ThreadPoolExecutor(THREADS) as pool:
        assert set(pool.map(first_call, range(THREADS))) == {"ASIA000000"}
    assert len(recorder.requests) == 1


def test_keys_that_end_in_the_middle_of_many_threads(recorder: Recorder) -> None:
    """Keys of a second or two, three seconds long: everybody signs with what is valid."""
    endpoint = recorder.answer = Endpoint(life_s=2)
    client = client_of(recorder)
    end = time.monotonic() + 3

    def keep_calling(_: int) -> int:
        calls = 0
        while time.monotonic() < end:
            key_id_signed_with(client, endpoint)
            calls += 1
        return calls

    with ThreadPoolExecutor(16) as pool:
        assert min(pool.map(keep_calling, range(16))) > 0
    assert 2 <= len(endpoint.issued) <= 8
