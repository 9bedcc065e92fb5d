"""Where the vertices, arrows and labels of a diagram stand: rows from the input down, few crossings, nothing on top of anything.

Rows are longest paths from the input (Sugiyama, Tagawa, Toda 1981); an arrow's label is itself a place in the row between, so it overlaps nothing.
Positions in a row minimise the squared lengths of the arrows under the distances that the widths ask for, row by row (pooling of neighbours).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ntksym.report.diagram import INPUT, MASK, PARAMETER, TENSOR, Arrow, Box, Diagram

GAP = 22.0  # between neighbours in a row
BEFORE, AFTER = 14.0, 26.0  # room for an arrow above and below its label
BARE = 22.0  # half the distance of two rows without labels
PAD, HEADING = 14.0, 20.0  # room inside a box, and for its heading
STEP = 13.0  # between the ends of arrows at one vertex
_SWEEPS, _ROUNDS = 12, 120


@dataclass
class Place:
    """A vertex (``name``), a label or a bend of an arrow, with its middle and size."""

    width: float
    height: float
    row: int
    name: str = ""
    arrow: int = -1
    labelled: bool = False
    side: int = 0
    x: float = 0.0
    y: float = 0.0
    above: list[tuple[Place, float]] = field(default_factory=list)
    below: list[tuple[Place, float]] = field(default_factory=list)


@dataclass(frozen=True)
class Frame:
    """A box that is repeated: left, top, width, height."""

    box: Box
    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True)
class Placed:
    """Places by vertex name; for each arrow its points from tail to head, and the place of its label."""

    width: float
    height: float
    vertices: dict[str, Place]
    lines: tuple[tuple[tuple[float, float], ...], ...]
    labels: tuple[Place | None, ...]
    frames: tuple[Frame, ...]


Size = Callable[[str], tuple[float, float]]


def place(diagram: Diagram, size: Size, label_size: Callable[[Arrow], tuple[float, float]], margin: float = 14.0) -> Placed:
    """Places for a diagram whose vertices and labels have the sizes given."""
    rows_of = _rows(diagram)
    vertices: dict[str, Place] = {}
    for vertex in diagram.vertices:
        width, height = size(vertex.name)
        vertices[vertex.name] = Place(width, height, 2 * rows_of[vertex.name], vertex.name, side=vertex.side)
    chains: list[list[Place]] = []
    kind = {vertex.name: vertex.kind for vertex in diagram.vertices}
    for number, arrow in enumerate(diagram.arrows):
        tail, head = vertices[arrow.tail], vertices[arrow.head]
        rows = range(tail.row + 1, head.row)
        at = rows[len(rows) // 2] if len(rows) == 1 or rows[len(rows) // 2] % 2 else rows[len(rows) // 2] - 1
        chain = [tail]
        for row in rows:
            width, height = label_size(arrow) if row == at and arrow.label is not None else (8.0, 0.0)
            chain.append(Place(width, height, row, arrow=number, labelled=row == at and arrow.label is not None))
        chain.append(head)
        weight = 1.0 if kind[arrow.tail] in (PARAMETER, MASK) else 60.0 if len(chain) == 3 else 2.0
        for upper, lower in zip(chain, chain[1:], strict=False):
            upper.below.append((lower, weight))
            lower.above.append((upper, weight))
        chains.append(chain)
    grid = _ordered(diagram, vertices, chains)
    _columns(grid)
    for chain in chains:
        _straighten(chain[1:-1], grid)
    _heights(grid, diagram, vertices)
    frames = [_frame(box, vertices, chains, diagram) for box in diagram.boxes]
    lines = _lines(vertices, chains)
    everything = [p for row in grid for p in row]
    left = min([p.x - p.width / 2 for p in everything] + [f.left for f in frames]) - margin
    top = min([p.y - p.height / 2 for p in everything] + [f.top for f in frames]) - margin
    right = max([p.x + p.width / 2 for p in everything] + [f.left + f.width for f in frames]) + margin
    bottom = max([p.y + p.height / 2 for p in everything] + [f.top + f.height for f in frames]) + margin
    for p in everything:
        p.x, p.y = p.x - left, p.y - top
    return Placed(
        right - left,
        bottom - top,
        vertices,
        tuple(tuple((x - left, y - top) for x, y in line) for line in lines),
        tuple(next((p for p in chain if p.labelled), None) for chain in chains),
        tuple(Frame(f.box, f.left - left, f.top - top, f.width, f.height) for f in frames),
    )


def _rows(diagram: Diagram) -> dict[str, int]:
    """Longest path from the input; parameters and masks in the row above the first tensor that uses them."""
    rows: dict[str, int] = {}
    arrows = diagram.arrows
    for vertex in diagram.vertices:
        above = [rows[arrow.tail] for arrow in arrows if arrow.head == vertex.name and arrow.tail in rows]
        rows[vertex.name] = 1 + max(above, default=-1)
    for vertex in diagram.vertices:
        if vertex.kind not in (INPUT, TENSOR):
            rows[vertex.name] = min((rows[arrow.head] for arrow in arrows if arrow.tail == vertex.name), default=1) - 1
    return rows


def _ordered(diagram: Diagram, vertices: dict[str, Place], chains: list[list[Place]]) -> list[list[Place]]:
    """The rows, each from left to right: the order with the fewest crossings met while every row follows its neighbours' middle."""
    last = max(place.row for place in vertices.values())
    grid: list[list[Place]] = [[] for _ in range(last + 1)]
    for place in vertices.values():
        grid[place.row].append(place)
    for chain in chains:
        for place in chain[1:-1]:
            place.side = chain[0].side
            grid[place.row].append(place)
    for row in grid:
        row.sort(key=lambda place: place.side)
    best, fewest = [list(row) for row in grid], _crossings(grid)
    for sweep in range(_SWEEPS):
        downward = sweep % 2 == 0
        for row in grid if downward else reversed(grid):
            _follow(row, grid, downward)
        found = _crossings(grid)
        if found < fewest:
            best, fewest = [list(row) for row in grid], found
    return best


