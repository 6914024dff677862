"""Matplotlib's calls become Plotly figures."""

from __future__ import annotations

import pytest

from playground import protocol as p
from playground.runner.limits import Limits
from playground.worker.plots.formats import parse
from tests.playground.worker.conftest import Result, Runner

HEAD = "import torch, numpy as np, math\nimport matplotlib.pyplot as plt\n"


def _figure(result: Result) -> p.PlotlyFigure:
    assert not result.errors, result.errors
    (event,) = result.figures
    return event.figure


def test_a_plot_is_shown_at_the_end_of_its_cell(play: Runner) -> None:
    result = play(
        HEAD
        + "# %%\nx = torch.linspace(0, 1, 3)\nplt.plot(x, x**2, label='square')\nplt.legend()\n# %%\nprint(1)"
    )
    (event,) = result.figures
    assert event.cell == 1
    (trace,) = event.figure.data
    assert (trace.type, trace.mode, trace.name) == ("scatter", "lines", "square")
    assert trace.x == [0.0, 0.5, 1.0]
    assert trace.y == [0.0, 0.25, 1.0]
    assert trace.line is not None
    assert trace.line.color is None  # the page's choice
    assert event.figure.layout.showlegend
    assert result.text("result") == ""  # the figure says it


def test_show_makes_one_figure_each(play: Runner) -> None:
    result = play(
        HEAD + "for k in range(3):\n    plt.plot([k])\n    plt.show()\nplt.plot([9])\nplt.close()\n"
    )
    assert [(e.index, e.figure.data[0].y) for e in result.figures] == [(0, [0]), (1, [1]), (2, [2])]


def test_a_tensor_that_requires_grad_is_refused_in_pytorchs_words(play: Runner) -> None:
    result = play(HEAD + "x = torch.ones(3, requires_grad=True)\nplt.plot(x, x)")
    assert result.errors[0].message == (
        "RuntimeError: Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead."
    )


@pytest.mark.parametrize(
    ("text", "mode", "color", "dash", "symbol"),
    [
        ("r--o", "lines+markers", "#ff0000", "dash", "circle"),
        ("o", "markers", None, None, "circle"),
        ("k.", "markers", "#000000", None, "circle"),
        (":", "lines", None, "dot", None),
        ("-.", "lines", None, "dashdot", None),
        ("C1s-", "lines+markers", "#ff7f0e", "solid", "square"),
        ("g^", "markers", "#008000", None, "triangle-up"),
        ("x", "markers", None, None, "x-thin-open"),
        ("tab:blue", "lines", "#1f77b4", None, None),
        ("--", "lines", None, "dash", None),
        ("b", "lines", "#0000ff", None, None),
        ("0.5", "lines", "rgb(128,128,128)", None, None),
    ],
)
def test_format_strings(
    text: str, mode: str, color: str | None, dash: str | None, symbol: str | None
) -> None:
    style = parse(text)
    assert (style.mode, style.color, style.dash, style.symbol) == (mode, color, dash, symbol)


@pytest.mark.parametrize("text", ["oo", "rb", "---", "q", "C"])
def test_wrong_format_strings(text: str) -> None:
    with pytest.raises(ValueError, match="not a valid format string"):
        parse(text)


def test_arguments_of_plot(play: Runner) -> None:
    data = _figure(
        play(HEAD + "plt.plot([1, 2], 'r', [5, 6], [3, 4], 'b.', lw=3, alpha=0.5)\nplt.plot(np.eye(2))")
    ).data
    assert [(t.x, t.y) for t in data] == [
        ([0, 1], [1, 2]),
        ([5, 6], [3, 4]),
        ([0, 1], [1.0, 0.0]),
        ([0, 1], [0.0, 1.0]),
    ]
    assert data[0].opacity == 0.5
    assert data[0].line is not None
    assert data[0].line.width == 3
    assert data[1].mode == "markers"


def test_lengths_must_agree(play: Runner) -> None:
    result = play(
        HEAD
        + (
            "plt.plot([1, 2, 3], [1, 2])\n# %%\nplt.scatter([1, 2, 3], [1, 2])\n# %%\n"
            "plt.plot([1], color='blurple')"
        )
    )
    assert [e.message for e in result.errors] == [
        "ValueError: x and y must have same first dimension, but have shapes (3,) and (2,)",
        "ValueError: x and y must be the same size",
        "ValueError: 'blurple' is not a valid value for color",
    ]


