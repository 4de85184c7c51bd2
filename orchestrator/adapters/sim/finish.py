"""How much light a surface sends back to a camera with a projector beside it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Image = npt.NDArray[np.float32]

GLOSS = 0.04  # what any non-metal mirrors head-on
LEAST_ROUGH = 0.05  # below, the mirrored spot is smaller than a pixel


@dataclass(frozen=True, slots=True)
class Finish:
    """A surface in the terms of glTF's metallic-roughness model, each 0 to 1.

    `luminance` is that of the base colour, which is linear.
    """

    luminance: float = 0.5
    metallic: float = 0.0
    roughness: float = 1.0

    def light(self, cosine: Image) -> Image:
        """Return the light sent back at cosines of the half vector to the normal; 1 is white paper seen head-on.

        Light comes from where it is seen, near enough. The diffuse share falls with the cosine; the mirrored one is the
        microfacet lobe of glTF 2.0, appendix B (GGX distribution, Smith masking, alpha = roughness squared), with the
        reflectance that it has head-on. So a smooth metal blinds the camera where it faces it and is black elsewhere.
        """
        c = np.maximum(cosine, np.float32(1e-3))
        alpha_2 = max(self.roughness, LEAST_ROUGH) ** 4
        mirrored = GLOSS * (1 - self.metallic) + self.luminance * self.metallic
        diffuse = self.luminance * (1 - self.metallic) * (1 - GLOSS)
        squared = c * c
        lobe = alpha_2 / (squared * (alpha_2 - 1) + 1) ** 2  # times 1 / pi, as the diffuse share is
        masked = c / (c + np.sqrt(alpha_2 + (1 - alpha_2) * squared)) ** 2
        return np.asarray(diffuse * c + mirrored * lobe * masked, dtype=np.float32)

    def plain(self, dark: float, glare: float, grazing: float) -> bool:
        """Tell whether it is neither darker nor brighter than this at any cosine from `grazing` on."""
        light = self.light(np.linspace(max(grazing, 0.01), 1.0, 200, dtype=np.float32))
        return bool(light.min() >= dark and light.max() <= glare)


MATTE = Finish()  # grey paint: what carries no material


def finish_of(material: Any) -> Finish:
    """Return the finish of a material as trimesh reads it from a GLB; what it leaves out is as glTF 2.0 says.

    Factors alone count, textures don't. A mesh without a material is matte grey.
    """
    if not hasattr(material, "metallicFactor"):
        return MATTE
    colour = getattr(material, "baseColorFactor", None)
    red, green, blue = (1.0, 1.0, 1.0) if colour is None else (_share(value) for value in colour[:3])
    return Finish(
        luminance=0.2126 * red + 0.7152 * green + 0.0722 * blue,  # Rec. 709, linear
        metallic=_given(material.metallicFactor),
        roughness=_given(material.roughnessFactor),
    )


def _given(factor: Any) -> float:
    return 1.0 if factor is None or not math.isfinite(factor) else min(max(float(factor), 0.0), 1.0)


def _share(value: Any) -> float:
    """Return a colour's channel from 0 to 1; trimesh keeps whole bytes."""
    return float(value) / 255 if np.issubdtype(np.asarray(value).dtype, np.integer) else float(value)
