"""The environment's proxies: variables and a URL in, a proxy or none out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.api.proxies import proxy_for

FRA = "https://api.fra.unikraft.cloud"
PROXY = "http://proxy.test:3128"
OTHER = "http://other.test:3128"


@pytest.mark.parametrize(
    ("variables", "url", "expected"),
    [
        ({}, FRA, None),
        ({"HTTPS_PROXY": PROXY}, FRA, ("HTTPS_PROXY", PROXY)),
        ({"https_proxy": PROXY}, FRA, ("https_proxy", PROXY)),
        ({"HTTPS_PROXY": OTHER, "https_proxy": PROXY}, FRA, ("https_proxy", PROXY)),
        ({"HTTPS_PROXY": PROXY, "https_proxy": ""}, FRA, ("HTTPS_PROXY", PROXY)),
        ({"HTTPS_PROXY": ""}, FRA, None),
        ({"HTTPS_PROXY": " "}, FRA, None),
        ({"HTTPS_PROXY": "proxy.test:3128"}, FRA, ("HTTPS_PROXY", PROXY)),
        ({"HTTPS_PROXY": "http://u:p@proxy.test"}, FRA, ("HTTPS_PROXY", "http://u:p@proxy.test")),
        ({"HTTP_PROXY": PROXY}, FRA, None),
        ({"HTTP_PROXY": PROXY}, "http://api.test", ("HTTP_PROXY", PROXY)),
        ({"HTTPS_PROXY": PROXY}, "http://api.test", None),
        ({"ALL_PROXY": PROXY}, FRA, ("ALL_PROXY", PROXY)),
        ({"all_proxy": PROXY}, "http://api.test", ("all_proxy", PROXY)),
        ({"ALL_PROXY": "socks://p:1080", "HTTPS_PROXY": PROXY}, FRA, ("HTTPS_PROXY", PROXY)),
        ({"all_proxy": "socks://p:1080", "HTTPS_PROXY": PROXY}, FRA, ("HTTPS_PROXY", PROXY)),
        ({"ALL_PROXY": "socks://p:1080"}, FRA, ("ALL_PROXY", "socks://p:1080")),
        ({"HTTP_PROXY": PROXY}, "http://127.0.0.1:8080", None),
        ({"HTTP_PROXY": PROXY}, "http://localhost", None),
        ({"HTTPS_PROXY": PROXY}, "https://[::1]:8443", None),
    ],
)
def test_which_proxy(variables: dict[str, str], url: str, expected: tuple[str, str] | None) -> None:
    """By the scheme of the URL, then for all; an empty variable is none."""
    assert proxy_for(url, variables) == expected


@pytest.mark.parametrize(
    ("entries", "url", "direct"),
    [
        ("*", FRA, True),
        ("nothing.test,*", FRA, True),
        ("", FRA, False),
        (",, ,", FRA, False),
        # Names, and those below them.
        ("api.fra.unikraft.cloud", FRA, True),
        ("unikraft.cloud", FRA, True),
        (".unikraft.cloud", FRA, True),
        ("*.unikraft.cloud", FRA, True),
        ("UNIKRAFT.Cloud", FRA, True),
        ("unikraft.cloud.", FRA, True),
        ("unikraft.cloud", "https://api.fra.unikraft.cloud.", True),
        ("kraft.cloud", FRA, False),
        ("cloud.unikraft", FRA, False),
        (".api.fra.unikraft.cloud", FRA, True),
        ("*.api.fra.unikraft.cloud", FRA, False),
        ("nothing.test,unikraft.cloud", FRA, True),
        ("nothing.test, unikraft.cloud", FRA, True),
        ("nothing.test unikraft.cloud", FRA, True),
        # Ports, given or of the scheme.
        ("unikraft.cloud:443", FRA, True),
        ("unikraft.cloud:80", FRA, False),
        ("api.test:80", "http://api.test", True),
        ("api.test:8443", "https://api.test:8443", True),
        ("api.test:443", "https://api.test:8443", False),
        (":443", FRA, False),
        # Addresses.
        ("192.0.2.7", "https://192.0.2.7", True),
        ("192.0.2.7", "https://192.0.2.70", False),
        ("192.0.2.7:443", "https://192.0.2.7", True),
        ("192.0.2.7:8443", "https://192.0.2.7", False),
        ("2001:db8::7", "https://[2001:db8::7]", True),
        ("2001:db8:0:0::7", "https://[2001:db8::7]", True),
        ("[2001:db8::7]", "https://[2001:db8::7]", True),
        ("[2001:db8::7]:443", "https://[2001:db8::7]", True),
        ("[2001:db8::7]:8443", "https://[2001:db8::7]", False),
        ("[::1]", FRA, False),
        ("[::1]", "https://[2001:db8::7]", False),
        ("7", "https://192.0.2.7", False),
        # Networks.
        ("192.0.2.0/24", "https://192.0.2.7", True),
        ("192.0.2.7/24", "https://192.0.2.9", True),
        ("192.0.2.0/24", "https://198.51.100.7", False),
        ("192.0.2.0/24", FRA, False),
        ("192.0.2.0/24", "https://[2001:db8::7]", False),
        ("2001:db8::/32", "https://[2001:db8::7]", True),
        ("[2001:db8::]/32", "https://[2001:db8::7]", True),
        ("fd00::/8", "https://[2001:db8::7]", False),
        ("fe80::/10", "https://[fe80::1%25eth0]", True),
        ("0.0.0.0/0", "https://192.0.2.7", True),
        # What is no entry at all.
        ("192.0.2.0/99", "https://192.0.2.7", False),
        ("[::1", "https://[2001:db8::7]", False),
        ("http://unikraft.cloud", FRA, False),
        (".", FRA, False),
        ("*.", FRA, False),
    ],
)
@pytest.mark.parametrize("variable", ["no_proxy", "NO_PROXY"])
def test_exceptions(variable: str, entries: str, url: str, direct: bool) -> None:
    """What curl and Go reach directly with these entries."""
    variables = {"https_proxy": PROXY, "http_proxy": PROXY, variable: entries}

    assert (proxy_for(url, variables) is None) == direct


@given(st.text("*.:[]/%0123456789abcdef, ", max_size=30), st.sampled_from([FRA, "https://[::2]:1"]))
def test_any_text_is_taken(text: str, url: str) -> None:
    """Nothing in the environment is a bug."""
    proxy_for(url, {"NO_PROXY": text, "HTTPS_PROXY": text, "ALL_PROXY": text})
