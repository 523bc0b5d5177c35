"""Typed settings: one pydantic model for each part of a YAML config.

A config file states which data, which network, and how the network is trained. Every key, its type and its default
are defined here and nowhere else.
"""

from segnet.config.autoencoders import ClassificationConfig, CorruptionConfig, ReconstructionConfig, VariationalConfig
from segnet.config.data import READ_BY_DATA, DataConfig, DataFormat, PasteConfig, SamplingConfig
from segnet.config.experiment import NO_NAME, READ_BY_TASKS, Config
from segnet.config.loss import (
    ClassWeighted,
    CrossEntropyTerm,
    DiceTerm,
    DistillConfig,
    FocalTerm,
    LossTerm,
    LovaszTerm,
    OhemTerm,
)
from segnet.config.model import InputConfig, ModelConfig
from segnet.config.settings import MANY, Channel, Settings
from segnet.config.training import (
    AdamWConfig,
    ConstantSchedule,
    CosineSchedule,
    OneCycleSchedule,
    OptimizerConfig,
    PolySchedule,
    ScheduleConfig,
    SgdConfig,
    Stepping,
    TrainingConfig,
)

__all__ = [
    "MANY",
    "NO_NAME",
    "READ_BY_DATA",
    "READ_BY_TASKS",
    "AdamWConfig",
    "Channel",
    "ClassWeighted",
    "ClassificationConfig",
    "Config",
    "ConstantSchedule",
    "CorruptionConfig",
    "CosineSchedule",
    "CrossEntropyTerm",
    "DataConfig",
    "DataFormat",
    "DiceTerm",
    "DistillConfig",
    "FocalTerm",
    "InputConfig",
    "LossTerm",
    "LovaszTerm",
    "ModelConfig",
    "OhemTerm",
    "OneCycleSchedule",
    "OptimizerConfig",
    "PasteConfig",
    "PolySchedule",
    "ReconstructionConfig",
    "SamplingConfig",
    "ScheduleConfig",
    "Settings",
    "SgdConfig",
    "Stepping",
    "TrainingConfig",
    "VariationalConfig",
]
