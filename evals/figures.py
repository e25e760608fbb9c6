"""Drawings of a report as images that a page can hold, by matplotlib. They show; they measure nothing.

Every function returns an `<img>` with the picture inside it, so that the page needs no other file.
"""

import base64
import html
import io
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from evals.measure import Confused, Drawing, Graded, Placed, Severities, Traded
from evals.resampling import BINS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, GRID = "#22303c", "#d9dfe4"
BLUE, RED, AMBER, GREY = "#2f6fab", "#c0392b", "#d08a1d", "#8695a1"
MARKS = {"violating": "o", "allowed": "x", "borderline": "s"}


def picture(drawing: Drawing) -> str:
    """Return the image of what a suite gave to draw."""
    match drawing:
        case Graded():
            return _image(lambda: graded(drawing), f"{drawing.title}: precision and recall, reliability")
        case Severities():
            return _image(lambda: severities(drawing), "Severity, gold against given")
        case Confused():
            return _image(lambda: confused(drawing), "Scenes, gold against decided")
        case Placed():
            return _image(lambda: placed(drawing), "Cases in two dimensions")
        case Traded():
            return _image(lambda: traded(drawing), "What the router drops and keeps")


def graded(drawing: Graded) -> "Figure":
    """Draw the precision-recall curve beside the reliability diagram."""
    from sklearn.metrics import average_precision_score, precision_recall_curve

    figure, (left, right) = _figure(10, 4.4, 2)
    precision, recall, _ = precision_recall_curve(drawing.labels, drawing.scores)
    area = average_precision_score(drawing.labels, drawing.scores)
    left.step(recall, precision, where="post", color=BLUE, linewidth=1.8)
    base = float(drawing.labels.mean())
    left.axhline(base, color=GREY, linewidth=1, linestyle="--")
    left.text(0.01, base + 0.015, f"share of positives {base:.2f}", color=GREY, fontsize=8)
    said = drawing.scores >= drawing.cut
    if said.any() and drawing.labels.any():
        found = float((drawing.labels * said).sum())
        left.plot(found / drawing.labels.sum(), found / said.sum(), "o", color=RED)
        left.annotate(f"shipped cut {drawing.cut:.2f}", (found / drawing.labels.sum(), found / said.sum()),
                      textcoords="offset points", xytext=(8, 6), fontsize=8, color=RED)  # fmt: skip
    left.set(xlim=(0, 1.01), ylim=(0, 1.03), xlabel="recall", ylabel="precision",
             title=f"{drawing.title}: precision and recall (PR-AUC {area:.3f})")  # fmt: skip
    _reliability(right, drawing)
    return figure


def severities(drawing: Severities) -> "Figure":
    """Draw given severity over gold severity, one dot a violating case."""
    figure, (axes,) = _figure(5.6, 4.8, 1)
    apart = np.random.default_rng(0).uniform(-0.8, 0.8, (2, len(drawing.gold)))
    axes.plot([0, 100], [0, 100], color=GREY, linewidth=1, linestyle="--")
    axes.scatter(drawing.gold + apart[0], drawing.given + apart[1], s=18, color=BLUE, alpha=0.55, linewidths=0)
    silent = int((drawing.given == 0).sum())
    axes.set(xlim=(-2, 102), ylim=(-2, 102), xlabel="severity, gold", ylabel="severity, given",
             title=f"Severity of {len(drawing.gold)} violating cases ({silent} were given none)")  # fmt: skip
    return figure


def confused(drawing: Confused) -> "Figure":
    """Draw the confusion of scenes, as shares of each gold scene."""
    size = 0.4 * len(drawing.names) + 2.2
    figure, (axes,) = _figure(size + 0.6, size, 1)
    sums = drawing.counts.sum(1, keepdims=True)
    shares = np.divide(drawing.counts, sums, out=np.zeros_like(drawing.counts), where=sums > 0)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for i, line in enumerate(drawing.counts):
        for j, count in enumerate(line):
            if count:
                colour = "white" if shares[i, j] > 0.55 else INK
                axes.text(j, i, f"{count:.0f}", ha="center", va="center", fontsize=8, color=colour)
    places = range(len(drawing.names))
    axes.set_xticks(places, drawing.names, fontsize=8, rotation=40, ha="right", rotation_mode="anchor")
    axes.set_yticks(places, drawing.names, fontsize=8)
    axes.grid(False)
    axes.set(xlabel="scene, decided", ylabel="scene, gold", title="Violating cases by scene")
    return figure


