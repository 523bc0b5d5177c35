"""Sky and ground, pixel by pixel: clouds, asphalt, lane marks, kerbs, paving, grass, long shadows of houses."""

import cv2
import numpy as np
from numpy.typing import NDArray

from segnet.datasets.classes import CAMVID

from .camera import Floats
from .canvas import Canvas
from .street import Street
from .surfaces import ground

# Grass counts as Tree, as in CamVid's eleven classes.
SKY, ROAD, PAVEMENT, TREE = (CAMVID.names.index(name) for name in ("Sky", "Road", "Pavement", "Tree"))


def draw_sky(canvas: Canvas, street: Street, time: float) -> None:
    """A gradient with clouds at 400 m height that drift, and a glow around the sun."""
    last = int(np.searchsorted(-canvas.camera.rays[..., 1].max(1), 0.0)) + 1
    light, rays = canvas.light, canvas.camera.rays[:last]
    up = np.clip(rays[..., 1], 0.02, None)
    share = np.clip(up / 0.45, 0, 1)[..., None]
    color = light.horizon * (1 - share) + light.zenith * share
    clouds = _sample(ground(street.seed % 97), rays[..., 0] / up * 60 + 3 * time, rays[..., 2] / up * 60)
    cover = np.clip((clouds + 1.6 * light.clouds - 1.0) * 1.5, 0, 0.9) * np.clip(up * 7, 0, 1)
    cloud = light.horizon * (1.02 - 0.12 * np.clip(clouds, 0, 1))[..., None]
    color = color * (1 - cover[..., None]) + cloud * cover[..., None]
    toward = (rays @ light.sun) / np.linalg.norm(rays, axis=-1)
    color += light.sun_color * (0.5 * np.clip(toward, 0, 1) ** 24)[..., None]
    canvas.image[:last], canvas.mask[:] = color, SKY


def draw_ground(canvas: Canvas, street: Street) -> None:
    """Draw everything at the height of the road."""
    below = canvas.camera.rays[..., 1] < -0.004
    rays = canvas.camera.rays[below]
    depth = -canvas.camera.position[1] / rays[:, 1]
    x = rays[:, 0] * depth + canvas.camera.position[0]
    z = rays[:, 2] * depth + canvas.camera.position[2]
    fine = np.clip(12 / depth, 0.1, 1)
    side = np.abs(x)
    color = _asphalt(street, x, z, fine)
    label = np.full(len(x), ROAD, np.uint8)
    paved = side > street.road
    color[paved] = _paving(street, x[paved], z[paved], fine[paved])
    kerb = paved & (side < street.road + 0.22)
    color[kerb] = street.kerb_color * (0.9 + 0.2 * (np.floor(z[kerb] / 0.9) % 2 * fine[kerb]))[:, None]
    color[paved & (side < street.road + 0.07)] *= 0.55
    label[paved] = PAVEMENT
    grass = side > street.road + street.pavement
    blades = _sample(ground(5), x[grass] * 40, z[grass] * 40) * fine[grass]
    color[grass] = np.array([0.27, 0.36, 0.15]) * (1 + 0.35 * blades)[:, None]
    label[grass] = TREE
    lit = canvas.light.around + canvas.light.sun_color * canvas.light.sun[1]
    shadow = 1 - canvas.light.shadow * _in_shadow(street, canvas.light.sun, x, z)
    canvas.image[below] = canvas.light.through_haze(color * lit * shadow[:, None], depth[:, None])
    canvas.mask[below] = label


def _asphalt(street: Street, x: Floats, z: Floats, fine: Floats) -> Floats:
    """Grain, patches, darker wheel tracks, a dashed middle line and lines at the sides."""
    grain = _sample(ground(1), x * 50, z * 50) * fine
    patches = _sample(ground(2), x * 9, z * 5)
    tracks = np.cos((np.abs(x) - street.road / 2) * 4.2)
    bright = 1 + 0.14 * grain + 0.1 * patches - 0.04 * tracks
    color = street.asphalt * bright[:, None]
    dashed = (np.abs(x) < 0.08) & (z % street.dash < street.dash * 0.5)
    sides = street.side_lines & (np.abs(np.abs(x) - street.road + 0.35) < 0.06)
    zebra = (np.abs(z - street.zebra) < 1.6) & (x % 1.1 < 0.55)
    paint = dashed | sides | zebra
    color[paint] = 0.8 * (0.85 + 0.15 * grain[paint])[:, None]
    return np.asarray(color, np.float32)


def _paving(street: Street, x: Floats, z: Floats, fine: Floats) -> Floats:
    """Slabs of different brightness with dark joints."""
    slab = street.slab
    row = np.floor(z / slab)
    across = x / slab + 0.5 * (row % 2)
    each = np.sin(np.floor(across) * 12.9898 + row * 78.233) * 43758.5453
    joint = (across % 1 < 0.07) | (z / slab % 1 < 0.07)
    bright = 1 + (0.2 * (each - np.floor(each) - 0.5) - 0.28 * joint) * fine
    bright += 0.1 * _sample(ground(3), x * 25, z * 25) * fine
    return np.asarray(street.paving * bright[:, None], np.float32)


def _in_shadow(street: Street, sun: Floats, x: Floats, z: Floats) -> NDArray[np.bool_]:
    """Whether a house stands between points of the ground and the sun."""
    if abs(sun[0]) < 0.05:
        return np.zeros(len(x), bool)
    away = (np.sign(sun[0]) * street.line - x) / sun[0]
    return np.asarray(street.height_at(int(np.sign(sun[0])), z + away * sun[2]) > away * sun[1])


def _sample(tile: Floats, x: Floats, y: Floats) -> Floats:
    """Values of a tile at positions in pixels, which wrap around."""
    height, width = tile.shape
    if not x.size:
        return np.zeros(x.shape, np.float32)
    flat_x, flat_y = ((place % size).astype(np.float32).reshape(-1) for place, size in ((x, width), (y, height)))
    pad = -flat_x.size % 256
    maps = [np.pad(place, (0, pad)).reshape(-1, 256) for place in (flat_x, flat_y)]
    found = cv2.remap(tile, maps[0], maps[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
    return np.asarray(found.reshape(-1)[: flat_x.size].reshape(x.shape))
