"""A real Prometheus scrapes over mutual TLS with a password."""

from pathlib import Path

import bcrypt
import httpx
import pytest

from exporter.simulator import Simulator, serve
from tests.alerts.peers import PROMETHEUSES
from tests.e2e.programs import prometheus, until
from tests.world.authority import Authority
from tests.world.leaks import MARK
from tests.world.processes import running
from tests.world.tools import need

pytestmark = [pytest.mark.anyio, pytest.mark.e2e]

TOKEN = f"c2VjdXJlZDp0{MARK}=="
PASSWORD = "correct horse battery"
WEB = """
tls_server_config:
  cert_file: server.pem
  key_file: server.key
  client_ca_file: authority.pem
  client_auth_type: RequireAndVerifyClientCert
  client_allowed_sans: [prometheus.example.com]
basic_auth_users:
  prometheus: {hashed}
"""
SCRAPE = """
scrape_configs:
  - job_name: secured
    scrape_interval: 500ms
    scrape_timeout: 500ms
    scheme: https
    basic_auth: {{username: prometheus, password: '{password}'}}
    tls_config: {{ca_file: authority.pem, cert_file: client.pem, key_file: client.key}}
    static_configs: [{{targets: ['{target}']}}]
  - job_name: without-a-certificate
    scrape_interval: 500ms
    scrape_timeout: 500ms
    scheme: https
    basic_auth: {{username: prometheus, password: '{password}'}}
    tls_config: {{ca_file: authority.pem}}
    static_configs: [{{targets: ['{target}']}}]
  - job_name: without-a-password
    scrape_interval: 500ms
    scrape_timeout: 500ms
    scheme: https
    tls_config: {{ca_file: authority.pem, cert_file: client.pem, key_file: client.key}}
    static_configs: [{{targets: ['{target}']}}]
"""


@pytest.mark.parametrize("version", PROMETHEUSES)
async def test_scraped_over_mutual_tls_with_a_password(tmp_path: Path, version: str) -> None:
    """And only so; a new certificate of the server is no interruption, probes need nothing."""
    need(PROMETHEUSES[version])
    authority = Authority(tmp_path)
    authority.issue("server")
    authority.issue("client", "prometheus.example.com")
    hashed = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(5)).decode()
    (tmp_path / "web.yml").write_text(WEB.format(hashed=hashed))
    simulator = Simulator("mixture", token=TOKEN)
    flags = (
        "--web.listen-address=127.0.0.1:0",
        "--web.listen-address=[::1]:0",
        f"--web.config.file={tmp_path / 'web.yml'}",
        "--probe.listen-address=127.0.0.1:0",
        "--log.level=debug",
    )
    async with serve(simulator.app) as url:
        variables = {"UKC_TOKEN": TOKEN, "UKC_METRO": str(url)}
        async with running(*flags, variables=variables) as process:
            address = (await process.url()).removeprefix("https://")
            second = (await process.says(r"msg=listening address=(\[::1\]:\d+) tls=true"))[1]
            probes = (await process.says(r'"listening for probes" address=(\S+)'))[1]
            async with httpx.AsyncClient(trust_env=False) as plain:
                probed = [
                    (await plain.get(f"http://{probes}{path}")).status_code
                    for path in ("/-/healthy", "/metrics", "/", "/-/reload")
                ]
            configuration = SCRAPE.format(target=address, password=PASSWORD)
            async with prometheus(tmp_path, configuration, name=PROMETHEUSES[version]) as scraper:

                async def up() -> dict[str, str]:
                    targets = (await scraper.get("targets"))["activeTargets"]
                    return {t["labels"]["job"]: t["health"] for t in targets}

                async def errors() -> dict[str, str]:
                    targets = (await scraper.get("targets"))["activeTargets"]
                    return {t["labels"]["job"]: t["lastError"] for t in targets}

                def known(found: dict[str, str]) -> bool:
                    return len(found) == 3 and "unknown" not in found.values()

                seen = await until(up, known)
                why = await errors()
                authority.issue("server")
                count = await until(
                    lambda: scraper.query("count(ukc_certificate_info)"), lambda found: found
                )
        err = process.err

    assert probed == [200, 404, 404, 404]
    assert second
    assert seen == {
        "secured": "up",
        "without-a-certificate": "down",
        "without-a-password": "down",
    }
    assert "401 Unauthorized" in why["without-a-password"]
    assert "401" not in why["without-a-certificate"]  # it never came to HTTP
    assert count == {(): float(len(simulator.certificates()))}
    assert PASSWORD not in err