def _follow(row: list[Place], grid: list[list[Place]], downward: bool) -> None:
    neighbours = row[0].row + (-1 if downward else 1) if row else -1
    if not 0 <= neighbours < len(grid):
        return
    position = {id(place): k for k, place in enumerate(grid[neighbours])}
    own = {id(place): k for k, place in enumerate(row)}

    def middle(place: Place) -> float:
        met = [position[id(other)] for other, _ in (place.above if downward else place.below)]
        return sum(met) / len(met) if met else own[id(place)] * len(position) / max(len(row), 1)

    row.sort(key=lambda place: (middle(place), place.side, own[id(place)]))


def _crossings(grid: list[list[Place]]) -> int:
    total = 0
    for upper, lower in zip(grid, grid[1:], strict=False):
        position = {id(place): k for k, place in enumerate(lower)}
        ends = [(k, position[id(other)]) for k, place in enumerate(upper) for other, _ in place.below]
        total += sum(1 for n, (a, b) in enumerate(ends) for c, d in ends[n + 1 :] if (a - c) * (b - d) < 0)
    return total


def _columns(grid: list[list[Place]]) -> None:
    for row in grid:
        at = 0.0
        for place in row:
            place.x = at + place.width / 2
            at += place.width + GAP
        for place in row:
            place.x -= (at - GAP) / 2
    for turn in range(_ROUNDS):
        for row in grid if turn % 2 == 0 else reversed(grid):
            _spread(row)


def _spread(row: list[Place]) -> None:
    """Every place as near to its neighbours' weighted middle as the widths allow: isotonic regression by pooling (Ayer et al. 1955)."""
    offsets, at = [0.0], 0.0
    for one, two in zip(row, row[1:], strict=False):
        at += (one.width + two.width) / 2 + GAP
        offsets.append(at)
    pools: list[list[float]] = []  # sum of weights, sum of weighted wishes, count
    for place, offset in zip(row, offsets, strict=True):
        joined = [*place.above, *place.below]
        weight = sum(w for _, w in joined) or 0.1
        wish = sum(w * other.x for other, w in joined) / weight if joined else place.x
        pools.append([weight, weight * (wish - offset), 1])
        while len(pools) > 1 and pools[-2][1] / pools[-2][0] >= pools[-1][1] / pools[-1][0]:
            w, s, n = pools.pop()
            pools[-1] = [pools[-1][0] + w, pools[-1][1] + s, pools[-1][2] + n]
    k = 0
    for w, s, n in pools:
        for _ in range(int(n)):
            row[k].x = s / w + offsets[k]
            k += 1


