import io
import warnings
from collections.abc import Iterator

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from segnet.nn import pooling
from segnet.nn.pooling import max_pool_with_codes, max_unpool_with_codes

DTYPES = (torch.float32, torch.float64, torch.bfloat16, torch.float16)


@st.composite
def images(draw: st.DrawFn, special: bool = True) -> Tensor:
    """Few different values, so that ties are many; NaN and infinities among them."""
    shape = draw(st.tuples(st.integers(1, 3), st.integers(1, 4), st.integers(1, 9), st.integers(1, 9)))
    values = draw(st.sampled_from([torch.tensor([-2.0, -1, 0, 1]), torch.linspace(-3, 3, 50)]))
    if special and draw(st.booleans()):
        values = torch.cat([values, torch.tensor([float("nan"), float("inf"), -float("inf")])])
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**32)))
    image = values[torch.randint(len(values), shape, generator=generator)].to(draw(st.sampled_from(DTYPES)))
    layout = draw(st.sampled_from(["contiguous", "channels last", "transposed"]))
    if layout == "transposed":
        return image.transpose(2, 3).contiguous().transpose(2, 3)
    return image.contiguous(memory_format=torch.channels_last) if layout == "channels last" else image


def same(a: Tensor, b: Tensor) -> bool:
    return a.dtype == b.dtype and torch.allclose(a, b, rtol=0, atol=0, equal_nan=True)


def indices_of(codes: Tensor, width: int) -> Tensor:
    """PyTorch's flat indices, from the definition of the codes."""
    row = 2 * torch.arange(codes.shape[2]).view(-1, 1) + codes // 2
    column = 2 * torch.arange(codes.shape[3]) + codes % 2
    return row * width + column


@given(images())
@settings(max_examples=300, deadline=None)
def test_pooling_is_pytorchs(x: Tensor) -> None:
    values, indices = nn.MaxPool2d(2, 2, ceil_mode=True, return_indices=True)(x)
    pooled, codes = max_pool_with_codes(x)
    assert same(pooled, values)
    assert codes.dtype == torch.uint8
    assert torch.equal(indices_of(codes, x.shape[-1]), indices)


@given(images())
@settings(max_examples=300, deadline=None)
def test_unpooling_is_pytorchs(x: Tensor) -> None:
    values, indices = nn.MaxPool2d(2, 2, ceil_mode=True, return_indices=True)(x)
    _, codes = max_pool_with_codes(x)
    expected = nn.MaxUnpool2d(2, 2)(values, indices, output_size=list(x.shape))
    assert same(max_unpool_with_codes(values, codes, x.shape[-2:]), expected)


@given(images(special=False), st.integers(0, 2**32))
@settings(max_examples=200, deadline=None)
def test_gradients_are_pytorchs(x: Tensor, seed: int) -> None:
    gradient = torch.randn(x.shape, generator=torch.Generator().manual_seed(seed)).to(x.dtype)
    x.requires_grad_()
    values, indices = nn.MaxPool2d(2, 2, ceil_mode=True, return_indices=True)(x)
    (expected,) = torch.autograd.grad(nn.MaxUnpool2d(2, 2)(values, indices, output_size=list(x.shape)), x, gradient)
    unpooled = max_unpool_with_codes(*max_pool_with_codes(x), x.shape[-2:])
    assert same(torch.autograd.grad(unpooled, x, gradient)[0], expected)


@given(images())
@settings(max_examples=200, deadline=None)
def test_the_expressions_for_the_compiler_are_equal(x: Tensor) -> None:
    pooled, codes = max_pool_with_codes(x)
    compiled = pooling._pool_compiled(x)
    assert same(compiled[0], pooled)
    assert torch.equal(compiled[1], codes)
    placed = max_unpool_with_codes(pooled, codes, x.shape[-2:])
    assert same(pooling._place_compiled(pooled, codes, x.shape[2], x.shape[3]), placed)
    assert same(pooling._pick_compiled(x, codes), pooling._pick_eagerly(x, codes))


@given(images(special=False))
@settings(max_examples=200, deadline=None)
def test_the_operators_for_export_are_equal(x: Tensor) -> None:
    pooled, codes = max_pool_with_codes(x)
    exported = pooling._pool_exported(x)
    assert same(exported[0], pooled)
    assert torch.equal(exported[1], codes)
    placed = max_unpool_with_codes(pooled, codes, x.shape[-2:])
    assert same(pooling._place_exported(pooled, codes, x.shape[2], x.shape[3]), placed)


def test_pooling_and_unpooling_match_values_by_hand() -> None:
    x = torch.tensor([[1.0, 2, 5], [4, 3, 6], [7, 8, 9]]).view(1, 1, 3, 3)
    pooled, codes = max_pool_with_codes(x)
    assert pooled.tolist() == [[[[4, 6], [8, 9]]]]
    assert codes.tolist() == [[[[2, 2], [1, 0]]]]
    assert max_unpool_with_codes(pooled, codes, (3, 3)).tolist() == [[[[0, 0, 0], [4, 0, 6], [0, 8, 9]]]]


@pytest.mark.parametrize("width", [1, 2, 254, 255, 256, 257, 258, 511, 512, 513])
def test_widths_around_a_byte(width: int) -> None:
    """The lowest byte of an index cannot tell rows apart where the width is near a multiple of 256."""
    x = torch.randn(2, 3, 5, width)
    _, indices = nn.MaxPool2d(2, 2, ceil_mode=True, return_indices=True)(x)
    assert torch.equal(indices_of(max_pool_with_codes(x)[1], width), indices)


