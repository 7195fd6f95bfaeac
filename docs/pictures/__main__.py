"""Takes the pictures of the page again: `make pictures`."""

import asyncio
import random
from pathlib import Path
from typing import Final, NamedTuple

from docs.pictures.worlds import DEMO, FAILING, World, served
from tests.world.browser import Scheme, Tab, browser

FOLDER: Final = Path(__file__).parent
HEIGHTS: Final = {390: 1400, 768: 1100, 1440: 1000}


class Picture(NamedTuple):
    """One picture: what of, how wide in pixels, and in which scheme; `zoom` enlarges."""

    name: str
    world: World
    width: int
    scheme: Scheme = "light"
    zoom: float = 1.0
    path: str = "/"


PICTURES: Final = (
    *(
        Picture(f"page-{width}-{scheme}", DEMO, width, scheme)
        for width in (390, 768, 1440)
        for scheme in ("light", "dark")
    ),
    Picture("page-zoomed", DEMO, 1440, zoom=2.0),
    Picture("page-failing", FAILING, 1440),
    Picture("page-failing-390", FAILING, 390, "dark"),
    Picture("page-search", DEMO, 1440, path="/?q=cdn"),
)


async def take(tab: Tab, picture: Picture, url: str) -> None:
    """Take one picture."""
    await tab.look(picture.width, HEIGHTS[picture.width], picture.scheme, picture.zoom)
    await tab.open(f"{url}{picture.path}")
    await tab.picture(FOLDER / f"{picture.name}.png")


async def main() -> None:
    """Take all of them."""
    async with browser() as driven:
        for world in (DEMO, FAILING):
            random.seed(1)  # when the next poll is, varies
            async with served(world) as url:
                for picture in (p for p in PICTURES if p.world is world):
                    await take(await driven.tab(), picture, url)


asyncio.run(main())
