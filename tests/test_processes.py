"""What is said when the connection to another process breaks."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch.distributed as dist

from segnet.errors import UserError
from segnet.processes import lost_process_named


@pytest.fixture
def one_process() -> Iterator[None]:
    with tempfile.TemporaryDirectory() as folder:
        dist.init_process_group("gloo", init_method=f"file://{folder}/meeting", rank=0, world_size=1)
        yield
        dist.destroy_process_group()


@pytest.mark.usefixtures("one_process")
@pytest.mark.parametrize(
    "message",
    [
        "[gloo/transport/tcp/pair.cc:525] Connection closed by peer [127.0.0.1]:11111",
        "Application timeout caused pair closure",
        "[gloo/transport/tcp/unbound_buffer.cc:78] Timed out waiting 24000ms for recv operation to complete",
        "[gloo/transport/tcp/pair.cc:547] Read error [127.0.0.1]:4242: Connection reset by peer",
    ],
)
def test_gloos_words_for_a_lost_process_become_a_sentence(message: str) -> None:
    with (
        pytest.raises(UserError, match=r"process 0 of 1 ends too.*last\.pt with --resume"),
        lost_process_named(Path("last.pt")),
    ):
        raise RuntimeError(message)


@pytest.mark.usefixtures("one_process")
def test_errors_of_a_process_itself_stay() -> None:
    with pytest.raises(RuntimeError, match="shapes"), lost_process_named(Path("last.pt")):
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")


def test_nothing_is_lost_where_there_is_one_process() -> None:
    with pytest.raises(RuntimeError, match="timed out"), lost_process_named(Path("last.pt")):
        raise RuntimeError("the download timed out")