@pytest.mark.parametrize("dtype", DTYPES)
def test_channels_last_stays(dtype: torch.dtype) -> None:
    x = torch.randn(2, 3, 5, 7).to(dtype).contiguous(memory_format=torch.channels_last).requires_grad_()
    pooled, codes = max_pool_with_codes(x)
    unpooled = max_unpool_with_codes(pooled, codes, (5, 7))
    (gradient,) = torch.autograd.grad(unpooled, x, torch.ones_like(unpooled))
    for tensor in (pooled, codes, unpooled, gradient):
        assert tensor.is_contiguous(memory_format=torch.channels_last)


def test_only_codes_are_kept_for_the_way_back() -> None:
    kept: list[Tensor] = []
    x = torch.randn(1, 4, 6, 6, requires_grad=True)

    def keep(tensor: Tensor) -> Tensor:
        kept.append(tensor)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        max_unpool_with_codes(*max_pool_with_codes(x), (6, 6))
    assert kept
    assert all(tensor.dtype == torch.uint8 and tensor.numel() == 36 for tensor in kept)


def there_and_back(x: Tensor) -> Tensor:
    pooled, codes = max_pool_with_codes(x)
    return max_unpool_with_codes(pooled.sin(), codes, x.shape[-2:])


def test_first_and_second_gradients_match_differences() -> None:
    x = torch.randn(2, 2, 5, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(there_and_back, x)
    assert torch.autograd.gradgradcheck(there_and_back, x)


@pytest.fixture
def deterministic() -> Iterator[None]:
    torch.use_deterministic_algorithms(True)
    yield
    torch.use_deterministic_algorithms(False)


@pytest.mark.usefixtures("deterministic")
def test_runs_where_pytorchs_unpooling_refuses_to() -> None:
    x = torch.randn(1, 2, 5, 5, requires_grad=True)
    there_and_back(x).sum().backward()
    values, indices = nn.MaxPool2d(2, 2, ceil_mode=True, return_indices=True)(x)
    with pytest.raises(RuntimeError, match="deterministic"):
        nn.MaxUnpool2d(2, 2)(values, indices, output_size=[5, 5])
    assert x.grad is not None
    assert x.grad.count_nonzero() == 18


def test_pooling_keeps_the_type_under_autocast() -> None:
    convolution = nn.Conv2d(3, 4, 3, padding=1)
    x = torch.randn(1, 3, 5, 7)
    with torch.autocast("cpu", torch.bfloat16):
        y = there_and_back(convolution(x))
    assert y.dtype == torch.bfloat16
    y.float().sum().backward()
    assert convolution.weight.grad is not None


@pytest.mark.parametrize("size", [(3, 4), (10, 10), (4, 7)])
def test_sizes_that_do_not_belong_together(size: tuple[int, int]) -> None:
    pooled, codes = max_pool_with_codes(torch.randn(1, 1, 5, 4))
    with pytest.raises(ValueError, match="cannot be unpooled"):
        max_unpool_with_codes(pooled, codes, size)


class SmallSegNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Conv2d(3, 4, 3, padding=1)
        self.decoder = nn.Conv2d(4, 2, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.decoder(there_and_back(self.encoder(x).relu()))
        return y


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_compiles_into_one_graph_with_its_gradient(memory_format: torch.memory_format) -> None:
    network = SmallSegNet().to(memory_format=memory_format)
    x = torch.randn(2, 3, 9, 13).contiguous(memory_format=memory_format)
    gradients = []
    for forward in (torch.compile(network, fullgraph=True), network):
        y = forward(x)
        y.square().sum().backward()
        gradients.append([y.detach(), *(parameter.grad for parameter in network.parameters())])
        network.zero_grad(set_to_none=True)
    torch.testing.assert_close(*gradients)


@pytest.mark.parametrize("size", [(8, 12), (9, 13)])
def test_exports_without_index_or_scatter(size: tuple[int, int]) -> None:
    network = SmallSegNet().eval()
    x = torch.randn(1, 3, *size)
    program = torch.export.export(network, (x,))
    torch.testing.assert_close(program.module()(x), network(x))
    operators = {str(node.target) for node in program.graph.nodes if node.op == "call_function"}
    assert operators
    assert not [name for name in operators if "scatter" in name or "gather" in name or "index" in name]
    assert all(name.startswith("aten.") for name in operators)
    assert not [node for node in program.graph.nodes if getattr(node.meta.get("val"), "dtype", None) == torch.int64]


def test_onnx_has_no_scatter_and_takes_any_size() -> None:
    onnx = pytest.importorskip("onnx", reason="needs the extra [deploy]")
    onnxruntime = pytest.importorskip("onnxruntime", reason="needs the extra [deploy]")
    network = SmallSegNet().eval()
    file = io.BytesIO()
    sizes = {0: "batch", 2: "height", 3: "width"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network,
            (torch.randn(2, 3, 9, 13),),
            file,  # type: ignore[arg-type]
            dynamo=False,
            opset_version=18,
            input_names=["x"],
            dynamic_axes={"x": sizes},
        )
    nodes = onnx.load_from_string(file.getvalue()).graph.node
    assert {"MaxPool", "DepthToSpace"} <= {node.op_type for node in nodes}
    assert not [node.op_type for node in nodes if "Scatter" in node.op_type]
    assert [len(node.output) for node in nodes if node.op_type == "MaxPool"] == [1]
    session = onnxruntime.InferenceSession(file.getvalue(), providers=["CPUExecutionProvider"])
    for shape in [(2, 3, 9, 13), (1, 3, 8, 12), (1, 3, 8, 5), (3, 3, 3, 4)]:
        x = torch.randn(shape)
        (y,) = session.run(None, {"x": x.numpy()})
        torch.testing.assert_close(torch.from_numpy(y), network(x))
