"""What is compared is the same network, what is measured adds up; nothing here is timed."""

import itertools
import json
from pathlib import Path

import pytest
import torch

from segnet.commands.benchmark import print_table
from segnet.config import Config, DataConfig, ModelConfig, TrainingConfig
from segnet.hardware import give_freed_memory_back
from segnet.inference.backends import open_backend
from segnet.nn.catalogue import NETWORKS
from segnet.speed import benchmark, inference, machine
from segnet.speed.inference import PLAIN, scattering
from segnet.speed.loading import loading_rates
from segnet.speed.machine import gemm_peaks
from segnet.speed.networks import untrained
from segnet.speed.plain import Plain, unpool_by_scatter
from segnet.speed.timing import medians, peak_memory

CPU = torch.device("cpu")


@pytest.mark.parametrize("name", NETWORKS)
def test_the_plain_network_is_the_same_network(name: str) -> None:
    network = untrained(name, (19, 26)).network
    x = torch.randn(1, 3, 19, 26)
    with torch.no_grad():
        expected = network(x)
        for plain in (Plain(network), Plain(network, unpool_by_scatter)):
            torch.testing.assert_close(plain(x), expected)
        torch.testing.assert_close(network(x), expected)  # its own pooling is back


def test_the_usual_export_scatters_and_gives_the_same_classes() -> None:
    pytest.importorskip("onnx", reason="needs the extra [deploy]")
    pytest.importorskip("openvino", reason="needs the extra [deploy]")
    model = untrained("segnet_basic", (18, 26))
    image = torch.randint(0, 256, (1, 3, 18, 26), dtype=torch.uint8)
    job = scattering(model, image)
    assert job is not None
    classes = torch.from_numpy(job()[0])  # type: ignore[index]
    assert (classes == open_backend("torch", model, "fp32", "cpu").classes(image)).float().mean() > 0.99


def test_jobs_take_turns() -> None:
    order: list[str] = []
    seconds = medians({name: lambda name=name: order.append(name) for name in "ab"}, 3, CPU)  # type: ignore[misc]
    assert order == list("ab") * 4
    assert set(seconds) == {"a", "b"}


def test_peak_memory_is_what_a_job_takes_for_a_moment() -> None:
    def job() -> None:
        for _ in range(3):
            torch.ones(40_000_000, dtype=torch.uint8)

    give_freed_memory_back()  # a training before this test, in the same process, keeps it
    peak = peak_memory(job, CPU)
    if peak is None:
        pytest.skip("this system does not tell a process's peak")
    assert 35e6 < peak < 85e6


def test_the_peak_is_of_precisions_that_are_not_emulated() -> None:
    peaks = gemm_peaks(CPU, side=64, rounds=2)
    assert peaks["fp32"] > 1e6
    assert set(peaks) <= {"fp32", "bf16", "int8"}


def test_the_command_measures_and_writes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from segnet.cli import main

    monkeypatch.setattr(inference, "is_installed", lambda *packages: False)
    file = tmp_path / "benchmark.json"
    arguments = ["--networks", "segnet_basic", "--size", "16x24", "--rounds", "1", "--batch", "1", "--quick"]
    assert main(["benchmark", *arguments, "--threads", "1", "--device", "cpu", "--json", str(file)]) == 0
    result = json.loads(file.read_text())
    rows = [row for row in result["rows"] if row["precision"] == "fp32"]
    assert [(row["task"], row["way"]) for row in rows] == [
        ("inference", PLAIN),
        ("inference", "torch"),
        ("training", PLAIN),
        ("training", "torch"),
    ]
    assert [row["ratio"] for row in rows if row["way"] == PLAIN] == [1, 1]
    # SegNet-Basic's convolutions on 16×24 pixels, a multiply-add as two.
    macs = 384 * 49 * 64 * 3 + sum(384 // 4**level * 49 * 64 * 64 for level in (1, 2, 3)) + 384 * 64 * 11
    macs += sum(384 // 4**level * 49 * 64 * 64 for level in (0, 1, 2, 3))
    assert rows[0]["flops_per_second"] / rows[0]["images_per_second"] == pytest.approx(2 * macs)
    assert rows[0]["share_of_peak"] == pytest.approx(
        rows[0]["flops_per_second"] / result["gemm_flops_per_second"]["fp32"]
    )
    assert "plain PyTorch" in capsys.readouterr().out


@pytest.mark.parametrize(("share", "is_said"), [(0.6, True), (1.0, False)])
def test_a_busy_machine_is_said(share: float, is_said: bool, capsys: pytest.CaptureFixture[str]) -> None:
    machine = {"device": "a processor", "threads": 2, "instructions": "AVX2", "torch": "2", "share_of_cores": share}
    settings = {"size": (16, 24), "batch": 1, "rounds": 1}
    print_table({"machine": machine, "settings": settings, "gemm_flops_per_second": {"fp32": 1e9}, "rows": []})
    assert ("other programs left 60% of 2 cores" in capsys.readouterr().out) == is_said


def test_the_share_of_the_cores_is_what_the_threads_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that goes on by a second each time it is looked at, and a thread that ran for a quarter of that."""
    now = itertools.count(1.0)
    monkeypatch.setattr("time.perf_counter", lambda: next(now))
    monkeypatch.setattr("time.thread_time", iter([0.25, 1.5]).__next__)
    # Begins at 1, looks at 2, 3, 4 and 5, ends at 6: a second and a quarter of five.
    assert machine.share_of_cores(1, seconds=4) == pytest.approx(0.25)


def test_settings_that_cannot_be_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    from segnet.cli import main

    for arguments, sentence in (
        (["--rounds", "0"], "--rounds 0: expected 1 or more"),
        (["--networks", "segnut", "--quick"], "no such network; did you mean segnet"),
        (["--device", "tpu"], "not on this machine"),
    ):
        assert main(["benchmark", *arguments]) == 1
        assert sentence in capsys.readouterr().err


def test_loading_is_measured_from_files_and_from_memory(tiny_camvid: Path) -> None:
    config = Config(
        data=DataConfig(root=str(tiny_camvid), workers=0),
        model=ModelConfig(name="segnet_lite"),
        training=TrainingConfig(epochs=1, batch_size=2),
    )
    rates = loading_rates(config, batches=3)
    assert set(rates) == {"files", "memory"}
    assert all(rate > 0 for rate in rates.values())


def test_benchmark_settings_have_the_papers_size() -> None:
    assert benchmark.Settings(networks=("segnet",)).size == (360, 480)
