"""How an address is reached: by which proxy of the environment, and whom a client trusts."""

import os
import ssl
from pathlib import Path

import httpx
import pytest

from casavi_contracts.http.network import UnusableVariable, connection_settings, is_loopback, proxy_for, trusted

PROXY = "http://proxy.test:3128"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The environment without anything that says how servers are reached."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name.startswith("SSL"):
            monkeypatch.delenv(name)
    return monkeypatch


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "localhost", "LOCALHOST", "localhost.", "mock.localhost", "127.8.9.10", "127.1", "0x7f.1", "0.0.0.0",
        "2130706433", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[0:0:0:0:0:0:0:1]",
    ],
)  # fmt: skip
def test_no_proxy_leads_to_this_machine(environment: pytest.MonkeyPatch, host: str) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
        environment.setenv(name, "socks9://[broken")

    for scheme in ("http", "https"):
        assert is_loopback(f"{scheme}://{host}:4227/manager")
        assert proxy_for(f"{scheme}://{host}:4227/manager") is None


@pytest.mark.parametrize("host", ["example.com", "localhost.example.com", "128.0.0.1", "[::2]", "notlocalhost", ""])
def test_other_machines_are_not_this_one(host: str) -> None:
    assert not is_loopback(f"http://{host}:80/")


@pytest.mark.parametrize(
    ("variables", "url", "proxy"),
    [
        ({"HTTP_PROXY": PROXY}, "http://api.test", PROXY),
        ({"HTTP_PROXY": PROXY}, "https://api.test", None),
        ({"https_proxy": "proxy.test:3128"}, "https://api.test", PROXY),
        ({"ALL_PROXY": PROXY}, "https://api.test", PROXY),
        ({"http_proxy": PROXY, "HTTP_PROXY": "http://other"}, "http://api.test", PROXY),
        ({"HTTP_PROXY": ""}, "http://api.test", None),
    ],
)
def test_the_variable_of_the_scheme_counts_and_then_that_of_all(
    environment: pytest.MonkeyPatch, variables: dict[str, str], url: str, proxy: str | None
) -> None:
    for name, value in variables.items():
        environment.setenv(name, value)

    assert proxy_for(url) == proxy


@pytest.mark.parametrize(
    ("listed", "host", "excepted"),
    [
        ("*", "api.test", True),
        ("other, *", "api.test", True),
        ("api.test", "api.test", True),
        ("API.test", "api.test", True),
        ("api.test", "www.api.test", True),
        (".api.test", "www.api.test", True),
        ("*.api.test", "www.api.test", True),
        ("api.test", "wwwapi.test", False),
        ("one two;api.test", "api.test", True),
        ("api.test:80", "api.test", True),
        ("api.test:8080", "api.test", False),
        ("api.test:8080", "api.test:8080", True),
        ("http://api.test/", "api.test", True),
        ("10.0.0.0/8", "10.20.30.40", True),
        ("10.1.2.3/8", "10.20.30.40", True),
        ("192.168.0.0/16", "10.20.30.40", False),
        ("10.20.30.40", "10.20.30.40", True),
        ("fd00::/8", "[fd12::1]", True),
        ("[fd12::1]", "[fd12::1]", True),
        ("[fd12::1]:81", "[fd12::1]", False),
        ("[fd12", "api.test", False),
        ("1.2.3.4/99,[::1]/x,:::,http://[", "api.test", False),
    ],
)
def test_no_proxy_names_hosts_domains_addresses_and_networks(
    environment: pytest.MonkeyPatch, listed: str, host: str, excepted: bool
) -> None:
    environment.setenv("HTTP_PROXY", PROXY)
    environment.setenv("NO_PROXY", listed)

    assert (proxy_for(f"http://{host}/contacts") is None) is excepted


@pytest.mark.parametrize(
    "value",
    [
        "http://user:pass-word@[", "http://", "ftp://user:pass-word@proxy.test", "http://proxy.test:port", "http://a b",
        "socks4://proxy.test", "http://proxy.test:99999", "http://proxy.test\r", "://",
    ],
)  # fmt: skip
def test_a_proxy_that_cannot_be_used_is_named_in_one_line_where_it_is_needed(
    environment: pytest.MonkeyPatch, value: str
) -> None:
    environment.setenv("ALL_PROXY", value)

    assert connection_settings("http://127.0.0.1:4227")["proxy"] is None
    with pytest.raises(UnusableVariable, match=r"^ALL_PROXY: [^\n]+$") as told:
        connection_settings("https://api.test")
    assert "pass-word" not in str(told.value)


@pytest.mark.parametrize(
    ("variable", "content"),
    [("SSL_CERT_FILE", None), ("SSL_CERT_FILE", ""), ("SSL_CERT_FILE", "no certificate"), ("SSLKEYLOGFILE", None)],
)
def test_certificates_that_cannot_be_read_are_named_where_tls_is_spoken(
    environment: pytest.MonkeyPatch, tmp_path: Path, variable: str, content: str | None
) -> None:
    file = tmp_path / "no" / "such.pem" if content is None else tmp_path / "some.pem"
    if content is not None:
        file.write_text(content)
    environment.setenv(variable, str(file))

    assert isinstance(trusted("http://api.test"), ssl.SSLContext)
    with pytest.raises(UnusableVariable, match=rf"^{variable}: [^\n]*{file.name}[^\n]*$"):
        trusted("https://api.test")


def test_a_folder_of_certificates_has_to_be_there(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    environment.setenv("SSL_CERT_FILE", str(tmp_path))
    with pytest.raises(UnusableVariable, match=r"^SSL_CERT_FILE: "):
        trusted("https://api.test")
    environment.setenv("SSL_CERT_FILE", "")
    environment.setenv("SSL_CERT_DIR", str(tmp_path / "none"))
    with pytest.raises(UnusableVariable, match=r"^SSL_CERT_DIR: "):
        trusted("https://api.test")
    environment.setenv("SSL_CERT_DIR", os.pathsep.join([str(tmp_path / "none"), str(tmp_path)]))
    assert trusted("https://api.test").verify_mode is ssl.CERT_REQUIRED


def test_a_client_takes_the_settings(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("HTTP_PROXY", "http://user:p%40ss@proxy.test:3128")
    settings = connection_settings("http://api.test")

    with httpx.Client(**settings) as client:
        assert client.trust_env is False
    assert settings["proxy"] is not None
    assert settings["proxy"].auth == ("user", "p@ss")


def test_a_proxy_for_socks_needs_its_library(environment: pytest.MonkeyPatch) -> None:
    environment.setattr("casavi_contracts.http.network.find_spec", lambda name: None)
    environment.setenv("ALL_PROXY", "socks5://proxy.test")
    with pytest.raises(UnusableVariable, match=r"httpx\[socks\]"):
        proxy_for("http://api.test")