def placed(drawing: Placed) -> "Figure":
    """Draw cases by t-SNE (PCA below 30 of them), with the line where the score of near cases crosses the cut."""
    from sklearn.neighbors import KNeighborsRegressor

    figure, (axes,) = _figure(8.6, 6.2, 1)
    points, how = _flat(drawing.vectors)
    reach = KNeighborsRegressor(min(12, len(points)), weights="distance").fit(points, drawing.scores)
    low, high = points.min(0), points.max(0)
    pad = 0.04 * (high - low) + 1e-6
    xs, ys = (np.linspace(low[i] - pad[i], high[i] + pad[i], 120) for i in (0, 1))
    grid = np.stack(np.meshgrid(xs, ys), -1).reshape(-1, 2)
    field = reach.predict(grid).reshape(len(ys), len(xs))
    # A cut that nothing reaches is above 1.
    cut = min(max(drawing.cut, 0.001), 1.0)
    axes.contourf(xs, ys, field, levels=[0, cut, 1.001], colors=["#eef4f9", "#fbeceb"])
    if field.min() < cut < field.max():
        axes.contour(xs, ys, field, levels=[cut], colors=RED, linewidths=0.8)
    names = sorted(set(drawing.scenes))
    scenes, labels = np.array(drawing.scenes), np.array(drawing.labels)
    for name, colour in zip(names, _colours(len(names)), strict=True):
        for label, mark in MARKS.items():
            at = (scenes == name) & (labels == label)
            axes.scatter(points[at, 0], points[at, 1], s=22, marker=mark, color=colour, alpha=0.85, linewidths=1)
        axes.scatter([], [], s=26, color=colour, label=name)
    for label, mark in MARKS.items():
        axes.scatter([], [], s=26, marker=mark, color=INK, label=label)
    axes.legend(fontsize=8, frameon=False, loc="center left", bbox_to_anchor=(1.01, 0.5))
    axes.set_xticks([])
    axes.set_yticks([])
    axes.grid(False)
    axes.set_title(f"Cases in two dimensions ({how}); red: near cases score {drawing.cut:.2f} or more")
    return figure


def traded(drawing: Traded) -> "Figure":
    """Draw what the router keeps of the violating over what it drops of the traffic."""
    figure, (axes,) = _figure(5.6, 4.4, 1)
    order = np.argsort(drawing.dropped, kind="stable")
    axes.plot(drawing.dropped[order], drawing.recall[order], color=BLUE, linewidth=1.8, drawstyle="steps-post")
    axes.axhline(0.97, color=GREY, linewidth=1, linestyle="--")
    axes.plot(*drawing.shipped, "o", color=RED)
    axes.annotate("shipped cut", drawing.shipped, textcoords="offset points", xytext=(8, -12), fontsize=8, color=RED)
    axes.set(xlim=(0, 1.01), ylim=(min(0.8, float(drawing.shipped[1]) - 0.05), 1.005), xlabel="traffic dropped",
             ylabel="violating kept", title="The router on the stream")  # fmt: skip
    return figure


def _reliability(axes: "Axes", drawing: Graded) -> None:
    place = np.minimum((drawing.scores * BINS).astype(np.intp), BINS - 1)
    sizes = np.bincount(place, minlength=BINS)
    axes.bar((np.arange(BINS) + 0.5) / BINS, sizes / sizes.max() * 0.18, 0.9 / BINS, color=GRID)
    for n in np.flatnonzero(sizes):
        at = place == n
        x, y = float(drawing.scores[at].mean()), float(drawing.labels[at].mean())
        error = 1.96 * np.sqrt(max(y * (1 - y), 0.25 / sizes[n]) / sizes[n])
        axes.errorbar(x, y, _ends(y, error), fmt="o", color=BLUE, markersize=5, linewidth=1, capsize=2)
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle="--")
    axes.set(xlim=(0, 1), ylim=(0, 1.03), xlabel="probability told", ylabel="share that is positive",
             title="Reliability (bars: how many cases)")  # fmt: skip


def _ends(share: float, error: float) -> list[list[float]]:
    """Return the ends of an error bar as matplotlib takes them, inside [0, 1]."""
    return [[min(error, share)], [min(error, 1 - share)]]


def _flat(vectors: np.ndarray) -> tuple[np.ndarray, str]:
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    if len(vectors) < 30:
        return PCA(2, random_state=0).fit_transform(vectors), "PCA"
    made = TSNE(2, perplexity=min(30, len(vectors) / 4), init="pca", metric="cosine", random_state=0)
    return made.fit_transform(vectors).astype(np.float64), "t-SNE"


def _colours(count: int) -> list[tuple[float, ...]]:
    from matplotlib import colormaps

    every = colormaps["tab20"]
    # The strong half of the pairs first.
    return [every((2 * i) % 20 + (i // 10) % 2) for i in range(count)]


def _figure(width: float, height: float, columns: int) -> tuple["Figure", list["Axes"]]:
    # Without pyplot: it keeps figures open and asks for a screen.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    found = [figure.add_subplot(1, columns, n + 1) for n in range(columns)]
    for axes in found:
        axes.grid(color=GRID, linewidth=0.6)
        axes.set_axisbelow(True)
        axes.tick_params(labelsize=8, colors=INK)
        axes.spines[["top", "right"]].set_visible(False)
    return figure, found


def _image(draw: Callable[[], "Figure"], said: str) -> str:
    import matplotlib

    style = {"font.size": 9, "axes.titlesize": 10, "text.color": INK, "axes.labelcolor": INK, "svg.fonttype": "path",
             "svg.hashsalt": "precept", "axes.edgecolor": GREY}  # fmt: skip
    with matplotlib.rc_context(style):
        figure = draw()
        out = io.BytesIO()
        figure.savefig(out, format="svg", metadata={"Date": None})
    body = base64.b64encode(out.getvalue()).decode()
    return f'<img alt="{html.escape(said)}" src="data:image/svg+xml;base64,{body}">'
