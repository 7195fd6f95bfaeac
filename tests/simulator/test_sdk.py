"""The vendor's own Python SDK as a client that nobody here wrote, over a real socket."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from unikraft_cloud import (
    AlreadyExistsError,
    AuthenticationError,
    NotFoundError,
    RateLimitError,
    ServerError,
    UnikraftCloud,
    UnikraftCloudError,
)
from unikraft_cloud.api.platform.models_gen import UpdateCertificateByUUIDRequestBody

from exporter.simulator import Fault, Simulator, serve
from exporter.simulator.world.scenario import Group
from tests.simulator.pki import Pair, pair, upload
from tests.simulator.simulated import TOKEN, account

pytestmark = pytest.mark.anyio

COUNT = 7
FQDN = "*.example.com."


def renewed() -> Pair:
    """A later certificate for the domain of the upload."""
    return pair(serial=0x0D, ends=timedelta(days=300))


@pytest.fixture
async def world() -> Simulator:
    """Seven unused certificates, and one in use."""
    return account(
        Group("c-{n}.example", name="c-{n}", count=COUNT, service_groups=0),
        Group("used.example", name="used"),
    )


@pytest.fixture
async def cloud(world: Simulator) -> AsyncIterator[Any]:
    """The SDK's client for that account."""
    async with (
        serve(world.app) as address,
        UnikraftCloud(token=TOKEN, metro=str(address)) as client,
    ):
        yield client


async def test_create(world: Simulator, cloud: Any) -> None:
    """The handle reads the certificate that was uploaded."""
    certificate = await cloud.certificates.create(**upload())

    assert certificate.name == "my-upload"
    assert (certificate.state, certificate.serial_number) == ("valid", "03AB12")
    assert world.certificate("my-upload").uuid == certificate.uuid


async def test_list(world: Simulator, cloud: Any) -> None:
    """Everything, with its details."""
    listed = await cloud.certificates.list()

    truth = [(c.uuid, c.name, c.not_after) for c in world.certificates()]
    assert truth == [(c.uuid, c.name, int(c.not_after.timestamp())) for c in listed]


@pytest.mark.parametrize("size", [1, 2, 3, COUNT, COUNT + 1, 100])
async def test_page(world: Simulator, cloud: Any, size: int) -> None:
    """Pages of any size give each certificate once."""
    listed = [c.name async for c in cloud.certificates.list(page_size=size, details=False)]

    assert [c.name for c in world.certificates()] == listed


async def test_get(world: Simulator, cloud: Any) -> None:
    """By name and by uuid."""
    truth = world.certificate("c-3")

    by_name = await cloud.certificates.get(name="c-3")
    by_uuid = await cloud.certificates.get(uuid=truth.uuid)

    assert (by_name.uuid, by_uuid.name) == (truth.uuid, "c-3")


async def test_update(world: Simulator, cloud: Any) -> None:
    """New material under the same uuid and name, by either of them."""
    await cloud.certificates.create(**upload())
    uuid = world.certificate("my-upload").uuid
    material = {"chain": renewed().pem, "pkey": renewed().pkey}

    await cloud.certificates.get(name="my-upload").update(**material)
    by_name = world.certificate("my-upload")
    await cloud.certificates.get(uuid=uuid).update(chain=upload()["chain"], pkey=upload()["pkey"])
    by_uuid = world.certificate("my-upload")
    body = UpdateCertificateByUUIDRequestBody(**material)
    await cloud.certificates.api.update_certificate_by_uuid(uuid, body=body)

    serials = (by_name.serial_number, by_uuid.serial_number)
    assert (*serials, world.certificate("my-upload").serial_number) == ("0D", "03AB12", "0D")
    assert uuid == world.certificate("my-upload").uuid


async def test_delete_in_part(world: Simulator, cloud: Any) -> None:
    """What could be deleted is gone; the rest is named in the error."""
    with pytest.raises(UnikraftCloudError) as caught:
        await cloud.certificates.delete(["c-1", "used", "nobody"])

    assert [result.name for result in caught.value.results] == ["c-1"]
    assert [(e.name, e.code) for e in caught.value.errors or ()] == [("used", 15), ("nobody", 8)]
    assert [c.name for c in world.certificates()][:1] == ["c-2"]


async def test_delete(world: Simulator, cloud: Any) -> None:
    """One, through its handle."""
    deleted = await cloud.certificates.get(name="c-1").delete()

    assert deleted.name == "c-1"
    assert len(world.certificates()) == COUNT


async def test_a_server_of_generation_2_alone() -> None:
    """Everything that the SDK can do with certificates, there and back."""
    world = account(Group("c-{n}.example", name="c-{n}", count=COUNT), generation=2)
    async with (
        serve(world.app) as address,
        UnikraftCloud(token=TOKEN, metro=str(address)) as client,
    ):
        certificate = await client.certificates.create(**upload(cn=None, common_name=FQDN))
        handle = client.certificates.get(uuid=certificate.uuid)
        await handle.update(chain=renewed().pem, pkey=renewed().pkey)
        read = await handle.refresh()
        listed = [c.name async for c in client.certificates.list(page_size=3)]
        await handle.delete()

    assert (read.common_name, read.serial_number) == ("*.example.com", "0D")
    assert listed == [*(f"c-{n}" for n in range(1, COUNT + 1)), "my-upload"]
    assert len(world.certificates()) == COUNT


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        pytest.param(Fault("unauthorized"), AuthenticationError, id="401"),
        pytest.param(Fault("forbidden"), AuthenticationError, id="403"),
        pytest.param(Fault("not-found"), NotFoundError, id="404"),
        pytest.param(Fault("rate-limited"), RateLimitError, id="429"),
        pytest.param(Fault("server-error"), ServerError, id="500"),
        pytest.param(Fault("bad-gateway"), ServerError, id="502 with HTML"),
    ],
)
async def test_errors(
    world: Simulator, cloud: Any, fault: Fault, expected: type[UnikraftCloudError]
) -> None:
    """Each status is the error that the SDK has for it."""
    world.fault(fault)

    with pytest.raises(expected):
        await cloud.certificates.list()


async def test_a_missing_certificate_is_absent(cloud: Any) -> None:
    """Not a missing route: the certificate itself."""
    with pytest.raises(NotFoundError) as caught:
        await cloud.certificates.get(name="nobody")

    assert caught.value.absent


async def test_a_name_that_is_taken(cloud: Any) -> None:
    """A conflict."""
    with pytest.raises(AlreadyExistsError):
        await cloud.certificates.create(**upload(name="c-1"))


async def test_a_bad_token(world: Simulator) -> None:
    """Refused."""
    async with (
        serve(world.app) as address,
        UnikraftCloud(token="another", metro=str(address)) as client,
    ):
        with pytest.raises(AuthenticationError):
            await client.certificates.list()