def test_not_a_number_travels_in_words(play: Runner) -> None:
    trace = _figure(play(HEAD + "plt.plot([1.0, float('nan'), float('inf'), -math.inf])")).data[0]
    assert trace.y == [1.0, "nan", "inf", "-inf"]


def test_float32_keeps_its_digits(play: Runner) -> None:
    assert _figure(play(HEAD + "plt.plot(torch.tensor([0.1, 0.2]))")).data[0].y == [0.1, 0.2]


def test_scatter_bar_hist(play: Runner) -> None:
    code = (
        "plt.scatter([1, 2], [3, 4], c=[0.1, 0.9], s=[20, 80], cmap='viridis')\nplt.colorbar()\nplt.show()\n"
        "plt.bar(['a', 'b'], [1, 2], color=['r', 'g'])\n"
        "plt.barh([0, 1], [3, 4], height=0.5, left=1)\nplt.show()\n"
        "n, edges, _ = plt.hist(torch.tensor([0., 0., 1., 4.]), bins=4)\nprint(n, edges)"
    )
    result = play(HEAD + code)
    assert result.text() == "[2. 1. 0. 1.] [0. 1. 2. 3. 4.]\n"
    scatter, bars, hist = (event.figure for event in result.figures)
    marker = scatter.data[0].marker
    assert marker is not None
    assert marker.color == [0.1, 0.9]
    assert (marker.colorscale, marker.showscale) == ("Viridis", True)
    assert isinstance(marker.size, list)
    assert marker.size[1] == pytest.approx(2 * marker.size[0])
    assert (bars.data[0].x, bars.data[0].y) == (["a", "b"], [1, 2])
    assert bars.data[1].orientation == "h"
    assert (bars.data[1].x, bars.data[1].base) == ([3, 4], [1, 1])
    assert bars.layout.barmode == "overlay"
    assert (hist.data[0].x, hist.data[0].y, hist.data[0].width) == (
        [0.5, 1.5, 2.5, 3.5],
        [2, 1, 0, 1],
        [1, 1, 1, 1],
    )


def test_images(play: Runner) -> None:
    code = (
        "plt.imshow(torch.eye(2), cmap='gray_r', vmin=0, vmax=2)\nplt.colorbar()\nplt.show()\n"
        "plt.matshow([[1, 2, 3]])\nplt.show()\n"
        "plt.imshow(np.arange(4).reshape(2, 2), extent=(0, 2, 0, 4), origin='lower', aspect='auto')"
    )
    first, second, third = (event.figure for event in play(HEAD + code).figures)
    trace = first.data[0]
    assert trace.type == "heatmap"
    assert trace.z == [[1, 0], [0, 1]]
    assert (trace.colorscale, trace.reversescale, trace.zmin, trace.zmax, trace.showscale) == (
        "Greys",
        True,
        0,
        2,
        True,
    )
    assert first.layout.yaxis is not None
    assert (first.layout.yaxis.autorange, first.layout.yaxis.scaleanchor) == ("reversed", "x")
    assert second.data[0].showscale is False
    assert (third.data[0].x, third.data[0].y) == ([0.5, 1.5], [1.0, 3.0])


def test_areas_and_rulers(play: Runner) -> None:
    code = (
        "plt.fill_between([0, 1], [1, 2], 0, alpha=0.3, label='area')\n"
        "plt.axhline(5, color='k', ls='--')\nplt.axvline(x=0.5)\nplt.xlim(0, 10)"
    )
    data = _figure(play(HEAD + code)).data
    assert [t.fill for t in data] == [None, "tonexty", None, None]
    assert (data[2].x, data[2].y) == ([0, 10], [5, 5])
    assert data[2].line is not None
    assert (data[2].line.color, data[2].line.dash) == ("#000000", "dash")
    assert data[3].x == [0.5, 0.5]