def _straighten(bends: list[Place], grid: list[list[Place]]) -> None:
    """The bends of a long arrow in one line, where the rows it passes leave room for that."""
    low, high = -float("inf"), float("inf")
    for bend in bends:
        row = grid[bend.row]
        at = next(k for k, place in enumerate(row) if place is bend)
        if at:
            low = max(low, row[at - 1].x + (row[at - 1].width + bend.width) / 2 + GAP)
        if at + 1 < len(row):
            high = min(high, row[at + 1].x - (row[at + 1].width + bend.width) / 2 - GAP)
    if low <= high and bends:
        middle = sum(bend.x for bend in bends) / len(bends)
        for bend in bends:
            bend.x = min(max(middle, low), high)


def _heights(grid: list[list[Place]], diagram: Diagram, vertices: dict[str, Place]) -> None:
    first = {min(vertices[name].row for name in box.names) for box in diagram.boxes}
    last = {max(vertices[name].row for name in box.names) for box in diagram.boxes}
    at = 0.0
    for number, row in enumerate(grid):
        height = max((place.height for place in row), default=0.0)
        if number in first:
            at += HEADING + PAD
        if number % 2:
            before, after = (BEFORE, AFTER) if height else (BARE, BARE)
            before += _slant(row, [place.above for place in row])
            after += _slant(row, [place.below for place in row])
            at += before
        for place in row:
            place.y = at + height / 2
        at += height
        if number % 2:
            at += after
        if number in last:
            at += PAD


def _slant(row: list[Place], joined: list[list[tuple[Place, float]]]) -> float:
    """More room where an arrow goes far to the side."""
    farthest = max((abs(place.x - other.x) for place, others in zip(row, joined, strict=True) for other, _ in others), default=0.0)
    return min(36.0, 0.15 * max(0.0, farthest - 100.0))


def _frame(box: Box, vertices: dict[str, Place], chains: list[list[Place]], diagram: Diagram) -> Frame:
    inside = [vertices[name] for name in box.names]
    for arrow, chain in zip(diagram.arrows, chains, strict=True):
        if arrow.tail in box.names and arrow.head in box.names:
            inside += chain[1:-1]
    left, right = min(p.x - p.width / 2 for p in inside) - PAD, max(p.x + p.width / 2 for p in inside) + PAD
    top, bottom = min(p.y - p.height / 2 for p in inside) - PAD - HEADING, max(p.y + p.height / 2 for p in inside) + PAD
    return Frame(box, left, top, right - left, bottom - top)


def _lines(vertices: dict[str, Place], chains: list[list[Place]]) -> list[list[tuple[float, float]]]:
    starts = _ends(vertices, chains, outgoing=True)
    stops = _ends(vertices, chains, outgoing=False)
    lines = []
    for number, chain in enumerate(chains):
        tail, head = chain[0], chain[-1]
        points = [(starts[number], tail.y + tail.height / 2)]
        for place in chain[1:-1]:
            half = place.height / 2 - 2 if place.labelled else 0.0
            points += [(place.x, place.y - half), (place.x, place.y + half)] if half else [(place.x, place.y)]
        points.append((stops[number], head.y - head.height / 2))
        lines.append(points)
    return lines


def _ends(vertices: dict[str, Place], chains: list[list[Place]], *, outgoing: bool) -> dict[int, float]:
    """Where arrows leave and meet a vertex: side by side, one that comes straight from above in the middle."""
    met: dict[str, list[tuple[float, int]]] = {}
    for number, chain in enumerate(chains):
        own, next_one = (chain[0], chain[1]) if outgoing else (chain[-1], chain[-2])
        met.setdefault(own.name, []).append((next_one.x, number))
    found: dict[int, float] = {}
    for name, arrows in met.items():
        arrows.sort()
        centre, width = vertices[name].x, vertices[name].width
        step = min(STEP, 0.8 * width / max(len(arrows), 1))
        straight = [k for k, (x, _) in enumerate(arrows) if abs(x - centre) < 3]
        pivot = float(straight[0]) if straight else (len(arrows) - 1) / 2
        for k, (_, number) in enumerate(arrows):
            found[number] = centre + max(-0.42, min(0.42, (k - pivot) * step / width)) * width
    return found
