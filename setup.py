"""Which folder becomes which package: ``datasets/`` and ``configs/`` are installed inside ``segnet/``.

All else about the project stands in pyproject.toml. Inside ``segnet`` the data room cannot clash with Hugging Face's
package ``datasets``.
"""

from setuptools import find_namespace_packages, find_packages, setup

DATASETS = ["segnet.datasets", *(f"segnet.datasets.{name}" for name in find_packages("datasets"))]
CONFIGS = ["segnet.configs", *(f"segnet.configs.{name}" for name in find_namespace_packages("configs"))]

setup(
    packages=[*find_packages(include=["segnet", "segnet.*"]), *DATASETS, *CONFIGS],
    package_dir={"segnet.datasets": "datasets", "segnet.configs": "configs"},
)