def test_titles_labels_and_scales(play: Runner) -> None:
    code = (
        "plt.semilogy([1, 10, 100])\nplt.title('T')\nplt.xlabel('a')\nplt.ylabel('b')\n"
        "plt.ylim(1, 1000)\nplt.grid(True)\nplt.xticks([0, 1], ['no', 'yes'])"
    )
    layout = _figure(play(HEAD + code)).layout
    assert layout.title == p.PlotText(text="T")
    assert layout.xaxis is not None
    assert layout.yaxis is not None
    assert (layout.xaxis.title, layout.yaxis.title) == (p.PlotText(text="a"), p.PlotText(text="b"))
    assert (layout.yaxis.type, layout.yaxis.range) == ("log", [0.0, 3.0])
    assert layout.xaxis.showgrid
    assert (layout.xaxis.tickvals, layout.xaxis.ticktext) == ([0, 1], ["no", "yes"])


def test_subplots(play: Runner) -> None:
    code = (
        "fig, axes = plt.subplots(2, 2, figsize=(6, 4))\n"
        "for k, ax in enumerate(axes.flat):\n    ax.plot([k, k + 1])\n    ax.set_title(f'plot {k}')\n"
        "fig.suptitle('all')\nplt.tight_layout()"
    )
    figure = _figure(play(HEAD + code))
    assert [t.xaxis for t in figure.data] == [None, "x2", "x3", "x4"]
    layout = figure.layout
    assert (layout.width, layout.height) == (600, 400)
    assert layout.title == p.PlotText(text="all")
    assert [a.text for a in layout.annotations or []] == ["plot 0", "plot 1", "plot 2", "plot 3"]
    axes = layout.xaxis, layout.xaxis2, layout.yaxis, layout.yaxis3
    assert all(axes)
    domains = [axis.domain for axis in axes if axis is not None]
    assert domains[0] is not None
    assert domains[1] is not None
    assert domains[0][0] == 0
    assert domains[1][1] == 1
    assert domains[0][1] < domains[1][0]
    assert domains[2] is not None
    assert domains[3] is not None
    assert domains[2][0] > domains[3][1]


def test_subplot_by_number_and_span(play: Runner) -> None:
    figure = _figure(
        play(
            HEAD
            + (
                "plt.subplot(211)\nplt.plot([1])\nplt.subplot(2, 2, (3, 4))\nplt.plot([2])\n"
                "plt.subplot(211)\nplt.plot([3])"
            )
        )
    )
    assert [(t.xaxis, t.y) for t in figure.data] == [(None, [1]), (None, [3]), ("x2", [2])]


def test_the_object_interface(play: Runner) -> None:
    code = (
        "fig, ax = plt.subplots()\n(line,) = ax.plot([0, 1], [0, 1], label='was')\n"
        "line.set_ydata([5, 6])\nline.set_label('is')\n"
        "ax.set(title='t', xlabel='x', xlim=(0, 2))\nax.legend()\nax.text(0.5, 0.5, 'here')\n"
        "ax.spines['top'].set_visible(False)\n"
        "ax.tick_params(axis='x')\nprint(ax.get_xlim(), ax.lines[0] is line)"
    )
    result = play(HEAD + code)
    figure = _figure(result)
    assert result.text() == "(0.0, 2.0) True\n"
    assert (figure.data[0].y, figure.data[0].name) == ([5, 6], "is")
    assert [a.text for a in figure.layout.annotations or []] == ["here"]


def test_a_figure_as_a_value_is_shown_again(play: Runner) -> None:
    result = play(HEAD + "fig, ax = plt.subplots()\nax.plot([1])\n# %%\nax.plot([2])\nfig")
    assert [(e.cell, len(e.figure.data)) for e in result.figures] == [(0, 1), (1, 2)]
    result = play(HEAD + "fig, ax = plt.subplots()\nax.plot([1])\nfig")
    assert len(result.figures) == 1


def test_too_many_figures_are_left_out_with_a_word(play: Runner) -> None:
    result = play(HEAD + "for k in range(25):\n    plt.plot([k])\n    plt.show()")
    assert len(result.figures) == 20
    assert result.notices == ["Only the first 20 figures of a run are shown."]


