"""One text says where networks compute."""

from __future__ import annotations

from pathlib import Path

import pytest

from personae.engine.sessions.layout import layout
from personae.engine.sessions.providers import CPU, Provider, parse_providers
from personae.errors import InvalidRequest


def test_nothing_said_is_the_cpu() -> None:
    assert [one.runtime_name for one in parse_providers(" ")] == [CPU]
    assert not parse_providers("")[0].accelerator


def test_reads_devices_halves_units_and_options() -> None:
    first, second, last = parse_providers("tensorrt:1:fp16, CUDA:1:gpu_mem_limit=100 ,cpu")
    assert (first.name, first.device, first.half) == ("tensorrt", 1, True)
    assert second.settings(None, 1)["gpu_mem_limit"] == "100"
    assert second.settings(None, 1)["device_id"] == "1"
    assert last == Provider("cpu")
    assert str(first) == "tensorrt:1:fp16"
    (intel,) = parse_providers("openvino:gpu")
    assert intel.settings(None, 2) == {"device_type": "GPU", "num_of_threads": "2"}


def test_tensorrt_keeps_its_engines_and_timings(tmp_path: Path) -> None:
    (one,) = parse_providers("tensorrt:fp16")
    told = one.settings(tmp_path, 1)
    assert told["trt_fp16_enable"] == "1"
    assert told["trt_engine_cache_path"] == told["trt_timing_cache_path"] == str(tmp_path)
    assert "trt_engine_cache_path" not in one.settings(None, 1)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("gpu", "no provider 'gpu'; choose from cpu, openvino, cuda"),
        ("cpu,cuda", "put cpu last"),
        ("cuda:0,cuda:1", "name each once"),
        ("cuda:fp16", "cuda takes no 'fp16'"),
        ("cpu:1", "cpu takes no '1'"),
        ("tensorrt:", "takes no ''"),
        ("openvino:fp16", "16 bits on its GPU and NPU only"),
    ],
)
def test_what_makes_no_sense_is_told_in_one_sentence(text: str, told: str) -> None:
    with pytest.raises(InvalidRequest) as raised:
        parse_providers(text)
    assert told in raised.value.message
    assert raised.value.message.count(".") == 1


def test_a_core_each_on_the_cpu_and_batches_elsewhere() -> None:
    on_cpu = layout(6, parse_providers("cpu"))
    assert (on_cpu.workers, on_cpu.threads, on_cpu.batch) == (6, 1, 1)
    assert layout(6, parse_providers("openvino")).batch == 1
    on_gpu = layout(6, parse_providers("cuda"))
    assert (on_gpu.workers, on_gpu.batch) == (2, 8)
    assert layout(6, parse_providers("cuda"), batch=3).batch == 3
    assert layout(0, parse_providers("cpu")).workers == 1
