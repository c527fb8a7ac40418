"""Sample sources: small repositories in the shape of the real ones, which the real recipe builds.

``making`` is the way in; nothing else here needs to be known outside.
"""

from mirror.sampling.making import (
    DirectoryInUseError,
    Outcome,
    SampleSize,
    SamplingError,
    create_sample,
    is_sample,
)

__all__ = ["DirectoryInUseError", "Outcome", "SampleSize", "SamplingError", "create_sample", "is_sample"]