def test_too_many_points_are_thinned_evenly(play: Runner) -> None:
    result = play(HEAD + "plt.plot(np.arange(200_000) / 7)")
    trace = _figure(result).data[0]
    assert trace.y is not None
    assert trace.x is not None
    assert 10_000 < len(trace.y) <= 50_000
    step = trace.x[1]
    assert isinstance(step, int | float)
    assert trace.x[:3] == [0, step, 2 * step]
    assert "200,000 points" in result.notices[0]
    image = play(HEAD + "plt.imshow(np.random.rand(600, 600))")
    z = _figure(image).data[0].z
    assert z is not None
    assert len(z) * len(z[0]) <= 50_000


def test_a_figure_fits_in_a_frame(play: Runner) -> None:
    result = play(HEAD + "for k in range(3):\n    plt.plot(np.random.rand(16_000))")
    assert len(p.encode(result.figures[0])) < Limits().frame_bytes


def test_animation_replaces_the_figure(play: Runner) -> None:
    result = play(HEAD + "for k in range(3):\n    plt.clf()\n    plt.plot([k])\n    plt.pause(0.001)")
    assert {e.index for e in result.figures} == {0}
    assert result.figures[-1].figure.data[0].y == [2]


def test_saving_is_explained(play: Runner) -> None:
    result = play(HEAD + "plt.plot([1])\nplt.savefig('a.png')")
    assert "writes no file" in result.notices[0]
    assert len(result.figures) == 1


def test_what_is_missing_says_so(play: Runner) -> None:
    result = play(HEAD + "plt.pie([1, 2])\n# %%\nplt.gca().quiver(1)")
    assert "has no attribute 'pie' in the playground" in result.errors[0].message
    assert "has no attribute 'quiver'" in result.errors[1].message


def test_lists_of_tensors_and_losses(play: Runner) -> None:
    trace = _figure(play(HEAD + "plt.plot([torch.tensor(1.0), torch.tensor(2.5)])")).data[0]
    assert trace.y == [1.0, 2.5]


def test_more(play: Runner) -> None:
    code = (
        "plt.step([0, 1, 2], [1, 2, 3], where='post')\n"
        "plt.errorbar([0, 1], [1, 2], yerr=0.1, fmt='o', capsize=3)\n"
        "plt.hlines([1, 2], 0, 1)\nplt.stem([1, 2, 3])\nplt.contourf(np.eye(3), 20)\n"
        "plt.loglog([1, 2], [3, 4])"
    )
    figure = _figure(play(HEAD + code))
    assert figure.data[0].line is not None
    assert figure.data[0].line.shape == "hv"
    assert any(t.y and "nan" in t.y for t in figure.data)
    assert any(t.type == "heatmap" for t in figure.data)
    assert figure.layout.xaxis is not None
    assert figure.layout.xaxis.type == "log"


SPACE = (
    HEAD
    + "side = torch.linspace(-1, 1, 5)\nx, y = torch.meshgrid(side, torch.linspace(0, 1, 4), indexing='xy')\n"
    + "ax = plt.figure().add_subplot(projection='3d')\n"
)


def test_a_surface_over_a_grid(play: Runner) -> None:
    figure = _figure(
        play(
            SPACE
            + "ax.plot_surface(x, y, x * y, cmap='viridis_r', vmin=-1, vmax=1, alpha=0.5)\n"
            + "ax.set_xlabel('a')\nax.set_zlabel('height')\nax.set_zlim(-2, 2)\nax.view_init(elev=90, azim=0)"
        )
    )
    (trace,) = figure.data
    assert (trace.type, trace.scene, trace.colorscale, trace.reversescale) == (
        "surface",
        "scene",
        "Viridis",
        True,
    )
    assert (trace.cmin, trace.cmax, trace.opacity) == (-1, 1, 0.5)
    assert trace.x == [-1, -0.5, 0, 0.5, 1]
    assert trace.y is not None
    assert trace.z is not None
    assert (len(trace.y), len(trace.z)) == (4, 4)
    assert trace.z[3] == trace.x
    scene = figure.layout.scene
    assert scene is not None
    assert scene.xaxis.title == p.PlotText(text="a")
    assert scene.zaxis.title == p.PlotText(text="height")
    assert scene.zaxis.range == [-2, 2]
    assert scene.camera is not None
    assert scene.camera.eye.z == pytest.approx(2.1)
    assert figure.layout.xaxis is None


