"""How smoothly a block is dragged among many, in a real browser."""

from __future__ import annotations

from playwright.sync_api import Page, expect

ROWS, COLUMNS = 30, 10

FRAMES = """() => {
    window.frames_ = [];
    let last = 0;
    const frame = time => {
        if (last) window.frames_.push(time - last);
        last = time;
        window.framing_ = requestAnimationFrame(frame);
    };
    window.framing_ = requestAnimationFrame(frame);
}"""


def program(rows: int = ROWS, columns: int = COLUMNS) -> str:
    """So many blocks in as many lines: columns of operations that read each other's values."""
    lines = ["import torch"]
    for row in range(rows):
        for column in range(columns):
            name = f"v{row}_{column}"
            if row == 0:
                lines.append(f"{name} = torch.ones(3)")
            elif column % 3 == 2:
                lines.append(f"{name} = v{row - 1}_{column} * v{row - 1}_{column - 1}")
            else:
                lines.append(f"{name} = torch.sin(v{row - 1}_{column})")
    return "\n".join(lines) + "\n"


def drag(page: Page, seconds: float = 3) -> tuple[int, list[float]]:
    """How many blocks there are, and milliseconds from frame to frame while one is dragged and all are in view."""
    page.get_by_role("tab", name="Code").click()
    page.locator(".cm-content").focus()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(program())
    page.get_by_role("tab", name="Blocks").click()
    middle = page.locator(f'.react-flow__node[data-id="v{ROWS // 2}_0"]')
    expect(middle).to_be_attached(timeout=30_000)
    page.get_by_role("button", name="Show all blocks").click()
    page.wait_for_timeout(1_000)
    count = page.locator(".react-flow__node").count()
    box = middle.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 3, box["y"] + box["height"] / 6
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 5, y + 5)
    page.evaluate(FRAMES)
    for step in range(int(seconds * 120)):
        page.mouse.move(x + 5 + step % 200, y + 5 + step % 90)
        page.wait_for_timeout(4)
    times: list[float] = page.evaluate("(cancelAnimationFrame(window.framing_), window.frames_)")
    page.mouse.up()
    page.keyboard.press("Control+z")
    page.get_by_role("tab", name="Code").click()
    return count, times
