"""Bare readers to compare with: each GETs the custom domain of N environments with P requests in flight.

`python -m benchmarks.clients NAME URL N P`. A reader parses each body and checks the hostname, and does nothing else. Fails
where a response is not the expected one.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PATH = "/api/v1/custom_domain/"


def check(index: int, status: int, body: bytes) -> None:
    """Raise unless the body is the domain of this environment."""
    if status != 200 or json.loads(body)["hostname"] != f"images-{index}.example.com":
        raise SystemExit(f"environment {index}: unexpected response {status}")


def read_asyncio(url: str, count: int, parallel: int) -> None:
    """The least that Python can do: asyncio streams and HTTP written by hand."""
    import asyncio

    parts = urlsplit(url)

    async def worker(todo: Iterator[int]) -> None:
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        for index in todo:
            writer.write(
                f"GET {PATH} HTTP/1.1\r\nHost: {parts.netloc}\r\nAccept: application/json\r\n"
                f"Authorization: Bearer sk_{index}\r\n\r\n".encode()
            )
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0])
            check(index, int(head[9:12]), await reader.readexactly(length))
        writer.close()

    async def read() -> None:
        todo = iter(range(count))
        await asyncio.gather(*(worker(todo) for _ in range(min(parallel, count))))

    asyncio.run(read())


def read_httpx(url: str, count: int, parallel: int) -> None:
    """httpx with P clients of one connection each, which is how httpx is fastest."""
    import asyncio

    import httpx

    async def worker(todo: Iterator[int]) -> None:
        async with httpx.AsyncClient(base_url=url, timeout=30, trust_env=False, verify=False) as client:
            for index in todo:
                headers = {"Authorization": f"Bearer sk_{index}", "Accept": "application/json"}
                response = await client.get(PATH, headers=headers)
                check(index, response.status_code, response.content)

    async def read() -> None:
        todo = iter(range(count))
        await asyncio.gather(*(worker(todo) for _ in range(min(parallel, count))))

    asyncio.run(read())


def read_http_client(url: str, count: int, parallel: int) -> None:
    """P threads with the standard library's blocking client, one connection each."""
    import http.client

    parts = urlsplit(url)

    def worker(todo: Callable[[], int | None]) -> None:
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
        while (index := todo()) is not None:
            headers = {"Authorization": f"Bearer sk_{index}", "Accept": "application/json"}
            connection.request("GET", PATH, headers=headers)
            response = connection.getresponse()
            check(index, response.status, response.read())
        connection.close()

    _in_threads(worker, count, parallel)


def read_urllib3(url: str, count: int, parallel: int) -> None:
    """P threads that share one urllib3 pool, as the official Python SDK does."""
    import urllib3

    pool = urllib3.PoolManager(maxsize=parallel, retries=False, timeout=30)

    def worker(todo: Callable[[], int | None]) -> None:
        while (index := todo()) is not None:
            headers = {"Authorization": f"Bearer sk_{index}", "Accept": "application/json"}
            response = pool.request("GET", url + PATH, headers=headers)
            check(index, response.status, response.data)

    _in_threads(worker, count, parallel)


def _in_threads(worker: Callable[[Callable[[], int | None]], None], count: int, parallel: int) -> None:
    import threading
    from concurrent.futures import ThreadPoolExecutor

    indices, lock = iter(range(count)), threading.Lock()

    def todo() -> int | None:
        with lock:
            return next(indices, None)

    with ThreadPoolExecutor(parallel) as threads:
        for future in [threads.submit(worker, todo) for _ in range(min(parallel, count))]:
            future.result()


READERS = {
    "asyncio": read_asyncio,
    "httpx": read_httpx,
    "http.client": read_http_client,
    "urllib3": read_urllib3,
}

if __name__ == "__main__":
    READERS[sys.argv[1]](sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