def test_a_grid_the_other_way_round_is_the_same(play: Runner) -> None:
    traces = [
        _figure(
            play(
                HEAD + "a, b = torch.linspace(0, 1, 3), torch.linspace(0, 2, 4)\n"
                f"x, y = torch.meshgrid(a, b, indexing='{way}')\n"
                "plt.axes(projection='3d').plot_surface(x, y, x + 10 * y)"
            )
        ).data[0]
        for way in ("xy", "ij")
    ]
    assert traces[0] == traces[1]


def test_curves_and_points_in_space(play: Runner) -> None:
    figure = _figure(
        play(
            SPACE
            + "ax.plot3D([0, 1], [0, 1], [2, 3], 'r--', label='way', linewidth=2)\n"
            + "ax.scatter([0, 1], [0, 1], [2, float('nan')], c=[5, 6], marker='^')\n"
            + "ax.scatter3D(0, 0, 1, s=9, c='k')\nax.plot_wireframe(x, y, x)\nax.legend()"
        )
    )
    line, points, one, wires = figure.data
    assert {trace.type for trace in figure.data} == {"scatter3d"}
    assert (line.name, line.mode, line.z, line.showlegend) == ("way", "lines", [2, 3], True)
    assert line.line == p.Line(color="#ff0000", width=4.0, dash="dash")
    assert points.z == [2, "nan"]
    assert points.marker is not None
    assert (points.marker.symbol, points.marker.color) == ("circle", [5, 6])
    assert one.marker is not None
    assert one.marker.size == 4
    assert wires.z is not None
    assert wires.z.count("nan") == 4 + 5  # a gap behind every row and every column


def test_several_plots_in_space(play: Runner) -> None:
    result = play(
        HEAD + "from mpl_toolkits.mplot3d import Axes3D\n"
        "fig, axes = plt.subplots(1, 5, subplot_kw={'projection': '3d'})\n"
        "for k, ax in enumerate(axes):\n    ax.plot([0, k], [0, 1], [0, 1])\n    ax.set_title(str(k))\n"
        "print(isinstance(axes[0], Axes3D))"
    )
    figure = _figure(result)
    assert [trace.scene for trace in figure.data] == ["scene", "scene2", "scene3", "scene4"]
    assert figure.layout.scene4 is not None
    assert figure.layout.scene4.domain is not None
    assert figure.layout.scene4.domain.x[0] > 0.5
    assert result.notices == ["The first 4 plots in three dimensions of a figure are drawn."]
    assert result.text() == "True\n"


def test_an_image_beside_a_plot_in_space_is_left_out_and_said(play: Runner) -> None:
    result = play(
        HEAD + "fig = plt.figure()\nfig.add_subplot(1, 2, 1).imshow(torch.ones(2, 2))\n"
        "fig.add_subplot(1, 2, 2, projection='3d').plot([0, 1], [0, 1], [0, 1])"
    )
    assert [trace.type for trace in _figure(result).data] == ["scatter3d"]
    assert "are left out" in result.notices[0]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("ax.plot_surface(x, y, x[0])", "Argument Z must be 2-dimensional."),
        ("ax.plot_surface(x, y, x.T)", "shape mismatch: X, Y and Z have shapes (4, 5), (4, 5) and (5, 4)"),
        ("ax.plot_surface(x + y, y, x)", "a surface is drawn over a grid here"),
        ("plt.figure().add_subplot(projection='polar')", "Unknown projection 'polar'"),
    ],
)
def test_what_is_no_surface_is_refused(play: Runner, call: str, message: str) -> None:
    assert message in play(SPACE + call).errors[0].message


def test_a_large_surface_is_thinned(play: Runner) -> None:
    figure = _figure(
        play(
            HEAD + "x, y = torch.meshgrid(torch.arange(900.), torch.arange(600.), indexing='xy')\n"
            "plt.axes(projection='3d').plot_surface(x, y, x)"
        )
    )
    (trace,) = figure.data
    assert trace.x is not None
    assert trace.z is not None
    assert len(trace.x) <= 400
    assert all(isinstance(row, list) and len(row) == len(trace.x or []) for row in trace.z)
