"""Who is answered, and how much is taken of him."""

import socket
from urllib.parse import urlsplit

import pytest
from fastapi.testclient import TestClient

from segnet.web.guard import host_name, is_loopback, known_hosts
from tests.web.conftest import LIMITS, image_file


@pytest.mark.parametrize(
    ("header", "name"),
    [("localhost:8765", "localhost"), ("[::1]:80", "::1"), ("EVIL.example", "evil.example"), ("", ""), ("[::1", "::1")],
)
def test_names_in_host_headers(header: str, name: str) -> None:
    assert host_name(header) == name


def test_the_loopback_knows_its_own_names_alone() -> None:
    known = known_hosts("127.0.0.1")
    assert all(map(known, ("127.0.0.1", "localhost", "::1")))
    assert not any(map(known, ("evil.example", "192.168.1.2", "", "127.0.0.1.evil.example")))


def test_on_a_network_addresses_are_known_and_foreign_names_are_not() -> None:
    known = known_hosts("0.0.0.0")
    assert all(map(known, ("192.168.1.2", "fe80::1", socket.gethostname().lower())))
    assert not known("evil.example")
    assert not is_loopback("0.0.0.0")
    assert is_loopback("::1")


@pytest.mark.parametrize("path", ["/", "/api/models", "/openapi.json", "/page/style.css"])
def test_a_foreign_name_for_this_machine_gets_nothing(client: TestClient, path: str) -> None:
    answer = client.get(path, headers={"Host": "rebound.evil.example:8765"})
    assert answer.status_code == 403
    assert "address that it printed" in answer.json()["error"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:9999"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
def test_foreign_pages_cannot_use_the_interface(client: TestClient, headers: dict[str, str]) -> None:
    answer = client.post("/api/mask", files={"image": image_file()}, headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (403, "requests from other sites are not answered")


def test_the_own_page_and_programs_can(client: TestClient) -> None:
    for headers in ({"Origin": "http://127.0.0.1:8765", "Sec-Fetch-Site": "same-origin"}, {}):
        assert client.post("/api/mask", files={"image": image_file()}, headers=headers).status_code == 200


@pytest.mark.parametrize("path", ["/", "/page/main.js", "/api/models", "/nothing", "/api/clips/none"])
def test_every_answer_forbids_what_the_page_does_not_need(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert "unsafe" not in policy
    assert "http" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "camera=(self)" in headers["Permissions-Policy"]


def test_a_length_over_the_limit_is_refused_before_the_body(server: str) -> None:
    """The server answers although not one byte of the body was sent."""
    lines = f"POST /api/mask HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {10**12}\r\n\r\n"
    assert b"413" in exchange(server, lines.encode())


def test_a_body_without_a_length_is_cut_at_the_limit(server: str) -> None:
    head = b"POST /api/mask HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\nContent-Type: "
    head += b"multipart/form-data; boundary=b\r\n\r\n"
    start = b'--b\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\n'
    block = b"x" * 65536
    blocks = [start, *[block] * (LIMITS.image_bytes // len(block) + 4)]
    answer = exchange(server, head, *(b"%x\r\n%s\r\n" % (len(part), part) for part in blocks))
    assert b"413" in answer
    assert b"too large" in answer


def test_nonsense_is_no_server_error(server: str) -> None:
    assert b" 400 " in exchange(server, b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -5\r\n\r\n")
    assert b" 403 " in exchange(server, b"GET / HTTP/1.1\r\nHost:\r\n\r\n")


def exchange(server: str, *parts: bytes) -> bytes:
    """What a server answers to raw bytes; it may hang up before all of them are sent."""
    address = urlsplit(server)
    with socket.create_connection((address.hostname, address.port), timeout=120) as connection:
        try:
            for part in parts:
                connection.sendall(part)
        except (BrokenPipeError, ConnectionResetError):
            pass
        answer = b""
        try:
            while part := connection.recv(65536):
                answer += part
        except ConnectionResetError:
            pass
        return answer
